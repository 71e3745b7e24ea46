"""Which addresses of this host are ours: the record on the volume, and the sweep of what was left behind.

Ours is an address that we recorded before keepalived could add it, or one of the spec that carries keepalived's mark.
A marked address that is in neither belongs to another keepalived of this host and is never touched.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from float.guard import Watched
from shared.disk import Disk

if TYPE_CHECKING:  # the lease keeper does without pydantic
    from float.host import HostAddress, HostView
    from shared.models import IpAddress

logger = logging.getLogger(__name__)

RECORD = "owned.json"
"""Its name on the link volume."""


class OwnershipRecord:
    """The addresses that we may have put on this host since it booted, and the virtual routers that they are of."""

    def __init__(self, path: Path, boot: str, *, disk: Disk | None = None) -> None:
        self._path = path
        self._boot = boot
        self._disk = disk or Disk()
        self._written = True
        self._trouble = ""
        self.addresses, self.watched = self._read()

    def replace(self, addresses: Iterable[IpAddress], watched: Iterable[Watched] = ()) -> None:
        """Write down the whole list before acting on it. Raises OSError, and then claims nothing."""
        wanted, routers = frozenset(addresses), tuple(watched)
        if (wanted, routers) == (self.addresses, self.watched):
            return
        self._disk.do(lambda: self._write(wanted, routers))
        self.addresses, self.watched, self._written = wanted, routers, True

    def remember(self, addresses: Iterable[IpAddress], watched: Iterable[Watched] = ()) -> None:
        """The same where the disk lets us; where not, it holds for as long as this float lives, and is said once.

        A disk that is full or hangs must not keep a node from serving. It is written as soon as `catch_up` finds room.
        """
        wanted, routers = frozenset(addresses), tuple(watched)
        try:
            self.replace(wanted, routers)
        except OSError as error:
            self.addresses, self.watched, self._written = wanted, routers, False
            self._say(error)

    def catch_up(self) -> None:
        """Write down what could not be written before."""
        if self._written:
            return
        try:
            self._disk.do(lambda: self._write(self.addresses, self.watched))
        except OSError as error:
            self._say(error)
        else:
            self._written, self._trouble = True, ""

    def _say(self, error: OSError) -> None:
        if str(error) != self._trouble:
            logger.error(
                "the record of our addresses cannot be written; this node serves on, but should its float be killed, "
                "the kernel's lease alone takes the VIPs off it: %s",
                error,
            )
        self._trouble = str(error)

    def _write(self, addresses: frozenset[IpAddress], watched: tuple[Watched, ...]) -> None:
        record = {
            "boot_id": self._boot,
            "addresses": sorted(map(str, addresses)),
            "routers": [_written(router) for router in watched],
        }
        scratch = self._path.with_suffix(".new")
        try:
            scratch.write_text(json.dumps(record))
            scratch.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                scratch.unlink()  # half a file on a full disk is of no use to anybody
            raise

    def _read(self) -> tuple[frozenset[IpAddress], tuple[Watched, ...]]:
        nothing: tuple[frozenset[IpAddress], tuple[Watched, ...]] = frozenset(), ()
        try:
            record = json.loads(self._path.read_text())
            if record["boot_id"] != self._boot:
                return nothing
            return _addresses(record), tuple(_watched(router) for router in record.get("routers", ()))
        except FileNotFoundError:
            return nothing
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            logger.warning("the record of our addresses cannot be read and is begun anew: %s", error)
            return nothing


def left_behind(
    host: HostView, *, spec: frozenset[IpAddress], recorded: frozenset[IpAddress]
) -> tuple[HostAddress, ...]:
    """PURE: the addresses that must go before keepalived starts, whatever their prefix or device."""
    return tuple(a for a in host.addresses if a.address in recorded or (a.marked and a.address in spec))


def _written(router: Watched) -> dict[str, Any]:
    return {
        "vrid": router.vrid,
        "addresses": sorted(map(str, router.addresses)),
        "interface": router.interface,
        "group": router.group,
        **({} if router.peers is None else {"peers": sorted(map(str, router.peers))}),
    }


def _watched(record: dict[str, Any]) -> Watched:
    group = record["group"]
    return Watched(
        int(record["vrid"]),
        _addresses(record),
        str(record["interface"]),
        str(group) if group else None,
        _addresses(record, "peers") if "peers" in record else None,
    )


def _addresses(record: dict[str, Any], key: str = "addresses") -> frozenset[IpAddress]:
    return frozenset(ipaddress.ip_address(text) for text in record[key])
