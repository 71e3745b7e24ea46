"""Every fault that is measured with this project."""

from __future__ import annotations

import contextlib
import time

from tests.bench import listeners
from tests.bench.subject import Fault
from tests.lab.cluster import Lab
from tests.lab.faults import FLOAT
from tests.lab.images import references
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import ANCHOR_SERVICE
from tests.swarm.rollout import ENDED, update_state

FLOAT_SETTING = "KEEPALIVED_IMAGE"
OTHER_TAG = "bench"


def of_several(*, checks: bool) -> list[Fault]:
    """With several managers; the check's fault where each host is required to listen on a port."""
    return [
        Fault("power cut", Lab.power_off, _boot, seconds=11, silent=True, dies=True, slow=True),
        Fault("kernel dead", Lab.halt, _boot, seconds=11, silent=True, dies=True, slow=True),
        Fault("cable out", Lab.unplug, Lab.plug, seconds=4, silent=True),
        Fault("partition", Lab.partition, lambda lab, _: lab.heal(), settle=1.5, seconds=5),
        Fault("anchor killed", Lab.kill_anchor),
        Fault("anchor hung", Lab.pause_anchor, _resume, patience=8.0, seconds=7),
        Fault("node drained", Lab.drain, Lab.activate, patience=5.0, settle=3.0, seconds=9),
        Fault("float stopped", _stop_float, patience=5.0, seconds=7),
        Fault("float replaced", _other_image, ended=_rolled_out, patience=0.0, seconds=40, rare=True),
        Fault("handover asked for", _hand_over, seconds=7),
        *([_CHECK_FAILS] if checks else []),
        Fault("keepalived killed (parent)", lambda lab, host: lab.kill_keepalived(host, "parent"), seconds=4),
        Fault("keepalived killed (child)", lambda lab, host: lab.kill_keepalived(host, "child"), seconds=4),
        Fault("keepalived killed (both)", lambda lab, host: lab.kill_keepalived(host, "both"), seconds=4),
        Fault("float killed", Lab.kill_float),
        Fault("node's containers killed", Lab.kill_node, Lab.start_dockerd, ended=_is_gone, seconds=16, slow=True),
        Fault("VIP deleted by hand", Lab.delete_vip, seconds=4),
        Fault("all anchors killed", _kill_all_anchors, patience=0.0),
        Fault("anchors updated", _update_anchors, ended=_rolled_out, patience=0.0, seconds=25, rare=True),
    ]


def of_the_only_manager() -> list[Fault]:
    """With a Swarm of one."""
    return [Fault("only manager's anchor killed", _kill_all_anchors, patience=0.0)]


_CHECK_FAILS = Fault("required check fails", listeners.end, listeners.start_one, patience=8.0, seconds=8)


def _boot(lab: Lab, host: str) -> None:
    lab.boot(host)
    listeners.start_one(lab, host)


def _resume(lab: Lab, host: str) -> None:
    with contextlib.suppress(LabError):  # the Swarm may have replaced it by now
        lab.resume_anchor(host)


def _stop_float(lab: Lab, host: str) -> float:
    struck = time.monotonic()
    lab.host(host).docker("stop", FLOAT)
    return struck


def _hand_over(lab: Lab, host: str) -> float:
    struck = time.monotonic()
    lab.host(host).docker("exec", FLOAT, "handover")
    return struck


def _is_gone(lab: Lab, host: str) -> bool:
    return host not in lab.holders()


def _kill_all_anchors(lab: Lab, _: str) -> float:
    containers = {host: lab.anchor_container(host.name) for host in lab.hosts.values()}
    pids = {
        host: host.docker("inspect", "--format", "{{.State.Pid}}", container.id).stdout.strip()
        for host, container in containers.items()
    }
    struck = time.monotonic()
    for host, pid in pids.items():
        host.exec("kill", "-9", pid)
    time.sleep(0.5)  # until the floats have noticed, and say so
    return struck


def _update_anchors(lab: Lab, _: str) -> float:
    return _update(lab, "--force")


def _other_image(lab: Lab, _: str) -> float:
    """The floats' image changes, there and back again; both are on every host."""
    usual = references(lab.image_names())[1]
    other = f"{usual.rpartition(':')[0]}:{OTHER_TAG}"
    _have(lab, usual, other)
    template = "{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{println .}}{{end}}"
    env = lab.ask_swarm("service", "inspect", "--format", template, ANCHOR_SERVICE).stdout.split()
    wanted = usual if f"{FLOAT_SETTING}={other}" in env else other
    return _update(lab, "--env-add", f"{FLOAT_SETTING}={wanted}")


def _update(lab: Lab, *words: str) -> float:
    """The monitor is the time for which the Swarm watches after the last node; nothing of ours depends on it."""
    struck = time.monotonic()
    lab.ask_swarm("service", "update", "--detach", "--quiet", "--update-monitor", "1s", *words, ANCHOR_SERVICE)
    wait_until(lambda: update_state(lab) == "updating", 10, "the roll-out to begin", interval=0.05)
    return struck


def _rolled_out(lab: Lab, _: str) -> bool:
    return update_state(lab) in ENDED


def _have(lab: Lab, usual: str, other: str) -> None:
    """Another image of the same content, in the registry and on every host."""
    hosts = list(lab.hosts.values())
    if hosts[0].docker("image", "inspect", other, check=False).returncode != 0:
        made = hosts[0].docker("create", usual).stdout.strip()
        hosts[0].docker("commit", "--change", "LABEL made-for=bench", made, other)
        hosts[0].docker("rm", made)
        hosts[0].docker("push", "-q", other)
    for host in hosts[1:]:
        host.docker("pull", "-q", other)
