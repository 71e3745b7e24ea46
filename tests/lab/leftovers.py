"""Taking a lab down, whatever is left of it, and the proof that nothing is."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from tests.lab import cgroups, namespaces, processes
from tests.lab.plan import Plan
from tests.lab.segment import Segment
from tests.lab.shell import LabError, wait_until


def remove(plan: Plan) -> None:
    """Ends and deletes all that carries the lab's mark or name; safe when there is nothing, and after a half `up`."""
    _end_processes(plan)
    segment = Segment(plan)
    for namespace in _namespaces(plan):
        namespaces.delete(namespace)
    segment.destroy()
    cgroups.remove(plan.owns)
    if mounts(plan):
        raise LabError(f"mounted still, so the data stays: {', '.join(mounts(plan))}")
    shutil.rmtree(plan.data, ignore_errors=True)
    _remove_state_but_logs(plan)


def found(plan: Plan) -> list[str]:
    """One line for each thing of the lab that this machine still has."""
    lines = [f"process {pid}: {_command_line(pid)}" for pid in processes.all_of(plan.name)]
    lines += [f"network namespace {name}" for name in _namespaces(plan)]
    lines += [f"network interface {plan.uplink}"] if Path("/sys/class/net", plan.uplink).exists() else []
    lines += [f"mount {mount}" for mount in mounts(plan)]
    lines += [f"control group {tree}" for tree in cgroups.trees(plan.owns)]
    lines += [f"folder {plan.data}"] if plan.data.exists() else []
    return lines


def mounts(plan: Plan) -> list[str]:
    """Mount points of this machine inside the lab's folders."""
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    folders = (f"{plan.data}/", f"{plan.state}/")
    return [point for point in points if point.startswith(folders)]


def _end_processes(plan: Plan) -> None:
    """First processes first: each takes all of its host along, so few are left for the second look."""
    cgroups.thaw(plan.owns)
    for pid_file in plan.state.glob("*/unshare.pid"):
        outer = processes.read_pid(pid_file)
        if outer is not None and processes.is_ours(outer, plan.name):
            for first in processes.children(outer):
                processes.end(first, signal.SIGKILL)
    wait_until(lambda: _killed(plan), 20, "the lab's processes to end")


def _killed(plan: Plan) -> bool:
    left = processes.all_of(plan.name)
    for pid in left:
        processes.end(pid, signal.SIGKILL)
    return not left


def _namespaces(plan: Plan) -> list[str]:
    return [name for name in namespaces.names() if plan.owns(name)]


def _remove_state_but_logs(plan: Plan) -> None:
    for entry in plan.state.iterdir() if plan.state.exists() else ():
        if entry != plan.logs:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(ended)"
