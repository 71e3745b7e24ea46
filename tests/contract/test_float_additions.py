"""Checks and notify scripts as a running float has them: real programs, real time, the conditions that follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from float.additions import Additions
from float.routers import Transition
from float.scripts import Scripts
from shared.additions import PortCheck, Script, ScriptCheck, UrlCheck
from shared.models import Condition, FloatSpec, VrrpState

PLAIN = FloatSpec(router_name="a", hostname="a", virtual_routers=())
FAST = {"interval": 0.1, "timeout": 0.3, "rise": 2, "fall": 2}


class World:
    """One float's additions, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.additions = Additions(Scripts(folder / "scripts"))
        self.changes = 0

    def adopt(self, *, serving: bool = False, **parts: object) -> None:
        self.additions.adopt(PLAIN.model_copy(update=parts), serving=serving)

    def changed(self) -> None:
        self.changes += 1

    def tell(self, *states: VrrpState) -> None:
        for state in states:
            self.additions.tell(Transition("VI_1", 77, VrrpState.INIT, state, "", 0.0, 250))

    @property
    def only(self) -> Condition:
        (condition,) = self.additions.conditions()
        return condition


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    running = asyncio.create_task(made.additions.run(made.changed))
    yield made
    running.cancel()
    await asyncio.wait((running,))


async def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    deadline = asyncio.get_running_loop().time() + within
    while not holds() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)
    return holds()


def script(text: str) -> Script:
    return Script(name="/check.sh", content=text.encode())


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_fresh_float_is_forbidden_until_its_check_held_twice(world: World) -> None:
    world.adopt(checks=(ScriptCheck(script=script("#!/bin/sh\n"), **FAST),))
    assert not world.only.ok
    assert await eventually(lambda: world.only.ok)
    assert world.only.reason == "/check.sh exited with 0"
    assert world.changes > 0


async def test_a_check_that_fails_later_says_why_with_the_scripts_own_words(world: World) -> None:
    mark = world.folder / "broken"
    text = f"#!/bin/sh\n[ -e {mark} ] || exit 0\necho database is read-only\nexit 7\n"
    world.adopt(checks=(ScriptCheck(script=script(text), **FAST),))
    assert await eventually(lambda: world.only.ok)
    mark.touch()
    assert await eventually(lambda: not world.only.ok)
    assert world.only.reason == "/check.sh exited with 7: database is read-only"


async def test_a_hanging_script_is_cut_and_fails(world: World) -> None:
    world.adopt(serving=True, checks=(ScriptCheck(script=script("#!/bin/sh\nsleep 60\n"), **FAST),))
    assert world.only.ok
    assert await eventually(lambda: not world.only.ok)
    assert world.only.reason == "/check.sh was cut after 0.3 s"


async def test_a_check_that_fails_from_the_start_says_once_in_the_log_why(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.adopt(checks=(ScriptCheck(script=script("#!/bin/sh\necho no database\nexit 1\n"), **FAST),))
    assert await eventually(lambda: "check:script fails: /check.sh exited with 1: no database" in caplog.messages)
    await asyncio.sleep(0.5)
    assert len([message for message in caplog.messages if "check:script" in message]) == 1


async def test_a_script_that_cannot_be_executed_fails_and_is_one_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.adopt(checks=(ScriptCheck(script=script("exit 0\n"), **FAST),))
    assert await eventually(lambda: "Exec format error" in world.only.reason)
    await asyncio.sleep(0.3)
    assert not world.only.ok
    assert errors(caplog) == [
        "check:script cannot be made, and counts as failing: /check.sh cannot be executed: Exec format error"
    ]


async def test_checks_of_every_kind_stand_side_by_side(world: World) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    serve = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with serve:
        port = serve.sockets[0].getsockname()[1]
        listens, answers = PortCheck(port=port, **FAST), UrlCheck(url=f"http://127.0.0.1:{port}/", **FAST)
        world.adopt(checks=(listens, answers))
        assert await eventually(lambda: all(condition.ok for condition in world.additions.conditions()))
    assert await eventually(lambda: not any(condition.ok for condition in world.additions.conditions()))
    assert [c.reason for c in world.additions.conditions()] == [
        f"nothing listens on port {port} of this node",
        f"http://127.0.0.1:{port}/: connection refused",
    ]


async def test_another_pace_for_a_check_that_holds_moves_nothing(world: World) -> None:
    world.adopt(checks=(ScriptCheck(script=script("#!/bin/sh\n"), **FAST),))
    assert await eventually(lambda: world.only.ok)
    world.adopt(serving=True, checks=(ScriptCheck(script=script("#!/bin/sh\n"), interval=5.0),))
    assert world.only.ok


async def test_a_spec_without_checks_ends_them(world: World) -> None:
    world.adopt(checks=(ScriptCheck(script=script("#!/bin/sh\nexit 1\n"), **FAST),))
    world.adopt(serving=True)
    assert world.additions.conditions() == ()


async def test_the_notify_script_hears_every_transition_in_order_with_keepaliveds_arguments(world: World) -> None:
    heard = world.folder / "heard"
    world.adopt(notify=script(f'#!/bin/sh\n[ "$3" = BACKUP ] && sleep 0.2\necho "$*" >> {heard}\n'))
    world.tell(VrrpState.BACKUP, VrrpState.MASTER, VrrpState.FAULT, VrrpState.INIT)
    await world.additions.finish()
    assert heard.read_text().splitlines() == [
        "INSTANCE VI_1 BACKUP 250",
        "INSTANCE VI_1 MASTER 250",
        "INSTANCE VI_1 FAULT 250",
        "INSTANCE VI_1 STOP 250",
    ]


async def test_what_the_notify_script_says_is_logged_line_by_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.adopt(notify=script("#!/bin/sh\necho one; echo two; exit 4\n"))
    world.tell(VrrpState.MASTER)
    await world.additions.finish()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["notify: one", "notify: two", "the notify script ended with 4"]


async def test_a_notify_script_that_cannot_run_is_an_error_and_no_more(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.adopt(notify=Script(name="/no/such/notify.sh"))
    world.tell(VrrpState.MASTER)
    await world.additions.finish()
    why = "/no/such/notify.sh cannot be executed: No such file or directory"
    assert errors(caplog) == [f"the notify script failed, which changes nothing: {why}"]


async def test_telling_never_waits_for_the_script(world: World) -> None:
    world.adopt(notify=script("#!/bin/sh\nsleep 1\n"))
    began = asyncio.get_running_loop().time()
    world.tell(*[VrrpState.MASTER, VrrpState.BACKUP] * 50)
    assert asyncio.get_running_loop().time() - began < 0.1
