"""What the float writes, keepalived itself accepts: every spec that the settings let through."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from float.addresses import Addresses
from float.host import HostView
from float.keepalived import Keepalived
from float.render import Renderer
from float.resolve import resolve
from shared.models import (
    DEMOTED_PRIORITIES,
    HEALTHY_PRIORITIES,
    FloatSpec,
    Peer,
    Transport,
    VirtualIp,
    VirtualRouter,
)
from tests.contract.float_world import OURS, ROUTER, SPEC, own_network

pytestmark = pytest.mark.lab

WORD = st.text("abzABZ019._-", min_size=1, max_size=64)
NAMES = st.one_of(WORD, st.sampled_from(["VI_1", "vrrp_instance", "track_file", "0", "-", ".", "x" * 64]))
PASSWORD = st.none() | st.text([chr(c) for c in range(0x24, 0x7F) if chr(c) not in "'\\{}^_"], min_size=1, max_size=8)
IPV4 = st.integers(4, 253).map(lambda n: f"192.0.2.{n}")
IPV6 = st.integers(4, 0xFFFF).map(lambda n: f"2001:db8::{n:x}")
VIPS = st.one_of(
    st.builds("{}/{}".format, IPV4, st.integers(1, 32)),
    st.builds("{}/{}".format, IPV6, st.integers(1, 128)),
    st.builds("{}@{}".format, st.one_of(IPV4, IPV6), st.sampled_from(["eth0", "eth1"])),
    st.sampled_from(["203.0.113.7@eth1", "192.0.2.255@eth0", "2001:db8:ffff::1/48@eth1"]),
).map(VirtualIp.parse)
PEERS = st.lists(
    st.builds(
        Peer,
        address=st.one_of(
            st.integers(4, 253).map(lambda n: ipaddress.ip_address(f"198.51.100.{n}")),
            st.integers(4, 99).map(lambda n: ipaddress.ip_address(f"2001:db8:1::{n}")),
        ),
        hostname=st.just("peer"),
        priority=st.sampled_from(HEALTHY_PRIORITIES),
    ),
    max_size=8,
    unique_by=lambda peer: peer.address,
)
INTERVAL_3 = st.integers(1, 4095).map(lambda hundredths: hundredths / 100)
INTERVAL_2 = st.integers(1, 255).map(float)


@st.composite
def specs(draw: st.DrawFn) -> FloatSpec:
    """Any spec that the settings and the models let through for this host."""
    password = draw(PASSWORD)
    version = 2 if password else draw(st.sampled_from([2, 3]))
    vips = draw(st.lists(VIPS, min_size=1, max_size=12, unique_by=lambda vip: vip.address))
    four = [vip for vip in vips if vip.address.version == 4]
    named = four[:1] or ([VirtualIp.parse("192.0.2.100")] if version == 2 else vips[:1])
    router = VirtualRouter(
        name=draw(NAMES),
        vrid=draw(st.integers(1, 255)),
        priority=draw(st.sampled_from(HEALTHY_PRIORITIES)),
        demoted_priority=draw(st.sampled_from(DEMOTED_PRIORITIES)),
        virtual_ips=(*named, *(vip for vip in vips[6:] if vip not in named)),
        excluded=tuple(vip for vip in vips[:6] if vip not in named and vip.address != named[0].address),
        advert_interval=draw(INTERVAL_2 if version == 2 else INTERVAL_3),
        preempt=draw(st.booleans()),
        peers=tuple(draw(PEERS)),
    )
    return FloatSpec(
        router_name=draw(NAMES),
        hostname="float",
        node_address=draw(st.sampled_from([OURS] if version == 2 else [OURS, ipaddress.ip_address("2001:db8::3")])),
        interface=draw(st.sampled_from([None, "eth0"])),
        vrrp_version=version,
        transport=draw(st.sampled_from(Transport)),
        multicast_group=draw(st.sampled_from(["224.0.0.18", "239.1.2.3"])),
        password=password,
        virtual_routers=(router,),
    )


class Machine:
    """The host that the specs are for, and keepalived on it."""

    def __init__(self, folder: Path) -> None:
        self.renderer = Renderer(folder)
        self.keepalived = Keepalived(folder)
        self.host = asyncio.run(_look())

    def complaints(self, spec: FloatSpec, *, preempting: bool = False) -> tuple[str, ...]:
        """What keepalived has against the text of that spec."""
        return self.complaints_about(self.text(spec, preempting=preempting))

    def complaints_about(self, text: str) -> tuple[str, ...]:
        """What keepalived has against that text."""
        return asyncio.run(self.keepalived.config_test(text))

    def text(self, spec: FloatSpec, *, preempting: bool = False) -> str:
        """The configuration of that spec."""
        resolved = resolve(spec, self.host, frozenset())
        return self.renderer.render(resolved, preempting=[r.name for r in spec.virtual_routers if preempting])


async def _look() -> HostView:
    addresses = Addresses()
    try:
        return await addresses.view()
    finally:
        await addresses.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One host for all specs, since none of them changes it."""
    with own_network("render"):
        yield Machine(tmp_path_factory.mktemp("run"))


@given(spec=specs(), preempting=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_keepalived_accepts_whatever_the_settings_accept(machine: Machine, spec: FloatSpec, preempting: bool) -> None:
    text = machine.text(spec, preempting=preempting)
    assert (machine.complaints_about(text), text) == ((), text)


def with_router(**update: object) -> FloatSpec:
    """The usual spec with a virtual router that differs in this."""
    return SPEC.model_copy(update={"virtual_routers": (ROUTER.model_copy(update=update),)})


@pytest.mark.parametrize("preempting", [False, True])
def test_the_usual_spec_is_accepted(machine: Machine, preempting: bool) -> None:
    assert machine.complaints(SPEC, preempting=preempting) == ()


def test_a_node_alone_has_a_peer_that_nobody_is_and_no_multicast(machine: Machine) -> None:
    text = machine.text(with_router(peers=()))
    assert "        127.0.0.1\n" in text
    assert machine.complaints_about(text) == ()


def test_a_node_preempts_only_when_it_was_told_to(machine: Machine) -> None:
    assert "nopreempt" in machine.text(SPEC)
    assert "nopreempt" not in machine.text(SPEC, preempting=True)


def test_only_one_vip_is_named_in_adverts(machine: Machine) -> None:
    block = machine.text(SPEC).partition("virtual_ipaddress {")[2].partition("}")[0]
    assert block.split() == ["192.0.2.100/32", "dev", "eth0"]


def test_many_virtual_routers_are_accepted_together(machine: Machine) -> None:
    routers = tuple(
        ROUTER.model_copy(
            update={
                "name": f"web-{n}",
                "vrid": n,
                "virtual_ips": (VirtualIp.parse(f"192.0.2.{n}"),),
                "excluded": (),
            }
        )
        for n in range(10, 250)
    )
    assert machine.complaints(SPEC.model_copy(update={"virtual_routers": routers})) == ()


def test_as_many_addresses_as_a_list_may_have_are_accepted(machine: Machine) -> None:
    many = tuple(VirtualIp.parse(f"2001:db8::{n:x}") for n in range(0x1000, 0x1000 + 255))
    assert machine.complaints(with_router(excluded=many)) == ()


@pytest.mark.parametrize(
    ("update", "complaint"),
    [
        ({"advert_interval": 41.0}, "advert"),
        ({"advert_interval": 0.015}, "advert"),
    ],
)
def test_what_only_keepalived_knows_to_be_wrong_is_refused_by_it(
    machine: Machine, update: dict[str, object], complaint: str
) -> None:
    assert complaint in "\n".join(machine.complaints(with_router(**update)))


def test_two_virtual_routers_with_one_vrid_are_refused(machine: Machine) -> None:
    second = ROUTER.model_copy(update={"name": "web", "virtual_ips": (VirtualIp.parse("192.0.2.200"),), "excluded": ()})
    assert "duplicate VRID" in "\n".join(
        machine.complaints(SPEC.model_copy(update={"virtual_routers": (ROUTER, second)}))
    )


def test_a_broken_text_is_refused_with_keepalived_words(machine: Machine) -> None:
    assert "Unknown keyword 'advert_intt'" in "\n".join(
        machine.complaints_about(machine.text(SPEC).replace("advert_int ", "advert_intt "))
    )


def test_the_candidate_with_its_password_is_readable_for_root_alone(machine: Machine, tmp_path: Path) -> None:
    keepalived = Keepalived(tmp_path)
    asyncio.run(keepalived.config_test(machine.text(SPEC)))
    assert (tmp_path / "candidate.conf").stat().st_mode & 0o077 == 0
