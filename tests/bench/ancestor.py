"""What people had before: plain keepalived on every host, an advert a second, a process looked for once a second.

In the manner of the bash ancestor: each host runs keepalived in a loop (its container's restart policy), and a
`vrrp_script` asks `pgrep` every second whether the process that stands for the anchor is there. That one is started
again two seconds after its end, as the Swarm would. A fault has the same name as its counterpart of ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.bench.figures import ANCESTOR
from tests.bench.subject import Fault
from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.shell import wait_until
from tests.swarm.repair import is_deployed, repair_swarm

MARKER = "bench-ancestor-anchor"
CONF = """\
global_defs {{
    router_id {name}
    enable_script_security
    script_user root
}}
vrrp_script anchor {{
    script "/usr/bin/pgrep -f ^{marker}"
    interval 1
}}
vrrp_instance vip {{
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 77
    priority {priority}
    advert_int 1
    unicast_src_ip {own}
    unicast_peer {{
        {peers}
    }}
    virtual_ipaddress {{
        {vip}/24
    }}
    track_script {{
        anchor
    }}
}}
"""
_FILES = "-p /run/ancestor.pid -r /run/ancestor-vrrp.pid"
_KEEPALIVED = f"while :; do keepalived -n -l -P -f /run/lab/ancestor.conf {_FILES}; sleep 1; done"
_ANCHOR = f"while :; do (exec -a {MARKER} sleep 1000000); sleep 2; done"
_START = 'exec </dev/null >/dev/null 2>&1; setsid --fork bash -c "$0"'
_LOOPS = "while :; do "
_BOTH = "/run/ancestor.pid /run/ancestor-vrrp.pid"
_SETTLE = 2.0
_NOBODY_COMES = 6.0
"""Seconds after which an operator comes: longer than the four that ours promises to need without one."""


class Ancestor:
    """Takes the place of the stack."""

    name = ANCESTOR
    interval = 1.0

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def deploy(self) -> None:
        if is_deployed(self._lab):
            self._lab.remove_stack()
        for host in self._lab.hosts.values():
            self._start(host)
        wait_until(lambda: not self.troubles(), 30, "plain keepalived to be whole", interval=0.2)

    def mend(self) -> None:
        repair_swarm(self._lab)
        for host in self._lab.hosts.values():
            self._resume(self._lab, host.name)
        self.deploy()

    def remove(self) -> None:
        """Ends all of it; keepalived drops its address when it ends."""
        for host in self._lab.hosts_on():
            _kill(host, "-9", _LOOPS)
            _kill(host, "-TERM", "keepalived -n -l -P")
            _kill(host, "-9", MARKER)
        wait_until(lambda: not self._lab.holders(), 10, "the address to be gone")

    def troubles(self) -> list[str]:
        holders = self._lab.holders()
        found = [] if len(holders) == 1 else [f"{self._lab.vip} is on {', '.join(holders) or 'nobody'}"]
        return found + [f"{host.name} is not whole" for host in self._lab.hosts.values() if not _whole(host)]

    def runs_since(self, host: str) -> float | None:
        return None

    def faults(self, managers: int) -> list[Fault]:
        if managers == 1:
            return [self._fault("only manager's anchor killed", self._kill_anchors, patience=0.0)]
        return [
            self._fault("power cut", Lab.power_off, self._boot, silent=True, dies=True),
            self._fault("kernel dead", Lab.halt, self._boot, silent=True, dies=True),
            self._fault("cable out", Lab.unplug, Lab.plug, silent=True),
            self._fault("partition", Lab.partition, lambda lab, _: lab.heal()),
            self._fault("anchor killed", _signal(MARKER, "-9")),
            self._fault("anchor hung", _signal(MARKER, "-STOP"), self._resume, patience=5.0),
            self._fault("node drained", _signal(MARKER, "-TERM")),
            self._fault("float stopped", _signal_files("-TERM", "/run/ancestor.pid")),
            self._fault("required check fails", _signal(MARKER, "-9")),
            self._fault("keepalived killed (parent)", _signal_files("-9", "/run/ancestor.pid")),
            self._fault("keepalived killed (child)", _signal_files("-9", "/run/ancestor-vrrp.pid")),
            self._fault("keepalived killed (both)", _signal_files("-9", _BOTH)),
            self._fault("float killed", _signal_files("-9", _BOTH)),
            self._fault("node's containers killed", _kill_all, self._restart, settle=_NOBODY_COMES),
            self._fault("VIP deleted by hand", Lab.delete_vip),
            self._fault("all anchors killed", self._kill_anchors, patience=0.0),
        ]

    def _fault(
        self,
        name: str,
        strike: Callable[[Lab, str], float],
        undo: Callable[[Lab, str], object] | None = None,
        *,
        patience: float = 5.0,
        settle: float = _SETTLE,
        silent: bool = False,
        dies: bool = False,
    ) -> Fault:
        return Fault(name, strike, undo, patience=patience, settle=settle, seconds=9, silent=silent, dies=dies)

    def _start(self, host: Host) -> None:
        peers = "\n        ".join(o.address for o in self._lab.hosts.values() if o != host) or "127.0.0.1"
        priority = 100 - 10 * list(self._lab.hosts).index(host.name)
        conf = CONF.format(
            name=host.name, marker=MARKER, priority=priority, own=host.address, peers=peers, vip=self._lab.vip
        )
        (host.state / "ancestor.conf").write_text(conf)
        for loop in (_ANCHOR, _KEEPALIVED):
            if not _pids(host, loop[:25]):
                host.exec("sh", "-c", _START, loop)

    def _boot(self, lab: Lab, name: str) -> None:
        lab.boot(name)
        self._start(lab.host(name))

    def _restart(self, lab: Lab, name: str) -> None:
        self._start(lab.host(name))

    def _resume(self, lab: Lab, name: str) -> None:
        _kill(lab.host(name), "-CONT", MARKER)

    def _kill_anchors(self, lab: Lab, _: str) -> float:
        struck = time.monotonic()
        for host in lab.hosts_on():
            _kill(host, "-9", MARKER)
        time.sleep(_SETTLE)  # until the scripts have noticed
        return struck


def _signal(words: str, signal: str) -> Callable[[Lab, str], float]:
    def strike(lab: Lab, name: str) -> float:
        struck = time.monotonic()
        _kill(lab.host(name), signal, words)
        return struck

    return strike


def _signal_files(signal: str, files: str) -> Callable[[Lab, str], float]:
    def strike(lab: Lab, name: str) -> float:
        struck = time.monotonic()
        lab.host(name).exec("sh", "-c", f"kill {signal} $(cat {files})")
        return struck

    return strike


def _kill_all(lab: Lab, name: str) -> float:
    """What restarts them goes first."""
    host = lab.host(name)
    _kill(host, "-9", _LOOPS)
    struck = _signal_files("-9", _BOTH)(lab, name)
    _kill(host, "-9", MARKER)
    return struck


def _whole(host: Host) -> bool:
    return host.is_on and len(_pids(host, "keepalived -n -l -P -f")) == 2 and bool(_pids(host, MARKER))


def _pids(host: Host, words: str) -> list[str]:
    """Processes of the host whose command line begins with these words, after a path or not."""
    shown = host.exec("ps", "-eo", "pid=,args=").stdout.splitlines()
    found = (line.split(None, 1) for line in shown)
    return [pid for pid, *rest in found if rest and rest[0].removeprefix("bash -c ").startswith(words)]


def _kill(host: Host, signal: str, words: str) -> None:
    pids = _pids(host, words)
    if pids:
        host.exec("kill", signal, *pids, check=False)
