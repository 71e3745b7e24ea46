"""What a holder says when another host claims its VIPs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from float.defence import EVERY, TO_ALL, TO_ONE, WAIT, Defence
from float.neighbour import Claim
from float.routers import RouterEntry
from shared.models import IpAddress, VirtualIp, VrrpState
from tests.unit.anchor_fakes import FakeClock
from tests.unit.float_samples import ROUTER, VIP, entry

ELSEWHERE = VirtualIp.parse("192.0.2.101/32@eth1")
CLAIM = Claim(VIP.address, "02:00:00:00:00:01")
OTHER = "02:00:00:00:00:02"
TWO = ROUTER.model_copy(update={"excluded": (ELSEWHERE,)})


class World:
    def __init__(self, one: RouterEntry) -> None:
        self.entry, self.clock = one, FakeClock()
        self.waiting: list[Callable[[], None]] = []
        self.announced: list[tuple[str, IpAddress]] = []
        self.defence = Defence(self.announce, self.clock, later=self.later)

    def announce(self, device: str, addresses: Iterable[IpAddress]) -> None:
        self.announced += [(device, address) for address in addresses]

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds == WAIT
        self.waiting.append(call)

    def claimed(self, claim: Claim = CLAIM) -> list[tuple[str, IpAddress]]:
        """What was announced WAIT seconds after the claim."""
        self.defence.claimed(claim, {"vip": self.entry})
        self.clock.now += WAIT
        while self.waiting:
            self.waiting.pop()()
        said, self.announced = self.announced, []
        return said


def test_a_holder_announces_all_vips_of_the_router_of_which_one_is_claimed() -> None:
    world = World(entry(VrrpState.MASTER, router=TWO))
    assert world.claimed() == [("eth0", VIP.address), ("eth1", ELSEWHERE.address)]


@pytest.mark.parametrize("state", [VrrpState.BACKUP, VrrpState.FAULT, VrrpState.INIT])
def test_who_does_not_hold_it_says_nothing(state: VrrpState) -> None:
    assert World(entry(state)).claimed() == []


def test_a_holder_that_hears_its_successor_says_nothing() -> None:
    world = World(entry(VrrpState.MASTER))
    world.defence.claimed(CLAIM, {"vip": world.entry})
    world.entry.state = VrrpState.BACKUP
    world.waiting.pop()()
    assert world.announced == []


def test_a_claim_of_another_address_is_none_of_ours() -> None:
    assert World(entry(VrrpState.MASTER)).claimed(Claim(ELSEWHERE.address, CLAIM.mac)) == []


def test_two_hosts_that_both_believe_to_hold_it_do_not_shout() -> None:
    world = World(entry(VrrpState.MASTER))
    assert [len(world.claimed()) for _ in range(TO_ONE + 2)] == [1] * TO_ONE + [0, 0]
    world.clock.now += EVERY
    assert len(world.claimed()) == 1


def test_a_frozen_host_that_answered_a_question_and_then_thaws_is_answered_again() -> None:
    world = World(entry(VrrpState.MASTER))
    assert world.claimed()  # its kernel's word
    world.clock.now += 1
    assert world.claimed()  # its keepalived's


def test_a_claim_of_this_nodes_successor_leaves_the_answers_to_others_as_they_are() -> None:
    world = World(entry(VrrpState.MASTER))
    for _ in range(TO_ALL):
        world.defence.claimed(CLAIM, {"vip": world.entry})
        world.entry.state = VrrpState.BACKUP
        world.waiting.pop()()
        world.entry.state = VrrpState.MASTER
    assert [len(world.claimed()) for _ in range(TO_ONE)] == [1] * TO_ONE


def test_claims_that_come_together_have_one_answer() -> None:
    world = World(entry(VrrpState.MASTER))
    world.defence.claimed(CLAIM, {"vip": world.entry})
    assert len(world.claimed(Claim(VIP.address, OTHER))) == 1


def test_one_claimants_answers_are_not_anothers() -> None:
    world = World(entry(VrrpState.MASTER))
    for _ in range(TO_ONE + 1):
        world.claimed()
    assert len(world.claimed(Claim(VIP.address, OTHER))) == 1


def test_a_host_that_invents_macs_is_answered_so_often_and_no_more() -> None:
    world = World(entry(VrrpState.MASTER))
    made_up = (Claim(VIP.address, f"02:00:00:00:01:{number:02x}") for number in range(15))
    assert sum(len(world.claimed(claim)) for claim in made_up) == TO_ALL
