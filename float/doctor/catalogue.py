"""PURE: every complaint that the doctor has, with its remedy; docs/operations.md lists them, and a test compares."""

from __future__ import annotations

from float.doctor.finding import Check, Complaint, Verdict

_FAILURE, _WARNING = Verdict.FAILURE, Verdict.WARNING

SETTINGS_WRONG = Complaint(
    Check.SETTINGS,
    _FAILURE,
    "A setting is wrong or missing; the line names it",
    "correct it: `docker run … -e NAME=VALUE … IMAGE doctor` takes the settings of the float alone",
)
FLOAT_SILENT = Complaint(
    Check.SETTINGS,
    _FAILURE,
    "The float of this container has no spec yet, or said nothing for 3 s",
    "look at `docker logs` of the float and of the anchor",
)
CAPABILITY_MISSING = Complaint(
    Check.CAPABILITIES,
    _FAILURE,
    "A capability is missing without which no address can be set, or no advert sent",
    "add the flag that the line names, `--cap-add=NET_ADMIN` or `--cap-add=NET_RAW`",
)
PRIORITY_NOT_GRANTED = Complaint(
    Check.CAPABILITIES,
    Verdict.NOTE,
    "`SYS_NICE` is missing: keepalived runs like any other process, and a starved node may fail over falsely",
    "add `--cap-add=SYS_NICE`",
)
KEEPALIVED_MISSING = Complaint(
    Check.KEEPALIVED,
    _FAILURE,
    "keepalived does not run at all",
    "use the float's image as it is",
)
KEEPALIVED_LACKS = Complaint(
    Check.KEEPALIVED,
    _WARNING,
    "This build of keepalived is older than 2.3.2 (its addresses carry no mark) or lacks `VRRP` or `JSON`",
    "use the float's image as it is, or a build of keepalived with these",
)
IPV6_DISABLED = Complaint(
    Check.KERNEL,
    _FAILURE,
    "A virtual IP is IPv6, and IPv6 is disabled on its interface",
    "`sysctl -w net.ipv6.conf.IFACE.disable_ipv6=0`, and in /etc/sysctl.d/",
)
ARP_SILENCED = Complaint(
    Check.KERNEL,
    _FAILURE,
    "`arp_ignore=8`: the kernel answers no ARP request on the virtual IP's interface",
    "`sysctl -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.IFACE.arp_ignore=0`",
)
RP_FILTER_STRICT = Complaint(
    Check.KERNEL,
    _WARNING,
    "`rp_filter=1` on an interface whose subnet does not hold the virtual IP: clients may come in where the kernel "
    "does not expect them, and be dropped",
    "`sysctl -w net.ipv4.conf.IFACE.rp_filter=2`",
)
USER_NAMESPACE = Complaint(
    Check.CONFINEMENT,
    _FAILURE,
    "The container runs in a user namespace (`userns-remap`, rootless): its capabilities do not count on the host's "
    "network",
    "`docker run --userns=host`; in a stack, run the managers' dockerd without `userns-remap`",
)
SELINUX = Complaint(
    Check.CONFINEMENT,
    _WARNING,
    "SELinux confines containers: it may refuse the anchor Docker's socket, or the float a raw socket",
    "`ausearch -m avc -ts recent` on the host names what it refused; allow exactly that with a policy module",
)
UNRESOLVABLE = Complaint(
    Check.INTERFACE,
    _FAILURE,
    "An interface is missing, no subnet holds a virtual IP, or it is the gateway's or the host's own; the line says "
    "which",
    "choose another address, or name the interface (`KEEPALIVED_INTERFACE`, `ADDR@DEV`)",
)
INTERFACE_DOWN = Complaint(
    Check.INTERFACE,
    _FAILURE,
    "An interface that is needed is off, or has no carrier",
    "`ip link set IFACE up`, and look at its cable",
)
VIP_TAKEN = Complaint(
    Check.VIRTUAL_IP,
    _FAILURE,
    "Another host answers for the virtual IP; the line names its MAC",
    "find that host by its MAC (on the switch, or `ip neighbour`), and take the address from it, or choose another",
)
VRID_ON_THIS_HOST = Complaint(
    Check.DUPLICATE,
    _FAILURE,
    "This host itself advertises the VRID already: another float or keepalived runs on it",
    "stop that one first, or give one of them another VRID (`KEEPALIVED_ROUTER_ID`)",
)
VRID_TAKEN = Complaint(
    Check.VRID,
    _FAILURE,
    "With multicast: another group of routers advertises the same VRID; the two would take each other's addresses down",
    "set `KEEPALIVED_ROUTER_ID` to a VRID that nobody on the segment uses",
)
VRID_SHARED = Complaint(
    Check.VRID,
    _WARNING,
    "With unicast peers: a router that is no peer advertises the same VRID",
    "set `KEEPALIVED_ROUTER_ID` to another VRID, or list that router among the peers if it belongs to this group",
)
VERSION_DIFFERS = Complaint(
    Check.VRID,
    _WARNING,
    "A node of this group speaks another version of VRRP: the two do not hear each other, and both hold the virtual IP",
    "set `KEEPALIVED_VRRP_VERSION` to the same on all nodes",
)
ADVERTS_DROPPED = Complaint(
    Check.FIREWALL,
    _FAILURE,
    "Adverts reach this host's interface, and its own kernel drops them",
    "`iptables -I INPUT -p vrrp -j ACCEPT` or nftables `ip protocol vrrp accept`; also look at `rp_filter`",
)
SENDING_REFUSED = Complaint(
    Check.FIREWALL,
    _FAILURE,
    "This host's own firewall refuses to send protocol 112",
    "`iptables -I OUTPUT -p vrrp -j ACCEPT`",
)
PEER_REJECTS = Complaint(
    Check.FIREWALL,
    _FAILURE,
    "A peer, or a firewall on the way, rejects protocol 112",
    "on the peer: `iptables -I INPUT -p vrrp -j ACCEPT`; in a cloud: allow IP protocol 112 in the security group",
)
PEER_UNREACHABLE = Complaint(
    Check.FIREWALL,
    _WARNING,
    "A peer cannot be reached at all",
    "start it, or correct `KEEPALIVED_UNICAST_PEERS`",
)
NONLOCAL_BIND_OFF = Complaint(
    Check.NONLOCAL_BIND,
    _WARNING,
    "A service binds the virtual IP itself, and `ip_nonlocal_bind` is 0: it starts only on the holder",
    "`sysctl -w net.ipv4.ip_nonlocal_bind=1` (IPv6: `net.ipv6.ip_nonlocal_bind=1`), and in /etc/sysctl.d/",
)
NETWORKD = Complaint(
    Check.NETWORK_MANAGER,
    _WARNING,
    "systemd-networkd runs: at a restart or reconfiguration it removes addresses that it did not set",
    "`KeepConfiguration=static` in the `[Network]` section of the link's .network file (with netplan: in a drop-in "
    "/etc/systemd/network/10-netplan-IFACE.network.d/keep.conf)",
)
NETWORK_MANAGER = Complaint(
    Check.NETWORK_MANAGER,
    _WARNING,
    "NetworkManager runs: activating or reapplying a connection removes addresses that it did not set",
    "leave the connection alone while this node holds the virtual IP (drain it first), or make the interface "
    "`unmanaged-devices` in NetworkManager.conf",
)
DHCPCD = Complaint(
    Check.NETWORK_MANAGER,
    _WARNING,
    "dhcpcd runs: when its lease ends or it restarts, the interface may lose its addresses",
    "give managers static addresses, or `denyinterfaces IFACE` in dhcpcd.conf",
)
DHCP_CLIENT = Complaint(
    Check.NETWORK_MANAGER,
    _WARNING,
    "Some DHCP client listens on UDP port 68: a node whose address changes loses its peers",
    "give managers static addresses, or reserve their leases",
)
ANOTHER_VRRP = Complaint(
    Check.DUPLICATE,
    _WARNING,
    "Another VRRP program has a socket on this host: a float, or a keepalived of its own",
    "if it serves the same virtual IPs or VRID, stop it first; two with different ones are fine",
)
SWARM_ON_VIP = Complaint(
    Check.SWARM,
    _FAILURE,
    "Docker's Swarm uses a virtual IP as this node's own address: managers would lose each other whenever it moves",
    "`docker swarm init` or `join` again with `--advertise-addr` naming the node's own address",
)

COMPLAINTS = tuple(value for value in tuple(globals().values()) if isinstance(value, Complaint))
"""All of them, in the order of the document."""


def as_markdown() -> str:
    """The table of docs/operations.md."""
    words = {Verdict.FAILURE: "FAIL", Verdict.WARNING: "WARN", Verdict.NOTE: "note"}
    order = list(Check)
    rows = sorted(COMPLAINTS, key=lambda complaint: order.index(complaint.check))
    lines = [f"| `{c.check}` | {words[c.verdict]} | {c.meaning} | {c.remedy} |" for c in rows]
    return "\n".join(["| check | verdict | finding | remedy |", "|---|---|---|---|", *lines])
