"""The map in docs/architecture.md has every module, and marks the deciders."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.lab.plan import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
DECIDERS = next(set(contract["source_modules"]) for contract in CONTRACTS if contract["id"] == "deciders")


def on_the_map(part: str) -> dict[str, bool]:
    """Every module of the part's table, and whether it is marked as a decider."""
    table = PAGE.partition(f"| `{part}/` | modules |\n")[2].partition("\n\n")[0]
    found: dict[str, bool] = {}
    for purpose, modules in re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE):
        folder = f"{part}.doctor" if "doctor/" in purpose else part
        found |= {f"{folder}.{name}": star == "*" for name, star in re.findall(r"`(\w+)`(\*?)", modules)}
    return found


def modules(part: str) -> dict[str, bool]:
    """Every module of the part, and whether it is a decider."""
    files = (path.relative_to(REPOSITORY).with_suffix("") for path in (REPOSITORY / part).rglob("*.py"))
    names = {".".join(path.parts) for path in files if path.name != "__init__"}
    return {name: name in DECIDERS for name in names}


def first_line(module: str) -> str:
    """Of what the module says about itself."""
    return (REPOSITORY / f"{module.replace('.', '/')}.py").read_text().partition("\n")[0]


@pytest.mark.parametrize("part", ["anchor", "float", "buoy", "shared"])
def test_the_map_has_every_module_of_a_part(part: str) -> None:
    assert on_the_map(part) == modules(part)


@pytest.mark.parametrize("part", ["anchor", "float", "buoy", "shared"])
def test_every_module_that_calls_itself_pure_is_held_to_it(part: str) -> None:
    firsts = {name: first_line(name) for name in modules(part)}

    assert {name for name, line in firsts.items() if re.search(r"\bPure\.", line)} <= DECIDERS
