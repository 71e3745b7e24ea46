"""Text into values: one small pure function for each kind of setting.

Every parser is given printable ASCII and raises ValueError with the rule that the text breaks. What it returns holds
no character that could end a word, a line or a block of keepalived.conf.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from shared.dialects import split_list

Item = TypeVar("Item")
Choice = TypeVar("Choice", bound=enum.StrEnum)

MOST_ITEMS = 255
"""Of any list: as many as a segment has VRIDs, or an advert has room for addresses."""

_LONGEST_ITEM = 80
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number in plain digits, both ends included."""

    def parse(text: str) -> int:
        if re.fullmatch(r"0|[1-9][0-9]{0,8}", text) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"must be a whole number from {least} to {most}")

    return parse


def seconds(least: str, most: str, *, above: bool = False) -> Callable[[str], float]:
    """A time in seconds; `above` leaves the lower end out. The bounds are decimal text, so that they are exact."""
    start = f"more than {least} and at most" if above else f"from {least} to"
    rule = f"must be seconds, {start} {most}"

    def parse(text: str) -> float:
        value = _decimal(text)
        if value is None or not Decimal(least) <= value <= Decimal(most) or (above and value == Decimal(least)):
            raise ValueError(rule)
        return float(value)

    return parse


ADVERT_RULE = "must be seconds, from 0.01 to 40.95 in steps of 0.01; with VRRPv2 whole seconds from 1 to 255"


def advert_interval(text: str) -> float:
    """Seconds between adverts, as one of the two VRRP versions can say them; which one is known only later."""
    value = _decimal(text)
    if value is None or not any(fits_version(version, value) for version in (2, 3)):
        raise ValueError(ADVERT_RULE)
    return float(value)


def fits_version(version: int, interval: Decimal) -> bool:
    """Whether adverts of that VRRP version can carry the interval (RFC 3768, 5.3.7; RFC 9568, 5.2.7)."""
    most, step = ("255", "1") if version == 2 else ("40.95", "0.01")
    return Decimal(step) <= interval <= Decimal(most) and interval % Decimal(step) == 0


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) else None


def truth(text: str) -> bool:
    """`true` or `false`, as Docker, Compose and people write them."""
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("must be true or false")


def one_of(kind: type[Choice]) -> Callable[[str], Choice]:
    """A member of the enumeration, in upper or lower case."""
    members = {member.value.lower(): member for member in kind}

    def parse(text: str) -> Choice:
        if text.lower() in members:
            return members[text.lower()]
        raise ValueError(f"must be one of {', '.join(member.value for member in kind)}")

    return parse


def matching(pattern: str, rule: str) -> Callable[[str], str]:
    """Text that the pattern matches as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        raise ValueError(rule)

    return parse


hostname = matching(
    r"(?=.{1,64}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
    "must be a host name: 1 to 64 letters, digits, '.', '-', '_', with a letter or digit at both ends",
)
container_name = matching(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{1,62}",
    "must be a container name: 2 to 63 letters, digits, '_', '.', '-', the first a letter or digit",
)
service_name = matching(
    r"(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?",
    "must be the name of a Swarm service: 1 to 63 letters, digits, '-', '_'",
)
identifier = matching(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "must be an identifier of Docker's, as its templates give it"
)
password = matching(
    r"(?!.*\$_)[\x24-\x26\x28-\x5b\x5d-\x7a\x7c\x7e]{1,8}",
    "must be 1 to 8 printable ASCII characters (VRRPv2 carries no more) without spaces, quotes, braces, \\ # ! $_",
)
token = matching(r"[A-Za-z0-9_-]{1,128}", "must be letters, digits, '-' and '_', at most 128")
image = matching(
    r"(?=.{1,255}\Z)"
    r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/)?"
    r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    "must be an image reference like registry.example:5000/team/keepalived-float:1.0",
)


def file_path(text: str) -> Path:
    """An absolute path without characters that mean something to keepalived.conf or a shell."""
    if len(text) <= 1024 and re.fullmatch(r"(/[A-Za-z0-9_.,:@%+=~-]+)+", text):
        return Path(text)
    raise ValueError("must be an absolute path of letters, digits and _ . , : @ % + = ~ - (no spaces, no arguments)")


@dataclasses.dataclass(frozen=True)
class ScriptFile:
    """A script of the user's: where it is, and who runs it (`USER` or `USER:GROUP`; None is root)."""

    path: Path
    user: str | None = None


_LARGEST_ID = 2**32 - 2
"""Of a user or a group; the number above it means "no change" (setresuid(2))."""


def script(text: str) -> ScriptFile:
    """`/PATH`, or `USER:/PATH` and `USER:GROUP:/PATH` for a script that needs no root."""
    match = re.fullmatch(r"(?:([A-Za-z0-9_][A-Za-z0-9_-]{0,31}(?::[A-Za-z0-9_][A-Za-z0-9_-]{0,31})?):)?(/.*)", text)
    user = match[1] if match else None
    if any(part.isdigit() and int(part) > _LARGEST_ID for part in (user or "").split(":")):
        raise ValueError(f"must name user and group, or give their numbers up to {_LARGEST_ID}")
    return ScriptFile(file_path(match[2] if match else text), user)


def arguments(text: str) -> tuple[str, ...]:
    """Command line arguments, split at spaces; nothing is quoted, since no shell ever sees them."""
    words = tuple(text.split())
    if text.startswith("-") and all(re.fullmatch(r"[A-Za-z0-9_.,:@%+=~/-]{1,255}", word) for word in words):
        return words
    raise ValueError("must be flags like --log-detail --dump-conf, without quotes or other special characters")


def check_url(text: str) -> str:
    """A URL over HTTP or HTTPS."""
    rule = "must be a URL like http://127.0.0.1:8080/health, without user and password, special characters as %XX"
    _split_url(text, ("http", "https"), rule)
    return text


def docker_host(text: str) -> str:
    """Where Docker listens: a Unix socket, or a socket proxy over TCP."""
    rule = "must be unix:///PATH, tcp://HOST:PORT, http://HOST:PORT or https://HOST:PORT"
    if text.startswith("unix://"):
        try:
            return f"unix://{file_path(text.removeprefix('unix://'))}"
        except ValueError:
            raise ValueError(rule) from None
    if not _split_url(text, ("tcp", "http", "https"), rule):
        raise ValueError(rule)
    return text


def _split_url(text: str, schemes: tuple[str, ...], rule: str) -> int | None:
    """The URL's port. Raises ValueError with the rule unless it is plain, has a known scheme, a host and no user."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(rule) from None
    plain = len(text) <= 2048 and re.fullmatch(r"[A-Za-z0-9_.,:;@%&?=+~/\[\]*()-]+", text)
    host = re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", parts.hostname or "")
    if not plain or not host or parts.scheme not in schemes or "@" in parts.netloc:
        raise ValueError(rule)
    return port


def listed(parse: Callable[[str], Item]) -> Callable[[str], tuple[Item, ...]]:
    """A list of different things; every spelling that `dialects` knows."""

    def parse_all(text: str) -> tuple[Item, ...]:
        words = split_list(text)
        if len(words) > MOST_ITEMS:
            raise ValueError(f"has {len(words)} entries; at most {MOST_ITEMS} are possible")
        if any(len(word) > _LONGEST_ITEM for word in words):
            raise ValueError(f"has an entry of more than {_LONGEST_ITEM} characters")
        items = tuple(parse(word) for word in words)
        twice = next((item for place, item in enumerate(items) if item in items[:place]), None)
        if twice is not None:
            raise ValueError(f"names {twice} twice")
        return items

    return parse_all
