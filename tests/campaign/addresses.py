"""PURE: what `ip -j address` shows of a host, and what of it does not belong there."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

LEASE = 3
FOREVER = 4294967295


@dataclass(frozen=True)
class Held:
    """An address in a host's kernel; `valid_for` in seconds, None for ever."""

    address: str
    device: str
    valid_for: int | None


def parse(shown: str) -> list[Held]:
    """All addresses; an empty text is a host without any."""
    links: list[dict[str, Any]] = json.loads(shown or "[]")
    entries = [(link["ifname"], entry) for link in links for entry in link.get("addr_info", ()) if "local" in entry]
    return [
        Held(str(ipaddress.ip_address(entry["local"])), device, _seconds(entry.get("valid_life_time", FOREVER)))
        for device, entry in entries
    ]


def troubles(host: str, held: Collection[Held], *, own: Collection[str], vips: Collection[str], nic: str) -> list[str]:
    """Strangers on the LAN's NIC, a virtual IP twice or elsewhere, and one that would outlive its float."""
    found = [
        f"{host}: {item.address} was left on {nic}" for item in held if item.device == nic and _strange(item, own, vips)
    ]
    for vip in vips:
        places = [item for item in held if item.address == vip]
        if len(places) > 1 or any(item.device != nic for item in places):
            found.append(f"{host}: {vip} is on {', '.join(item.device for item in places)}")
        found += [
            f"{host}: {vip} has no lease (valid for {item.valid_for or 'ever'} s)"
            for item in places
            if item.valid_for is None or item.valid_for > LEASE
        ]
    return found


def _strange(item: Held, own: Collection[str], vips: Collection[str]) -> bool:
    return item.address not in {*own, *vips} and not ipaddress.ip_address(item.address).is_link_local


def _seconds(lifetime: int) -> int | None:
    return None if lifetime == FOREVER else lifetime
