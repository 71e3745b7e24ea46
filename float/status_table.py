"""PURE: the float's status as a table for people: virtual routers, their addresses and peers, and the conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from shared.status import FloatStatus, RouterStatus, VipStatus

Row = Sequence[str]


def describe(status: FloatStatus) -> str:
    """Every table with its head line; one that would be empty is left out."""
    routers = status.virtual_routers
    blocks = [
        _headline(status),
        _table(("ROUTER", "VRID", "STATE", "SINCE (UTC)", "PRIORITY", "INTERFACE", "WHY"), map(_router, routers)),
        _table(
            ("VIRTUAL IP", "ROUTER", "INTERFACE", "HERE"),
            ((v.address, r.name, v.interface, _here(v)) for r in routers for v in r.virtual_ips),
        ),
        _table(
            ("PEER", "ROUTER", "NODE", "PRIORITY"),
            ((p.address, r.name, p.hostname, str(p.priority or "")) for r in routers for p in r.peers),
        ),
        _table(
            ("CONDITION", "HOLDS", "STRENGTH", "REASON"),
            ((c.name, "yes" if c.ok else "NO", c.strength.value, c.reason) for c in status.conditions),
        ),
        "\n".join(f"WARNING  {warning}" for warning in (*status.warnings, *_strangers(status))),
    ]
    return "\n\n".join(block for block in blocks if block)


def _strangers(status: FloatStatus) -> Iterator[str]:
    for router in status.virtual_routers:
        for foreign in router.foreign_routers:
            what = f"VRRPv{foreign.version}, priority {foreign.priority}"
            yield f"{foreign.address} advertises VRID {router.vrid} ({what}); keepalived does not listen to it"
        for claim in router.foreign_claims:
            yield f"{claim.mac}, which is no peer, claims {claim.virtual_ip} on {claim.interface}"
    if status.flood:
        yield status.flood


def _here(vip: VipStatus) -> str:
    there = "yes" if vip.present else "no"
    return there if vip.leased else f"{there}, without a lease"


def _headline(status: FloatStatus) -> str:
    link = "alone" if status.alone else f"link {'up' if status.link.up else 'DOWN'}"
    return f"{status.hostname}: keepalived {status.keepalived_version} {status.keepalived}, {link}"


def _router(router: RouterStatus) -> Row:
    base, effective = router.priority_base, router.priority_effective
    priority = str(base) if base == effective else f"{effective} (healthy: {base})"
    state = router.state.name if router.allowed else f"{router.state.name} (forbidden)"
    return (router.name, str(router.vrid), state, _moment(router.since), priority, router.interface, router.reason)


def _moment(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S") if wall else "-"


def _table(head: Row, rows: Iterable[Row]) -> str:
    """Columns as wide as their widest cell, two blanks apart; empty without rows."""
    lines = [tuple(row) for row in rows]
    if not lines:
        return ""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (tuple(head), *lines)
    )
