"""The engine that builds: it has the machine's network, which the hosts do not, and reaches the lab's registry."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from types import TracebackType

from tests.lab import cache, cgroups, processes
from tests.lab.engine import Engine
from tests.lab.plan import BUILDER_DATA, CACHE, Plan

# Its mounts live in a namespace of their own, so that they end with it; its first process reaps.
_FIRST_PROCESS = 'mount --make-rprivate / && { umount -R -l /run/netns 2>/dev/null || true; } && { "$@" & wait $!; }'
_LAST = CACHE / "builder-of"
"""The name of the lab that built last."""


class Builder(Engine):
    """Runs for the length of a `with`, one for all labs at a time; its layers stay on disk for the next one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = plan.state / "builder"
        self._turn = contextlib.ExitStack()
        super().__init__(self.state / "docker.sock")

    def __enter__(self) -> Builder:
        with contextlib.ExitStack() as turn:
            turn.enter_context(cache.alone("builds"))
            turn.callback(self._end)
            self._end_the_last_one()
            self._start()
            self._turn = turn.pop_all()
        return self

    def _end_the_last_one(self) -> None:
        """Of whatever lab: a run that was cut short may have left its builder on the layers that are all labs'."""
        with contextlib.suppress(OSError, ValueError):
            Builder(Plan(_LAST.read_text()))._end()
        _LAST.write_text(self.plan.name)

    def _start(self) -> None:
        self.socket_path.unlink(missing_ok=True)
        for folder in (self.state, self.plan.logs, BUILDER_DATA):
            folder.mkdir(parents=True, exist_ok=True)
        where: list[str | Path] = ["--data-root", BUILDER_DATA, "--exec-root", self.state / "exec", "-H", self.url]
        quiet = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        groups = ["--cgroup-parent", f"/{self.plan.name}-builder", "--exec-opt", "native.cgroupdriver=cgroupfs"]
        daemon: list[str | Path] = ["dockerd", *where, *quiet, *groups, "--pidfile", self.state / "docker.pid"]
        trusted = ["--storage-driver", "overlay2", "--insecure-registry", self.plan.registry]
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        processes.start(
            [*apart, "bash", "-c", _FIRST_PROCESS, "builder", *daemon, *trusted],
            lab=self.plan.name,
            pid_file=self.state / "unshare.pid",
            log=self.plan.logs / "builder.log",
        )
        self.wait_until_it_answers()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turn.close()

    def _end(self) -> None:
        first = self._first_process()
        if first is None:
            return
        for daemon in processes.children(first):
            processes.end(daemon, signal.SIGTERM, timeout=30)
        if processes.is_running(first):
            processes.end(first)
        cgroups.remove(lambda group: group == f"{self.plan.name}-builder")

    def _first_process(self) -> int | None:
        outer = processes.read_pid(self.state / "unshare.pid")
        if outer is None or not processes.is_ours(outer, self.plan.name):
            return None
        return next(iter(processes.children(outer)), None)
