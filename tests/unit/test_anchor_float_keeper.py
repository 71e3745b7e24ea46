"""The float's owner against a Docker of paper, with floats that connect, refuse, die or say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from anchor.asking import Asking
from anchor.container_spec import TEMPLATE_LABEL
from anchor.conversation import Conversation
from anchor.facts import ConflictError, Container, EngineError, EngineSilentError
from anchor.float_keeper import SILENCE_LIMIT, FloatKeeper
from anchor.hands import Hands
from anchor.memory import Memory
from anchor.patience import Patience
from anchor.plan import Desired
from anchor.replacement import STAGGER, Replacement
from shared.errors import NameTakenError, SettingsError, SpecRefusedError
from shared.link_protocol import FloatHello, SpecAnswer
from tests.unit.anchor_fakes import FLOAT, IMAGE, NAME, STACK, FakeClock, FakeDocker, Wire, a_float, spec

SPEC = spec()
OTHER_WIRE = spec(password="secret")
REPLACED = [
    f"create {NAME}.next of {IMAGE}",
    f"stop {NAME}",
    f"rename {NAME} {NAME}.old",
    f"rename {NAME}.next {NAME}",
    f"start {NAME}",
    f"remove {NAME}.old",
]
RESTORED = [f"stop {NAME}", f"remove {NAME}", f"rename {NAME}.old {NAME}", f"start {NAME}"]


class World:
    """A node: its containers, its anchor, and the way in which its floats behave."""

    def __init__(self, folder: Path, *containers: Container, template: str | None = "template-1") -> None:
        self.docker, self.clock, self.memory, self.wire = FakeDocker(*containers), FakeClock(), Memory(folder), Wire()
        self.talk = Conversation(self.memory, self.clock, node="a", wake=lambda: None)
        self.talk.speak_through(self.wire)
        self.talk.want(SPEC, updating=False)
        self.hands = Hands(
            self.docker,
            Asking(self.clock),
            self.talk,
            container=FLOAT,
            memory=self.memory,
            sleep=self.clock.sleep,
        )
        replacement = Replacement(
            self.hands,
            self.talk,
            memory=self.memory,
            clock=self.clock,
            patience=Patience(self.clock, self.clock.sleep),
            rank=lambda: 0,
        )
        self.keeper = FloatKeeper(
            self.hands,
            Desired(NAME, STACK, FLOAT.digest, "", template),
            self.talk,
            memory=self.memory,
            clock=self.clock,
            replacement=replacement,
        )
        self.docker.on_start = self.connect

    def connect(self, container: Container, *, accepted: bool = True) -> None:
        """The float of the container calls, and answers to what it is offered."""
        self.talk.arrived(FloatHello(version="1", token=container.token))
        digest, trial = self.wire.specs[-1]
        problems = () if accepted else ("no eth9",)
        self.talk.said(SpecAnswer(digest=digest, trial=trial, accepted=accepted, problems=problems))

    def silent(self, container: Container) -> None:
        """The float of the container starts, and is never heard of."""

    async def begin(self, *, connected: bool = True) -> str | None:
        """What an anchor does first; a float that runs already connects."""
        await self.keeper.prepare()
        if connected:
            for container in self.docker.containers_by_id.values():
                if container.name == NAME and container.running:
                    self.connect(container)
        self.docker.journal.clear()
        return await self.keeper.keep()

    def die(self) -> None:
        for container in tuple(self.docker.containers_by_id.values()):
            self.docker.containers_by_id[container.id] = replace(container, state="exited")
        self.talk.left()


def newer_image(folder: Path) -> World:
    """A node whose float is of the image before."""
    world = World(folder, a_float(), template="template-2")
    world.docker.images[IMAGE] = "image-2"
    return world


async def test_where_there_is_no_float_one_is_created_and_started(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert await world.begin() == f"the float {NAME} is created and started"
    assert world.docker.journal == [f"create {NAME} of {IMAGE}", f"start {NAME}"]
    assert world.wire.specs == [(SPEC.digest, False)]


async def test_a_float_that_matches_is_adopted_untouched(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    assert await world.begin() == f"the float {NAME} is adopted"
    assert await world.keeper.keep() is None
    assert world.docker.journal == []


async def test_a_float_that_dies_is_made_anew_at_once(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.die()
    await world.keeper.keep()
    assert world.docker.journal == [f"remove {NAME}", f"create {NAME} of {IMAGE}", f"start {NAME}"]
    assert world.keeper.restarts.total == 1


async def test_a_float_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.containers_by_id.clear()
    await world.keeper.keep()
    assert world.docker.journal == [f"create {NAME} of {IMAGE}", f"start {NAME}"]


async def test_a_float_that_keeps_dying_has_to_wait(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.begin()
    for _ in range(3):
        world.die()
        await world.keeper.keep()
    assert world.keeper.wait == 1.0
    assert world.docker.names == {NAME: "exited"}
    world.clock.now += 1
    await world.keeper.keep()
    assert world.docker.names == {NAME: "running"}


async def test_a_dead_float_returns_with_its_own_image_though_the_name_means_another_by_now(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.images = {IMAGE: "image-2", "old": "image-1"}
    world.die()
    await world.keeper.keep()
    assert world.docker.journal[1] == f"create {NAME} of image-1"


async def test_a_dead_float_whose_image_is_gone_returns_with_the_one_that_there_is(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.images = {IMAGE: "image-2"}
    world.die()
    await world.keeper.keep()
    assert world.docker.journal[1] == f"create {NAME} of {IMAGE}"


async def test_a_failed_look_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.fail("labelled", EngineSilentError("no answer"))
    with pytest.raises(EngineSilentError):
        await world.keeper.keep()
    assert world.docker.journal == []
    assert world.keeper.restarts.total == 0


async def test_somebody_elses_container_stops_the_start(tmp_path: Path) -> None:
    world = World(tmp_path, Container("x", NAME, "nginx", "i", "running"))
    with pytest.raises(NameTakenError):
        await world.keeper.prepare()
    assert world.docker.journal == []


async def test_an_image_that_is_nowhere_stops_the_start_and_the_old_float_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, a_float(), template="template-2")
    world.docker.images.clear()
    with pytest.raises(SettingsError):
        await world.keeper.prepare()
    assert world.docker.names == {NAME: "running"}


async def test_a_plain_restart_of_the_anchor_pulls_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.keeper.prepare()
    assert world.docker.journal == []


async def test_a_running_float_needs_no_image_of_its_name(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    world.docker.images.clear()
    assert await world.begin() == f"the float {NAME} is adopted"


async def test_an_updated_anchor_pulls_the_newest_image(tmp_path: Path) -> None:
    world = World(tmp_path, a_float(), template="template-2")
    world.docker.registry[IMAGE] = "image-2"
    await world.keeper.prepare()
    assert world.docker.journal == [f"pull {IMAGE}"]
    assert world.talk.trial_only


async def test_a_float_of_an_older_image_is_asked_first_and_then_replaced(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    assert await world.begin() == f"the float {NAME} is replaced"
    assert world.docker.journal == REPLACED
    assert world.wire.specs == [(SPEC.digest, True), (SPEC.digest, False)]
    assert world.docker.names == {NAME: "running"}


async def test_a_float_that_says_nothing_does_not_hold_up_its_replacement(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    assert await world.begin(connected=False) == f"the float {NAME} is replaced"


async def test_a_spec_that_the_old_float_refuses_replaces_nothing(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    await world.keeper.prepare()
    world.docker.journal.clear()
    world.connect(world.docker.containers_by_id[f"id-{NAME}"], accepted=False)
    assert await world.keeper.keep() is None
    assert world.docker.journal == []
    assert world.talk.refusal == ("no eth9",)


async def test_a_new_float_that_never_calls_gives_way_to_the_old_one(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.on_start = lambda c: world.silent(c) if c.id.startswith("new") else world.connect(c)
    with pytest.raises(SpecRefusedError, match=r"did not come up, and the old one is back: .*boom"):
        await world.begin()
    assert world.docker.journal == REPLACED[:-1] + RESTORED
    assert [(c.id, c.state) for c in world.docker.containers_by_id.values()] == [(f"id-{NAME}", "running")]
    assert world.wire.specs[-1] == (SPEC.digest, False)
    assert not world.keeper.idle


async def test_a_new_float_that_refuses_the_spec_gives_way_to_the_old_one(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.on_start = lambda c: world.connect(c, accepted=not c.id.startswith("new"))
    with pytest.raises(SpecRefusedError, match="no eth9"):
        await world.begin()
    assert world.docker.names == {NAME: "running"}


async def test_a_new_float_that_cannot_start_gives_way_to_the_old_one(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.fail("start", EngineError("no such program"), EngineError("no such program"))
    with pytest.raises(SpecRefusedError, match="no such program"):
        await world.begin()
    assert list(world.docker.containers_by_id) == [f"id-{NAME}"]


async def test_what_did_not_come_up_is_not_tried_twice(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.on_start = world.silent
    with pytest.raises(SpecRefusedError):
        await world.begin()
    successor = World(tmp_path, a_float(), template="template-2")
    successor.docker.images[IMAGE] = "image-2"
    with pytest.raises(SpecRefusedError, match="service update --force"):
        await successor.begin()
    assert successor.docker.journal == []


async def test_trouble_before_the_old_float_is_touched_is_only_trouble(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.fail("create", EngineError("500"))
    with pytest.raises(EngineError, match="500"):
        await world.begin()
    assert world.docker.names == {NAME: "running"}
    assert await world.keeper.keep() == f"the float {NAME} is replaced"


async def test_a_replacement_that_fails_for_good_once_the_old_float_is_stopped_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    world = newer_image(tmp_path)
    world.docker.containers_by_id["x"] = Container("x", f"{NAME}.old", "busybox", "i", "exited")
    with pytest.raises(SpecRefusedError, match=r"the old one is back: .*\.old is in use"):
        await world.begin()
    assert world.docker.journal == [*REPLACED[:2], f"remove {NAME}.next", f"start {NAME}"]
    assert world.docker.names == {NAME: "running", f"{NAME}.old": "exited"}
    assert world.memory.value.failed_template == "template-2"
    assert not world.keeper.idle


async def test_a_silent_engine_once_the_old_float_is_stopped_is_only_trouble(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.docker.fail("rename", EngineSilentError("no answer"))
    with pytest.raises(EngineSilentError):
        await world.begin()
    await world.keeper.keep()
    assert world.docker.containers_by_id[f"id-{NAME}"].running
    assert await world.keeper.keep() == f"the float {NAME} is replaced"


async def test_while_a_spec_is_held_back_the_float_that_knows_the_old_one_stays(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.talk.want(OTHER_WIRE, updating=True)
    await world.keeper.prepare()
    world.docker.journal.clear()
    old = world.docker.containers_by_id[f"id-{NAME}"]
    world.talk.arrived(FloatHello(version="1", token=old.token, spec_digest=SPEC.digest, spec=SPEC))
    world.talk.said(SpecAnswer(digest=OTHER_WIRE.digest, trial=True, accepted=True))
    assert await world.keeper.keep() is None
    world.talk.want(OTHER_WIRE, updating=False)
    await world.keeper.keep()
    assert world.docker.journal == []
    world.clock.now += 60
    await world.keeper.keep()
    assert world.docker.journal == REPLACED


async def test_a_hung_float_is_replaced(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.clock.now += SILENCE_LIMIT + 1
    await world.keeper.keep()
    assert world.docker.journal == [f"stop {NAME}", f"remove {NAME}", f"create {NAME} of {IMAGE}", f"start {NAME}"]


async def test_a_paused_float_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.containers_by_id[f"id-{NAME}"] = a_float(state="paused")
    world.clock.now += SILENCE_LIMIT + 1
    assert await world.keeper.keep() is None


async def test_a_first_float_that_never_calls_ends_the_anchor_with_its_last_words(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.docker.on_start = world.silent
    await world.begin()
    world.clock.now += SILENCE_LIMIT + 1
    with pytest.raises(SpecRefusedError, match=r"never called\. Its last words: .*boom"):
        await world.keeper.keep()
    assert world.keeper.idle


async def test_an_engine_that_cannot_lower_the_oom_score_gets_a_float_without_that(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.docker.fail("start", EngineError("OCI runtime create failed"))
    await world.begin()
    assert world.docker.names == {NAME: "running"}
    assert world.memory.value.unshielded


async def test_a_float_that_does_not_start_either_way_is_shielded_the_next_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.docker.fail("start", EngineError("no such program"), EngineError("no such program"))
    with pytest.raises(EngineError):
        await world.begin()
    assert not world.memory.value.unshielded


async def test_a_float_whose_removal_is_under_way_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.remove_slowly(f"id-{NAME}", looks=3)
    await world.keeper.keep()
    assert world.docker.journal == [f"create {NAME} of {IMAGE}", f"start {NAME}"]


async def test_a_removal_that_never_ends_is_told(tmp_path: Path) -> None:
    world = World(tmp_path, a_float())
    await world.begin()
    world.docker.remove_slowly(f"id-{NAME}", looks=1000)
    with pytest.raises(EngineError, match="still being removed"):
        await world.keeper.keep()


async def test_an_anchor_that_is_stopping_begins_no_step(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.hands.resting = True
    with pytest.raises(EngineError, match="stopping"):
        await world.begin()
    assert world.docker.journal == []


OLD = a_float(f"{NAME}.old", state="exited", token="t-old")
UNPROVEN = a_float(id="id-new", image_id="image-2", token="t-new", labels={TEMPLATE_LABEL: "template-2"})


def killed_before_the_proof(folder: Path, *, template: str) -> World:
    """A node whose anchor was killed between the start and the proof of a new float."""
    world = World(folder, OLD, UNPROVEN, template=template)
    world.docker.images = {"old": "image-1", IMAGE: "image-2"}
    return world


def known(world: World, token: str) -> bool:
    return world.talk.knows(FloatHello(version="1", token=token))


async def test_a_restored_float_may_call(tmp_path: Path) -> None:
    world = World(tmp_path, OLD)
    world.docker.on_start = world.silent
    await world.begin()
    assert world.docker.names == {NAME: "running"}
    assert known(world, "t-old")


async def test_a_float_that_another_anchor_started_proves_itself_before_the_old_one_goes(tmp_path: Path) -> None:
    world = killed_before_the_proof(tmp_path, template="template-2")
    assert await world.begin() == f"the float {NAME} is adopted"
    assert world.docker.journal == [f"remove {NAME}.old"]
    assert world.docker.names == {NAME: "running"}


async def test_a_float_that_another_anchor_started_and_that_never_calls_gives_way_to_the_old_one(
    tmp_path: Path,
) -> None:
    world = killed_before_the_proof(tmp_path, template="template-2")
    world.docker.on_start = world.silent
    with pytest.raises(SpecRefusedError, match="the old one is back"):
        await world.begin(connected=False)
    assert world.docker.journal == RESTORED
    assert list(world.docker.containers_by_id) == [OLD.id]
    assert known(world, "t-old")


async def test_a_rollback_before_the_proof_brings_the_old_float_back_though_its_image_has_no_name(
    tmp_path: Path,
) -> None:
    world = killed_before_the_proof(tmp_path, template="template-1")
    world.docker.images = {}
    world.docker.on_start = world.silent
    await world.begin(connected=False)
    assert world.docker.journal == RESTORED
    assert list(world.docker.containers_by_id) == [OLD.id]
    assert known(world, "t-old")


async def test_an_old_float_that_does_not_start_at_once_is_not_removed(tmp_path: Path) -> None:
    world = World(tmp_path, OLD)
    world.docker.fail("start", EngineError("cannot fork"))
    with pytest.raises(EngineError, match="cannot fork"):
        await world.begin()
    assert world.docker.journal == [f"rename {NAME}.old {NAME}"]
    assert list(world.docker.containers_by_id) == [OLD.id]
    assert not world.memory.value.unshielded


async def test_the_bash_stacks_float_goes_only_while_no_foreign_anchor_runs_here(tmp_path: Path) -> None:
    ancestors = Container("x", NAME, "rjchicago/keepalived-float", "i", "running", {"hidden": ""})
    anchor = Container("y", "old", "rjchicago/keepalived-anchor", "j", "running", {"com.docker.stack.namespace": "old"})
    world = World(tmp_path, ancestors, anchor)
    with pytest.raises(NameTakenError, match="the float of the stack 'old'"):
        await world.keeper.prepare()
    assert world.docker.journal == []
    world.docker.containers_by_id["y"] = replace(anchor, state="exited")
    await world.begin(connected=False)
    assert world.docker.journal[:2] == [f"stop {NAME}", f"remove {NAME}"]


async def test_a_float_that_ran_a_spec_is_not_idle(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.begin()
    assert not world.keeper.idle


async def test_whoever_took_the_name_of_a_dead_float_in_between_is_not_removed(tmp_path: Path) -> None:
    world = World(tmp_path, a_float(state="exited"))
    stranger = Container("x", NAME, "nginx", "i", "exited", {})

    async def taken(name: str) -> None:
        world.docker.containers_by_id = {"x": stranger}
        await FakeDocker.remove(world.docker, name)

    world.docker.remove = taken  # type: ignore[method-assign]  # what happens between look and step
    with pytest.raises(ConflictError):
        await world.begin()
    assert world.docker.containers_by_id == {"x": stranger}
    with pytest.raises(NameTakenError):
        await world.keeper.keep()


async def test_while_there_is_no_spec_to_give_a_float_that_serves_is_not_replaced(tmp_path: Path) -> None:
    world = newer_image(tmp_path)
    world.talk.spec = None
    await world.keeper.prepare()
    world.talk.arrived(FloatHello(version="1", token="t-1", spec_digest=SPEC.digest, spec=SPEC))
    world.docker.journal.clear()
    assert await world.keeper.keep() is None
    assert world.docker.journal == []
    world.talk.want(SPEC, updating=False)
    digest, trial = world.wire.specs[-1]
    world.talk.said(SpecAnswer(digest=digest, trial=trial, accepted=True))
    assert await world.keeper.keep() == f"the float {NAME} is replaced"


def without_a_leader(folder: Path, *containers: Container) -> World:
    """A node whose anchor could not learn from what its task was made, and whose image's name means a newer one."""
    world = World(folder, *containers, template=None)
    world.docker.images = {"old": "image-1", IMAGE: "image-2"}
    world.docker.registry[IMAGE] = "image-2"
    return world


async def test_a_new_task_spec_that_is_learnt_late_replaces_the_float_when_it_is_this_nodes_turn(
    tmp_path: Path,
) -> None:
    world = without_a_leader(tmp_path, a_float())
    assert await world.begin() == f"the float {NAME} is adopted"
    world.keeper.learn("template-2")
    assert await world.keeper.keep() is None
    assert world.docker.journal == [f"pull {IMAGE}"]
    world.clock.now += STAGGER
    assert await world.keeper.keep() == f"the float {NAME} is replaced"
    assert world.docker.journal == [f"pull {IMAGE}", *REPLACED]
    assert [c.labels[TEMPLATE_LABEL] for c in world.docker.containers_by_id.values()] == ["template-2"]


async def test_a_float_that_dies_before_its_late_replacement_comes_back_as_the_new_one(tmp_path: Path) -> None:
    world = without_a_leader(tmp_path, a_float())
    await world.begin()
    world.keeper.learn("template-2")
    await world.keeper.keep()
    world.die()
    await world.keeper.keep()
    assert [c.image_id for c in world.docker.containers_by_id.values()] == ["image-2"]


async def test_a_float_that_is_dead_when_a_new_task_spec_is_learnt_comes_back_as_the_new_one(tmp_path: Path) -> None:
    world = without_a_leader(tmp_path, a_float())
    await world.begin()
    world.die()
    world.keeper.learn("template-2")
    await world.keeper.keep()
    assert [(c.image_id, c.state) for c in world.docker.containers_by_id.values()] == [("image-2", "running")]
    assert world.keeper.restarts.total == 1


async def test_a_late_task_spec_whose_image_cannot_be_asked_for_waits_and_the_float_is_kept(tmp_path: Path) -> None:
    world = without_a_leader(tmp_path, a_float())
    await world.begin()
    world.die()
    world.keeper.learn("template-2")
    world.docker.fail("image_id", EngineSilentError("no answer"))
    with pytest.raises(EngineSilentError):
        await world.keeper.keep()
    assert world.keeper.template is None
    assert world.docker.names == {NAME: "running"}
    await world.keeper.keep()
    assert world.keeper.template == "template-2"


async def test_a_first_float_made_before_the_task_spec_was_known_stays_and_is_settled(tmp_path: Path) -> None:
    world = without_a_leader(tmp_path)
    await world.begin()
    world.docker.journal.clear()
    world.keeper.learn("template-1")
    await world.keeper.keep()
    assert world.docker.journal == [f"pull {IMAGE}"]
    assert world.docker.names == {NAME: "running"}
    assert world.memory.value.settled_template == "template-1"


@pytest.mark.parametrize("hung", [False, True])
async def test_a_float_made_anew_before_the_task_spec_is_known_is_still_of_its_predecessors(
    tmp_path: Path, *, hung: bool
) -> None:
    world = without_a_leader(tmp_path, a_float())
    await world.begin()
    if hung:
        world.clock.now += SILENCE_LIMIT + 1
    else:
        world.die()
    await world.keeper.keep()
    assert list(world.docker.containers_by_id) == ["new-1"]
    world.docker.journal.clear()
    world.keeper.learn("template-1")
    await world.keeper.keep()
    assert world.docker.journal == []


async def test_a_float_that_was_settled_for_no_known_task_spec_counts_as_made_for_its_labels(tmp_path: Path) -> None:
    world = without_a_leader(tmp_path, a_float())
    world.memory.update(settled_container=f"id-{NAME}", settled_template=None)
    await world.begin()
    world.die()
    await world.keeper.keep()
    assert [c.labels[TEMPLATE_LABEL] for c in world.docker.containers_by_id.values()] == ["template-1"]


async def test_what_was_settled_outlives_a_start_and_a_death_without_a_leader(tmp_path: Path) -> None:
    await World(tmp_path, a_float(), template="template-2").begin()
    world = without_a_leader(tmp_path, a_float())
    await world.begin()
    assert world.memory.value.settled_template == "template-2"
    world.die()
    await world.keeper.keep()
    world.docker.journal.clear()
    world.keeper.learn("template-2")
    await world.keeper.keep()
    assert world.docker.journal == []
