"""The files that only GitHub and the users' Docker read are such as they read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.plan import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
WORKFLOW: dict[str, Any] = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text())
JOBS = WORKFLOW["jobs"]
COMPOSE_FILES = sorted([*REPOSITORY.glob("docker-compose*.yml"), *(REPOSITORY / "docs" / "examples").glob("*.yml")])


def complaints(schema: str, files: list[str]) -> str:
    """What check-jsonschema finds, by the schema that it brings along; empty when all is well."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    finished = subprocess.run([*checker, *files], capture_output=True, text=True, check=False)
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


def step(job: str, name: str) -> dict[str, Any]:
    """The job's step of that name."""
    (found,) = (each for each in JOBS[job]["steps"] if each.get("name") == name)
    return dict(found)


DOCKER_WITHOUT_IMAGES = f"""
while :; do
  case $1 in
    run | --rm) shift ;;
    --pull | --network | --platform) shift 2 ;;
    --env) export "$2"; shift 2 ;;
    --entrypoint) echo "$2"; exit ;;
    *) break ;;
  esac
done
part=${{1#ghcr.io/x/keepalived-}}; part=${{part%:1.2.3}}; shift
PYTHONPATH={REPOSITORY} exec {sys.executable} -m "$part" "$@"
"""
"""Runs this tree's part where `docker run` has its image; a program of Debian's it only names."""


def swarm_jobs() -> list[dict[str, Any]]:
    """The jobs that run every test."""
    return [job for job in JOBS.values() if any(".ci/run" in each.get("run", "") for each in job["steps"])]


def play(script: str, folder: Path, programs: dict[str, str], **variables: str) -> list[str]:
    """Run a step's script as GitHub does, with programs that stand in for others; returns what it printed."""
    for name, text in programs.items():
        program = folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    environment = {**os.environ, **variables, "PATH": f"{folder}:{os.environ['PATH']}"}
    finished = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return finished.stdout.splitlines()


def test_the_workflow_has_the_form_that_github_reads() -> None:
    assert complaints("github-workflows", [str(path) for path in WORKFLOWS]) == ""


def test_the_compose_files_have_the_form_that_compose_v2_reads() -> None:
    assert complaints("compose-spec", [str(path) for path in COMPOSE_FILES]) == ""


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it() -> None:
    used = [line.strip(" -") for path in WORKFLOWS for line in path.read_text().splitlines() if "uses: " in line]

    assert used
    assert [use for use in used if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", use)] == []


def test_only_a_pull_requests_run_is_cut_by_the_next_one() -> None:
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_what_is_pushed_by_hand_is_looked_up_among_all_tags_first() -> None:
    steps = JOBS["images"]["steps"]
    look = step("images", "By hand, only a version that is not released")

    assert steps[0]["with"]["fetch-depth"] == 0
    assert steps[1] == look
    assert (look["if"], look["run"]) == ("env.PUBLISH == 'by hand'", ".ci/version --unreleased")


def test_a_hang_on_the_swarm_is_ended_by_our_own_time_limit_and_leaves_its_reports() -> None:
    within = re.search(r"timeout --kill-after=(\d+)m (\d+)m make test", (REPOSITORY / ".ci" / "run").read_text())
    assert within
    lint_and_tools = 10
    jobs = swarm_jobs()
    assert jobs
    for job in jobs:
        assert job["timeout-minutes"] >= sum(map(int, within.groups())) + lint_and_tools
        assert [each["with"]["path"] for each in job["steps"] if each.get("if") == "always()"] == ["reports/"]


@pytest.mark.parametrize(
    ("how", "ref", "moves"),
    [("release", "v1.3.0", True), ("release", "v1.2.4", False), ("by hand", "main", True)],
)
def test_latest_moves_with_the_highest_release_and_by_hand(how: str, ref: str, moves: bool, tmp_path: Path) -> None:
    programs = {".ci/version": "echo v1.3.0", "docker": 'echo "$@"'}

    said = play(
        step("images", "latest")["run"],
        tmp_path,
        programs,
        PUBLISH=how,
        GITHUB_REF_NAME=ref,
        REGISTRY="ghcr.io/x",
        VERSION="1.2.4",
    )

    images = [f"ghcr.io/x/keepalived-{part}" for part in ("anchor", "float", "buoy")]
    moved = [f"buildx imagetools create --tag {image}:latest {image}:1.2.4" for image in images]
    assert said == (moved if moves else ["latest stays v1.3.0"])


def test_the_variants_of_the_swarm_differ_from_it_in_a_variable_alone() -> None:
    swarm, variants = JOBS["swarm"], JOBS["variants"]
    runs = [each["run"] for job in (swarm, variants) for each in job["steps"] if ".ci/run" in each.get("run", "")]

    assert variants["strategy"]["matrix"] == {"variant": ["LAB_SOCKET_PROXY=1", "LAB_ENGINE=trixie"]}
    assert variants["container"] == swarm["container"]
    assert runs == ["bash .ci/run", "env ${{ matrix.variant }} bash .ci/run"]


def test_nothing_is_pushed_before_the_arm64_images_started() -> None:
    names = [each.get("name", "") for each in JOBS["images"]["steps"]]

    assert names[-3:] == ["The arm64 images start, under emulation", "$VERSION", "latest"]


def test_the_programs_take_what_the_smoke_test_says_to_them(tmp_path: Path) -> None:
    said = play(
        f"{REPOSITORY}/.ci/smoke linux/arm64",
        tmp_path,
        {"docker": DOCKER_WITHOUT_IMAGES},
        REGISTRY="ghcr.io/x",
        VERSION="1.2.3",
    )

    assert [line.split()[2] for line in said if "KEEPALIVED_LOG_LEVEL='none'" in line] == ["anchor:", "buoy:"]
    assert "usage: float status [-h] [--json]" in said
    assert said[-1] == "keepalived"


def test_the_smoke_test_fails_where_a_program_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        play(f"{REPOSITORY}/.ci/smoke linux/arm64", tmp_path, {"docker": "exit 127"}, REGISTRY="x", VERSION="1")

    assert failed.value.stderr == "the anchor does not start: code 127\n"
