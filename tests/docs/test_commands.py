"""Every command of the documents is well formed, names what there is, and is run by a test."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess

import pytest

from shared.settings import public_names
from tests.bench.__main__ import _parser as bench_parser
from tests.campaign.__main__ import _parser as campaign_parser
from tests.docs.pages import PAGES, SHELL, blocks, commands, the_command
from tests.docs.registry import REGISTRY
from tests.docs.stack_files import STACK_FILES
from tests.lab.__main__ import _parser as lab_parser
from tests.lab.plan import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text()
FILE = re.compile(r"(?<![\w/.:@-])((?:\./|docs/|tests/|\.ci/|\.github/)[\w./-]+|[\w.-]+\.(?:yml|md|py|sh))(?![\w/])")
ASSIGNED = re.compile(r"(?:^|\s|-e )([A-Z][A-Z0-9_]{2,})=")

THE = the_command.__name__
OTHER_VARIABLES = {"FUZZ_SECONDS", "LAB_ENGINE", "LAB_NAME", "LAB_SOCKET_PROXY", "LAB_SUBNET"}
"""Of the tests, read from the environment."""

ANCESTORS_VARIABLES = {"VIRTUAL_IP", "VIRTUAL_MASK", "VRID", "INTERFACE", "CHECK_PORT", "CHECK_IP", "CHECK_SCRIPT"}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_shell_can_read_every_command(page: str) -> None:
    texts = [block.text for block in blocks() if block.page == page and block.language in SHELL]
    texts += [command.text for command in commands() if command.page == page]

    read = subprocess.run(["bash", "-n"], input="\n".join(texts), text=True, capture_output=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")


def test_every_file_that_a_command_names_is_there() -> None:
    named = {name: str(command) for command in commands() for name in FILE.findall(command.text)}

    assert len(named) > 10
    assert {name: where for name, where in named.items() if not (REPOSITORY / name).exists()} == {}


def test_every_make_target_is_one() -> None:
    lines = re.findall(r"^([a-z-]+(?: [a-z-]+)*):", MAKEFILE, re.MULTILINE)
    known = {name for line in lines for name in line.split()}
    called = [shlex.split(command.text) for command in commands() if command.text.startswith("make ")]
    targets = {word for words in called for word in words[1:] if re.fullmatch(r"[a-z]+(-[a-z]+)*", word)}

    assert {"demo", "demo-down", "test", "check", "deploy", "campaign", "bench"} <= targets <= known


def test_every_variable_that_a_command_sets_is_one() -> None:
    composed = {name for path in STACK_FILES for name in re.findall(r"\$\{(\w+)", path.read_text())}
    made = set(re.findall(r"\$\((?:if \$\()?([A-Z_0-9]+)\)", MAKEFILE))
    known = public_names() | composed | made | ANCESTORS_VARIABLES | OTHER_VARIABLES
    named = {name: str(command) for command in commands() for name in ASSIGNED.findall(command.text)}

    assert len(named) > 10
    assert {name: where for name, where in named.items() if name not in known} == {}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_setting_that_a_page_names_is_one(page: str) -> None:
    named = set(re.findall(r"\bKEEPALIVED_[A-Z_]+[A-Z]\b(?![_…])", PAGES[page]))

    assert named <= public_names()


def test_every_word_to_the_lab_and_the_benchmark_is_understood() -> None:
    for command in commands():
        words = shlex.split(command.text)
        for module in {"tests.lab", "tests.bench"} & set(words) if "--help" not in words else ():
            rest = words[words.index(module) + 1 :]
            (lab_parser if module == "tests.lab" else bench_parser)().parse_args(rest)


def test_every_option_of_a_campaign_is_understood() -> None:
    for command in commands():
        for options in re.findall(r"^make campaign .*ARGS=(\"[^\"]+\"|\S+)", command.text):
            campaign_parser().parse_args(shlex.split(options.strip('"')))


def test_every_command_has_one_test_that_runs_it() -> None:
    found = {
        str(command): [pattern for pattern in REGISTRY if re.fullmatch(pattern, command.text)] for command in commands()
    }

    assert {command: patterns for command, patterns in found.items() if len(patterns) != 1} == {}


def test_every_entry_of_the_registry_is_of_a_command() -> None:
    typed = [command.text for command in commands()]

    assert [pattern for pattern in REGISTRY if not any(re.fullmatch(pattern, text) for text in typed)] == []


@pytest.mark.parametrize("test", sorted({test for test in REGISTRY.values() if "::" in test}))
def test_the_test_that_runs_a_command_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((REPOSITORY / file).read_text())
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert name in functions


@pytest.mark.parametrize("file", sorted({test for test in REGISTRY.values() if "::" not in test}))
def test_what_the_ci_runs_stands_in_its_file(file: str) -> None:
    text = (REPOSITORY / file).read_text()
    patterns = "|".join(pattern for pattern, runs in REGISTRY.items() if runs == file)
    said_to_run = {command.text for command in commands() if re.fullmatch(patterns, command.text)}

    assert [command for command in said_to_run if command not in text] == []


def test_every_command_that_a_swarm_test_types_is_one_of_the_documents() -> None:
    """Known without a Swarm; the tests themselves look when they run."""
    tree = ast.parse((REPOSITORY / "tests/swarm/test_docs_commands.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == THE]
    looks = [node.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
    words = [node.args[0] for node in calls] + [key for look in looks for key in look.keys]
    beginnings = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]

    assert len(beginnings) > 30
    for beginning in beginnings:
        the_command(beginning)
