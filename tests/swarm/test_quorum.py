"""Managers that lose the Swarm: what `ignore`, `prefer` and `require` do, and floats that nobody looks after any more.

Three stacks stand side by side, each with another KEEPALIVED_QUORUM and a virtual IP of its own, and live through the
same troubles, one test after the other. With preemption all three are on the same host, the first manager.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from tests.lab.address_watch import AddressWatch
from tests.lab.cluster import STACK, Lab
from tests.lab.faults import FLOAT
from tests.lab.host import Host
from tests.lab.parallel import in_parallel
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import SLACK
from tests.swarm.repair import remove_stack, repair_swarm

pytestmark = pytest.mark.swarm

NOTICED = 45.0
"""Seconds for a manager to look, to find no leader for ten seconds, and to say so; and slack."""

FORBIDDEN = 0.06 + 0.4
"""Seconds that a client may wait when a `require` condition fails, and slack for two cores that run two Swarms."""

ORPHAN_AFTER, LEASE = 5.0, 4.0
RAFT = ["-p", "tcp", "--dport", "2377", "-j", "DROP"]


@dataclass(frozen=True)
class Stack:
    """One of the stacks beside each other."""

    name: str
    mode: str
    vip: str
    vrid: int

    @property
    def float_name(self) -> str:
        return f"{FLOAT}-{self.name}"


@dataclass(frozen=True)
class Stacks:
    """The lab with its three stacks."""

    lab: Lab
    prefer: Stack
    require: Stack
    ignore: Stack

    @property
    def all(self) -> tuple[Stack, ...]:
        return self.prefer, self.require, self.ignore

    def holders(self, stack: Stack) -> list[str]:
        return self.lab.holders(stack.vip)

    def common_holder(self) -> str | None:
        """The one host that holds all three virtual IPs."""
        found = {tuple(self.holders(stack)) for stack in self.all}
        (names, *others) = found
        return names[0] if len(names) == 1 and not others else None


@pytest.fixture(scope="module")
def stacks(swarm: Lab) -> Iterator[Stacks]:
    repair_swarm(swarm)
    remove_stack(swarm)
    net = swarm.vip.rpartition(".")[0]
    found = Stacks(
        swarm,
        Stack("prefer", "prefer", f"{net}.101", 101),
        Stack("require", "require", f"{net}.102", 102),
        Stack("ignore", "ignore", f"{net}.103", 103),
    )
    for stack in found.all:
        _deploy(swarm, stack)
    yield found
    for host in swarm.hosts.values():
        _mend(swarm, host)
    swarm.wait_ready(timeout=120)
    wait_until(lambda: all(_is_whole(swarm, stack) for stack in found.all), 90, "anchors to take their floats along")
    for stack in found.all:
        swarm.remove_stack(stack.name)


@pytest.fixture
def holder(stacks: Stacks) -> str:
    wait_until(
        lambda: all(_is_whole(stacks.lab, stack) for stack in stacks.all), 90, "three whole stacks", interval=0.5
    )
    return wait_until(stacks.common_holder, 60, "one holder of all three", interval=0.2)


def test_a_holder_without_a_leader_yields_where_the_quorum_counts_and_stays_where_it_does_not(
    stacks: Stacks, holder: str
) -> None:
    lab = stacks.lab
    strict, default = lab.gap_client(stacks.require.vip), lab.gap_client(stacks.prefer.vip)

    with lab.watch_addresses() as watch, strict, default:
        _cut_from_the_others(lab.host(holder))
        wait_until(lambda: _has_left(stacks, stacks.require, holder), NOTICED, "the required quorum to count")
        wait_until(lambda: _has_left(stacks, stacks.prefer, holder), NOTICED, "the preferred quorum to count")
        yielded = strict.report(), default.report()

    _reconnect(lab.host(holder))
    assert yielded[0].max_gap <= FORBIDDEN, yielded[0].sentence()
    assert yielded[1].lost == 0, yielded[1].sentence()
    assert watch.changes(stacks.ignore.vip)[1:] == []


def test_without_any_quorum_require_serves_nowhere_and_says_why_and_prefer_serves_as_the_last_resort(
    stacks: Stacks, holder: str
) -> None:
    lab = stacks.lab
    others = [name for name in lab.hosts if name != holder]

    with lab.watch_addresses() as watch:
        in_parallel([partial(lab.kill_dockerd, name) for name in others])
        wait_until(lambda: stacks.holders(stacks.require) == [], NOTICED, "nobody to serve without a quorum")
        said = lab.host(holder).docker("exec", stacks.require.float_name, "status", check=False).stdout

    assert "quorum: " in said
    assert watch.absences(stacks.prefer.vip) == []
    assert stacks.holders(stacks.prefer) == [holder]
    assert watch.changes(stacks.ignore.vip)[1:] == []
    in_parallel([partial(lab.start_dockerd, name) for name in others])


def test_nobody_looks_after_the_floats_the_holder_serves_on_and_the_others_end(stacks: Stacks, holder: str) -> None:
    """The engines are dead, so what is killed stays dead: first the holder's anchor with its float, then the rest."""
    lab, stack = stacks.lab, stacks.ignore
    anchors = {name: _first_process(host, _anchor_of(host, stack)) for name, host in lab.hosts.items()}
    floats = {name: _first_process(host, stack.float_name) for name, host in lab.hosts.items()}

    with lab.watch_addresses() as watch:
        in_parallel([partial(lab.kill_dockerd, name) for name in lab.hosts])
        struck = _kill(lab.host(holder), anchors[holder], floats[holder])
        heir = wait_until(lambda: _other_holder(stacks, stack, holder), LEASE + 10, "another holder alone")
        for name in set(lab.hosts) - {holder}:
            _kill(lab.host(name), anchors[name])
        third = (set(lab.hosts) - {holder, heir}).pop()
        wait_until(lambda: not _lives(lab.host(third), floats[third]), ORPHAN_AFTER + 20, f"{third}'s float to end")

    assert _left_at(watch, stack.vip, holder) - struck <= LEASE + SLACK
    assert _lives(lab.host(heir), floats[heir])
    assert stacks.holders(stack) == [heir]
    assert [begin for begin, length in watch.absences(stack.vip) if length > SLACK] == []


def _deploy(lab: Lab, stack: Stack) -> None:
    settings = {
        "KEEPALIVED_VIRTUAL_IPS": stack.vip,
        "KEEPALIVED_ROUTER_ID": str(stack.vrid),
        "KEEPALIVED_FLOAT_NAME": stack.float_name,
        "KEEPALIVED_QUORUM": stack.mode,
        "KEEPALIVED_PREEMPT": "true",
        "KEEPALIVED_ORPHAN_AFTER": str(ORPHAN_AFTER),
        "BUOY_PUBLISHED_PORT": str(8000 + stack.vrid),
    }
    finished = lab.deploy(settings, stack=stack.name)
    assert finished.returncode == 0, finished.stderr
    lab.ask_swarm("service", "rm", f"{stack.name}_{STACK}-buoy")


def _is_whole(lab: Lab, stack: Stack) -> bool:
    """One float on every host, and the anchors healthy."""
    try:
        for host in lab.hosts.values():
            lab.float_container(host.name, stack.float_name)
            _anchor_of(host, stack)
    except LabError:
        return False
    return True


def _anchor_of(host: Host, stack: Stack) -> str:
    """Id of the healthy anchor; LabError when there is none."""
    label = f"label=com.docker.swarm.service.name={stack.name}_{STACK}-anchor"
    ids = host.docker("ps", "-q", "--filter", label, "--filter", "health=healthy").stdout.split()
    if len(ids) != 1:
        raise LabError(f"{host.name} has {len(ids)} healthy anchors of {stack.name}")
    return ids[0]


def _first_process(host: Host, container: str) -> str:
    return host.docker("inspect", "--format", "{{.State.Pid}}", container).stdout.strip()


def _cut_from_the_others(host: Host) -> None:
    """The managers' own traffic is dropped, and nothing else."""
    for chain in ("INPUT", "OUTPUT"):
        host.exec("iptables", "-I", chain, *RAFT)


def _reconnect(host: Host) -> None:
    for chain in ("INPUT", "OUTPUT"):
        host.exec("iptables", "-D", chain, *RAFT, check=False)


def _mend(lab: Lab, host: Host) -> None:
    _reconnect(host)
    if host.dockerd is None:
        with contextlib.suppress(LabError):
            lab.start_dockerd(host.name)


def _has_left(stacks: Stacks, stack: Stack, name: str) -> bool:
    holders = stacks.holders(stack)
    return len(holders) == 1 and holders != [name]


def _other_holder(stacks: Stacks, stack: Stack, name: str) -> str | None:
    holders = stacks.holders(stack)
    return holders[0] if len(holders) == 1 and holders != [name] else None


def _kill(host: Host, *pids: str) -> float:
    """kill -9; CLOCK_MONOTONIC before."""
    struck = time.monotonic()
    host.exec("kill", "-9", *pids)
    return struck


def _lives(host: Host, pid: str) -> bool:
    return host.exec("kill", "-0", pid, check=False).returncode == 0


def _left_at(watch: AddressWatch, vip: str, name: str) -> float:
    return next(change.when for change in watch.changes(vip) if change.host == name and not change.present)
