"""keepalived kept right: the track files, the configuration, the process, and the VIPs that a dead one left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from float.custody import Custody
from float.demotion import Heard
from float.engine import Engine
from float.keepalived import Keepalived
from float.lifecycle import ChildState
from float.render import Renderer
from float.resolve import ResolvedSpec
from float.routers import RouterEntry
from shared.models import IpAddress, VirtualRouter, VrrpState
from tests.unit.float_samples import (
    ALLOWED,
    BEST,
    FORBIDDEN,
    RESOLVED_SPEC,
    ROUTER,
    VIP6,
    entry,
    heard,
    resolved_spec,
    router_called,
)

DEMOTED = replace(ALLOWED, demoted=True)
TAKING = replace(ALLOWED, preempt=True)
RELIEVED_AFTER = 4 * ROUTER.advert_interval


def master(*, router: VirtualRouter = ROUTER, heard: Heard | None = None) -> RouterEntry:
    """What the float knows of a router that it may hold, and holds."""
    return entry(VrrpState.MASTER, router=router, heard=heard, decision=ALLOWED)


MASTER = master()


class HandClock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now


class ScriptedKeepalived(Keepalived):
    """Writes down what is asked of it."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.alive = False
        self.refuses_to_start = False
        self.conf = ""

    @property
    def running(self) -> bool:
        return self.alive

    def install(self, text: str) -> None:
        self.conf = text
        self.told.append("install")

    def reload(self) -> None:
        self.told.append("reload")

    async def start(self, on_exit: Callable[[], None], *, flags: Sequence[str] = ()) -> None:
        self.told.append(" ".join(["start", *flags]))
        if self.refuses_to_start:
            raise FileNotFoundError("keepalived")
        self.alive = True

    async def stop(self) -> None:
        self.told.append("stop")
        self.alive = False


class ScriptedCustody(Custody):
    """Writes down what is asked of it."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.held: list[str] = []
        self.fails = False

    def claim(self, spec: ResolvedSpec) -> None:
        self.told.append("claim")

    async def sweep(self, wanted: frozenset[IpAddress], *, sparing: frozenset[IpAddress] = frozenset()) -> None:
        if self.fails:
            raise OSError("netlink")
        self.told.append(f"sweep {' '.join(sorted(map(str, wanted - sparing)))}".strip())

    def hold(self, entries: Iterable[RouterEntry]) -> None:
        self.held = [known.router.name for known in entries]


@dataclass
class World:
    """An engine and all that it stands on."""

    track_folder: Path
    clock: HandClock = field(default_factory=HandClock)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keepalived = ScriptedKeepalived(self.told)
        self.custody = ScriptedCustody(self.told)
        self.engine = Engine(
            keepalived=self.keepalived,
            renderer=Renderer(Path("/run/keepalived")),
            custody=self.custody,
            track_folder=self.track_folder,
            clock=self.clock,
        )

    def track(self, name: str) -> int:
        """What keepalived reads in that track file."""
        return int((self.track_folder / name).read_text())

    async def keep_running(self, *, after: float = 0.0, spec: ResolvedSpec = RESOLVED_SPEC) -> list[str]:
        """What a turn that much later does to keepalived."""
        self.clock.now += after
        self.told.clear()
        await self.engine.keep_running(spec, on_exit=lambda: None)
        return list(self.told)

    def die(self, *masters: RouterEntry, after: float = 0.0) -> None:
        """keepalived dies that much later, while holding these routers."""
        self.clock.now += after
        self.keepalived.alive = False
        self.engine.exited(list(masters))

    def configure(self, *entries: RouterEntry, spec: ResolvedSpec = RESOLVED_SPEC) -> list[str]:
        """What a turn with these decisions does to the configuration."""
        self.told.clear()
        self.engine.configure(spec, entries)
        return list(self.told)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing runs, nothing is written."""
    return World(tmp_path)


# Track files.


def test_a_healthy_node_is_allowed_at_its_full_priority(world: World) -> None:
    world.engine.tell([entry(decision=ALLOWED)])
    assert (world.track("allowed_vip"), world.track("demoted_vip")) == (1, 0)


def test_a_demoted_node_is_allowed_at_its_demoted_priority(world: World) -> None:
    world.engine.tell([entry(decision=DEMOTED)])
    assert world.track("allowed_vip") == 1
    assert ROUTER.priority - world.track("demoted_vip") == ROUTER.demoted_priority


def test_a_forbidden_node_is_not_allowed(world: World) -> None:
    world.engine.tell([entry(decision=FORBIDDEN)])
    assert world.track("allowed_vip") == 0


def test_a_virtual_router_without_decision_is_not_allowed(world: World) -> None:
    world.engine.tell([entry()])
    assert world.track("allowed_vip") == 0


def test_a_decision_that_turns_is_written_and_one_that_stays_is_not(world: World) -> None:
    world.engine.tell([entry(decision=ALLOWED)])
    (world.track_folder / "demoted_vip").unlink()
    world.engine.tell([entry(decision=FORBIDDEN)])
    assert world.track("allowed_vip") == 0
    assert not (world.track_folder / "demoted_vip").exists()


def test_each_virtual_router_has_its_own_track_files(world: World) -> None:
    web = router_called("web", 78)
    world.engine.tell([entry(decision=FORBIDDEN), entry(router=web, decision=ALLOWED)])
    assert (world.track("allowed_vip"), world.track("allowed_web")) == (0, 1)


def test_a_demoted_priority_that_the_roster_moves_is_written_anew(world: World) -> None:
    world.engine.tell([entry(decision=DEMOTED)])
    world.engine.tell([entry(router=ROUTER.model_copy(update={"demoted_priority": 40}), decision=DEMOTED)])
    assert ROUTER.priority - world.track("demoted_vip") == 40


def test_where_there_is_no_room_for_a_track_file_an_empty_one_forbids_and_the_other_routers_are_told(
    world: World,
) -> None:
    both = (ROUTER, router_called("web", 78))
    world.engine.tell([entry(router=router, decision=ALLOWED) for router in both])
    for kind in ("allowed", "demoted"):
        (world.track_folder / f".{kind}_vip").mkdir()  # no room for anything new about the first
    with pytest.raises(OSError, match="allowed_vip"):
        world.engine.tell([entry(router=router, decision=FORBIDDEN) for router in both])
    assert (world.track_folder / "allowed_vip").read_text() == ""
    assert world.track("allowed_web") == 0


def test_a_track_file_that_could_not_be_written_is_written_at_the_next_turn(tmp_path: Path) -> None:
    world = World(tmp_path / "later")
    with pytest.raises(FileNotFoundError):
        world.engine.tell([entry(decision=ALLOWED)])
    world.track_folder.mkdir()
    world.engine.tell([entry(decision=ALLOWED)])
    assert world.track("allowed_vip") == 1


# Configuration.


def test_addresses_are_recorded_before_keepalived_can_add_them(world: World) -> None:
    assert world.configure(entry()) == ["claim", "install"]


def test_a_running_keepalived_reloads_what_changed(world: World) -> None:
    world.keepalived.alive = True
    assert world.configure(entry()) == ["claim", "install", "reload"]


def test_an_unchanged_configuration_is_never_reloaded(world: World) -> None:
    world.keepalived.alive = True
    world.configure(entry(decision=ALLOWED))
    assert world.configure(entry(decision=DEMOTED)) == []


def test_a_spec_that_changes_nothing_for_keepalived_reloads_nothing(world: World) -> None:
    world.configure(entry())
    world.keepalived.alive = True
    patient = replace(RESOLVED_SPEC, spec=RESOLVED_SPEC.spec.model_copy(update={"link_timeout": 7.0}))
    assert world.configure(entry(), spec=patient) == ["claim"]


def test_a_new_spec_is_installed(world: World) -> None:
    world.configure(entry())
    assert world.configure(entry(), spec=resolved_spec(ROUTER, router_called("web", 78))) == ["claim", "install"]


def test_an_address_that_went_to_another_interface_is_installed_there(world: World) -> None:
    world.configure(entry())
    moved = replace(RESOLVED_SPEC, routers=(replace(RESOLVED_SPEC.routers[0], interface="br0"),))
    assert world.configure(entry(), spec=moved) == ["claim", "install"]
    assert "interface br0" in world.keepalived.conf


def test_taking_over_reloads_without_nopreempt_and_then_with_it_again(world: World) -> None:
    world.keepalived.alive = True
    world.configure(entry(decision=ALLOWED))
    assert world.configure(entry(decision=TAKING)) == ["claim", "install", "reload"]
    assert "nopreempt" not in world.keepalived.conf
    assert world.configure(entry(decision=ALLOWED)) == ["claim", "install", "reload"]
    assert "nopreempt" in world.keepalived.conf


def test_only_the_virtual_router_that_takes_over_loses_its_nopreempt(world: World) -> None:
    web = router_called("web", 78)
    world.configure(entry(decision=TAKING), entry(router=web, decision=ALLOWED), spec=resolved_spec(ROUTER, web))
    assert world.keepalived.conf.count("nopreempt") == 1


# The process.


async def test_the_host_is_swept_before_keepalived_starts(world: World) -> None:
    assert await world.keep_running() == ["sweep 192.0.2.100", "start"]
    assert world.engine.lifecycle.state is ChildState.RUNNING


async def test_a_running_keepalived_is_left_alone(world: World) -> None:
    await world.keep_running()
    assert await world.keep_running(after=100.0) == []


async def test_a_backup_whose_keepalived_dies_starts_it_again_at_once(world: World) -> None:
    await world.keep_running()
    world.die(after=60.0)
    assert await world.keep_running() == ["sweep 192.0.2.100", "start"]
    assert world.engine.lifecycle.restarts == 1


async def test_a_keepalived_that_keeps_dying_is_given_pauses(world: World) -> None:
    await world.keep_running()
    world.die(after=0.1)
    await world.keep_running()
    world.die(after=0.1)
    assert world.engine.next_change(world.clock.now) == world.clock.now + 1.0
    await world.keep_running()
    assert await world.keep_running(after=0.9) == []
    assert await world.keep_running(after=0.1) == ["sweep 192.0.2.100", "start"]


async def test_another_configuration_is_tried_at_once(world: World) -> None:
    world.configure(entry())
    await world.keep_running()
    for _ in range(4):
        world.die(after=0.1)
        await world.keep_running(after=10.0)
    world.die(after=0.1)
    assert await world.keep_running() == ["sweep 192.0.2.100"]
    world.configure(entry(), spec=resolved_spec(ROUTER, router_called("web", 78)))
    assert await world.keep_running() == ["sweep 192.0.2.100", "start"]


async def test_who_preempts_is_no_reason_to_hurry(world: World) -> None:
    world.configure(entry(decision=TAKING))
    await world.keep_running()
    for _ in range(4):
        world.die(after=0.1)
        await world.keep_running(after=10.0)
    world.die(after=0.1)
    await world.keep_running()
    world.configure(entry(decision=ALLOWED))
    assert await world.keep_running() == []


async def test_what_it_leaves_as_no_master_goes_at_once_and_not_after_the_pause(world: World) -> None:
    await world.keep_running()
    world.die(after=0.1)
    await world.keep_running()
    world.die(after=0.1)
    assert await world.keep_running() == ["sweep 192.0.2.100"]
    assert await world.keep_running() == []


async def test_a_keepalived_that_cannot_be_started_is_tried_again(world: World) -> None:
    world.keepalived.refuses_to_start = True
    await world.keep_running()
    world.keepalived.refuses_to_start = False
    assert await world.keep_running() == ["sweep 192.0.2.100", "start"]
    assert world.engine.lifecycle.state is ChildState.RUNNING


async def test_what_is_due_and_fails_is_tried_again_with_the_next_turn_and_not_without_a_pause(world: World) -> None:
    world.keepalived.refuses_to_start = True
    await world.keep_running()
    await world.keep_running(after=1.0)
    assert world.engine.lifecycle.state is ChildState.BACKOFF
    world.clock.now = world.engine.lifecycle.retry_at + 0.001
    assert world.engine.next_change(world.clock.now) is None


async def test_nothing_is_due_while_keepalived_runs(world: World) -> None:
    await world.keep_running()
    assert world.engine.next_change(world.clock.now) is None


# The VIPs that a dead keepalived left: the kernel still serves them.


async def test_a_master_whose_keepalived_died_serves_on_until_its_peers_could_take_over(world: World) -> None:
    await world.keep_running()
    world.die(MASTER, after=60.0)
    world.engine.hold_leases([])
    assert world.custody.held == ["vip"]
    assert await world.keep_running(after=RELIEVED_AFTER) == ["sweep"]
    assert world.custody.held == ["vip"]
    assert world.engine.next_change(world.clock.now) == world.clock.now


async def test_the_vips_are_swept_once_the_peers_had_their_time(world: World) -> None:
    await world.keep_running()
    world.die(MASTER, after=60.0)
    assert await world.keep_running(after=RELIEVED_AFTER + 0.001) == ["sweep 192.0.2.100", "start"]
    world.engine.hold_leases([])
    assert world.custody.held == []


async def test_the_vips_are_swept_as_soon_as_a_peer_advertises(world: World) -> None:
    await world.keep_running()
    known = master()
    world.die(known, after=60.0)
    known.heard = heard(BEST, 250, world.clock.now + 0.25)
    assert await world.keep_running(after=0.25) == ["sweep 192.0.2.100", "start"]


@pytest.mark.parametrize("last_heard", [heard(BEST, 250, 150.0), heard(BEST, 0, 160.125)], ids=["old", "farewell"])
async def test_an_old_advert_or_a_farewell_relieves_nobody(world: World, last_heard: Heard) -> None:
    await world.keep_running()
    world.die(master(heard=last_heard), after=60.0)
    assert await world.keep_running(after=0.25) == ["sweep"]


async def test_each_virtual_router_is_given_up_once_a_peer_has_it_and_keepalived_starts_after_the_last(
    world: World,
) -> None:
    await world.keep_running()
    slow = router_called("slow", 78, vip=VIP6).model_copy(update={"advert_interval": 1.0})
    spec = resolved_spec(ROUTER, slow)
    taken, awaited = master(), master(router=slow)
    world.die(taken, awaited, after=60.0)
    taken.heard = heard(BEST, 250, world.clock.now + 0.125)
    assert await world.keep_running(after=0.25, spec=spec) == ["sweep 192.0.2.100"]
    assert world.custody.held == ["slow"]
    assert await world.keep_running(after=0.25, spec=spec) == []
    assert await world.keep_running(after=4.0, spec=spec) == ["sweep 192.0.2.100 2001:db8::100", "start"]
    assert world.custody.held == []


async def test_what_a_dead_one_left_is_given_up_also_while_keepalived_has_to_rest(world: World) -> None:
    await world.keep_running()
    known = master()
    world.die(known, after=60.0)
    await world.keep_running()
    world.told.clear()
    await world.engine.rest(RESOLVED_SPEC, "the anchor is gone")
    assert (world.told, world.custody.held) == ([], ["vip"])
    known.heard = heard(BEST, 250, world.clock.now + 0.25)
    await world.engine.rest(RESOLVED_SPEC, "the anchor is gone")
    assert (world.told, world.custody.held) == (["sweep 192.0.2.100"], [])


async def test_what_a_dead_one_left_is_given_up_once_this_node_may_not_hold_it(world: World) -> None:
    await world.keep_running()
    known = master()
    world.die(known, after=60.0)
    assert await world.keep_running() == ["sweep"]
    known.decision = FORBIDDEN
    assert await world.keep_running() == ["sweep 192.0.2.100", "start"]
    assert world.custody.held == []


async def test_a_sweep_that_fails_is_made_again(world: World) -> None:
    await world.keep_running()
    world.die(MASTER, after=60.0)
    world.custody.fails = True
    with pytest.raises(OSError, match="netlink"):
        await world.keep_running()
    world.custody.fails = False
    assert await world.keep_running() == ["sweep"]


async def test_a_clean_end_leaves_no_vip_and_no_lease(world: World) -> None:
    await world.keep_running()
    world.engine.hold_leases([MASTER])
    world.told.clear()
    await world.engine.stop(RESOLVED_SPEC)
    assert world.told == ["stop", "sweep 192.0.2.100"]
    assert world.custody.held == []


async def test_an_end_that_we_asked_for_is_no_death(world: World) -> None:
    await world.keep_running()
    await world.engine.stop(RESOLVED_SPEC)
    world.die(MASTER)
    world.engine.hold_leases([])
    assert world.engine.lifecycle.restarts == 0
    assert world.custody.held == []


async def test_a_float_that_never_had_a_spec_ends_without_a_sweep(world: World) -> None:
    await world.engine.stop(None)
    assert world.told == ["stop"]


# Flags of the user's.


async def test_other_flags_stop_keepalived_and_start_it_anew(world: World) -> None:
    await world.keep_running()
    spec = RESOLVED_SPEC.spec.model_copy(update={"arguments": ("--dump-conf",)})
    flagged = replace(RESOLVED_SPEC, spec=spec)
    await world.engine.keep_running(flagged, on_exit=lambda: None)
    world.engine.exited([])
    await world.engine.keep_running(flagged, on_exit=lambda: None)
    assert [word for word in world.told if word.startswith(("start", "stop"))] == [
        "start",
        "stop",
        "start --dump-conf",
    ]
