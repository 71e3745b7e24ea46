from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from anchor.container_spec import float_image, pullable
from tests.unit.anchor_fakes import FLOAT


def config(**changes: Any) -> dict[str, Any]:
    return FLOAT.config(**{"image": FLOAT.image, "token": "secret-token", "template": "template-1", **changes})


def test_the_float_has_the_three_capabilities_and_no_more() -> None:
    host = config()["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] == ["NET_ADMIN", "NET_RAW", "SYS_NICE"]
    assert "Privileged" not in host
    assert "PidMode" not in host


def test_the_float_never_gets_dockers_socket() -> None:
    assert "docker.sock" not in json.dumps(config())


def test_the_float_is_read_only_but_for_run_and_the_two_volumes() -> None:
    host = config()["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert list(host["Tmpfs"]) == ["/run"]
    assert [mount["Target"] for mount in host["Mounts"]] == ["/run/keepalived-link", "/run/keepalived-status"]
    assert host["SecurityOpt"] == ["no-new-privileges"]


def test_only_a_float_with_scripts_has_a_place_to_execute_them_from() -> None:
    tmpfs = replace(FLOAT, runs_scripts=True).config(image="i", token="t", template="")["HostConfig"]["Tmpfs"]
    assert list(tmpfs) == ["/run", "/run/keepalived-scripts"]
    assert tmpfs["/run/keepalived-scripts"].startswith("rw,exec,nosuid,nodev")
    assert "noexec" in tmpfs["/run"]


def test_only_a_script_of_another_user_costs_three_capabilities_more() -> None:
    host = replace(FLOAT, switches_user=True).config(image="i", token="t", template="")["HostConfig"]
    assert host["CapAdd"] == ["NET_ADMIN", "NET_RAW", "SYS_NICE", "KILL", "SETGID", "SETUID"]


def test_only_the_anchor_restarts_the_float() -> None:
    assert config()["HostConfig"]["RestartPolicy"] == {"Name": "no"}


def test_the_float_has_a_cpu_weight_and_no_quota() -> None:
    host = config()["HostConfig"]
    assert host["CpuShares"] > 1024
    assert not {"CpuQuota", "NanoCpus"} & set(host)


def test_labels_say_whose_float_it_is_and_what_it_was_made_from() -> None:
    labels = config()["Labels"]
    assert labels["hidden"] == "true"
    assert labels["keepalived.stack"] == "keepalived"
    assert labels["keepalived.service-id"] == "service-1"
    assert labels["keepalived.container-digest"] == FLOAT.digest
    assert labels["keepalived.task-template"] == "template-1"


def test_the_token_is_the_only_secret_and_not_part_of_the_digest() -> None:
    assert "KEEPALIVED_LINK_TOKEN=secret-token" in config()["Env"]
    assert "secret-token" not in json.dumps(config()["Labels"])


def test_the_digest_differs_when_the_arguments_do() -> None:
    assert replace(FLOAT, image="other").digest != FLOAT.digest
    assert replace(FLOAT, node_hostname="b").digest != FLOAT.digest
    assert replace(FLOAT).digest == FLOAT.digest


def test_another_log_level_or_format_is_in_the_environment_but_makes_no_float_anew() -> None:
    other = replace(FLOAT, log_level="debug", log_format="json")
    assert other.digest == FLOAT.digest
    env = other.config(image="i", token="t", template="")["Env"]
    assert {"KEEPALIVED_LOG_LEVEL=debug", "KEEPALIVED_LOG_FORMAT=json"} < set(env)


def test_what_the_engine_can_is_not_part_of_the_digest() -> None:
    assert replace(FLOAT, logging_driver="json-file").digest == FLOAT.digest


def test_the_log_is_bounded_where_docker_would_not() -> None:
    bounded = replace(FLOAT, logging_driver="json-file").config(image="i", token="t", template="")
    assert bounded["HostConfig"]["LogConfig"]["Config"] == {"max-size": "5m", "max-file": "2"}
    assert "LogConfig" not in replace(FLOAT, logging_driver="journald").config(image="i", token="t", template="")


def test_an_engine_that_cannot_shield_from_the_oom_killer_is_not_asked_to() -> None:
    assert config()["HostConfig"]["OomScoreAdj"] == -900
    assert "OomScoreAdj" not in config(shielded=False)["HostConfig"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("registry:5000/team/keepalived-anchor:1.2@sha256:abc", "registry:5000/team/keepalived-float:1.2"),
        ("keepalived-anchor", "keepalived-float"),
        ("a-anchor/keepalived-anchor:latest", "a-anchor/keepalived-float:latest"),
    ],
)
def test_the_floats_image_stands_beside_the_anchors(own: str, expected: str) -> None:
    assert float_image(own) == expected


@pytest.mark.parametrize("own", ["sha256:abc", "keepalived", "keepalived-anchors:1"])
def test_an_anchor_of_another_name_does_not_tell_its_floats_image(own: str) -> None:
    with pytest.raises(ValueError, match="is not called …-anchor"):
        float_image(own)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("registry:5000/float", "registry:5000/float:latest"),
        ("registry:5000/float:1", "registry:5000/float:1"),
        ("float@sha256:abc", "float@sha256:abc"),
    ],
)
def test_a_pull_always_names_one_tag(reference: str, expected: str) -> None:
    assert pullable(reference) == expected
