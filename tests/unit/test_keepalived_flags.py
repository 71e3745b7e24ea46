"""Extra flags reach keepalived only where the float stays in charge of it."""

from __future__ import annotations

import pytest

from shared.keepalived_flags import refusal


@pytest.mark.parametrize(
    "flags",
    [
        "--log-detail --dump-conf",
        "--dont-fork --dump-conf --log-console --log-detail --vrrp",
        "-nldD",
        "-D -S 3 -d",
        "-DS3",
        "--log-facility=local1",
        "--config-id node1 -x",
        "",
    ],
)
def test_flags_that_the_ancestors_used_are_let_through(flags: str) -> None:
    assert refusal(tuple(flags.split())) is None


@pytest.mark.parametrize(
    ("flags", "named", "why"),
    [
        ("-f /etc/keepalived/keepalived.conf", "-f", "the float writes the configuration"),
        ("--use-file=/x", "--use-file", "the float writes the configuration"),
        ("-Df/x", "-f", "the float writes the configuration"),
        ("--log-detail -p /run/x.pid", "-p", "pid files"),
        ("--vrrp_pid=/x", "--vrrp_pid", "pid files"),
        ("-C", "-C", "turn VRRP off"),
        ("-V", "-V", "leave virtual IPs behind"),
        ("--namespace=blue", "--namespace", "the host's own network"),
        ("-t", "-t", "end at once"),
        ("--version", "--version", "end at once"),
        ("-M", "-M", "host's kernel"),
        ("--use=/x", "--use", "is unknown"),
        ("-Z", "-Z", "is unknown"),
        ("--log-detail yes", "yes", "is no flag"),
        ("--", "--", "is no flag"),
        ("--config-id", "--config-id", "needs a value"),
        ("-DS", "-S", "needs a value"),
        ("--vrrp=1", "--vrrp", "takes no value"),
    ],
)
def test_a_flag_that_would_take_keepalived_from_the_float_is_refused_with_its_reason(
    flags: str, named: str, why: str
) -> None:
    clause = refusal(tuple(flags.split()))
    assert clause is not None
    assert clause.startswith(f"{named} ")
    assert why in clause
