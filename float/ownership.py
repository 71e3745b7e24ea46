"""Which addresses of this host are ours: the record on the volume, and the sweep of what was left behind.

Ours is an address that we recorded before keepalived could add it, or one of the spec that carries keepalived's mark.
A marked address that is in neither belongs to another keepalived of this host and is never touched.
"""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import Iterable
from pathlib import Path

from float.host import HostAddress, HostView
from shared.models import IpAddress

logger = logging.getLogger(__name__)


class OwnershipRecord:
    """The addresses that we may have put on this host since it booted."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self.addresses = self._read()

    def replace(self, addresses: Iterable[IpAddress]) -> None:
        """Write down the whole list before acting on it. Raises OSError."""
        wanted = frozenset(addresses)
        if wanted == self.addresses:
            return
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps({"boot_id": self._boot, "addresses": sorted(map(str, wanted))}))
        scratch.replace(self._path)
        self.addresses = wanted

    def _read(self) -> frozenset[IpAddress]:
        try:
            record = json.loads(self._path.read_text())
            if record["boot_id"] != self._boot:
                return frozenset()
            return frozenset(ipaddress.ip_address(text) for text in record["addresses"])
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            logger.warning("the record of our addresses cannot be read and is begun anew: %s", error)
            return frozenset()


def left_behind(
    host: HostView, *, spec: frozenset[IpAddress], recorded: frozenset[IpAddress]
) -> tuple[HostAddress, ...]:
    """PURE: the addresses that must go before keepalived starts, whatever their prefix or device."""
    return tuple(a for a in host.addresses if a.address in recorded or (a.marked and a.address in spec))
