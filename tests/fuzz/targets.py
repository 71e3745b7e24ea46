"""What is fed with arbitrary bytes: everything that reads what another process, host or person wrote.

A target returns, or it fails; what the reader may raise is what its docstring says, and nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory

from buoy.history import parse
from float.advert import parse_advert, parse_ipv4_packet
from float.history import History
from float.notice import parse_line
from float.ownership import OwnershipRecord
from float.routers import Transition
from float.stats import DumpError, parse_dump
from shared.errors import SettingsError
from shared.link_protocol import MAX_LINE, ProtocolError, decode, encode
from shared.models import VirtualIp, VrrpState
from shared.settings import AnchorSettings, BuoySettings, FloatSettings, public_names
from shared.status_file import ANCHOR_FILE, FLOAT_FILE, read_anchor_status, read_float_status

_NAMES = sorted(public_names())
_FOLDER = TemporaryDirectory(prefix="fuzz-")
_NESTED = b"[" * 100_000
_TRANSITION = Transition("VI_1", 77, VrrpState.BACKUP, VrrpState.MASTER, "a", 0.0)


def link(data: bytes) -> None:
    """A line of the link; a message survives being sent on."""
    with contextlib.suppress(ProtocolError):
        message = decode(data[:MAX_LINE])
        if message is not None:
            assert decode(encode(message)) == message


def status(data: bytes) -> None:
    """The status files, as the buoy finds them."""
    for name, read in ((FLOAT_FILE, read_float_status), (ANCHOR_FILE, read_anchor_status)):
        _file(name).write_bytes(data)
        read(Path(_FOLDER.name))


def history(data: bytes) -> None:
    """The transitions of the past."""
    for event in parse(data.splitlines(), 100):
        event.model_dump_json()
    _file("history.jsonl").write_bytes(data)
    History(_file("history.jsonl"), node="a", limit=1).append(_TRANSITION)


def ownership(data: bytes) -> None:
    """The record of addresses, after a power cut in the middle of a write."""
    _file("owned.json").write_bytes(data)
    OwnershipRecord(_file("owned.json"), "boot")


def notice(data: bytes) -> None:
    """A line of keepalived's FIFO."""
    parse_line(data.decode(errors="replace"))


def dump(data: bytes) -> None:
    """keepalived's JSON."""
    with contextlib.suppress(DumpError):
        parse_dump(data.decode(errors="replace"))


def advert(data: bytes) -> None:
    """A packet of protocol 112."""
    parse_ipv4_packet(data)
    parse_advert(IPv6Address("fe80::1"), data)


def virtual_ip(data: bytes) -> None:
    """One virtual IP as a person writes it; what is accepted reads the same when written again."""
    with contextlib.suppress(ValueError):
        ip = VirtualIp.parse(data.decode(errors="replace"))
        assert VirtualIp.parse(str(ip)) == ip


def settings(data: bytes) -> None:
    """An environment: lines of a name (by number) and a value."""
    env = dict(_variable(line) for line in data.decode(errors="replace").split("\n")[:8])
    for part in (AnchorSettings, FloatSettings, BuoySettings):
        with contextlib.suppress(SettingsError):
            part.from_environment(env, read_file=lambda _: data.decode(errors="replace"))


def _variable(line: str) -> tuple[str, str]:
    return _NAMES[ord(line[0]) % len(_NAMES)] if line else "KEEPALIVED_", line[1:]


def _file(name: str) -> Path:
    return Path(_FOLDER.name) / name


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (link, status, history, ownership, notice, dump, advert, virtual_ip, settings)
}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "link": (
        b'{"type":"beat"}',
        b'{"type":"verdict","conditions":[{"name":"quorum","ok":false,"reason":"a"}]}',
        b'{"type":"goodbye","reason":"leave"}',
        b'{"type":"spec","spec":{"router_name":"a","hostname":"a","virtual_routers":'
        b'[{"name":"a","vrid":7,"priority":254,"demoted_priority":49,"virtual_ips":[{"address":"192.0.2.1","prefix":32}]}]}}',
    ),
    "history": (
        b'{"time":1700000000.5,"node":"a","router":"VI_1","vrid":77,"from":"BACKUP","to":"MASTER","reason":"a"}',
        b'{"time":1e400,"node":"a","router":"VI_1","vrid":77,"from":"BACKUP","to":"MASTER"}',
        _NESTED,
        b"\xff\n" * 3,
    ),
    "ownership": (b'{"boot_id":"boot","addresses":["192.0.2.1"]}', _NESTED),
    "status": (b"{}", _NESTED),
    "notice": (b'INSTANCE "VI_1" MASTER 254',),
    "dump": (
        b'[{"data":{"iname":"a","state":2,"effective_priority":9},"stats":{"advert_rcvd":1}}]',
        _NESTED,
    ),
    "advert": (bytes.fromhex("45c0002800010000ff700000c0000201c0000202") + bytes.fromhex("314dfe010064a1b2c0000264"),),
    "virtual_ip": (b"192.0.2.1/24@eth0", b"fd00::1/64/eth0", b"fe80::1%eth0"),
    "settings": (b"!192.0.2.1\n#eth0", b"%#PYTHON2BASH:['192.0.2.1']"),
}
"""What the fuzzer starts from, beside nothing."""
