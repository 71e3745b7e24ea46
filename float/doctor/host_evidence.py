"""Door to /proc and /sys: what the kernel tells about this host and this container. It reads, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from float import capabilities
from float.doctor import proc_tables
from float.doctor.evidence import BoundSocket, HostEvidence

T = TypeVar("T")

DHCP_CLIENT_PORT = 68
PER_INTERFACE = ("net/ipv4/conf/{}/arp_ignore", "net/ipv4/conf/{}/rp_filter", "net/ipv6/conf/{}/disable_ipv6")
GLOBAL = ("net/ipv4/ip_nonlocal_bind", "net/ipv6/ip_nonlocal_bind")


def gather(keepalived: str, interfaces: Iterable[str]) -> HostEvidence:
    """Look now; `keepalived` is what `keepalived --version` printed. Raises nothing: what cannot be read is None."""
    return HostEvidence(
        capabilities=_look(capabilities.effective) or 0,
        remapped=_look(lambda: proc_tables.is_remapped(_read("/proc/self/uid_map"))),
        confinement=(_look(lambda: _read("/proc/self/attr/current")) or "").rstrip("\0\n"),
        keepalived=keepalived,
        unix_sockets=_look(lambda: proc_tables.unix_names(_read("/proc/net/unix"))),
        vrrp_sockets=_look(_foreign_vrrp_sockets),
        sockets=_look(_sockets),
        dhcp_client=_look(_hears_dhcp),
        sysctls=dict(_sysctls(interfaces)),
        macs=frozenset(_macs()),
        networkd=_look(lambda: proc_tables.has_networkd(_table("netlink"))),
    )


def _look(look: Callable[[], T]) -> T | None:
    try:
        return look()
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _read(path: str | Path) -> str:
    return Path(path).read_text(errors="replace")


def _table(name: str) -> str:
    """A table of /proc/net; those of IPv6 are missing where the kernel has none."""
    path = Path("/proc/net", name)
    return "" if name.endswith("6") and not path.exists() else _read(path)


def _sockets() -> tuple[BoundSocket, ...]:
    names = ("tcp", "tcp6", "udp", "udp6")
    return tuple(found for name in names for found in proc_tables.sockets(name[:3], _table(name)))


def _hears_dhcp() -> bool:
    return DHCP_CLIENT_PORT in proc_tables.bound_ports(_table("udp"))


def _foreign_vrrp_sockets() -> int:
    everybody = proc_tables.vrrp_inodes(_table("raw")) | proc_tables.vrrp_inodes(_table("raw6"))
    return len(everybody - frozenset(_own_inodes()))


def _own_inodes() -> Iterator[str]:
    """Of the sockets that processes of this container hold; one that ends meanwhile holds none."""
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]


def _sysctls(interfaces: Iterable[str]) -> Iterator[tuple[str, str]]:
    devices = ("all", *interfaces)
    for name in (*GLOBAL, *(pattern.format(device) for pattern in PER_INTERFACE for device in devices)):
        with contextlib.suppress(OSError):
            yield name, _read(Path("/proc/sys", name)).strip()


def _macs() -> Iterator[str]:
    for path in Path("/sys/class/net").glob("*/address"):
        with contextlib.suppress(OSError):
            yield _read(path).strip()
