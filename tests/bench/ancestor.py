"""What people had before: plain keepalived on every host, an advert a second, a process looked for once a second.

In the manner of the bash ancestor: each host runs keepalived in a loop (its container's restart policy), and a
`vrrp_script` asks `pgrep` every second whether the process that stands for the anchor is there.
"""

from __future__ import annotations

import time

from tests.bench.figures import ANCESTOR
from tests.bench.subject import Fault
from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.shell import wait_until
from tests.swarm.repair import is_deployed

MARKER = "bench-ancestor-anchor"
CONF = """\
global_defs {{
    router_id {name}
    enable_script_security
    script_user root
}}
vrrp_script anchor {{
    script "/usr/bin/pgrep -f {marker}"
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
_ANCHOR = f"exec -a {MARKER} sleep 1000000"
_START = 'exec </dev/null >/dev/null 2>&1; setsid --fork bash -c "$0"'


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
        self._lab.wait_holder(timeout=20)

    def remove(self) -> None:
        """Ends all of it; keepalived drops its address when it ends."""
        for host in self._lab.hosts_on():
            _kill(host, "-9", "while :; do keepalived")
            _kill(host, "-TERM", "keepalived -n -l -P")
            _kill(host, "-9", MARKER)
        wait_until(lambda: not self._lab.holders(), 10, "the address to be gone")

    def troubles(self) -> list[str]:
        holders = self._lab.holders()
        found = [] if len(holders) == 1 else [f"{self._lab.vip} is on {', '.join(holders) or 'nobody'}"]
        return found + [f"{host.name} is not whole" for host in self._lab.hosts.values() if not _whole(host)]

    def faults(self) -> list[Fault]:
        return [
            Fault("power cut", Lab.power_off, self._boot, patience=10.0, silent=True),
            Fault("cable out", Lab.unplug, Lab.plug, patience=10.0, silent=True),
            Fault("partition healed", lambda lab, _: lab.heal(), prepare=_cut_off),
            Fault("anchor killed", self._kill_anchor, self._restart, patience=10.0),
            Fault("float stopped", self._stop, patience=10.0),
            Fault("keepalived killed (both)", self._kill, patience=10.0, settle=4.0),
        ]

    def _start(self, host: Host) -> None:
        peers = "\n        ".join(other.address for other in self._lab.hosts.values() if other != host)
        priority = 100 - 10 * list(self._lab.hosts).index(host.name)
        conf = CONF.format(
            name=host.name, marker=MARKER, priority=priority, own=host.address, peers=peers, vip=self._lab.vip
        )
        (host.state / "ancestor.conf").write_text(conf)
        if not _pids(host, MARKER):
            host.exec("sh", "-c", _START, _ANCHOR)
        if not _pids(host, "keepalived -n -l -P -f"):
            host.exec("sh", "-c", _START, _KEEPALIVED)

    def _boot(self, lab: Lab, name: str) -> None:
        lab.boot(name)
        self._start(lab.host(name))

    def _restart(self, lab: Lab, name: str) -> None:
        self._start(lab.host(name))

    def _kill_anchor(self, lab: Lab, name: str) -> float:
        struck = time.monotonic()
        _kill(lab.host(name), "-9", MARKER)
        return struck

    def _stop(self, lab: Lab, name: str) -> float:
        struck = time.monotonic()
        lab.host(name).exec("sh", "-c", "kill $(cat /run/ancestor.pid)")
        return struck

    def _kill(self, lab: Lab, name: str) -> float:
        struck = time.monotonic()
        lab.host(name).exec("sh", "-c", "kill -9 $(cat /run/ancestor.pid /run/ancestor-vrrp.pid)")
        return struck


def _whole(host: Host) -> bool:
    return host.is_on and len(_pids(host, "keepalived -n -l -P -f")) == 2 and bool(_pids(host, MARKER))


def _cut_off(lab: Lab, host: str) -> None:
    lab.partition(host)
    time.sleep(6)


def _pids(host: Host, words: str) -> list[str]:
    """Processes of the host whose command line begins with these words, after a path or not."""
    shown = host.exec("ps", "-eo", "pid=,args=").stdout.splitlines()
    found = (line.split(None, 1) for line in shown)
    return [pid for pid, *rest in found if rest and rest[0].removeprefix("bash -c ").startswith(words)]


def _kill(host: Host, signal: str, words: str) -> None:
    pids = _pids(host, words)
    if pids:
        host.exec("kill", signal, *pids, check=False)
