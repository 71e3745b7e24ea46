"""Whatever a float alone is told and accepts, keepalived accepts too, and no value becomes a directive of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from float.addresses import Addresses
from float.alone import build
from float.arguments import read_arguments
from float.host import HostView
from float.keepalived import Keepalived
from float.render import Renderer
from float.resolve import UnresolvableError, resolve
from shared.errors import SettingsError
from shared.settings import FloatSettings
from tests.contract.float_world import own_network

pytestmark = pytest.mark.lab

NASTY = [
    "}",
    "x\n}\nvrrp_instance y {",
    "a b",
    "#",
    "$_X",
    "!",
    '"',
    "'",
    "é",
    "\u2028",
    "0" * 300,
    "",
    " ",
    "-1",
    "${x}",
]
IPS = [
    "192.0.2.100",
    "192.0.2.101/24",
    "192.0.2.102@eth1",
    "203.0.113.0/24/eth0",
    "2001:db8::100",
    "2001:db8::101/64/eth0",
    "192.0.2.300",
    "#PYTHON2BASH:['192.0.2.110', '2001:db8::110']",
    "192.0.2.120,192.0.2.121 192.0.2.122",
]
VARIABLES: dict[str, list[str]] = {
    "KEEPALIVED_VIRTUAL_IPS": IPS,
    "VIRTUAL_IP": ["192.0.2.100", "2001:db8::100", "192.0.2.100/24"],
    "VIRTUAL_MASK": ["24", "32", "64", "33", "0"],
    "KEEPALIVED_VIRTUAL_IPS_EXCLUDED": IPS,
    "KEEPALIVED_INTERFACE": ["eth0", "eth1", "lo", "eht0"],
    "INTERFACE": ["eth0", "eht0"],
    "KEEPALIVED_ROUTER_ID": ["1", "255", "256"],
    "VRID": ["1", "150"],
    "KEEPALIVED_ROUTER_NAME": ["lb", "a-b.c", "vrrp_instance"],
    "KEEPALIVED_PRIORITY": ["1", "49", "254", "255"],
    "KEEPALIVED_VRRP_VERSION": ["2", "3", "4"],
    "KEEPALIVED_STATE": ["MASTER", "backup"],
    "KEEPALIVED_ADVERT_INTERVAL": ["1", "0.01", "40.95", "255", "3"],
    "KEEPALIVED_UNICAST_PEERS": ["auto", "multicast", "192.0.2.1,192.0.2.3", "2001:db8::1", "192.0.2.3"],
    "KEEPALIVED_MULTICAST_GROUP": ["239.1.2.3", "10.0.0.1"],
    "KEEPALIVED_PASSWORD": ["p", "$%&*+-.:", "ninechars", "{", "a;b"],
}
ENVIRONMENTS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from([*good, *good, *NASTY]) for name, good in VARIABLES.items()}
)
ADDRESSED = st.builds(lambda env, vip: {"KEEPALIVED_VIRTUAL_IPS": vip, **env}, ENVIRONMENTS, st.sampled_from(IPS[:6]))
COMMAND_LINES = st.builds(
    lambda options, words: [*(word for option in options for word in option), *words],
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["--vrid", "-v"]), st.sampled_from(["1", "99", *NASTY])),
            st.tuples(st.sampled_from(["--auth-pass", "-p"]), st.sampled_from(["pass", *NASTY])),
            st.tuples(st.just("--router-name"), st.sampled_from(["lb", *NASTY])),
            st.tuples(st.just("--exclude"), st.sampled_from([*IPS, *NASTY])),
            st.tuples(st.sampled_from(["--master", "-m"])),
        ),
        max_size=4,
    ),
    st.tuples(
        st.sampled_from(["eth0", "eth1", *NASTY]),
        st.sampled_from(["100", "254", *NASTY]),
        st.sampled_from([*IPS, *IPS, *NASTY]),
    ),
)
KEYWORD = re.compile(r"[a-z_0-9]+")
WORDS_OF_OURS = frozenset(
    re.findall(
        r"\w+",
        """
        global_defs router_id enable_script_security script_user vrrp_version vrrp_notify_fifo vrrp_garp_master_delay
        vrrp_garp_master_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_higher_prio_send_advert
        vrrp_lower_prio_no_advert
        vrrp_skip_check_adv_addr max_auto_priority vrrp_mcast_group4 track_file file weight vrrp_instance state
        nopreempt interface virtual_router_id priority advert_int notify_deleted authentication auth_type auth_pass
        unicast_src_ip unicast_peer mcast_src_ip virtual_ipaddress virtual_ipaddress_excluded
        """,
    )
)


class Machine:
    """The host that the settings are for, and keepalived on it."""

    def __init__(self, folder: Path) -> None:
        self.renderer = Renderer(folder)
        self.keepalived = Keepalived(folder)
        self.host = asyncio.run(_look())

    def text(self, env: dict[str, str], words: list[str]) -> str | None:
        """The configuration of these settings, or None where they are refused, each problem on a line of ASCII."""
        try:
            arguments = read_arguments(words).arguments if words else {}
            told = FloatSettings.from_environment({"DOCKER_NODE_HOSTNAME": "h", **env}, arguments=arguments)
            return self.renderer.render(resolve(build(told, self.host), self.host, frozenset()), preempting=[])
        except (SettingsError, UnresolvableError) as refusal:
            problems = refusal.problems
        assert [line for line in problems if not (line.isascii() and line.isprintable())] == []
        return None


async def _look() -> HostView:
    addresses = Addresses()
    try:
        return await addresses.view()
    finally:
        await addresses.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One host for all settings, since none of them changes it."""
    with own_network("alone"):
        yield Machine(tmp_path_factory.mktemp("run"))


def strange_words(text: str) -> list[str]:
    """What stands at the beginning of a line as a directive and is none of ours."""
    firsts = (line.split()[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return [word for word in firsts if KEYWORD.fullmatch(word) and word not in WORDS_OF_OURS and "VI_1" not in word]


@given(env=st.one_of(ENVIRONMENTS, ADDRESSED, ADDRESSED))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_accepted_variables_make_a_configuration_that_keepalived_accepts(machine: Machine, env: dict[str, str]) -> None:
    text = machine.text(env, [])
    complaints = asyncio.run(machine.keepalived.config_test(text)) if text else ()
    assert (complaints, strange_words(text or "")) == ((), []), text


@given(words=COMMAND_LINES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_accepted_arguments_make_a_configuration_that_keepalived_accepts(machine: Machine, words: list[str]) -> None:
    text = machine.text({}, words)
    complaints = asyncio.run(machine.keepalived.config_test(text)) if text else ()
    assert (complaints, strange_words(text or "")) == ((), []), text
