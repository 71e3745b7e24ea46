"""When a float ends, and what for."""

from __future__ import annotations

import pytest

from float.demotion import Heard
from float.departure import TAKER_LIMIT, Leaving, after_goodbye, orphaned
from float.link_state import LinkState
from float.routers import RouterEntry
from shared.link_protocol import GoodbyeReason
from shared.models import Strength, VrrpState
from tests.unit.float_samples import BEST, MASTER_DOWN, ROUTER, entry, heard, router_called

MASTER = entry(VrrpState.MASTER)
LONELY_MASTER = entry(VrrpState.MASTER, router=ROUTER.model_copy(update={"peers": ()}))
LEAVING = Leaving("told to stop", 100.0)
GONE = LinkState().connected(50.0).ended(100.0)


def is_orphaned(*entries: RouterEntry, link: LinkState = GONE, now: float = 400.0) -> bool:
    """Whether that float, whose anchor is gone since 100, is an orphan."""
    return orphaned(link, entries, timeout=3.0, after=300.0, now=now)


def test_a_departure_demotes_so_that_a_peer_takes_over_first() -> None:
    condition = LEAVING.condition
    assert (condition.ok, condition.strength, condition.reason) == (False, Strength.PREFER, "told to stop")


def test_a_leaving_master_waits_for_a_peer_to_take_over() -> None:
    assert not LEAVING.over([MASTER], 100.0 + TAKER_LIMIT - 0.001)


def test_a_leaving_master_that_nobody_relieves_ends_all_the_same() -> None:
    assert LEAVING.over([MASTER], 100.0 + TAKER_LIMIT)


def test_a_leaving_backup_ends_at_once() -> None:
    assert LEAVING.over([], 100.0)


def test_a_leaving_master_without_any_peer_ends_at_once() -> None:
    assert LEAVING.over([LONELY_MASTER], 100.0)


def test_one_virtual_router_with_peers_is_worth_the_wait() -> None:
    assert not LEAVING.over([LONELY_MASTER, MASTER], 100.0)


def test_a_node_that_leaves_hands_over_first() -> None:
    assert after_goodbye(GoodbyeReason.LEAVE, 5.0) == Leaving("this node leaves the stack", 5.0)


def test_a_stack_that_is_removed_waits_for_nobody() -> None:
    leaving = after_goodbye(GoodbyeReason.REMOVED, 5.0)
    assert leaving is not None
    assert leaving.over([MASTER], 5.0)


def test_an_update_takes_no_float_along() -> None:
    assert after_goodbye(GoodbyeReason.UPDATE, 5.0) is None


def test_a_float_whose_anchor_answers_is_no_orphan() -> None:
    assert not is_orphaned(entry(heard=heard(BEST, 250, 400.0)), link=LinkState().connected(399.0))


def test_a_float_is_no_orphan_before_its_time() -> None:
    assert not is_orphaned(entry(heard=heard(BEST, 250, 399.9)), now=399.9)


def test_a_float_is_an_orphan_when_others_serve_every_virtual_router() -> None:
    assert is_orphaned(entry(heard=heard(BEST, 250, 400.0)))


@pytest.mark.parametrize("last_heard", [None, heard(BEST, 250, 400.0 - MASTER_DOWN - 0.001)])
def test_a_float_is_no_orphan_while_one_virtual_router_is_its_own(last_heard: Heard | None) -> None:
    served = entry(heard=heard(BEST, 250, 400.0))
    assert not is_orphaned(served, entry(VrrpState.MASTER, router=router_called("web", 78), heard=last_heard))


def test_a_float_that_never_got_a_spec_is_an_orphan_when_no_anchor_comes() -> None:
    assert is_orphaned()


def test_a_hanging_anchor_makes_an_orphan_as_a_dead_one_does() -> None:
    hanging = LinkState().connected(97.0)
    assert not is_orphaned(link=hanging, now=399.0)
    assert is_orphaned(link=hanging, now=400.0)
