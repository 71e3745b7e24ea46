"""The plan, and what is left when the anchor dies between any two of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from anchor import plan as plans
from anchor.container_spec import TEMPLATE_LABEL
from anchor.facts import Container
from anchor.plan import AwaitRemoval, Create, Desired, Prove, Remove, Rename, Start, Step, Stop
from shared.errors import NameTakenError
from tests.unit.anchor_fakes import FLOAT, NAME, STACK, a_float

DESIRED = Desired(name=NAME, stack=STACK, digest=FLOAT.digest, image_id="image-1", template="template-1")
NEW_IMAGE = replace(DESIRED, image_id="image-2", template="template-2")
REPLACEMENT = (
    Create(f"{NAME}.next"),
    Stop(NAME),
    Rename(NAME, f"{NAME}.old"),
    Rename(f"{NAME}.next", NAME),
    Start(NAME),
    Prove(NAME),
    Remove(f"{NAME}.old"),
)
FOREIGN = Container("id-x", NAME, "nginx", "image-x", "running")
OTHER_STACKS = a_float(labels={"keepalived.stack": "other"})
ANCESTORS = Container("id-a", NAME, "rjchicago/keepalived-float", "image-a", "running", {"hidden": ""})


def an_anchor(stack: str) -> Container:
    labels = {"com.docker.stack.namespace": stack}
    return Container(f"id-{stack}", f"{stack}-anchor", "rjchicago/keepalived-anchor:1", "image-b", "running", labels)


def after(containers: tuple[Container, ...], step: Step) -> tuple[Container, ...]:
    """What Docker has once the step is done."""
    match step:
        case Create(name):
            made = a_float(name, id="id-new", image_id="image-2", state="created", labels={TEMPLATE_LABEL: "new"})
            return (*containers, made)
        case Start(name):
            return tuple(replace(c, state="running") if c.name == name else c for c in containers)
        case Stop(name):
            return tuple(replace(c, state="exited") if c.name == name else c for c in containers)
        case Remove(name) | AwaitRemoval(name):
            return tuple(c for c in containers if name not in (c.id, c.name))
        case Rename(name, new_name):
            return tuple(replace(c, name=new_name) if c.name == name else c for c in containers)
        case Prove():
            return containers


def done(containers: tuple[Container, ...], steps: tuple[Step, ...]) -> tuple[Container, ...]:
    for step in steps:
        containers = after(containers, step)
    return containers


def test_where_there_is_no_float_one_is_created_and_started() -> None:
    assert plans.make((), DESIRED).steps == (Create(NAME), Start(NAME))


@pytest.mark.parametrize("state", ["exited", "created", "dead"])
def test_a_dead_float_is_removed_and_created_again(state: str) -> None:
    plan = plans.make((a_float(state=state),), DESIRED)
    assert plan.steps == (Remove(NAME), Create(NAME), Start(NAME))
    assert plan.dead is not None


def test_a_float_that_matches_is_adopted_with_no_step() -> None:
    plan = plans.make((a_float(),), DESIRED)
    assert plan.steps == ()
    assert plan.adopted == a_float()


def test_a_paused_float_is_left_as_it_is() -> None:
    assert plans.make((a_float(state="paused"),), DESIRED).adopted is not None


def test_a_plain_restart_of_the_anchor_never_replaces_the_float() -> None:
    changed = replace(DESIRED, digest="other", image_id="image-2")
    assert plans.make((a_float(),), changed).adopted is not None


def test_an_unknown_task_spec_replaces_nothing() -> None:
    assert plans.make((a_float(),), replace(NEW_IMAGE, template=None)).adopted is not None


def test_an_updated_task_spec_alone_replaces_nothing() -> None:
    assert plans.make((a_float(),), replace(DESIRED, template="template-2")).adopted is not None


def test_an_updated_task_spec_that_was_settled_before_replaces_nothing_when_the_image_moves_later() -> None:
    settled = plans.settled(NEW_IMAGE, f"id-{NAME}", "template-2")
    assert plans.make((a_float(),), settled).adopted is not None


def test_what_was_settled_for_another_task_spec_does_not_count() -> None:
    assert plans.settled(NEW_IMAGE, f"id-{NAME}", "template-1").settled is None


@pytest.mark.parametrize("desired", [NEW_IMAGE, replace(DESIRED, digest="other", template="template-2")])
def test_an_updated_task_spec_with_another_image_or_other_arguments_replaces_the_float(desired: Desired) -> None:
    plan = plans.make((a_float(),), desired)
    assert plan.steps == REPLACEMENT
    assert plan.replaced == a_float()


def test_leftovers_are_removed_first() -> None:
    leftover = a_float(f"{NAME}.next", state="created")
    assert plans.make((a_float(), leftover), DESIRED).steps == (Remove(f"{NAME}.next"),)
    assert plans.make((a_float(), leftover), NEW_IMAGE).steps == (Remove(f"{NAME}.next"), *REPLACEMENT)


def test_a_second_running_float_is_stopped_and_removed() -> None:
    stray = a_float("old-name")
    assert plans.make((stray, a_float()), DESIRED).steps == (Stop("old-name"), Remove("old-name"))


def test_a_float_of_another_name_serves_until_its_successor_does() -> None:
    plan = plans.make((a_float("old-name"),), NEW_IMAGE)
    assert plan.steps[:3] == (Create(f"{NAME}.next"), Stop("old-name"), Rename("old-name", f"{NAME}.old"))


def test_a_float_that_somebody_renamed_gets_its_name_back() -> None:
    plan = plans.make((a_float("renamed"),), DESIRED)
    assert plan.steps == (Rename("renamed", NAME),)


def test_another_stacks_float_is_never_touched() -> None:
    with pytest.raises(NameTakenError, match="the float of the stack 'other'") as error:
        plans.make((OTHER_STACKS,), DESIRED)
    assert error.value.exit_code == 6
    assert plans.make((replace(OTHER_STACKS, name="x"), a_float()), DESIRED).steps == ()


def test_a_foreign_container_of_that_name_is_never_touched() -> None:
    with pytest.raises(NameTakenError, match="is a container of image nginx"):
        plans.make((FOREIGN,), DESIRED)


@pytest.mark.parametrize("image", ["rjchicago/keepalived-float", "r:5000/team/my-keepalived-float:1@sha256:abc"])
def test_the_float_of_the_bash_stack_makes_way_as_its_own_next_anchor_would_have_it(image: str) -> None:
    ancestors = replace(ANCESTORS, image=image)
    assert plans.make((ancestors,), DESIRED).steps == (Stop(NAME), Remove(NAME), Create(NAME), Start(NAME))
    assert plans.fitting((ancestors,), DESIRED) is None


@pytest.mark.parametrize("image", ["nginx", "keepalived-float/nginx", "osixia/keepalived:2.0.20"])
def test_a_hidden_container_of_another_image_is_never_touched(image: str) -> None:
    with pytest.raises(NameTakenError, match=f"is a container of image {image}"):
        plans.make((replace(ANCESTORS, image=image),), DESIRED)


def test_the_float_of_a_bash_stack_whose_anchor_lives_is_never_touched() -> None:
    with pytest.raises(NameTakenError, match="is the float of the stack 'old'"):
        plans.make((ANCESTORS, an_anchor("old")), DESIRED)
    with pytest.raises(NameTakenError, match="is the float of the stack 'of no name'"):
        plans.make((ANCESTORS, replace(an_anchor("old"), labels={})), DESIRED)


def test_a_second_stack_of_ours_stands_in_no_bash_stacks_way() -> None:
    second = a_float("other-float", labels={"keepalived.stack": "other"})
    assert plans.make((ANCESTORS, second, an_anchor("other")), DESIRED).steps[0] == Stop(NAME)


def test_an_anchor_whose_image_lost_its_name_is_known_by_its_services() -> None:
    labels = {"com.docker.swarm.service.name": "old_keepalived-anchor", "com.docker.stack.namespace": "old"}
    with pytest.raises(NameTakenError, match="is the float of the stack 'old'"):
        plans.make((ANCESTORS, replace(an_anchor("old"), image="sha256:abc", labels=labels)), DESIRED)


@pytest.mark.parametrize("anchor", [an_anchor(STACK), replace(an_anchor("old"), state="exited")])
def test_the_own_anchor_and_a_dead_one_stand_in_no_floats_way(anchor: Container) -> None:
    assert plans.make((ANCESTORS, anchor), DESIRED).steps[0] == Stop(NAME)


@pytest.mark.parametrize("leaving", [a_float(state="removing"), replace(FOREIGN, state="removing")])
def test_a_container_that_docker_is_removing_is_waited_for_whosever_it_was(leaving: Container) -> None:
    plan = plans.make((leaving,), DESIRED)
    assert plan.steps == (AwaitRemoval(leaving.id), Create(NAME), Start(NAME))
    assert plan.dead is None


def test_a_leftover_that_docker_is_removing_holds_up_its_successor_but_not_the_float_that_serves() -> None:
    leaving = a_float(f"{NAME}.next", state="removing")
    assert plans.make((a_float(), leaving), DESIRED).steps == ()
    assert plans.make((a_float(), leaving), NEW_IMAGE).steps == (AwaitRemoval(leaving.id), *REPLACEMENT)
    assert plans.make((a_float("renamed"), leaving), DESIRED).steps == (
        AwaitRemoval(leaving.id),
        Rename("renamed", NAME),
    )


def test_another_stacks_float_in_removal_is_nobody_to_wait_for() -> None:
    assert plans.make((a_float("x", state="removing", labels={"keepalived.stack": "other"}),), DESIRED).steps == (
        Create(NAME),
        Start(NAME),
    )


def test_the_same_stack_deployed_anew_owns_its_float() -> None:
    assert plans.make((a_float(labels={"keepalived.service-id": "service-0"}),), DESIRED).adopted is not None


def test_a_newer_image_is_worth_a_pull_only_for_a_new_task_spec() -> None:
    assert plans.fitting((), DESIRED) is None
    assert plans.fitting((a_float(),), NEW_IMAGE) is None
    assert plans.fitting((a_float(),), DESIRED) == a_float()
    assert plans.fitting((a_float(state="exited"),), DESIRED) is not None
    assert plans.fitting((a_float(),), replace(NEW_IMAGE, template=None)) is not None


STARTS = {
    "nothing": (),
    "dead": (a_float(state="exited"),),
    "serving": (a_float(),),
    "serving, with leftovers": (a_float(), a_float(f"{NAME}.next", state="created")),
    "serving under another name": (a_float("old-name"),),
    "stopped for a successor": (a_float(state="exited"), a_float(f"{NAME}.next", state="created")),
    "two": (a_float(), a_float("old-name")),
    "in removal": (a_float(state="removing"),),
}


@pytest.mark.parametrize("containers", STARTS.values(), ids=STARTS.keys())
@pytest.mark.parametrize("desired", [DESIRED, NEW_IMAGE])
def test_after_every_prefix_at_most_one_float_runs(containers: tuple[Container, ...], desired: Desired) -> None:
    steps = plans.make(containers, desired).steps
    running = [len([c for c in done(containers, steps[:n]) if c.running]) for n in range(len(steps) + 1)]
    assert max(running[1:], default=0) <= max(1, running[0] - 1)
    assert running[-1] == 1 or not steps


@pytest.mark.parametrize("containers", STARTS.values(), ids=STARTS.keys())
def test_a_serving_float_is_stopped_only_after_its_successor_was_created(containers: tuple[Container, ...]) -> None:
    plan = plans.make(containers, NEW_IMAGE)
    stops = [n for n, step in enumerate(plan.steps) if plan.replaced and step == Stop(plan.replaced.name)]
    assert all(Create(f"{NAME}.next") in plan.steps[:n] for n in stops)


@pytest.mark.parametrize("prefix", range(len(REPLACEMENT) + 1))
def test_a_replacement_interrupted_anywhere_is_finished_or_undone(prefix: int) -> None:
    new = replace(NEW_IMAGE, template="new")
    containers = done((a_float(),), REPLACEMENT[:prefix])
    for _ in range(2):
        containers = done(containers, plans.make(containers, new).steps)
    assert [(c.name, c.image_id, c.state) for c in containers] == [(NAME, "image-2", "running")]


def test_a_float_stopped_for_a_successor_that_never_began_serves_again_before_the_next_try() -> None:
    """The successor's image may be bad, and then there would be nothing to go back to."""
    containers = done((a_float(),), REPLACEMENT[:2])
    steps = plans.make(containers, NEW_IMAGE).steps
    assert steps == (Remove(f"{NAME}.next"), Start(NAME))
    assert plans.make(done(containers, steps), NEW_IMAGE).steps == REPLACEMENT


@pytest.mark.parametrize("prefix", [2, 3, 4, 5])
def test_an_unproven_successor_gives_way_to_the_old_float(prefix: int) -> None:
    containers = done((a_float(),), REPLACEMENT[:prefix])
    back = done(containers, plans.restore(containers, NEW_IMAGE))
    assert [(c.name, c.image_id, c.state) for c in back] == [(NAME, "image-1", "running")]


def unproven(**changes: Any) -> tuple[Container, Container]:
    """The float before, and its successor, whose anchor was killed between Start and Prove."""
    old = a_float(f"{NAME}.old", state="exited")
    return (old, a_float(id="id-new", image_id="image-2", labels={TEMPLATE_LABEL: "template-2"}, **changes))


def test_an_unproven_successor_has_to_prove_itself_to_the_next_anchor_before_the_old_float_goes() -> None:
    plan = plans.make(unproven(), NEW_IMAGE)
    assert plan.steps == (Prove(NAME), Remove(f"{NAME}.old"))
    assert plan.adopted is not None
    assert plan.adopted.id == "id-new"


def test_beside_an_unproven_successor_other_leftovers_go_first() -> None:
    stray, leftover = a_float("old-name"), a_float(f"{NAME}.next", state="created")
    steps = plans.make((*unproven(), stray, leftover), NEW_IMAGE).steps
    assert steps == (
        Stop("old-name"),
        Remove("old-name"),
        Remove(f"{NAME}.next"),
        Prove(NAME),
        Remove(f"{NAME}.old"),
    )


@pytest.mark.parametrize("template", ["template-1", "template-0"])
def test_a_rollback_before_the_successor_has_proven_itself_brings_the_old_float_back(template: str) -> None:
    containers = unproven()
    plan = plans.make(containers, replace(DESIRED, template=template))
    assert plan.steps == (Stop(NAME), Remove(NAME), Rename(f"{NAME}.old", NAME), Start(NAME))
    assert plan.adopted is plan.replaced is None
    assert [(c.id, c.name, c.state) for c in done(containers, plan.steps)] == [(f"id-{NAME}.old", NAME, "running")]


def test_while_the_task_spec_is_unknown_an_unproven_successor_is_not_rolled_back() -> None:
    assert plans.make(unproven(), replace(DESIRED, template=None)).steps[0] == Prove(NAME)


@pytest.mark.parametrize("prefix", [0, 1])
def test_before_the_old_float_is_stopped_there_is_nothing_to_restore(prefix: int) -> None:
    assert plans.restore(done((a_float(),), REPLACEMENT[:prefix]), NEW_IMAGE) == ()


def test_a_hung_float_goes_before_its_successor_comes() -> None:
    assert plans.revive(a_float(), DESIRED) == (Stop(NAME), Remove(NAME), Create(NAME), Start(NAME))
