"""Where the virtual IP went, and when, as the kernels tell it."""

from __future__ import annotations

from tests.lab.address_watch import AddressWatch, Change
from tests.lab.cluster import Lab
from tests.lab.shell import wait_until


def taken_over(lab: Lab, watch: AddressWatch, *, since: float, besides: str, within: float) -> str:
    """The other host that got the virtual IP, at most `within` seconds after `since`."""
    found = wait_until(lambda: _arrivals(lab, watch, since, besides), within + 10, f"a node besides {besides}")
    assert found[0].when - since <= within, f"{found[0].host} took over after {found[0].when - since:.2f} s"
    return found[0].host


def longest_overlap(lab: Lab, watch: AddressWatch, *, since: float = 0.0) -> float:
    """Seconds after `since` for which more than one host had the virtual IP, at a stretch."""
    spans = watch.overlaps(lab.vip)
    return max((begin + length - max(begin, since) for begin, length in spans if begin + length > since), default=0.0)


def moved(lab: Lab, watch: AddressWatch) -> list[Change]:
    """What happened to the virtual IP after the watch began: nothing, if one host had it all the time."""
    return watch.changes(lab.vip)[1:]


def _arrivals(lab: Lab, watch: AddressWatch, since: float, besides: str) -> list[Change]:
    changes = watch.changes(lab.vip)
    return [change for change in changes if change.present and change.when >= since and change.host != besides]
