"""The values that the parts exchange: parsed strictly, frozen, and equal when they mean the same."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.models import (
    DEMOTED_PRIORITIES,
    HEALTHY_PRIORITIES,
    Condition,
    FloatSpec,
    Peer,
    Strength,
    Transport,
    VirtualIp,
    VirtualRouter,
    VrrpState,
    can_belong_to_a_host,
    failing,
)


def router(**changes: object) -> VirtualRouter:
    values = {
        "name": "main",
        "vrid": 77,
        "priority": 254,
        "demoted_priority": 49,
        "virtual_ips": (VirtualIp.parse("192.0.2.100/24"),),
    }
    return VirtualRouter.model_validate({**values, **changes})


def spec(**changes: object) -> FloatSpec:
    return FloatSpec.model_validate({"router_name": "a", "hostname": "a", "virtual_routers": (router(),), **changes})


@pytest.mark.parametrize(
    ("text", "address", "prefix", "device"),
    [
        ("192.0.2.1", "192.0.2.1", 32, None),
        (" 192.0.2.1 ", "192.0.2.1", 32, None),
        ("192.0.2.1/24", "192.0.2.1", 24, None),
        ("192.0.2.1@eth0", "192.0.2.1", 32, "eth0"),
        ("192.0.2.1/24@bond0.100", "192.0.2.1", 24, "bond0.100"),
        ("192.0.2.1/24/eth0", "192.0.2.1", 24, "eth0"),
        ("FD00:0::A", "fd00::a", 128, None),
        ("fd00::a/64@br-lan", "fd00::a", 64, "br-lan"),
    ],
)
def test_a_virtual_ip_is_read_in_our_spelling_and_in_ancestor_ds(
    text: str, address: str, prefix: int, device: str | None
) -> None:
    assert VirtualIp.parse(text) == VirtualIp(address=ip_address(address), prefix=prefix, device=device)


@pytest.mark.parametrize(
    "text",
    [
        "", "/24", "@eth0", "x", "192.0.2", "192.0.2.01", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2.1/2x", "fd00::1/129",
        "192.0.2.1@", "192.0.2.1@eth0@eth1", "192.0.2.1@eth0/24", "192.0.2.1//eth0", "192.0.2.1/24/eth0@eth1",
        "192.0.2.1@et h", "192.0.2.1@eth0}", "192.0.2.1@" + "e" * 16, "fe80::1%eth0", "224.0.0.1", "127.0.0.1", "::1",
        "0.0.0.0", "192.0.2.1/\u0662\u0664", "192.0.2.1\n}", "192.0.2.1@\u00e9th0",
    ],
)  # fmt: skip
def test_what_is_not_one_virtual_ip_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|does not|has a|is a"):
        VirtualIp.parse(text)


@given(text=st.text(max_size=60))
def test_reading_a_virtual_ip_raises_nothing_but_a_value_error(text: str) -> None:
    try:
        item = VirtualIp.parse(text)
    except ValueError:
        return
    assert VirtualIp.parse(str(item)) == item


@given(
    address=st.ip_addresses().filter(can_belong_to_a_host),
    prefix=st.integers(1, 32),
    device=st.none() | st.from_regex(r"[a-z][a-z0-9._-]{0,14}", fullmatch=True),
)
def test_a_virtual_ip_survives_being_written_and_read(address: object, prefix: int, device: str | None) -> None:
    item = VirtualIp.model_validate({"address": address, "prefix": prefix, "device": device})
    assert VirtualIp.parse(str(item)) == item


def test_the_cidr_of_a_virtual_ip_is_what_kernel_and_metrics_write() -> None:
    assert VirtualIp.parse("fd00:0::A/64@eth0").cidr == "fd00::a/64"


def test_a_demoted_node_always_ranks_below_a_healthy_one_and_never_as_the_address_owner() -> None:
    assert max(DEMOTED_PRIORITIES) < min(HEALTHY_PRIORITIES)
    assert max(HEALTHY_PRIORITIES) == 254
    assert min(DEMOTED_PRIORITIES) == 1


def test_the_numbers_of_the_vrrp_states_are_the_exporters() -> None:
    assert [(state.name, state.value) for state in VrrpState] == [
        ("INIT", 0),
        ("BACKUP", 1),
        ("MASTER", 2),
        ("FAULT", 3),
    ]


@pytest.mark.parametrize(("priority", "seconds"), [(254, 0.30078125), (128, 0.35), (1, 0.399609375)])
def test_a_higher_priority_waits_less_before_it_takes_over(priority: int, seconds: float) -> None:
    assert router(priority=priority).master_down_interval == pytest.approx(seconds)


def test_the_holder_carries_the_virtual_ips_and_the_excluded_ones() -> None:
    excluded = VirtualIp.parse("192.0.2.101")
    both = router(excluded=(excluded,))
    assert both.addresses == (*both.virtual_ips, excluded)


def test_values_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(router(), "vrid", 1)  # noqa: B010  # mypy refuses the plain assignment


def test_a_field_of_a_newer_release_is_ignored() -> None:
    assert FloatSpec.model_validate({**spec().model_dump(), "new": 1}) == spec()


def test_equal_specs_have_equal_digests() -> None:
    assert spec().digest == spec().digest
    assert len(spec().digest) == 12


@pytest.mark.parametrize(
    "change",
    [
        {"router_name": "b"},
        {"interface": "eth1"},
        {"vrrp_version": 2},
        {"transport": Transport.MULTICAST},
        {"password": "p"},
        {"virtual_routers": (router(priority=229),)},
        {"virtual_routers": (router(peers=(Peer(address=ip_address("192.0.2.2"), hostname="b", priority=229),)),)},
        {"link_timeout": 5.0},
    ],
)
def test_any_change_of_the_spec_changes_its_digest(change: dict[str, object]) -> None:
    assert spec(**change).digest != spec().digest


def test_a_spec_keeps_its_digest_over_the_link() -> None:
    sent = spec(password="p", node_address=ip_address("fd00::1"))
    assert FloatSpec.model_validate_json(sent.model_dump_json()).digest == sent.digest


@pytest.mark.parametrize(
    "change",
    [
        {"vrrp_version": 2},
        {"transport": Transport.MULTICAST},
        {"multicast_group": "224.0.0.77"},
        {"password": "p"},
        {"virtual_routers": (router(vrid=78),)},
        {"virtual_routers": (router(virtual_ips=(VirtualIp.parse("fd00::100"),)),)},
        {"node_address": "fd00::1"},
    ],
)
def test_what_all_nodes_must_have_in_common_is_told_apart(change: dict[str, object]) -> None:
    assert spec(**change).wire != spec().wire


@pytest.mark.parametrize(
    "change",
    [
        {"router_name": "b"},
        {"virtual_routers": (router(priority=229),)},
        {"link_timeout": 5.0},
        {"virtual_routers": (router(virtual_ips=(VirtualIp.parse("fd00::100"), VirtualIp.parse("192.0.2.9"))),)},
        {"node_address": "192.0.2.1"},
    ],
)
def test_what_is_a_nodes_own_does_not_part_it_from_the_others(change: dict[str, object]) -> None:
    assert spec(**change).wire == spec().wire


def test_the_password_does_not_show_in_a_specs_own_text() -> None:
    assert "hunter2" not in repr(spec(password="hunter2"))


def test_a_condition_concerns_all_virtual_routers_unless_it_names_some() -> None:
    assert Condition(name="link", ok=False).concerns("any")
    assert Condition(name="service:web", ok=False, routers=("web",)).concerns("web")
    assert not Condition(name="service:web", ok=False, routers=("web",)).concerns("main")
    assert not Condition(name="service:web", ok=False, routers=()).concerns("main")


def test_only_failing_conditions_of_that_strength_stand_against_a_virtual_router() -> None:
    link = Condition(name="link", ok=False)
    port = Condition(name="check:port", ok=False, strength=Strength.REQUIRE)
    conditions = (
        link,
        port,
        Condition(name="engine", ok=True),
        Condition(name="service:web", ok=False, strength=Strength.REQUIRE, routers=("web",)),
    )
    assert failing(conditions, Strength.PREFER, "main") == (link,)
    assert failing(conditions, Strength.REQUIRE, "main") == (port,)
