"""Roll-outs that are under way while faults strike; each changes something, whatever the rounds before left behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from tests.campaign import engines
from tests.campaign.choice import Update
from tests.lab.cluster import STACK, Lab
from tests.lab.shell import LabError, wait_until
from tests.swarm.audit import ANCHOR_SERVICE
from tests.swarm.rollout import ENDED, update_state

BUOY_SERVICE = f"{STACK}_keepalived-buoy"
PATIENCE = 150.0
"""Seconds for the Swarm to end an update of three nodes, or to roll it back."""

OTHER_TAG = "lab-again"
VIPS, IMAGE, LEVEL = "KEEPALIVED_VIRTUAL_IPS", "KEEPALIVED_IMAGE", "KEEPALIVED_LOG_LEVEL"


def settings(lab: Lab) -> dict[str, str]:
    """The anchors' environment, as the Swarm's own word on the service has it."""
    spec = lab.look(f"/services/{ANCHOR_SERVICE}")["Spec"]["TaskTemplate"]["ContainerSpec"]
    return parse(spec.get("Env") or ())


def parse(lines: Iterable[str]) -> dict[str, str]:
    """PURE: `NAME=VALUE` lines; an empty value is no setting."""
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs if value}


def vips(now: Mapping[str, str]) -> list[str]:
    """PURE: the virtual IPs of these settings."""
    return now[VIPS].replace(",", " ").split()


def words(update: Update, now: Mapping[str, str], *, second_vip: str, images: tuple[str, str]) -> list[str]:
    """PURE: the words after `docker service update --detach`; they ask for what is not so now."""
    if update is Update.NONE:
        return []
    if update is Update.BUOYS:
        return ["--force", BUOY_SERVICE]
    if update is Update.ANCHORS:
        return ["--force", ANCHOR_SERVICE]
    name, value = _turned(update, now, second_vip, images)
    return ["--env-add", f"{name}={value}", ANCHOR_SERVICE]


def start(lab: Lab, update: Update) -> None:
    """Begins the roll-out and does not wait for it."""
    float_image = f"{lab.registry}/keepalived-float"
    chosen = words(
        update,
        settings(lab),
        second_vip=str(lab.plan.subnet[101]),
        images=(f"{float_image}:lab", f"{float_image}:{OTHER_TAG}"),
    )
    if chosen:
        lab.ask_swarm("service", "update", "--detach", *chosen)


def give_other_image(lab: Lab) -> None:
    """The float's image has a second name in the registry and on every host."""
    one, other = (f"{lab.registry}/keepalived-float:{tag}" for tag in ("lab", OTHER_TAG))
    for host in lab.hosts.values():
        host.docker("tag", one, other)
    lab.manager().docker("push", "-q", other)
    for host in lab.hosts.values():
        host.docker("pull", "-q", other)


def wait_for_the_end(lab: Lab) -> list[str]:
    """No update of the stack is under way; returns which ones Docker had to be helped to end."""
    helped = list[str]()
    for service in (ANCHOR_SERVICE, BUOY_SERVICE):
        try:
            _wait(lab, service)
        except LabError:
            stalled = engines.end_stalled_update(lab, service)
            if not stalled:
                raise
            helped += stalled
            _wait(lab, service)
    return helped


def _wait(lab: Lab, service: str) -> None:
    wait_until(partial(_has_ended, lab, service), PATIENCE, f"the update of {service} to end", interval=0.2)


def _has_ended(lab: Lab, service: str) -> bool:
    return update_state(lab, service) in {"", *ENDED}


def _turned(update: Update, now: Mapping[str, str], second_vip: str, images: tuple[str, str]) -> tuple[str, str]:
    if update is Update.SETTINGS:
        return LEVEL, "info" if now.get(LEVEL) == "debug" else "debug"
    if update is Update.IMAGE:
        return IMAGE, images[0] if now.get(IMAGE) == images[1] else images[1]
    first = vips(now)[0]
    return VIPS, first if len(vips(now)) > 1 else f"{first},{second_vip}"
