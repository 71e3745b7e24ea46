"""Network namespaces: made, deleted, and entered by a thread for as long as it takes to open a socket there."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.lab.shell import run

FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
T = TypeVar("T")


def make(namespace: str) -> None:
    run(["ip", "netns", "add", namespace])
    run(["ip", "-n", namespace, "link", "set", "lo", "up"])


def exists(namespace: str) -> bool:
    return (FOLDER / namespace).exists()


def delete(namespace: str) -> None:
    """Takes the name away; what still runs inside keeps the namespace alive, so end that first."""
    if exists(namespace):
        run(["ip", "netns", "del", namespace])


def names() -> list[str]:
    """All named namespaces of this machine, whoever made them."""
    return sorted(entry.name for entry in FOLDER.iterdir()) if FOLDER.exists() else []


def identity(namespace: str) -> int | None:
    """Changes when a host is booted again; None while there is no such namespace."""
    try:
        return (FOLDER / namespace).stat().st_ino
    except OSError:
        return None


def inside(namespace: str, act: Callable[[], T]) -> T:
    """What `act` returns in that namespace; a socket opened there stays there (setns(2): a thread of its own)."""
    answers: list[T] = []
    errors: list[BaseException] = []

    def enter_and_act() -> None:
        try:
            enter(namespace)
            answers.append(act())
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=enter_and_act, name=f"inside {namespace}")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]


def enter(namespace: str) -> None:
    """Moves the calling thread into the namespace for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(FOLDER / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, f"setns {namespace}: {os.strerror(code)}")
    finally:
        os.close(descriptor)
