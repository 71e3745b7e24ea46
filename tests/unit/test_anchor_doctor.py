"""What Docker tells against the virtual IPs, as sentences for the buoy."""

from __future__ import annotations

import ipaddress

import pytest

from anchor import docker_json
from anchor.container_spec import FLOAT_STACK_LABEL
from anchor.doctor import warnings
from anchor.facts import Container, Engine

VIP = ipaddress.ip_address("192.0.2.100")
ENGINE = Engine("node-1", "h1", "active", managing=True, swarm_address=ipaddress.ip_address("192.0.2.1"))


def running(image: str, **labels: str) -> Container:
    """A container that runs."""
    named = {FLOAT_STACK_LABEL if key == "stack" else key: value for key, value in labels.items()}
    return Container("c1", "one", image, "sha256:1", "running", labels=named)


def test_a_node_with_nothing_wrong_has_no_warnings() -> None:
    ours = (
        running("registry:5000/x/keepalived-float:1@sha256:ab", stack="keepalived"),
        running("registry:5000/x/keepalived-anchor:1"),
        running("x/keepalived-buoy"),
        running("keepalived.example/nginx:1"),
    )
    assert warnings(ENGINE, [VIP], ours) == ()


def test_a_swarm_that_advertises_through_the_virtual_ip_is_told() -> None:
    (told,) = warnings(docker_json.engine({"Swarm": {"NodeAddr": "192.0.2.100"}}), [VIP], ())
    assert told.startswith("doctor: this node's Swarm address is the virtual IP 192.0.2.100")


@pytest.mark.parametrize(
    ("option", "names"),
    [("name=selinux", "SELinux"), ("name=userns", "(userns)"), ("name=rootless", "(rootless)")],
)
def test_what_confines_containers_is_told(option: str, names: str) -> None:
    info = {"SecurityOptions": ["name=seccomp,profile=builtin", option]}
    (told,) = warnings(docker_json.engine(info), [VIP], ())
    assert names in told


def test_an_ordinary_engines_security_options_are_no_warning() -> None:
    info = {"SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"]}
    assert warnings(docker_json.engine(info), [VIP], ()) == ()


@pytest.mark.parametrize("image", ["osixia/keepalived:2.0.20", "rjchicago/keepalived-float", "keepalived"])
def test_another_container_that_speaks_vrrp_is_named(image: str) -> None:
    (told,) = warnings(ENGINE, [VIP], [running(image)])
    assert f"container one of image {image} speaks VRRP" in told
