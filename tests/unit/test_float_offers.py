"""Specs that were offered: one after the other, each with an answer, and a refused one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from float.offers import BACK_OFF, LOOK_AGAIN, Offers
from float.resolve import ResolvedSpec, UnresolvableError
from shared.link_protocol import SpecAnswer, SpecMessage
from shared.models import FloatSpec, ServiceClaim, VirtualIp
from tests.unit.anchor_fakes import FakeClock
from tests.unit.float_samples import ROUTER, SPEC, resolved

BAD = SPEC.model_copy(update={"interface": "nosuch0"})
CLAIM = ServiceClaim(service="web", label="192.0.2.50", virtual_ips=(VirtualIp.parse("192.0.2.50"),))
WITH_SERVICE = SPEC.model_copy(
    update={"virtual_routers": (ROUTER, ROUTER.model_copy(update={"name": "web", "vrid": 50, "claims": (CLAIM,)}))}
)
OTHER = SPEC.model_copy(update={"vrrp_version": 2})


class Host:
    """A host that carries every spec but BAD, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.blind = 0
        """So many looks at it fail."""

        self.refusals: tuple[str, ...] = ("no web here",)
        self.interface = "eth0"
        self.carries = True
        self.during: Callable[[], None] | None = None
        """Happens once, while a spec is examined."""

        self.seen = asyncio.Event()

    async def examine(self, spec: FloatSpec) -> ResolvedSpec:
        self.asked += 1
        self.seen.set()
        if during := self.during:
            self.during = None
            during()
        if self.blind:
            self.blind -= 1
            raise OSError("too many open files")
        if spec == BAD or not self.carries:
            raise UnresolvableError(("no nosuch0 here",))
        router = replace(resolved(ROUTER), interface=self.interface)
        return ResolvedSpec(spec, (router,), self.refusals if spec == WITH_SERVICE else ())


class Desk:
    """Offers over a host, with what was answered and adopted."""

    def __init__(self) -> None:
        self.host = Host()
        self.answers: list[SpecAnswer] = []
        self.adopted: list[str] = []
        self.clock = FakeClock()
        self.offers = Offers(examiner=self.host, answer=self.answers.append, sleep=self.clock.sleep)

    async def offered(self, *specs: FloatSpec, trial: bool = False, called: str = "", more: int = 0) -> None:
        """Offer them one after the other, each answered first, and wait for `more` answers that nobody asked for."""
        for spec in specs:
            await self.offered_at_once(SpecMessage(spec=spec, trial=trial, digest=called), answers=1 + more)

    async def doubted(self) -> None:
        """keepalived does not stay with what runs; returns when that was looked at."""
        asked, self.host.seen = self.host.asked, asyncio.Event()
        work = asyncio.create_task(self.offers.run(lambda spec: self.adopted.append(spec.spec.digest), lambda: None))
        self.offers.doubt()
        await self.host.seen.wait()
        await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        assert self.host.asked > asked

    async def offered_at_once(self, *offers: SpecMessage, answers: int) -> None:
        """Offer them all, and wait for that many answers."""
        due, answered = len(self.answers) + answers, asyncio.Event()
        for offer in offers:
            self.offers.put(offer)
        work = asyncio.create_task(
            self.offers.run(
                lambda spec: self.adopted.append(spec.spec.digest),
                lambda: answered.set() if len(self.answers) >= due else None,
            )
        )
        await answered.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_an_accepted_spec_is_adopted_and_answered() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    assert desk.adopted == [SPEC.digest]
    assert desk.answers == [SpecAnswer(digest=SPEC.digest, accepted=True)]


async def test_a_refused_spec_leaves_the_running_one_and_says_why() -> None:
    desk = Desk()
    await desk.offered(SPEC, BAD)
    assert desk.offers.digest == SPEC.digest
    assert desk.offers.refused == (BAD.digest, "no nosuch0 here")
    assert desk.answers[-1] == SpecAnswer(digest=BAD.digest, accepted=False, problems=("no nosuch0 here",))


async def test_an_accepted_spec_ends_the_refusal_of_the_one_before() -> None:
    desk = Desk()
    await desk.offered(BAD, SPEC)
    assert desk.offers.refused == (None, "")


async def test_a_trial_is_answered_and_changes_nothing() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    await desk.offered(OTHER, trial=True)
    assert desk.answers[-1] == SpecAnswer(digest=OTHER.digest, trial=True, accepted=True)
    assert desk.adopted == [SPEC.digest]
    assert desk.offers.digest == SPEC.digest


async def test_the_spec_that_runs_is_not_examined_again() -> None:
    desk = Desk()
    await desk.offered(SPEC, SPEC)
    assert desk.host.asked == 1
    assert [answer.accepted for answer in desk.answers] == [True, True]


async def test_a_spec_is_called_as_its_anchor_calls_it_since_another_release_computes_another_digest() -> None:
    desk = Desk()
    await desk.offered(SPEC, called="of a newer anchor")
    assert desk.offers.digest == "of a newer anchor"
    assert desk.answers == [SpecAnswer(digest="of a newer anchor", accepted=True)]


async def test_services_that_are_left_out_are_told_with_the_answer_and_the_own_do_not_wait_for_them() -> None:
    desk = Desk()
    await desk.offered(WITH_SERVICE)
    assert desk.answers == [SpecAnswer(digest=WITH_SERVICE.digest, accepted=True, refusals=("no web here",))]
    assert desk.adopted == [SPEC.digest, WITH_SERVICE.digest]


async def test_a_spec_without_some_services_is_examined_again_when_it_is_offered_again() -> None:
    desk = Desk()
    await desk.offered(WITH_SERVICE)
    desk.host.refusals = ()
    await desk.offered(WITH_SERVICE)
    assert desk.answers[-1].refusals == ()
    assert desk.offers.adopted is not None
    assert desk.offers.adopted.refusals == ()


async def test_a_host_that_cannot_be_looked_at_for_a_moment_is_looked_at_again_and_nothing_is_refused() -> None:
    desk = Desk()
    desk.host.blind = len(BACK_OFF)
    began = desk.clock.now
    await desk.offered(SPEC)
    assert desk.answers == [SpecAnswer(digest=SPEC.digest, accepted=True)]
    assert desk.adopted == [SPEC.digest]
    assert desk.clock.now - began == pytest.approx(sum(BACK_OFF))


async def test_a_host_that_stays_hidden_refuses_the_spec_and_what_runs_goes_on() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    desk.host.blind = 1 + len(BACK_OFF)
    await desk.offered(OTHER)
    problem = "this host cannot be looked at: too many open files"
    assert desk.answers[-1] == SpecAnswer(digest=OTHER.digest, accepted=False, problems=(problem,))
    assert desk.offers.refused == (OTHER.digest, problem)
    assert desk.offers.digest == SPEC.digest
    assert desk.adopted == [SPEC.digest]


async def test_what_was_refused_because_nobody_could_look_is_adopted_once_somebody_can() -> None:
    desk = Desk()
    desk.host.blind = 1 + len(BACK_OFF)
    began = desk.clock.now
    await desk.offered(SPEC, more=1)
    assert [answer.accepted for answer in desk.answers] == [False, True]
    assert desk.adopted == [SPEC.digest]
    assert desk.offers.refused == (None, "")
    assert desk.clock.now - began >= LOOK_AGAIN


async def test_a_trial_that_comes_after_a_spec_that_could_not_be_looked_at_does_not_make_it_forgotten() -> None:
    desk = Desk()
    desk.host.blind = 1 + len(BACK_OFF)
    await desk.offered(SPEC)
    await desk.offered(OTHER, trial=True, more=1)
    assert desk.adopted == [SPEC.digest]


async def test_a_newer_spec_takes_the_place_of_one_that_could_not_be_looked_at() -> None:
    desk = Desk()
    desk.host.blind = 1 + len(BACK_OFF)
    await desk.offered(SPEC)
    await desk.offered(OTHER)
    assert desk.adopted == [OTHER.digest]
    assert desk.offers.digest == OTHER.digest


async def test_of_many_specs_that_come_while_one_is_examined_only_the_last_is_worth_a_look() -> None:
    desk = Desk()
    await desk.offered_at_once(*(SpecMessage(spec=spec) for spec in (OTHER, WITH_SERVICE, SPEC)), answers=1)
    assert desk.host.asked == 1
    assert desk.adopted == [SPEC.digest]


async def test_a_trial_takes_the_place_of_no_spec_that_is_to_run() -> None:
    desk = Desk()
    await desk.offered_at_once(SpecMessage(spec=SPEC), SpecMessage(spec=OTHER, trial=True), answers=2)
    assert desk.adopted == [SPEC.digest]
    assert [answer.trial for answer in desk.answers] == [False, True]


async def test_what_keepalived_does_not_stay_with_is_examined_again_and_runs_without_the_service_that_is_to_blame() -> (
    None
):
    desk = Desk()
    desk.host.refusals = ()
    await desk.offered(WITH_SERVICE)
    desk.host.refusals = ("no web here",)
    await desk.doubted()
    assert desk.offers.adopted is not None
    assert desk.offers.adopted.refusals == ("no web here",)
    assert desk.answers[-1] == SpecAnswer(digest=WITH_SERVICE.digest, accepted=True, refusals=("no web here",))


async def test_what_a_doubt_finds_out_and_cannot_be_helped_refuses_nothing_that_was_accepted() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    desk.host.carries = False
    await desk.doubted()
    assert desk.answers == [SpecAnswer(digest=SPEC.digest, accepted=True)]
    assert desk.offers.refused == (None, "")
    assert desk.offers.digest == SPEC.digest


async def test_a_doubt_follows_the_address_to_the_interface_that_has_it_now() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    await desk.doubted()
    assert desk.adopted == [SPEC.digest]
    desk.host.interface = "br0"
    await desk.doubted()
    assert desk.offers.adopted is not None
    assert desk.offers.adopted.routers[0].interface == "br0"
    assert desk.answers[-1] == SpecAnswer(digest=SPEC.digest, accepted=True)


async def test_a_doubt_that_comes_while_another_spec_is_examined_is_about_that_one() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    desk.host.during = desk.offers.doubt
    await desk.offered(OTHER)
    await desk.doubted()
    assert desk.adopted == [SPEC.digest, OTHER.digest]
    assert desk.offers.digest == OTHER.digest
    assert [answer.digest for answer in desk.answers] == [SPEC.digest, OTHER.digest]


async def test_a_doubt_that_comes_while_one_is_looked_into_refuses_nothing_either() -> None:
    desk = Desk()
    await desk.offered(SPEC)
    desk.host.carries = False
    desk.host.during = desk.offers.doubt
    await desk.doubted()
    assert desk.answers == [SpecAnswer(digest=SPEC.digest, accepted=True)]
    assert desk.offers.refused == (None, "")


@pytest.mark.parametrize("blind", [0, 1])
async def test_a_doubt_makes_no_other_spec_forgotten_that_could_not_be_looked_at(blind: int) -> None:
    desk = Desk()
    await desk.offered(SPEC)
    desk.host.blind = 1 + len(BACK_OFF)
    await desk.offered(OTHER)
    desk.host.blind = blind
    await desk.doubted()
    assert desk.offers.refused[0] == OTHER.digest
    assert desk.offers.digest == SPEC.digest
    await desk.offered_at_once(answers=1)
    assert desk.adopted == [SPEC.digest, OTHER.digest]


async def test_there_is_nothing_to_doubt_before_the_first_spec() -> None:
    desk = Desk()
    desk.offers.doubt()
    await desk.offered(SPEC)
    assert desk.host.asked == 1
