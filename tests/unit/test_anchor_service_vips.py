"""Who gets which VRID and address: the same on every manager, the older service first, nobody's twice."""

from __future__ import annotations

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor import service_vips
from anchor.facts import LabelledService
from anchor.service_vips import OWN_ROUTERS, Allotment, Stack
from tests.unit.anchor_fakes import user_service

STACK = Stack(
    vrids={77: "the stack itself"},
    addresses={
        ipaddress.ip_address("192.0.2.100"): "the stack itself",
        ipaddress.ip_address("192.0.2.1"): "node a itself",
    },
)


def allot(*services: LabelledService, stack: Stack = STACK) -> Allotment:
    return service_vips.allot(services, stack)


def vrids(allotment: Allotment) -> dict[str, int]:
    return {wish.service.name: grant.vrid for grant in allotment.grants for wish in grant.wishes}


def test_the_vrid_is_the_last_octet_of_the_first_ipv4_address() -> None:
    assert vrids(allot(user_service("web", 1, vip="fd00::1 192.0.2.50"))) == {"web": 50}


def test_a_last_octet_that_is_taken_gives_another_free_vrid() -> None:
    granted = vrids(allot(user_service("a", 1, vip="192.0.2.50"), user_service("b", 2, vip="198.51.100.50")))
    assert granted["a"] == 50
    assert granted["b"] not in (50, 77)


def test_an_address_without_a_usable_octet_has_a_vrid_too() -> None:
    granted = vrids(allot(user_service("six", 1, vip="fd00::50"), user_service("zero", 2, vip="192.0.2.0")))
    assert set(granted) == {"six", "zero"}
    assert not {0, 77} & set(granted.values())


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({"vip": "192.0.2.100"}, "label keepalived.vip=192.0.2.100 is refused: 192.0.2.100 belongs to the stack"),
        ({"vip": "192.0.2.1/24"}, "192.0.2.1 belongs to node a itself"),
        ({"vip": "192.0.2.5", "vrid": "77"}, "label keepalived.vrid=77 is refused: VRID 77 belongs to the stack"),
        ({"vip": "192.0.2.50/24"}, "192.0.2.50 belongs to service old"),
        ({"vip": "192.0.2.5", "vrid": "50"}, "VRID 50 belongs to service old"),
    ],
)
def test_a_clash_is_refused_for_the_younger_alone(labels: dict[str, str], why: str) -> None:
    allotment = allot(user_service("young", 2, **labels), user_service("old", 1, vip="192.0.2.50"))
    assert vrids(allotment) == {"old": 50}
    (refusal,) = allotment.refusals
    assert refusal.startswith("Service young: label keepalived.")
    assert why in refusal


def test_addresses_outside_the_allowed_subnets_are_refused() -> None:
    stack = Stack(vrids={}, addresses={}, allowed=(ipaddress.ip_network("192.0.2.32/27"),))
    allotment = allot(user_service("in", 1, vip="192.0.2.50"), user_service("out", 2, vip="192.0.2.90"), stack=stack)
    assert vrids(allotment) == {"in": 50}
    assert "192.0.2.90 is outside KEEPALIVED_SERVICE_VIPS=192.0.2.32/27" in allotment.refusals[0]


def test_when_all_vrids_are_taken_the_youngest_is_refused() -> None:
    services = [user_service(f"s{n}", 1, vip=f"10.9.{n}.1", track="local") for n in range(255)]
    allotment = allot(*services)
    assert len(allotment.grants) == 254
    assert "all 255 VRIDs of the segment are taken" in allotment.refusals[0]


def test_more_addresses_than_the_limit_are_refused() -> None:
    services = [
        user_service(f"s{n}", n, vip=" ".join(f"10.{n}.0.{host}" for host in range(1, 251))) for n in range(1, 10)
    ]
    allotment = allot(*services)
    assert sum(len(wish.virtual_ips) for grant in allotment.grants for wish in grant.wishes) == 2000
    assert "more than 2000 virtual IPs" in allotment.refusals[0]


def test_a_thousand_services_that_want_the_same_share_eight_routers() -> None:
    services = [user_service(f"s{n}", 1, vip=f"10.1.{n // 200}.{n % 200 + 1}") for n in range(1000)]
    allotment = allot(*services)
    assert len(allotment.grants) == OWN_ROUTERS
    assert max(len(grant.wishes) for grant in allotment.grants) < 2 * 1000 / OWN_ROUTERS


def test_services_that_follow_their_tasks_never_share() -> None:
    services = [user_service(f"s{n}", 1, vip=f"10.1.1.{n + 1}", track="local") for n in range(20)]
    assert len(allot(*services).grants) == 20


def test_services_that_want_different_things_do_not_share() -> None:
    services = [
        user_service(f"s{n}", 1, vip=f"10.1.1.{n + 1}", preempt="true" if n % 2 else "false") for n in range(40)
    ]
    for grant in allot(*services).grants:
        assert len({wish.preempt for wish in grant.wishes}) == 1


SERVICES = st.lists(
    st.builds(
        lambda number, octets, vrid, track: user_service(
            f"s{number}",
            number % 60,
            vip=" ".join(f"192.0.2.{octet}" for octet in sorted(octets)),
            **({"vrid": str(vrid)} if vrid else {}),
            track=track,
        ),
        st.integers(0, 500),
        st.sets(st.integers(1, 120), min_size=1, max_size=3),
        st.one_of(st.none(), st.integers(1, 100)),
        st.sampled_from(["local", "none"]),
    ),
    max_size=25,
    unique_by=lambda service: service.id,
)


@given(SERVICES, st.randoms(use_true_random=False))
def test_every_manager_comes_to_the_same_answer(services: list[LabelledService], order: random.Random) -> None:
    shuffled = list(services)
    order.shuffle(shuffled)
    assert allot(*services) == allot(*shuffled)


@given(SERVICES)
def test_no_two_routers_have_a_vrid_or_an_address_in_common(services: list[LabelledService]) -> None:
    allotment = allot(*services)
    numbers = [77, *(grant.vrid for grant in allotment.grants)]
    addresses = [vip.address for grant in allotment.grants for wish in grant.wishes for vip in wish.virtual_ips]
    assert len(numbers) == len(set(numbers))
    assert len(addresses) == len(set(addresses))
    assert not set(addresses) & set(STACK.addresses)


@given(SERVICES)
def test_every_service_is_granted_or_refused_with_its_name(services: list[LabelledService]) -> None:
    allotment = allot(*services)
    granted = set(vrids(allotment))
    refused = {sentence.split(":")[0].removeprefix("Service ") for sentence in allotment.refusals}
    assert granted | refused == {service.name for service in services}
    assert not granted & refused


@given(SERVICES)
def test_a_younger_service_takes_nothing_from_an_older_one(services: list[LabelledService]) -> None:
    by_age = sorted(services, key=lambda service: (service.created_at, service.id))
    before = vrids(allot(*by_age[:-1]))
    after = vrids(allot(*by_age))
    assert before.items() <= after.items()


def test_an_older_service_that_is_labelled_later_gets_the_octet_and_the_younger_another_vrid() -> None:
    young, old = user_service("young", 2, vip="192.0.2.50"), user_service("old", 1, vip="198.51.100.50")
    assert vrids(allot(young)) == {"young": 50}
    after = vrids(allot(young, old))
    assert after["old"] == 50
    assert after["young"] != 50
