"""PURE: what the evidence about the host says: capabilities, keepalived, kernel, confinement, managers, sockets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from float import capabilities
from float.doctor import catalogue
from float.doctor.aim import Aim
from float.doctor.evidence import Evidence, HostEvidence
from float.doctor.finding import Check, Complaint, Finding, Verdict, fine, note, unknown
from float.host import HostView
from shared.models import IpAddress, VirtualIp

_SYS_NICE = 23
_MARKS_SINCE = (2, 3, 2)
_NEEDED_FEATURES = ("VRRP", "JSON")
_SWARM_PORTS = {2377: "tcp", 7946: "tcp", 4789: "udp"}
"""Cluster management, gossip and overlay networks (docs.docker.com, swarm ports)."""

_MANAGERS: tuple[tuple[Complaint, str], ...] = (
    (catalogue.NETWORKD, r"/bus/systemd-network/|/run/systemd/netif/"),
    (catalogue.NETWORK_MANAGER, r"/run/NetworkManager/|/bus/NetworkManager/"),
    (catalogue.DHCPCD, r"/run/dhcpcd"),
)
"""The names of Unix sockets by which each is known: sd-bus names its clients' ends, the others have theirs in /run."""


def of_container(host: HostEvidence) -> Iterator[Finding]:
    """The cheap part, which needs no wire and no virtual IP; the float makes it at its start."""
    yield from _capabilities(host)
    yield from _keepalived(host)
    yield from _confinement(host)
    yield from _managers(host)


def of_virtual_ips(evidence: Evidence, aim: Aim) -> Iterator[Finding]:
    """What the host's kernel and sockets mean for these virtual IPs."""
    vips = tuple(_vips(aim, evidence.network))
    yield from _marks(evidence.network)
    yield from _kernel(evidence, vips)
    yield from _nonlocal_bind(evidence.host, aim, frozenset(v.address for v in vips))
    yield from duplicate(evidence.host)
    yield from _swarm(evidence.host, frozenset(v.address for v in vips))


def _vips(aim: Aim, network: HostView) -> Iterator[VirtualIp]:
    if aim.problems(network):
        yield from (vip for router in aim.spec.virtual_routers for vip in router.addresses)
    else:
        yield from (vip for router in aim.resolved(network).routers for vip in router.addresses)


def _capabilities(host: HostEvidence) -> Iterator[Finding]:
    missing = capabilities.missing(host.capabilities)
    yield from (catalogue.CAPABILITY_MISSING.found(sentence) for sentence in missing)
    if not host.capabilities >> _SYS_NICE & 1:
        yield catalogue.PRIORITY_NOT_GRANTED.found("SYS_NICE is missing, so keepalived cannot be given priority")
    elif not missing:
        yield fine(Check.CAPABILITIES, "NET_ADMIN, NET_RAW and SYS_NICE are there")


def _keepalived(host: HostEvidence) -> Iterator[Finding]:
    version = re.search(r"Keepalived v(\d+)\.(\d+)\.(\d+)", host.keepalived)
    if not version:
        yield catalogue.KEEPALIVED_MISSING.found("`keepalived --version` printed no version")
        return
    release, lacking = tuple(map(int, version.groups())), _lacking(host.keepalived)
    written = ".".join(version.groups())
    if release < _MARKS_SINCE:
        yield catalogue.KEEPALIVED_LACKS.found(f"keepalived {written} does not mark its addresses as its own")
    if lacking:
        yield catalogue.KEEPALIVED_LACKS.found(f"keepalived {written} was built without {', '.join(lacking)}")
    if release >= _MARKS_SINCE and not lacking:
        yield fine(Check.KEEPALIVED, f"keepalived {written}, with VRRP and JSON")


def _lacking(told: str) -> list[str]:
    options = re.search(r"^Config options:(.*)$", told, re.MULTILINE)
    words = options.group(1).split() if options else []
    return [feature for feature in _NEEDED_FEATURES if feature not in words]


def _marks(network: HostView) -> Iterator[Finding]:
    """A kernel that knows IFA_PROTO marks the addresses of `lo` itself (Linux 5.18)."""
    if any(a.protocol is not None for a in network.addresses):
        yield fine(Check.KERNEL, "the kernel remembers who set an address")
    else:
        yield note(
            Check.KERNEL,
            "this kernel (older than 5.18) does not remember who set an address: what a killed float leaves behind is "
            "found by its own record alone",
        )


def _confinement(host: HostEvidence) -> Iterator[Finding]:
    if host.remapped is None:
        yield unknown(Check.CONFINEMENT, "/proc/self/uid_map cannot be read")
    elif host.remapped:
        yield catalogue.USER_NAMESPACE.found("this container's root is not the host's root")
    if host.confinement.count(":") >= 3:
        yield catalogue.SELINUX.found(f"SELinux confines this container as {host.confinement}")
    elif host.remapped is False:
        yield fine(Check.CONFINEMENT, f"no user namespace, no SELinux ({host.confinement or 'unconfined'})")


def _managers(host: HostEvidence) -> Iterator[Finding]:
    if host.unix_sockets is None or host.dhcp_client is None or host.networkd is None:
        yield unknown(Check.NETWORK_MANAGER, "/proc/net cannot be read")
        return
    found = [c for c, pattern in _MANAGERS if any(re.search(pattern, name) for name in host.unix_sockets)]
    if host.networkd and catalogue.NETWORKD not in found:
        found.append(catalogue.NETWORKD)
    for complaint in found:
        yield complaint.found(complaint.meaning.partition(":")[0] + " on this host")
    if host.dhcp_client and catalogue.DHCPCD not in found:
        yield catalogue.DHCP_CLIENT.found("some DHCP client listens on UDP port 68")
    elif not found:
        yield fine(
            Check.NETWORK_MANAGER,
            "no socket of systemd-networkd, NetworkManager, dhcpcd or a DHCP client; others cannot be seen from here",
        )


def _kernel(evidence: Evidence, vips: tuple[VirtualIp, ...]) -> Iterator[Finding]:
    found = [finding for vip in vips for check in _KERNEL_RULES for finding in check(evidence, vip)]
    if found:
        yield from dict.fromkeys(found)
    else:
        yield fine(Check.KERNEL, "nothing in the kernel's settings stands against the virtual IPs")


def _setting(evidence: Evidence, pattern: str, device: str | None) -> int | None:
    """The stricter one of `all` and the interface, as the kernel reads arp_ignore and rp_filter."""
    texts = [evidence.host.sysctls.get(pattern.format(name), "") for name in ("all", device)]
    values = [int(text) for text in texts if text.isdecimal()]
    return max(values) if values else None


def _ipv6_disabled(evidence: Evidence, vip: VirtualIp) -> Iterator[Finding]:
    if vip.address.version == 6 and vip.device:
        text = evidence.host.sysctls.get(f"net/ipv6/conf/{vip.device}/disable_ipv6")
        if text != "0":
            why = "the kernel has no IPv6 there" if text is None else "IPv6 is disabled there"
            yield catalogue.IPV6_DISABLED.found(f"{vip.address} belongs on {vip.device}, and {why}")


def _arp_silenced(evidence: Evidence, vip: VirtualIp) -> Iterator[Finding]:
    if vip.address.version == 4 and _setting(evidence, "net/ipv4/conf/{}/arp_ignore", vip.device) == 8:
        yield catalogue.ARP_SILENCED.found(f"arp_ignore is 8 on {vip.device}: nobody would find {vip.address}")


def _rp_filter(evidence: Evidence, vip: VirtualIp) -> Iterator[Finding]:
    strict = _setting(evidence, "net/ipv4/conf/{}/rp_filter", vip.device) == 1
    near = any(
        a.interface == vip.device and a.prefix < a.address.max_prefixlen and vip.address in a.subnet
        for a in evidence.network.addresses
        if a.address != vip.address
    )
    if vip.address.version == 4 and vip.device and strict and not near:
        yield catalogue.RP_FILTER_STRICT.found(
            f"rp_filter is strict on {vip.device}, where no subnet holds {vip.address}"
        )


_KERNEL_RULES: tuple[Callable[[Evidence, VirtualIp], Iterator[Finding]], ...] = (
    _ipv6_disabled,
    _arp_silenced,
    _rp_filter,
)


def _nonlocal_bind(host: HostEvidence, aim: Aim, vips: frozenset[IpAddress]) -> Iterator[Finding]:
    if host.sockets is None:
        yield unknown(Check.NONLOCAL_BIND, "/proc/net cannot be read")
        return
    bound = {s.address for s in host.sockets if s.peer_port == 0 and s.port not in _SWARM_PORTS} | aim.service_binds
    wanting = sorted((a for a in vips & bound if not _allowed(host, a)), key=str)
    for address in wanting:
        yield catalogue.NONLOCAL_BIND_OFF.found(f"a service binds {address} itself, and ip_nonlocal_bind is 0")
    if not wanting:
        state = "is 1" if any(_allowed(host, a) for a in vips) else "is 0, which matters only to services that do"
        yield fine(Check.NONLOCAL_BIND, f"no service binds a virtual IP itself; ip_nonlocal_bind {state}")


def _allowed(host: HostEvidence, address: IpAddress) -> bool:
    return host.sysctls.get(f"net/ipv{address.version}/ip_nonlocal_bind") == "1"


def duplicate(host: HostEvidence) -> Iterator[Finding]:
    """Whether somebody else on this host speaks VRRP."""
    if host.vrrp_sockets is None:
        yield unknown(Check.DUPLICATE, "/proc/net/raw cannot be read")
    elif host.vrrp_sockets:
        yield catalogue.ANOTHER_VRRP.found(f"{host.vrrp_sockets} raw sockets of protocol 112 belong to somebody else")
    else:
        yield fine(Check.DUPLICATE, "no other VRRP program has a socket on this host")


def _swarm(host: HostEvidence, vips: frozenset[IpAddress]) -> Iterator[Finding]:
    if host.sockets is None:
        yield unknown(Check.SWARM, "/proc/net cannot be read")
        return
    used = {s.address for s in host.sockets if s.address in vips and (s.port in _SWARM_PORTS or s.peer_port == 2377)}
    for address in sorted(used, key=str):
        yield catalogue.SWARM_ON_VIP.found(f"sockets of the Swarm's ports are bound to {address}")
    if not used:
        yield fine(Check.SWARM, "no socket of the Swarm's ports is bound to a virtual IP")


def warnings(host: HostEvidence) -> tuple[str, ...]:
    """The cheap part's complaints as sentences for the buoy."""
    loud = (Verdict.WARNING, Verdict.FAILURE)
    return tuple(f"doctor: {f.sentence}" for f in of_container(host) if f.verdict in loud)
