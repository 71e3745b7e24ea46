"""A keepalived.conf of the user's own is read, steered by what is added to it, and otherwise left as it is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from float.conf_text import UnbalancedError, parse
from float.host import HostAddress, HostView
from float.own_render import CPU
from float.own_template import Own, fatal_line, is_fatal, read, steer, without_line
from float.render import Renderer
from float.resolve import ResolvedSpec, UnresolvableError
from shared.additions import Template
from shared.models import FloatSpec, IpAddress
from tests.unit.float_samples import RESOLVED_SPEC

SPEC = FloatSpec(
    router_name="a", hostname="a", virtual_routers=(), template=Template(name="/keepalived.conf", content="")
)
HOST = HostView(("lo", "eth0"), (HostAddress("eth0", 2, ip_address("192.0.2.3"), 24),))
PLAIN = """\
vrrp_script chk {
    script "ss -ltn | grep 80"   # counts
}
vrrp_instance lb-vips {
    state BACKUP
    interface eth0
    virtual_router_id 150
    priority 120
    advert_int 1
    nopreempt ! sticky
    track_script {
        chk
    }
    virtual_ipaddress {
        192.0.2.100/24 dev eth0
        192.0.2.101
    }
}
"""


def own(text: str = PLAIN) -> Own:
    return read(text, SPEC, HOST)


def steered(text: str = PLAIN, *, preempting: tuple[str, ...] = ()) -> str:
    return steer(text, own(text).routers, Path("/run/keepalived"), preempting=preempting)


def refusal(text: str) -> str:
    with pytest.raises(UnresolvableError) as caught:
        own(text)
    return str(caught.value)


def test_the_virtual_routers_are_those_of_the_text() -> None:
    (found,) = own().routers
    assert (found.router.name, found.router.vrid, found.router.priority) == ("lb-vips", 150, 120)
    assert [str(vip) for vip in found.addresses] == ["192.0.2.100/24@eth0", "192.0.2.101/32@eth0"]
    assert (found.interface, found.router.preempt, found.router.advert_interval) == ("eth0", False, 1.0)


def test_unicast_peers_are_listened_to() -> None:
    (found,) = own(PLAIN.replace("nopreempt ! sticky", "unicast_peer {\n 192.0.2.4\n}")).routers
    assert [str(peer) for peer in found.peers] == ["192.0.2.4"]


def test_every_router_gets_its_track_files_and_the_text_a_fifo() -> None:
    root = parse(steered())
    (instance,) = root.named("vrrp_instance")
    tracked = [s.words for block in instance.named("track_file") for s in block.statements]
    assert tracked == [["allowed_lb-vips"], ["demoted_lb-vips"]]
    assert {block.words[1] for block in root.named("track_file")} == {"allowed_lb-vips", "demoted_lb-vips"}
    assert [s.words for g in root.named("global_defs") for s in g.statements] == [
        ["vrrp_notify_fifo", "/run/keepalived/notify.fifo"]
    ]


def test_nopreempt_goes_while_the_router_preempts_and_at_no_other_time() -> None:
    assert parse(steered()).blocks[-2].of("nopreempt") is not None
    assert parse(steered(preempting=("lb-vips",))).blocks[-2].of("nopreempt") is None


def test_a_command_for_a_shell_gets_one() -> None:
    assert "script \"/usr/bin/dash -c 'ss -ltn | grep 80'\"" in steered()


def test_a_plain_command_stays_as_it_is() -> None:
    assert 'script "/usr/bin/check --fast"' in steered(PLAIN.replace("ss -ltn | grep 80", "/usr/bin/check --fast"))


def test_where_the_users_own_fifo_is_the_other_one_is_ours() -> None:
    text = "global_defs {\n vrrp_notify_fifo /tmp/own\n}\n" + PLAIN
    assert "    notify_fifo /run/keepalived/notify.fifo" in steered(text)


def test_where_both_fifos_are_taken_the_template_is_refused() -> None:
    text = "global_defs {\n vrrp_notify_fifo /tmp/own\n notify_fifo /tmp/two\n}\n" + PLAIN
    with pytest.raises(UnresolvableError, match="both"):
        steered(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("global_defs {\n}\n", "it has no vrrp_instance"),
        ("global_defs {\n}\n}\n", "line 3 closes a block that was never opened"),
        ("vrrp_instance a {\n", "the block of line 1 is never closed"),
        (PLAIN.replace("interface eth0", "interface eth9"), "its interface 'eth9' is not on this node"),
        (PLAIN.replace("virtual_router_id 150", ""), "vrid: Input should be greater than or equal to 1"),
        (PLAIN.replace("virtual_ipaddress", "virtual_ipadress"), "it has no virtual IP that can be read"),
        (PLAIN.replace("advert_int 1", "advert_int often"), "its advert_int is 'often', which is no number"),
        (
            PLAIN.replace("virtual_router_id 150", "virtual_router_id 1.5"),
            "its virtual_router_id is '1.5', which is no",
        ),
        (PLAIN.replace("192.0.2.101", "router.example"), "does not start with an IPv4 or IPv6 address"),
    ],
)
def test_only_a_text_without_a_usable_router_is_refused_and_says_why(text: str, why: str) -> None:
    assert why in refusal(text)


def test_a_peer_that_is_no_address_is_told_on_one_line() -> None:
    said = refusal(
        PLAIN.replace("    virtual_ipaddress {", "    unicast_peer {\n   lb2.example\n    }\n    virtual_ipaddress {")
    )
    assert "'lb2.example' does not appear to be an IPv4 or IPv6 address" in said
    assert "\n" not in said


def test_one_unusable_router_beside_a_good_one_is_a_warning() -> None:
    found = own(PLAIN + "vrrp_instance other {\n interface eth9\n}\n")
    assert [router.router.name for router in found.routers] == ["lb-vips"]
    assert found.warnings == (
        "KEEPALIVED_CONF_TEMPLATE='/keepalived.conf': virtual router 'other' is not usable: "
        "its interface 'eth9' is not on this node",
    )


def test_a_line_of_very_many_words_is_read_at_once() -> None:
    begun = time.process_time()
    (statement,) = parse("a " * 100_000).statements
    assert len(statement.words) == 100_000
    assert time.process_time() - begun < 2


def test_comments_and_quotes_are_read_as_keepalived_reads_them() -> None:
    root = parse('a { # {\n  b "x } # y" ! z\n}\n')
    assert [s.words for s in root.blocks[0].statements] == [["b", "x } # y"]]


def test_unbalanced_braces_name_their_line() -> None:
    with pytest.raises(UnbalancedError, match="line 1"):
        parse("a {\n b {\n }\n")


def test_the_line_at_which_keepalived_ends_is_known_by_its_word() -> None:
    word = "(Line 5) *** Configuration line starting `vrrp_garp_master_refresh` is missing a parameter"
    text = "\n" * 30
    assert fatal_line((word, "(Line 9) Unknown keyword"), text) == 5
    assert fatal_line(("(/run/x.conf: Line 27) Unknown keyword 'bogus'",), text) is None
    assert fatal_line((f"(/run/keepalived/candidate.conf: {word[1:]}",), text) == 5
    included = f"(/etc/keepalived/more.conf: {word[1:]}"
    assert fatal_line((included,), text) is None
    assert is_fatal(f"keepalived --config-test: {included}")
    assert is_fatal(f"keepalived --config-test: {word}")
    assert is_fatal("keepalived --config-test: Non-existent interface specified in configuration")
    assert not is_fatal("keepalived --config-test: (/x: Line 35) Truncating auth_pass to 8 characters")


@pytest.mark.parametrize("number", ["0", "3", "9" * 30])
def test_a_line_that_the_text_does_not_have_is_none_to_be_left_out(number: str) -> None:
    assert fatal_line((f"(/etc/included.conf: Line {number}) *** missing a parameter",), "a\nb") is None


def test_a_line_that_is_left_out_changes_no_other_lines_number() -> None:
    assert without_line("a\n  b c\nd", 2) == "a\n# left out: b c\nd"


# The template before it is text.


async def rendered(content: str, spec: ResolvedSpec = RESOLVED_SPEC) -> str:
    return await Renderer(Path("/run/keepalived")).render_own(spec, Template(name="/own.j2", content=content))


async def test_the_ancestors_variables_are_known() -> None:
    names = "{{VIRTUAL_IP}}/{{VIRTUAL_MASK}} {{ VRID }} {{INTERFACE}} {{CHECK_SCRIPT}} {{ROUTER_ID}}"
    first: IpAddress = RESOLVED_SPEC.routers[0].advertised.address
    assert await rendered(names) == f"{first}/32 77 eth0 /usr/bin/true {RESOLVED_SPEC.spec.hostname}"


async def test_our_own_variables_are_those_of_the_built_in_template() -> None:
    text = await rendered("{% for i in instances %}{{ i.name }} {{ i.priority }}\n{% endfor %}")
    assert text.startswith("vip ")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("a\nb {{ NO_SUCH }}\n", 2, "'NO_SUCH' is undefined"),
        ("a\nb\n{% if %}\n", 3, "Expected an expression"),
        ("a\n{{ 1 / 0 }}\n", 2, "division by zero"),
        ("{{ ''.__class__.__mro__ }}\n", 1, "access to attribute '__class__' of 'str' object is unsafe"),
    ],
)
async def test_a_broken_template_is_refused_with_its_line(content: str, line: int, why: str) -> None:
    with pytest.raises(UnresolvableError) as caught:
        await rendered(content)
    assert f"KEEPALIVED_CONF_TEMPLATE='/own.j2' line {line}: " in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", f"{CPU} s"),
        ("{{ 10 ** (10 ** 10) }}", f"{CPU} s"),
        ("{{ 'x' * 10 ** 9 }}", "256 MiB"),
        ("{{ 'x' * 2 * 10 ** 6 }}", "1048576 characters"),
    ],
)
async def test_a_template_without_an_end_is_refused_and_its_process_is_gone(content: str, why: str) -> None:
    with pytest.raises(UnresolvableError) as caught:
        await rendered(content)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "float.own_render"], check=False).returncode == 1


async def test_an_examination_that_is_given_up_ends_the_template_too() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rendered("{{ 10 ** (10 ** 10) }}"), 0.5)
    assert subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "float.own_render"], check=False).returncode == 1
