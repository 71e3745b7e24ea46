"""A network namespace for the float's real doors: made for one test, entered by it, gone with all that it holds."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.models import FloatSpec, Peer, VirtualIp, VirtualRouter

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

OURS = ipaddress.ip_address("192.0.2.3")
PEER = Peer(address=ipaddress.ip_address("192.0.2.1"), hostname="peer", priority=250)
ROUTER = VirtualRouter(
    name="VI_1",
    vrid=77,
    priority=200,
    demoted_priority=48,
    virtual_ips=(VirtualIp.parse("192.0.2.100"),),
    excluded=(VirtualIp.parse("192.0.2.101/24@eth0"), VirtualIp.parse("2001:db8::100")),
)
SPEC = FloatSpec(router_name="float", hostname="float", node_address=OURS, virtual_routers=(ROUTER,))


@contextlib.contextmanager
def own_network(name: str) -> Iterator[None]:
    """This thread, and the programs that it starts, on a host with eth0 (192.0.2.3, 2001:db8::3) whose peer is silent.

    eth1 is there as well, without an address of its own.
    """
    namespace = f"kftest-{name}-{os.getpid()}"
    run("ip", "netns", "add", namespace)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(Path("/run/netns", namespace))
        _furnish()
        yield
    finally:
        setns(home)
        os.close(home)
        run("ip", "netns", "del", namespace)


@contextlib.contextmanager
def other_host() -> Iterator[Callable[..., str]]:
    """A second host at the far end of our eth0, as the far0 of its own; gives what runs a program there."""
    namespace = f"kftest-other-{os.getpid()}"

    def there(*words: str) -> str:
        return run("ip", "netns", "exec", namespace, *words)

    run("ip", "netns", "add", namespace)
    try:
        run("ip", "link", "set", "far0", "netns", namespace)
        there("ip", "link", "set", "lo", "up")
        there("ip", "link", "set", "far0", "up")
        yield there
    finally:
        run("ip", "netns", "del", namespace)


def plug_in(near: str, far: str) -> None:
    """A cable between two new interfaces."""
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
    run("ip", "link", "set", near, "up")
    run("ip", "link", "set", far, "up")


def run(*words: str) -> str:
    """What the program says; raises when it fails."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def run_folder(pid: int) -> Path:
    """/run as that process sees it, whatever is mounted there (proc(5), /proc/pid/root)."""
    return Path("/proc", str(pid), "root", "run")


def kernel_address(address: str, *, device: str = "eth0") -> dict[str, Any] | None:
    """What the kernel has of that address, as `ip` tells it, or None."""
    told = json.loads(run("ip", "-json", "address", "show", "dev", device))
    found: list[dict[str, Any]] = [a for link in told for a in link.get("addr_info", ()) if a.get("local") == address]
    return found[0] if found else None


def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Whether it comes true before the deadline; the event loop, if there is one, stands still meanwhile."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return holds()


def _furnish() -> None:
    run("ip", "link", "set", "lo", "up")
    for near, far in (("eth0", "far0"), ("eth1", "far1")):
        plug_in(near, far)
    run("ip", "address", "add", "192.0.2.3/24", "brd", "+", "dev", "eth0")
    run("ip", "address", "add", "2001:db8::3/64", "dev", "eth0", "nodad")
    run("ip", "route", "add", "default", "via", "192.0.2.254")


def _enter(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        setns(descriptor)
    finally:
        os.close(descriptor)


def setns(descriptor: int) -> None:
    """Enter a network namespace (Python's own setns came with 3.12)."""
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
