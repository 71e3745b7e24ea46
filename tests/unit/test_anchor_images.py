from __future__ import annotations

import pytest

from anchor.facts import EngineSilentError, PullError
from anchor.images import ensure_image
from shared.errors import SettingsError
from tests.unit.anchor_fakes import IMAGE, FakeClock, FakeDocker


async def test_an_image_that_is_here_is_not_pulled_without_need() -> None:
    docker = FakeDocker()
    assert await ensure_image(docker, IMAGE, refresh=False, sleep=FakeClock().sleep) == "image-1"
    assert docker.journal == []


async def test_a_missing_image_is_pulled() -> None:
    docker = FakeDocker()
    docker.registry["new:1"] = "image-2"
    assert await ensure_image(docker, "new:1", refresh=False, sleep=FakeClock().sleep) == "image-2"


async def test_a_refresh_finds_the_newer_image() -> None:
    docker = FakeDocker()
    docker.registry[IMAGE] = "image-2"
    assert await ensure_image(docker, IMAGE, refresh=True, sleep=FakeClock().sleep) == "image-2"


async def test_an_image_named_by_its_digest_cannot_be_newer() -> None:
    docker = FakeDocker()
    docker.images["float@sha256:1"] = "image-3"
    assert await ensure_image(docker, "float@sha256:1", refresh=True, sleep=FakeClock().sleep) == "image-3"
    assert docker.journal == []


async def test_a_failed_pull_of_an_image_that_is_here_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert await ensure_image(FakeDocker(), IMAGE, refresh=True, sleep=FakeClock().sleep) == "image-1"
    assert "the one on this node is used: manifest unknown" in caplog.text


async def test_an_image_that_is_nowhere_is_a_sentence_with_setting_image_answer_and_remedy() -> None:
    with pytest.raises(SettingsError) as error:
        await ensure_image(FakeDocker(), "new", refresh=False, sleep=FakeClock().sleep)
    (problem,) = error.value.problems
    assert problem.startswith("KEEPALIVED_IMAGE=new:latest: ")
    assert "manifest unknown" in problem
    assert "KEEPALIVED_REGISTRY_AUTH_FILE" in problem


async def test_a_registry_that_stumbles_is_asked_again() -> None:
    docker = FakeDocker()
    docker.registry["new:1"] = "image-2"
    docker.fail("pull", PullError("503"))
    assert await ensure_image(docker, "new:1", refresh=False, sleep=FakeClock().sleep) == "image-2"
    assert docker.journal == ["pull new:1", "pull new:1"]


async def test_docker_that_does_not_answer_is_not_a_missing_image() -> None:
    docker = FakeDocker()
    docker.fail("image_id", EngineSilentError("no answer"))
    with pytest.raises(EngineSilentError):
        await ensure_image(docker, IMAGE, refresh=False, sleep=FakeClock().sleep)
    assert docker.journal == []
