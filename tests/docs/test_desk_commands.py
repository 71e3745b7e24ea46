"""The documents' commands that need neither root nor a Swarm, run as they stand or as far as they go without."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import Command, commands, the_command
from tests.lab.plan import REPOSITORY

PYTHON = re.compile(r"^(\.venv/bin/python|python3?) ")
URL = "https://github.com/dockerkeepalivedswarm/docker-keepalived-swarm.git"


def run(words: list[str], *, folder: Path = REPOSITORY, **variables: str) -> str:
    """What the command says; it has to end well."""
    environment = {**os.environ, **variables}
    ran = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def ours(text: str) -> list[str]:
    """The words of a command, with the Python that runs the tests."""
    return [sys.executable, *shlex.split(PYTHON.sub("", text))]


def those(pattern: str) -> list[Command]:
    """The commands that the pattern finds, each once."""
    return list({command.text: command for command in commands() if re.search(pattern, command.text)}.values())


@pytest.mark.parametrize("command", those(r"^(\w+=\S+ )?make "), ids=str)
def test_every_make_target_expands(command: Command) -> None:
    words = [word for word in shlex.split(command.text) if word not in ("-n", "make")]

    said = run(["make", "-n", *words])

    assert said.strip()


@pytest.mark.parametrize("command", those(r"^make campaign"), ids=str)
def test_a_campaign_shows_what_it_would_do(command: Command) -> None:
    given = dict(word.split("=", 1) for word in shlex.split(command.text)[2:])
    options = [*shlex.split(given.get("ARGS", "")), "--show"]
    options += ["--seed", given["SEED"]] if "SEED" in given else []
    options += ["--iterations", given["ITERATIONS"]] if "ITERATIONS" in given else []

    said = run([sys.executable, "-m", "tests.campaign", *options])

    assert len(said.splitlines()) == int(given.get("ITERATIONS", "50"))


@pytest.mark.parametrize("command", those(r"-m tests\.bench( |$)"), ids=str)
def test_a_benchmark_says_what_it_would_do(command: Command) -> None:
    said = run([*ours(command.text), "--plan"])

    jobs = [int(number) for number in re.findall(r": (\d+) jobs", said)]
    assert jobs
    assert min(jobs) > 0


@pytest.mark.parametrize("command", those(r"-m tests\.(lab --help|bench\.buoy_load)"), ids=str)
def test_a_program_explains_itself(command: Command) -> None:
    words = ours(command.text)

    assert "usage: " in run([*words, *(["--help"] if "--help" not in words else [])])


@pytest.mark.parametrize("command", those(r"\.venv/bin/pytest "), ids=str)
def test_a_choice_of_tests_is_not_empty(command: Command) -> None:
    chosen = shlex.split(command.text.partition(".venv/bin/pytest ")[2])

    said = run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *chosen])

    assert re.search(r"^\d+(/\d+)? tests? collected", said, re.MULTILINE)


def test_the_env_file_is_exported_and_the_shell_wins() -> None:
    lines = [command.text for command in those(r"^(export|unset) ")]
    script = [the_command("set -a"), 'echo "$REGISTRY $VERSION $BUOY_PUBLISHED_PORT"', *lines, "env"]

    clean = {name: value for name, value in os.environ.items() if name not in ("REGISTRY", "BUOY_PUBLISHED_PORT")}
    ran = subprocess.run(
        ["bash", "-euc", "\n".join(script)],
        cwd=REPOSITORY,
        env={**clean, "VERSION": "0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines()[0] == "docker.io/dockerkeepalivedswarm 0.0.1 8082"
    assert "KEEPALIVED_VIRTUAL_IPS=192.168." in ran.stdout
    assert "KEEPALIVED_PASSWORD" not in ran.stdout


def test_the_commands_of_a_release(tmp_path: Path) -> None:
    """From a repository on this machine, where the documents name one on the network."""
    (tmp_path / "home").mkdir()
    people = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    settings = {
        "HOME": str(tmp_path / "home"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path}/origin.git.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
        **dict.fromkeys(people, "somebody@example.com"),
    }
    begin = "git init -q -b main origin && cd origin && git commit -q --allow-empty -m first && cd .."
    bare = "git clone -q --bare origin origin.git"
    typed = [the_command("git clone"), the_command("cd docker"), the_command("git tag"), the_command("git push")]

    run(["bash", "-euc", "\n".join([begin, bare, *typed])], folder=tmp_path, **settings)

    assert run(["git", "tag"], folder=tmp_path / "origin.git", **settings).split() == ["v1.2.3"]
