"""Door to the segment: listens for adverts below and above the firewall, and asks. It changes nothing, and is not heard
as a VRRP router by anybody."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from float import packet_filter
from float.advert import Advert
from float.advert_sockets import VRRP
from float.adverts import AdvertListener
from float.doctor.evidence import Answer, HeardAdvert, WireEvidence
from float.doctor.frames import CHECKSUM_AT, QUESTION, advert_in, sender
from float.neighbour import Claim
from float.probe import probe
from float.resolve import ResolvedRouter, ResolvedSpec
from shared.models import IpAddress

_ETH_P_ALL = 0x0003
_IP_RECVERR, _IPV6_RECVERR, _IPV6_CHECKSUM = 11, 25, 7
_IPV6_GROUP = "ff02::12"

SHORTEST, LONGEST = 3.5, 30.0
"""Seconds of listening: more than three adverts of a VRRPv2 router; a longer interval is waited for up to LONGEST."""

_EVERYTHING = 10_000
"""Packets a second that are looked at: an advert that is not counted would look like one that a firewall dropped."""

_ARRIVED = {errno.ENOPROTOOPT, errno.EPROTO}
"""What Linux makes of "protocol unreachable" and of ICMPv6's "unknown next header": nobody listens, the packet came."""

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH}


async def look(spec: ResolvedSpec, claimed: Collection[tuple[str, IpAddress]]) -> WireEvidence:
    """Listen, and ask for the (device, address) pairs and the peers meanwhile. Raises nothing but cancellation."""
    seconds = _listening_time(spec)
    trouble: list[str] = []
    heard, claims, answers = await asyncio.gather(
        _listen(spec, seconds, trouble),
        _claims(claimed, trouble),
        _ask_peers(spec, seconds),
    )
    return WireEvidence(seconds, heard, claims, answers, tuple(trouble))


def _listening_time(spec: ResolvedSpec) -> float:
    longest = max(router.router.advert_interval for router in spec.routers)
    return min(max(SHORTEST, 3.5 * longest), LONGEST)


async def _claims(
    claimed: Collection[tuple[str, IpAddress]], trouble: list[str]
) -> Mapping[str, tuple[Claim, ...] | None]:
    devices = sorted({device for device, _ in claimed})
    wanted = {name: [address for device, address in claimed if device == name] for name in devices}
    return {device: await _claims_on(device, wanted[device], trouble) for device in devices}


async def _claims_on(device: str, addresses: list[IpAddress], trouble: list[str]) -> tuple[Claim, ...] | None:
    try:
        return await probe(device, addresses)
    except OSError as error:
        trouble.append(f"{device} cannot be asked who has an address: {error.strerror or error}")
        return None


async def _listen(spec: ResolvedSpec, seconds: float, trouble: list[str]) -> tuple[HeardAdvert, ...] | None:
    """What passes each interface, and whether the kernel gives it on to a raw socket, as keepalived's is one."""
    passed: set[tuple[IpAddress, int]] = set()
    above = AdvertListener(others_a_second=_EVERYTHING)
    try:
        above.open(lambda advert: passed.add((advert.source, advert.vrid)))
        below = await _listen_below(above, spec, seconds)
    except OSError as error:
        trouble.append(f"adverts cannot be heard: {error.strerror or error}")
        return None
    finally:
        above.close()
    return tuple(_judged(heard, passed) for heard in below)


async def _listen_below(above: AdvertListener, spec: ResolvedSpec, seconds: float) -> list[HeardAdvert]:
    for router in spec.routers:
        for group in (spec.spec.multicast_group, _IPV6_GROUP):
            with contextlib.suppress(OSError):  # an interface without that address family hears no such adverts
                above.join(router.interface, group)
    interfaces = sorted({router.interface for router in spec.routers})
    lists = await asyncio.gather(*(_capture(name, seconds) for name in interfaces))
    return [heard for found in lists for heard in found]


def _judged(heard: HeardAdvert, passed: set[tuple[IpAddress, int]]) -> HeardAdvert:
    arrived = heard.outgoing or (heard.advert.source, heard.advert.vrid) in passed
    return replace(heard, passed=arrived)


async def _capture(interface: str, seconds: float) -> list[HeardAdvert]:
    """Adverts that this host sends, or that are for it; those for others that a switch floods are none of its own."""
    loop = asyncio.get_running_loop()
    counted: Counter[tuple[Advert, str, bool]] = Counter()
    with _packet_socket(interface) as sock, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                frame, (_, _, kind, *_) = await loop.sock_recvfrom(sock, 2048)
                advert = advert_in(frame)
                if advert and kind != socket.PACKET_OTHERHOST:
                    counted[(advert, sender(frame), kind == socket.PACKET_OUTGOING)] += 1
    return [HeardAdvert(advert, interface, mac, out, count) for (advert, mac, out), count in counted.items()]


@contextlib.contextmanager
def _packet_socket(interface: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0) as sock:
        packet_filter.attach(sock, packet_filter.VRRP)
        sock.bind((interface, _ETH_P_ALL))
        yield sock


async def _ask_peers(spec: ResolvedSpec, seconds: float) -> Mapping[IpAddress, Answer]:
    pairs = {peer: router for router in spec.routers for peer in router.peers if not peer.is_loopback}
    answers = await asyncio.gather(*(_ask(peer, router, seconds) for peer, router in pairs.items()))
    return {peer: answer for peer, answer in zip(pairs, answers, strict=True) if answer}


async def _ask(peer: IpAddress, router: ResolvedRouter, seconds: float) -> Answer | None:
    """Whether a packet of protocol 112 gets there: the peer's kernel says so unless a program there takes it."""
    family, level, option = (
        (socket.AF_INET, socket.IPPROTO_IP, _IP_RECVERR)
        if peer.version == 4
        else (socket.AF_INET6, socket.IPPROTO_IPV6, _IPV6_RECVERR)
    )
    try:
        with socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, VRRP) as sock:
            sock.setsockopt(level, option, 1)
            if peer.version == 6:  # there it covers the addresses, and the kernel fills it in
                sock.setsockopt(level, _IPV6_CHECKSUM, CHECKSUM_AT)
            if router.source:
                sock.bind((str(router.source), 0))
            sock.connect((str(peer), 0))
            return await _reaction(sock, seconds)
    except PermissionError as error:
        return Answer.REFUSED_HERE if error.errno == errno.EPERM and _may_send() else None
    except OSError as error:
        return _meaning(error)


async def _reaction(sock: socket.socket, seconds: float) -> Answer:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, QUESTION)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:  # a peer's own adverts come here too, and are no answer
                await loop.sock_recv(sock, 2048)
    return Answer.SILENCE


def _meaning(error: OSError) -> Answer:
    if error.errno in _ARRIVED:
        return Answer.ARRIVED
    return Answer.UNREACHABLE if error.errno in _UNREACHABLE else Answer.REJECTED


def _may_send() -> bool:
    """Whether a raw socket can be had at all, so that a refusal was the firewall's."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP).close()
    except OSError:
        return False
    return True
