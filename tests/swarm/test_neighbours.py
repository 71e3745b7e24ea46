"""A float alone beside plain keepalived as the replaced images run it: one of two nodes is moved, the other is not yet.

Both hear each other and accept what they hear, in each image's wire format: never two holders. All three run at once,
since their timers are slow; what happened is looked at afterwards.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab.address_watch import AddressWatch
from tests.lab.cluster import Lab
from tests.lab.shell import wait_until
from tests.swarm.alone import Town
from tests.swarm.repair import repair_swarm

pytestmark = pytest.mark.swarm

OLD, NEW = "h3", "h1"
MASTER_DOWN = 3.7
"""Seconds of VRRPv2 at an advert a second after which a node that hears nobody would have taken over, and a bit."""

SETTLING = 1.2
"""Seconds for which plain keepalived and its successor may both hold: until the next advert of the better one."""


@dataclasses.dataclass(frozen=True)
class Image:
    """One of the replaced images: what it would run on the old node, and the line of its documents for the new one."""

    name: str
    vips: tuple[int, ...]
    """Last octets; the first is asked for."""

    conf: str
    line: str
    gets_it_back: bool
    """Whether the old node has the higher priority and preempts when it returns."""


IMAGES = (
    Image(
        "osixia",
        (151, 152),
        """
        vrrp_instance VI_1 {
            interface eth0
            state BACKUP
            virtual_router_id 51
            priority 200
            nopreempt
            unicast_peer {
                {h1}
                {h3}
            }
            virtual_ipaddress {
                {151}
                {152}
            }
            authentication {
                auth_type PASS
                auth_pass d0cker
            }
        }
        """,
        "-e KEEPALIVED_UNICAST_PEERS=\"#PYTHON2BASH:['{h1}', '{h3}']\" "
        "-e KEEPALIVED_VIRTUAL_IPS=\"#PYTHON2BASH:['{151}', '{152}']\" IMAGE",
        gets_it_back=False,
    ),
    Image(
        "neoassist",
        (153,),
        """
        vrrp_instance lb-vips {
            state BACKUP
            interface eth0
            virtual_router_id 150
            priority 100
            advert_int 1
            nopreempt
            authentication {
                auth_type PASS
                auth_pass blahblah
            }
            virtual_ipaddress {
                {153}/24 dev eth0
            }
        }
        """,
        "-e VIRTUAL_IP={153} -e VIRTUAL_MASK=24 -e VRID=150 -e INTERFACE=eth0 IMAGE",
        gets_it_back=False,
    ),
    Image(
        "solnet",
        (154, 155, 156),
        """
        vrrp_instance node {
            state MASTER
            interface eth0
            virtual_router_id 52
            priority 100
            authentication {
                auth_type PASS
                auth_pass pass
            }
            virtual_ipaddress {
                {154}/24 dev eth0
                {155}/24 dev eth0
            }
            virtual_ipaddress_excluded {
                {156}/24 dev eth0
            }
        }
        """,
        "IMAGE --auth-pass pass --vrid 52 --exclude {156}/24/eth0 eth0 50 {154}/24/eth0 {155}/24/eth0",
        gets_it_back=True,
    ),
)


@dataclasses.dataclass
class Story:
    """Who had which address when, and the moments between which to look."""

    town: Town
    watch: AddressWatch
    joined: float = 0.0
    alone: float = 0.0
    returned: float = 0.0
    over: float = 0.0

    def holders(self, image: Image) -> tuple[str, ...]:
        """The hosts that had the image's first address, in order."""
        return tuple(tenure.host for tenure in self.watch.tenures(self.town.address(image.vips[0])))

    def longest_overlap(self, image: Image) -> float:
        """Seconds for which two hosts had any of its addresses at a stretch."""
        spans = [span for vip in image.vips for span in self.watch.overlaps(self.town.address(vip))]
        return max((length for _, length in spans), default=0.0)


@pytest.fixture(scope="module")
def story(swarm: Lab) -> Iterator[Story]:
    """The old node serves; the new one joins it; the old one goes, comes back, and the new one is stopped."""
    repair_swarm(swarm)
    town = Town(swarm)
    with swarm.watch_addresses() as watch:
        try:
            yield _told(Story(town, watch))
        finally:
            town.clear()


def _told(story: Story) -> Story:
    town = story.town
    _all_old(town)
    _all(story, lambda _: OLD, 6)
    containers = {
        i.name: town.docker_run(NEW, f"docker run -d --net=host --cap-add=NET_ADMIN {_at(town, i.line)}")
        for i in IMAGES
    }
    wait_until(lambda: all(town.status(NEW, c).get("master_address") for c in containers.values()), 15, "the adverts")
    story.joined = _after(MASTER_DOWN)
    for image in IMAGES:
        town.stop_keepalived(OLD, image.name)
    _all(story, lambda _: NEW, 6)
    story.alone = time.monotonic()
    _all_old(town)
    story.returned = _after(MASTER_DOWN)
    _all(story, lambda image: OLD if image.gets_it_back else NEW, 2)
    for container in containers.values():
        town.lab.host(NEW).docker("stop", container)
    _all(story, lambda _: OLD, 6)
    story.over = time.monotonic()
    return story


def _all_old(town: Town) -> None:
    for image in IMAGES:
        town.keepalived(OLD, image.name, _at(town, image.conf))


def _at(town: Town, text: str) -> str:
    """With the lab's addresses in the place of their names."""
    names = {h: town.lab.plan.address(h) for h in (NEW, OLD)}
    names |= {str(vip): town.address(vip) for image in IMAGES for vip in image.vips}
    for name, address in names.items():
        text = text.replace(f"{{{name}}}", address)
    return text


def _all(story: Story, holder: Callable[[Image], str], within: float) -> None:
    """Every address of each image comes to the one host that it should be on."""
    lab, town = story.town.lab, story.town
    for image in IMAGES:
        for vip in image.vips:
            assert lab.wait_holder(town.address(vip), timeout=within) == holder(image), f"{image.name}: {vip}"


def _after(seconds: float) -> float:
    time.sleep(seconds)
    return time.monotonic()


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_moved_node_serves_when_the_old_one_goes_and_lets_it_serve_again(story: Story, image: Image) -> None:
    returns = (OLD, NEW, OLD)
    assert story.holders(image) == returns


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_old_and_new_never_serve_together_for_longer_than_the_old_ones_would(story: Story, image: Image) -> None:
    allowed = SETTLING if image.gets_it_back else 0.1
    assert story.longest_overlap(image) <= allowed
