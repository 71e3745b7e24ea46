"""PURE: what a socket is to hear, as programs for the kernel's classic packet filter (networking/filter.rst).

A check that fails jumps to the end, where the program says what becomes of such a packet; a load from beyond the end of
the packet drops it in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.models import IpAddress

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""

_LOAD_WORD, _LOAD_BYTE, _LOAD_LENGTH = 0x20, 0x30, 0x80
_LOAD_PAYLOAD_BYTE = 0x50
_IPV4_PAYLOAD, _PAYLOAD_IS_ALL = (0xB1, 0, 0, 0), (0x01, 0, 0, 0)
_LOW_HALF = (0x54, 0, 0, 0x0F)
_IF_EQUAL, _IF_AT_LEAST, _JUMP, _RETURN = 0x15, 0x35, 0x05, 0x06
_WHOLE, _NOTHING = 0x40000, 0
_IPV6_HEADER = 0xFFF00000
"""SKF_NET_OFF: a raw IPv6 socket's packets begin behind the header."""

_ADVERTISEMENT = 1
_MOST_SOURCES = 250
"""Kernels take 4,096 instructions; an IPv6 address needs nine."""

_MOST_CLAIMED = {4: 1500, 6: 400}
"""Beyond that, claims of all addresses are let through."""

_ARP_SENDER_AT = 14 + 14
_IPV6_NEXT_HEADER_AT, _ICMPV6_TYPE_AT, _ICMPV6_TARGET_AT = 14 + 6, 14 + 40, 14 + 40 + 8


@dataclass(frozen=True)
class Members:
    """Whose adverts keepalived may act on. What is unset is not looked at."""

    vrids: frozenset[int] = frozenset()
    sources: frozenset[IpAddress] | None = None
    """The unicast peers."""

    version: int | None = None
    """Of IPv4 adverts; IPv6 knows version 3 alone."""

    direct: bool = True
    """Only with a TTL of 255, which no router lets through (RFC 9568, section 5.1.1.3)."""


def adverts_of(members: Members, family: int) -> tuple[Instruction, ...]:
    """For a raw socket of protocol 112, IP version 4 or 6: the members' adverts, and nothing else."""
    return tuple(_program(_member_checks(members, family), passed=_WHOLE, failed=_NOTHING))


def all_but_adverts_of(members: Members, family: int) -> tuple[Instruction, ...]:
    """The same turned round: everything of protocol 112 that is no member's advert."""
    return tuple(_program(_member_checks(members, family), passed=_NOTHING, failed=_WHOLE))


def arp_claims(addresses: Iterable[IpAddress]) -> tuple[Instruction, ...]:
    """For a packet socket of ARP frames: those that come from one of these IPv4 addresses."""
    wanted = [int(address) for address in addresses]
    checks = [[(_LOAD_WORD, 0, 0, _ARP_SENDER_AT), *_any_of(wanted)]] if len(wanted) <= _MOST_CLAIMED[4] else []
    return tuple(_program(checks, passed=_WHOLE, failed=_NOTHING))


def neighbour_claims(addresses: Iterable[IpAddress]) -> tuple[Instruction, ...]:
    """For a packet socket of IPv6 frames: neighbour advertisements for one of these addresses."""
    checks: list[Check] = [
        [(_LOAD_BYTE, 0, 0, _IPV6_NEXT_HEADER_AT), *_any_of([58])],
        [(_LOAD_BYTE, 0, 0, _ICMPV6_TYPE_AT), *_any_of([136])],
    ]
    wanted = tuple(addresses)
    if len(wanted) <= _MOST_CLAIMED[6]:
        checks.append(_any_address(wanted, _ICMPV6_TARGET_AT))
    return tuple(_program(checks, passed=_WHOLE, failed=_NOTHING))


Check = Sequence[Instruction]
"""One that fails goes on with the instruction behind it, which jumps out; one that passes leaves that one out."""


def _member_checks(members: Members, family: int) -> list[Check]:
    version = 3 if family == 6 and members.version else members.version
    kind = [_ADVERTISEMENT] if version is None else [version << 4 | _ADVERTISEMENT]
    header, ttl, source = (0, 8, 12) if family == 4 else (_IPV6_HEADER, 7, 8)
    checks: list[Check] = [
        [(_LOAD_LENGTH, 0, 0, 0), (_IF_AT_LEAST, 1, 0, 28 if family == 4 else 8)],
        [_IPV4_PAYLOAD if family == 4 else _PAYLOAD_IS_ALL, (_LOAD_PAYLOAD_BYTE, 0, 0, 1), *_any_of(members.vrids)],
        [(_LOAD_PAYLOAD_BYTE, 0, 0, 0), *([_LOW_HALF] if version is None else []), *_any_of(kind)],
    ]
    if members.direct:
        checks.append([(_LOAD_BYTE, 0, 0, header + ttl), *_any_of([255])])
    sources = members.sources
    if sources is not None and len(sources) <= _MOST_SOURCES:
        checks.append(_any_address(tuple(a for a in sources if a.version == family), header + source))
    return checks


def _program(checks: Sequence[Check], *, passed: int, failed: int) -> Iterable[Instruction]:
    """The checks, each with its way out, and both ends."""
    rest = sum(len(check) + 1 for check in checks)
    for check in checks:
        rest -= len(check) + 1
        yield from check
        yield (_JUMP, 0, 0, rest + 1)
    yield (_RETURN, 0, 0, passed)
    yield (_RETURN, 0, 0, failed)


def _any_of(values: Iterable[int]) -> Check:
    """Whether what was loaded is one of these."""
    wanted = sorted(values)
    found: list[Instruction] = []
    for at, value in enumerate(wanted):
        found += [(_IF_EQUAL, 0, 1, value), (_JUMP, 0, 0, 2 * (len(wanted) - at - 1) + 1)]
    return found


def _any_address(addresses: Sequence[IpAddress], at: int) -> Check:
    """Whether one of these stands at that place of the packet."""
    found: list[Instruction] = []
    for done, address in enumerate(addresses, start=1):
        words = [int.from_bytes(address.packed[i : i + 4]) for i in range(0, len(address.packed), 4)]
        size = 2 * len(words) + 1
        for number, word in enumerate(words):
            left = size - 2 * number - 2
            found += [(_LOAD_WORD, 0, 0, at + 4 * number), (_IF_EQUAL, 0, left, word)]
        found.append((_JUMP, 0, 0, size * (len(addresses) - done) + 1))
    return found
