from __future__ import annotations

from dataclasses import replace

from float import adrift
from float.host import HostView
from float.routers import RouterEntry
from shared.models import Strength
from tests.unit.float_samples import OURS, RESOLVED, ROUTER, address, host

ENTRIES = {ROUTER.name: RouterEntry(RESOLVED)}
ELSEWHERE = HostView(("eth0", "eth1"), (address("198.51.100.7/24"), address(f"{OURS}/24", "eth1")))


def test_a_node_whose_address_is_where_it_should_be_has_nothing_against_it() -> None:
    assert adrift.conditions(ENTRIES, host()) == ()


def test_a_node_without_it_on_that_interface_may_not_serve_and_says_which_address_is_missing() -> None:
    (found,) = adrift.conditions(ENTRIES, ELSEWHERE)
    assert (found.ok, found.strength, found.routers) == (False, Strength.REQUIRE, (ROUTER.name,))
    assert found.reason.startswith(f"eth0 does not carry {OURS}")


def test_nobody_is_forbidden_before_the_first_look_without_peers_or_without_an_address_of_its_own() -> None:
    alone = replace(RESOLVED, router=ROUTER.model_copy(update={"peers": ()}))
    assert adrift.conditions(ENTRIES, HostView((), ())) == ()
    assert adrift.conditions({ROUTER.name: RouterEntry(alone)}, ELSEWHERE) == ()
    assert adrift.conditions({ROUTER.name: RouterEntry(replace(RESOLVED, source=None))}, ELSEWHERE) == ()
