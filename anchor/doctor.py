"""The doctor's cheap part, as far as Docker tells it: sentences for the buoy, each with its remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from anchor.container_spec import FLOAT_STACK_LABEL, without_digest
from anchor.facts import Container, Engine
from shared.models import IpAddress

_OUR_PARTS = ("-anchor", "-buoy")


def warnings(engine: Engine, virtual_ips: Iterable[IpAddress], containers: Iterable[Container]) -> tuple[str, ...]:
    """What this node's Docker has against the virtual IPs; `containers` are those that run."""
    found = (*_swarm(engine, virtual_ips), *_confinement(engine), *_other_vrrp(containers))
    return tuple(f"doctor: {sentence}" for sentence in found)


def _swarm(engine: Engine, virtual_ips: Iterable[IpAddress]) -> Iterator[str]:
    if engine.swarm_address in tuple(virtual_ips):
        yield (
            f"this node's Swarm address is the virtual IP {engine.swarm_address}: managers would lose each other "
            "whenever it moves; let the node leave and join again with --advertise-addr naming its own address"
        )


def _confinement(engine: Engine) -> Iterator[str]:
    names = {option.partition(",")[0].removeprefix("name=") for option in engine.security_options}
    if "selinux" in names:
        yield (
            "Docker runs with SELinux, which may refuse the anchor Docker's socket, or the float a raw socket; "
            "`ausearch -m avc -ts recent` on the host names what it refused"
        )
    for name in sorted(names & {"userns", "rootless"}):
        yield (
            f"Docker runs containers in user namespaces ({name}): the float's capabilities do not count on the host's "
            "network; run the managers' dockerd without it"
        )


def _other_vrrp(containers: Iterable[Container]) -> Iterator[str]:
    for container in containers:
        name = without_digest(container.image).rpartition("/")[2].partition(":")[0]
        ours = FLOAT_STACK_LABEL in container.labels or name.endswith(_OUR_PARTS)
        if "keepalived" in name and not ours:
            yield (
                f"container {container.name} of image {container.image} speaks VRRP on this node too; if it serves the "
                "same virtual IPs or VRID, stop it"
            )
