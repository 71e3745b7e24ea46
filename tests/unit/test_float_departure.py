"""When a float ends, and what for."""

from __future__ import annotations

import pytest

from float.demotion import Heard
from float.departure import TAKER_LIMIT, Leaving, advertised_elsewhere, after_goodbye, missed
from float.routers import SETTLED
from shared.link_protocol import GoodbyeReason
from shared.models import Strength, VrrpState
from tests.unit.float_samples import ALLOWED, BEST, FORBIDDEN, MASTER_DOWN, ROUTER, entry, heard, router_called

MASTER = entry(VrrpState.MASTER)
LONELY_MASTER = entry(VrrpState.MASTER, router=ROUTER.model_copy(update={"peers": ()}))
LEAVING = Leaving("told to stop", 100.0)


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


@pytest.mark.parametrize("last_heard", [None, heard(BEST, 250, 400.0 - MASTER_DOWN - 0.001)])
def test_what_nobody_advertises_now_is_not_served_elsewhere(last_heard: Heard | None) -> None:
    served = entry(heard=heard(BEST, 250, 400.0))
    silent = entry(router=router_called("web", 78), heard=last_heard)
    assert advertised_elsewhere([served, silent], 400.0) == {ROUTER.name}


@pytest.mark.parametrize(
    ("state", "priority", "began"),
    [(VrrpState.MASTER, 250, 0.0), (VrrpState.BACKUP, 0, 0.0), (VrrpState.BACKUP, 250, 400.0 - SETTLED)],
    ids=["we are master, too", "a farewell", "heard just now"],
)
def test_one_of_two_last_resorts_that_meet_stays(state: VrrpState, priority: int, began: float) -> None:
    other = Heard(BEST.address, priority, at=400.0, since=began)
    assert not advertised_elsewhere([entry(state, heard=other)], 400.0)


def test_what_is_yielded_or_forbidden_here_is_not_missed() -> None:
    yielded = entry(decision=ALLOWED)
    forbidden = entry(router=router_called("web", 78), decision=FORBIDDEN)
    ours = entry(router=router_called("mail", 79), decision=ALLOWED)
    assert missed([yielded, forbidden, ours], {ROUTER.name}) == ("mail",)
