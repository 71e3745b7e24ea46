"""The listener's real sockets: members told apart from others, floods bounded, keepalived never delayed by its log."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from float import adverts as module
from float.advert import Advert
from float.adverts import FLOOD_LASTS, AdvertListener
from float.keepalived import Keepalived
from float.log_thrift import MOST
from float.resolve import ResolvedRouter, ResolvedSpec
from shared.models import Peer, Transport, VirtualIp
from tests.contract.float_world import OURS, PEER, ROUTER, SPEC, other_host, own_network, plug_in, run, setns
from tests.contract.forged import VRRP_GROUP, Forged

pytestmark = pytest.mark.lab

PEER6 = Peer(address=ipaddress.ip_address("2001:db8::1"), hostname="peer6", priority=250)
VIP, VIP6 = VirtualIp.parse("192.0.2.100/32@eth0"), VirtualIp.parse("2001:db8::100/128@eth0")
BOTH = ResolvedSpec(
    SPEC,
    (
        ResolvedRouter(ROUTER.model_copy(update={"peers": (PEER,)}), "eth0", OURS, Transport.UNICAST, VIP, ()),
        ResolvedRouter(
            ROUTER.model_copy(update={"name": "six", "vrid": 78, "peers": (PEER6,)}),
            "eth0",
            ipaddress.ip_address("2001:db8::3"),
            Transport.UNICAST,
            VIP6,
            (),
        ),
    ),
)
MOST_MEMBERSHIPS = 20
"""Of one socket (sysctl net.ipv4.igmp_max_memberships)."""

Far = Callable[[socket.AddressFamily], socket.socket]


@pytest.fixture
def far() -> Iterator[Far]:
    """A host at the far end of eth0 with the peers' addresses and others; gives its raw sockets."""
    opened: list[socket.socket] = []
    with own_network("adverts"), other_host() as there:
        for address in ("192.0.2.1/24", "192.0.2.66/24", "2001:db8::1/64", "2001:db8::66/64"):
            there("ip", "address", "add", address, "dev", "far0", *(["nodad"] if ":" in address else []))

        def raw(family: socket.AddressFamily) -> socket.socket:
            home, away = os.open("/proc/thread-self/ns/net", os.O_RDONLY), _open(there)
            setns(away)
            try:
                opened.append(socket.socket(family, socket.SOCK_RAW, 112))
            finally:
                setns(home)
                os.close(home)
                os.close(away)
            return opened[-1]

        yield raw
        for sock in opened:
            sock.close()


def _open(there: Callable[..., str]) -> int:
    return os.open(Path("/run/netns", there("ip", "netns", "identify").strip()), os.O_RDONLY)


class Heard:
    """What the listener told, members and others apart."""

    def __init__(self) -> None:
        self.members: list[Advert] = []
        self.others: list[Advert] = []
        self.listener = AdvertListener()
        self.listener.open(self.members.append, self.others.append)

    async def counts(self) -> tuple[int, int]:
        """How many of either, once all has come."""
        await asyncio.sleep(0.15)
        return len(self.members), len(self.others)


async def test_ipv4_adverts_are_told_apart_by_vrid_source_version_and_ttl(far: Far) -> None:
    heard, sock = Heard(), far(socket.AF_INET)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    advert = Forged("192.0.2.1", priority=100)
    sock.sendto(advert.packet(str(OURS)), (str(OURS), 0))
    assert await heard.counts() == (0, 1)  # there is no spec yet
    heard.listener.hear(BOTH)
    for one in (advert, advert.but(source="192.0.2.66"), advert.but(vrid=9), advert.but(version=2), advert.but(ttl=9)):
        sock.sendto(one.packet(str(OURS)), (str(OURS), 0))
    assert await heard.counts() == (1, 5)
    heard.listener.close()


async def test_ipv6_adverts_are_told_apart_as_well(far: Far) -> None:
    heard = Heard()
    heard.listener.hear(BOTH)
    body = bytes([0x31, 78, 100, 1, 0, 10, 0, 0]) + VIP6.address.packed
    for source, hops, vrid in (("::1", 255, 78), ("::66", 255, 78), ("::1", 64, 78), ("::1", 255, 79)):
        sock = far(socket.AF_INET6)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        sock.bind((f"2001:db8{source}", 0))
        sock.sendto(body[:1] + bytes([vrid]) + body[2:], ("2001:db8::3", 0))
    assert await heard.counts() == (1, 3)
    assert heard.members[0].source == PEER6.address
    heard.listener.close()


async def test_multicast_is_heard_on_an_interface_that_was_made_anew_as_often_as_that_happens(far: Far) -> None:
    heard = Heard()
    heard.listener.hear(BOTH)
    for _ in range(MOST_MEMBERSHIPS + 2):
        run("ip", "link", "delete", "eth1")
        plug_in("eth1", "far1")
        run("ip", "address", "add", "198.51.100.3/24", "dev", "eth1")
        heard.listener.join("eth1", VRRP_GROUP)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"far1")
    sock.sendto(Forged("198.51.100.66").packet(VRRP_GROUP), (VRRP_GROUP, 0))
    assert await heard.counts() == (0, 1)
    sock.close()
    heard.listener.close()


async def test_what_waits_in_the_sockets_can_be_dropped(far: Far) -> None:
    heard, sock = Heard(), far(socket.AF_INET)
    heard.listener.hear(BOTH)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    old, new = (Forged("192.0.2.1", priority=priority).packet(str(OURS)) for priority in (49, 229))
    for _ in range(100):
        sock.sendto(old, (str(OURS), 0))
    heard.listener.drop()
    sock.sendto(new, (str(OURS), 0))
    assert await heard.counts() == (1, 0)
    assert heard.members[0].priority == 229
    heard.listener.close()


async def test_a_flood_of_strangers_is_a_sample_and_a_sentence_and_no_peer_is_lost_in_it(far: Far) -> None:
    heard, sock = Heard(), far(socket.AF_INET)
    heard.listener.hear(BOTH)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    peer, stranger = (Forged(f"192.0.2.{n}", priority=100).packet(str(OURS)) for n in (1, 66))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        for packet in (*[stranger] * 200, peer):
            sock.sendto(packet, (str(OURS), 0))
        await asyncio.sleep(0.02)
    members, others = await heard.counts()
    windows = (loop.time() - began) / 0.1 + 2
    assert members == 20
    assert others <= windows * module.OTHERS_A_SECOND / 10
    assert heard.listener.flood(loop.time()) == (
        "more packets of protocol 112 come than are looked at, from 192.0.2.66 among others"
    )
    assert heard.listener.flood(loop.time() + FLOOD_LASTS + 1) == ""
    heard.listener.close()


async def test_a_supervisor_that_does_not_read_keepaliveds_log_does_not_stop_it(
    far: Far, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    program = tmp_path / "talker"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os\n"
        "for _ in range(100000):\n"
        "    try: os.write(2, b'now: (VI_1) unicast source address 192.0.2.66 not a unicast peer\\n')\n"
        "    except BlockingIOError: pass\n"
    )
    program.chmod(0o755)
    ended = asyncio.Event()
    keepalived = Keepalived(tmp_path, program=str(program))
    await keepalived.start(ended.set)
    _busy_until_it_ends(tmp_path)
    await asyncio.wait_for(ended.wait(), 10)
    while "more lines like: (VI_1) unicast source address" not in caplog.text:
        await asyncio.sleep(0.01)
    assert caplog.text.count("not a unicast peer") == MOST + 1


def _busy_until_it_ends(folder: Path) -> None:
    """The event loop stands still for as long as the program that writes 6 MB needs."""

    name = str(folder / "talker")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _running(name):
        time.sleep(0.05)
    assert time.monotonic() < deadline


def _running(name: str) -> bool:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode().split("\0")
            if name in words and (path / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                return True
        except OSError:
            continue
    return False
