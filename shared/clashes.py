"""What follows from one VRRP setting for another: clashes, defaults that depend, warnings. Pure."""

from __future__ import annotations

import ipaddress
from decimal import Decimal
from urllib.parse import urlsplit

from shared import keepalived_flags
from shared.ancestors import ADVERT_INTERVAL, DIALECTS, VRRP_VERSION
from shared.environment import Reading
from shared.models import Transport, VirtualIp
from shared.values import ADVERT_RULE, fits_version
from shared.vrrp_settings import State, VrrpSettings

NO_VIRTUAL_IPS = (
    "KEEPALIVED_VIRTUAL_IPS: is required; name one or more free addresses of the nodes' own subnet, "
    "for example KEEPALIVED_VIRTUAL_IPS=192.168.1.100/24"
)


def find_clashes(settings: VrrpSettings, reading: Reading) -> list[str]:
    """One line for each setting that is right in itself, but not together with the others."""
    sentences = (
        _mask_without_address,
        _mask,
        _excluded_twice,
        _password_needs_version_2,
        _interval,
        _only_ipv6,
        _peers_of_another_family,
        _peers_that_are_virtual,
        _master,
        _check_ip,
        _flags,
    )
    return [line for find in sentences if (line := find(settings, reading))]


def _mask_without_address(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.virtual_mask is None or reading.names.get("virtual_ips", "VIRTUAL_IP") == "VIRTUAL_IP":
        return None
    return (
        f"{reading.shown['virtual_mask']}: is for VIRTUAL_IP; "
        f"write prefixes into {_name(reading, 'virtual_ips')}, as ADDR/PREFIX"
    )


def _mask(settings: VrrpSettings, reading: Reading) -> str | None:
    mask, shown = settings.virtual_mask, reading.shown.get("virtual_mask")
    for item in settings.virtual_ips if mask is not None else ():
        longest = item.address.max_prefixlen
        if mask is not None and mask > longest:
            return f"{shown}: must be at most {longest} for {item.address}"
        if item.prefix not in (mask, longest):
            return f"{shown}: contradicts {reading.shown['virtual_ips']}, which has a prefix already"
    return None


def _excluded_twice(settings: VrrpSettings, reading: Reading) -> str | None:
    taken = {item.address for item in settings.virtual_ips}
    twice = next((item.address for item in settings.virtual_ips_excluded if item.address in taken), None)
    shown = reading.shown.get("virtual_ips_excluded")
    return f"{shown}: names {twice}, which {_name(reading, 'virtual_ips')} has already" if twice else None


def _password_needs_version_2(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.password is None or "vrrp_version" not in settings.model_fields_set or settings.vrrp_version == 2:
        return None
    return f"{reading.shown['vrrp_version']}: VRRPv3 has no passwords; unset it, or {_name(reading, 'password')}"


def _interval(settings: VrrpSettings, reading: Reading) -> str | None:
    decided = not reading.is_wrong("vrrp_version") and not reading.is_wrong("password")
    given = decided and "advert_interval" in settings.model_fields_set
    if not given or fits_version(effective_version(settings), Decimal(str(settings.advert_interval))):
        return None
    return f"{reading.shown['advert_interval']}: {ADVERT_RULE} ({_why_version(settings, reading)})"


def _only_ipv6(settings: VrrpSettings, reading: Reading) -> str | None:
    if effective_version(settings) == 3 or not settings.virtual_ips:
        return None
    if any(item.address.version == 4 for item in settings.virtual_ips):
        return None
    return f"{reading.shown['virtual_ips']}: VRRPv2 needs an IPv4 address here ({_why_version(settings, reading)})"


def _peers_of_another_family(settings: VrrpSettings, reading: Reading) -> str | None:
    versions = {peer.version for peer in settings.peer_addresses or ()}
    if settings.ancestor is None or not versions or not settings.virtual_ips:
        return None
    if versions & {item.address.version for item in settings.virtual_ips}:
        return None
    return f"{reading.shown['unicast_peers']}: have another address family than the virtual IPs"


def _peers_that_are_virtual(settings: VrrpSettings, reading: Reading) -> str | None:
    virtual = {item.address for item in (*settings.virtual_ips, *settings.virtual_ips_excluded)}
    twice = next((peer for peer in settings.peer_addresses or () if peer in virtual), None)
    return (
        f"{reading.shown['unicast_peers']}: names {twice}, which is a virtual IP and no node's own" if twice else None
    )


def _master(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.state is State.BACKUP or "preempt" not in settings.model_fields_set or settings.preempt:
        return None
    return f"{reading.shown['preempt']}: contradicts {reading.shown['state']}, which turns preemption on; unset one"


def _check_ip(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.check_ip is None or settings.check_port is not None or reading.is_wrong("check_port"):
        return None
    return f"{reading.shown['check_ip']}: needs {_name(reading, 'check_ip').removesuffix('IP')}PORT beside it"


def _flags(settings: VrrpSettings, reading: Reading) -> str | None:
    why = keepalived_flags.refusal(settings.command_line_arguments)
    return f"{reading.shown['command_line_arguments']}: {why}" if why else None


def effective_version(settings: VrrpSettings) -> int:
    """The VRRP version that is spoken: the one given, else 2 with a password, else an ancestor's where IPv4 goes."""
    if "vrrp_version" in settings.model_fields_set:
        return settings.vrrp_version
    if settings.password is not None:
        return 2
    only_ipv6 = bool(settings.virtual_ips) and all(item.address.version == 6 for item in settings.virtual_ips)
    return 3 if settings.ancestor is None or only_ipv6 else VRRP_VERSION


def _why_version(settings: VrrpSettings, reading: Reading) -> str:
    given = "vrrp_version" in settings.model_fields_set
    cause = reading.shown["vrrp_version"] if given else _name(reading, "password")
    version = effective_version(settings)
    if not cause and settings.ancestor and version == VRRP_VERSION:
        return f"VRRPv2 as {settings.ancestor} speaks it; KEEPALIVED_VRRP_VERSION=3 changes that"
    return f"VRRPv{version} because of {cause}" if cause else "VRRPv3 is the default"


def _name(reading: Reading, field: str) -> str:
    return reading.names.get(field, "")


def consequences(settings: VrrpSettings) -> dict[str, object]:
    """The fields that others decide: version, interval, prefixes, preemption, and what an ancestor would have."""
    version = effective_version(settings)
    found: dict[str, object] = {
        "virtual_ips": _masked(settings),
        "vrrp_version": version,
        "preempt": settings.preempt or settings.state is State.MASTER,
        **_inherited(settings, version),
    }
    told = settings.model_fields_set
    if "advert_interval" not in told and (version == 2 or (settings.ancestor and "vrrp_version" not in told)):
        found["advert_interval"] = ADVERT_INTERVAL
    return found


def _inherited(settings: VrrpSettings, version: int) -> dict[str, object]:
    if settings.ancestor is None:
        return {}
    dialect = DIALECTS[settings.ancestor]
    values: dict[str, object] = {
        "router_id": dialect.router_id,
        "priority": dialect.priority,
        "check_interval": dialect.check_interval,
        **({"password": dialect.clear_text} if version == VRRP_VERSION else {}),
    }
    return {field: value for field, value in values.items() if field not in settings.model_fields_set}


def _masked(settings: VrrpSettings) -> tuple[VirtualIp, ...]:
    if settings.virtual_mask is None:
        return settings.virtual_ips
    return tuple(item.model_copy(update={"prefix": settings.virtual_mask}) for item in settings.virtual_ips)


def warnings(settings: VrrpSettings) -> tuple[str, ...]:
    """Sentences about what is accepted, but that an operator should know of."""
    found = [_edge_of_subnet(item) for item in _masked(settings) + settings.virtual_ips_excluded]
    if settings.password is not None:
        found.append(
            "a password is set, and only VRRPv2 has passwords: adverts go out every whole second instead of ten times, "
            "a failover takes about 3 s, and the password travels in clear text"
        )
    asked = urlsplit(settings.check_url or "").hostname
    if asked in {str(item.address) for item in settings.virtual_ips}:
        found.append(
            f"KEEPALIVED_CHECK_URL={settings.check_url} asks a virtual IP: on every other node the holder answers, so "
            "it says nothing about them; ask 127.0.0.1 or the node's own address"
        )
    if settings.transport is Transport.UNICAST and settings.multicast_group != "224.0.0.18":
        found.append(
            f"KEEPALIVED_MULTICAST_GROUP={settings.multicast_group} has no effect without "
            "KEEPALIVED_UNICAST_PEERS=multicast"
        )
    return tuple(sentence for sentence in found if sentence)


def _edge_of_subnet(item: VirtualIp) -> str | None:
    net = ipaddress.ip_interface(item.cidr).network
    if net.num_addresses <= 2:
        return None
    if item.address == net.network_address:
        return f"virtual IP {item.cidr} is the address of its network itself; some hosts do not talk to it"
    if item.address == net.broadcast_address and item.address.version == 4:
        return f"virtual IP {item.cidr} is the broadcast address of its network; hosts do not talk to it"
    return None
