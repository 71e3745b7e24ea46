from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from anchor.facts import Container, EngineError, EngineSilentError, Mount, NoQuorumError, NotManagingError
from anchor.identity import (
    PROXY_PATIENCE,
    REACH_PATIENCE,
    TEMPLATE_RETRY,
    Identity,
    awaited_template,
    find,
    reach_patience,
)
from shared.errors import DockerUnavailableError, NotAManagerError, SettingsError
from tests.unit.anchor_fakes import FakeClock, FakeDocker, settings

LABELS = {
    "com.docker.swarm.task.id": "task-1",
    "com.docker.swarm.service.id": "service-1",
    "com.docker.swarm.service.name": "keepalived_keepalived-anchor",
    "com.docker.stack.namespace": "keepalived",
}
MOUNTS = {
    "/run/keepalived-link": Mount("volume", "keepalived_link"),
    "/run/keepalived-status": Mount("volume", "keepalived_status"),
}
IMAGE = "registry:5000/keepalived-anchor:1@sha256:abc"


def docker(labels: Mapping[str, str] = LABELS, **changes: Any) -> FakeDocker:
    docker = FakeDocker()
    own = Container("c-own", "anchor", IMAGE, "image-a", "running", labels, MOUNTS)
    docker.own = replace(own, **changes)
    return docker


async def found(docker: FakeDocker, **env: str) -> Identity:
    return await find(docker, settings(DOCKER_TASK_ID="task-1", **env), "c-own", patience=0)


async def test_the_anchor_finds_itself_its_stack_and_its_volumes_real_names() -> None:
    identity = await found(docker())
    assert (identity.node_id, identity.stack, identity.service_id) == ("id-a", "keepalived", "service-1")
    assert identity.template == "template-1"
    assert identity.float_container.link == Mount("volume", "keepalived_link")


async def test_the_floats_image_stands_beside_the_anchors_own_unless_it_is_set() -> None:
    assert (await found(docker())).float_container.image == "registry:5000/keepalived-float:1"
    assert (await found(docker(), KEEPALIVED_IMAGE="other:2")).float_container.image == "other:2"


async def test_an_anchor_of_another_name_needs_the_floats_image_to_be_set() -> None:
    with pytest.raises(SettingsError, match="KEEPALIVED_IMAGE: must name the float's image"):
        await found(docker(image="team/vip:1"))


async def test_a_service_without_a_stack_is_its_own_stack() -> None:
    labels = {key: value for key, value in LABELS.items() if "stack" not in key}
    assert (await found(docker(labels))).stack == "keepalived_keepalived-anchor"


async def test_a_swarm_without_a_leader_leaves_the_task_spec_unknown() -> None:
    engine = docker()
    engine.fail("task_template", NoQuorumError("no leader"))
    assert (await found(engine)).template is None


async def test_an_unknown_task_spec_is_asked_for_until_the_swarm_tells_it() -> None:
    engine, clock = docker(), FakeClock()
    engine.fail("task_template", NoQuorumError("no leader"), EngineSilentError("no answer"))
    began = clock.now
    assert await awaited_template(engine, "task-1", sleep=clock.sleep) == "template-1"
    assert clock.now - began == 2 * TEMPLATE_RETRY


async def test_the_docker_of_another_node_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"DOCKER_HOST=tcp://proxy:2375: leads to the Docker of another node \(a\)"):
        await found(docker(), DOCKER_NODE_ID="id-b", DOCKER_HOST="tcp://proxy:2375")


async def test_an_engine_that_cannot_describe_its_swarm_in_time_but_answers_is_good_enough() -> None:
    engine = docker()
    engine.fail("describe", EngineSilentError("timed out"))
    assert (await found(engine, DOCKER_NODE_ID="id-a")).node_id == "id-a"


async def test_no_docker_is_a_sentence_that_names_the_socket() -> None:
    engine = docker()
    engine.fail("describe", EngineSilentError("No such file or directory"))
    with pytest.raises(DockerUnavailableError, match=r"No such file.*Mount /var/run/docker\.sock.*or set DOCKER_HOST"):
        await found(engine)


async def test_a_worker_is_a_sentence_that_names_the_node() -> None:
    engine = docker()
    engine.engine = replace(engine.engine, managing=False)
    engine.fail("nodes", NotManagingError("Worker nodes can't be used to view or modify cluster state"))
    with pytest.raises(NotAManagerError, match=r"This node \(a\) is not a manager"):
        await found(engine)


async def test_a_node_without_a_swarm_is_told_to_make_one_at_once() -> None:
    engine = docker()
    engine.engine = replace(engine.engine, managing=False, swarm_state="inactive")
    with pytest.raises(NotAManagerError, match="run `docker swarm init`"):
        await found(engine)


@pytest.mark.parametrize("state", ["pending", "error", "locked"])
async def test_a_node_that_is_not_in_its_swarm_yet_is_asked_again_and_is_no_worker(state: str) -> None:
    engine = docker()
    engine.engine = replace(engine.engine, managing=False, swarm_state=state)
    with pytest.raises(DockerUnavailableError, match=f"does not manage its Swarm yet.*state '{state}'") as error:
        await found(engine)
    assert error.value.exit_code == 3


async def test_a_manager_that_is_being_prepared_is_asked_again_and_is_no_worker() -> None:
    engine = docker()
    engine.engine = replace(engine.engine, managing=False)
    engine.fail("nodes", NoQuorumError("Manager is being prepared or has trouble connecting to the cluster."))
    with pytest.raises(DockerUnavailableError, match="Manager is being prepared"):
        await found(engine)
    assert (await found(engine)).node_id == "id-a"


async def test_a_container_that_is_no_task_is_told_how_to_deploy() -> None:
    with pytest.raises(SettingsError, match="docker stack deploy"):
        await found(docker({}))
    engine = docker()
    engine.own = None
    with pytest.raises(SettingsError, match=r"\{\{\.Task\.ID\}\}"):
        await found(engine)


async def test_a_missing_volume_is_named() -> None:
    mounts = {"/run/keepalived-link": MOUNTS["/run/keepalived-link"]}
    with pytest.raises(SettingsError, match="/run/keepalived-status: the stack file must mount a named volume"):
        await found(docker(mounts=mounts))


async def test_what_docker_tells_against_the_virtual_ips_is_known_from_the_start() -> None:
    taken = settings().virtual_ips[0].address
    engine = docker()
    engine.engine = replace(engine.engine, swarm_address=taken)
    assert any(str(taken) in sentence for sentence in (await found(engine)).doctor)


def test_a_proxy_that_is_deployed_together_with_the_anchor_has_time_to_come_up() -> None:
    nobody, nonsense = EngineSilentError("nobody"), EngineError("nonsense")
    assert reach_patience("unix:///var/run/docker.sock", nobody) == REACH_PATIENCE
    assert reach_patience("unix:///run/socket-proxy/docker.sock", nobody) == PROXY_PATIENCE
    assert reach_patience("unix:///run/socket-proxy/docker.sock", nonsense) == REACH_PATIENCE
