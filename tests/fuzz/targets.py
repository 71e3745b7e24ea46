"""What is fed with arbitrary bytes: everything that reads what another process, host or person wrote.

A target returns, or it fails; what the reader may raise is what its docstring says, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory

from anchor import docker_json, roster, service_labels
from anchor.facts import LabelledService, Node
from anchor.memory import FILE, Memory
from buoy.history import parse
from float.advert import parse_advert, parse_ipv4_packet
from float.arguments import read_arguments
from float.history import History
from float.neighbour import claim_in, question
from float.notice import parse_line
from float.ownership import OwnershipRecord
from float.routers import Transition
from float.stats import DumpError, parse_dump
from shared.errors import SettingsError
from shared.link_protocol import MAX_LINE, ProtocolError, decode, encode
from shared.models import IpAddress, VirtualIp, VrrpState
from shared.settings import AnchorSettings, BuoySettings, FloatSettings, public_names
from shared.status_file import ANCHOR_FILE, FLOAT_FILE, read_anchor_status, read_float_status

_NAMES = sorted(public_names())
_FOLDER = TemporaryDirectory(prefix="fuzz-")
_SAMPLES = Path(__file__).with_name("samples")
_NESTED = b"[" * 100_000
_CONTAINER = (
    b'{"Id":"c1","Name":"/keepalived-float","Names":["/keepalived-float"],"Image":"sha256:1","ImageID":"sha256:1",'
    b'"State":{"Status":"running"},"Config":{"Image":"float:1","Labels":{"a":"b"},"Env":["KEEPALIVED_LINK_TOKEN=t"]},'
    b'"Mounts":[{"Type":"volume","Name":"link","Source":"/x","Destination":"/run/keepalived-link"}]}'
)
_NODE = (
    b'{"ID":"n1","CreatedAt":"2026-01-01T00:00:00.5Z","Spec":{"Role":"manager","Availability":"active","Labels":{}},'
    b'"Description":{"Hostname":"a"},"Status":{"State":"ready","Addr":"10.0.0.1"},'
    b'"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"[fd00::1]:2377"}}'
)
_DOCKER_READERS: tuple[Callable[[docker_json.Json], object], ...] = (
    *(docker_json.engine, docker_json.node, docker_json.service, docker_json.labelled_service),
    *(docker_json.local_task, docker_json.listed_container, docker_json.inspected_container, docker_json.event),
)
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


def command_line(data: bytes) -> None:
    """The words of a float that is told everything by them, as the kernel hands them over; empty ones included."""
    words = data.decode(errors="surrogateescape").split("\n")[:24]
    if any(word.startswith(("-h", "--h")) for word in words):
        return  # prints the help and ends the process
    with contextlib.suppress(SettingsError):
        FloatSettings.from_environment({}, arguments=read_arguments(words).arguments, read_file=lambda _: "x")


def labels(data: bytes) -> None:
    """A service's labels and a node's, as anybody who may talk to the Swarm can set them."""
    lines = [line.partition("=") for line in data.decode(errors="replace").split("\n")[:8]]
    given = {f"keepalived.{name}": value for name, _, value in lines}
    reading = service_labels.read(LabelledService("id", "web", "", given), vrrp_version=3, advert_interval=0.1)
    assert (reading.wish is None) is bool(reading.problems)
    roster.read_labels(Node("id", "a", "", manager=True, labels=given))


def frame(data: bytes) -> None:
    """An Ethernet frame of the segment; an address that is claimed can be asked for."""
    claim = claim_in(data)
    if claim is not None:
        assert claim_in(question(bytes(6), claim.address)) is None


def docker(data: bytes) -> None:
    """Docker's JSON, whatever it holds: read with the right types, or refused."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError):
        return
    for read in _DOCKER_READERS:
        _refused_or_typed(read, raw)


def memory(data: bytes) -> None:
    """What the anchor before this one left, after a power cut in the middle of a write or from another release."""
    _file(FILE).write_bytes(data)
    Memory(Path(_FOLDER.name)).value.model_dump_json()


def _refused_or_typed(read: Callable[[docker_json.Json], object], raw: docker_json.Json) -> None:
    """Anything but the right types would only give way later, far from here."""
    with contextlib.suppress(docker_json.UnreadableError):
        found = vars(read(raw))
        for name, value in found.items():
            if name in ("labels", "mounts"):
                assert all(isinstance(key, str) for key in value), name
            elif name == "security_options":
                assert all(isinstance(option, str) for option in value), name
            else:
                assert isinstance(value, str | bool | IpAddress | None), name
        hash(found.get("id"))
        assert all(isinstance(text, str) for text in found.get("labels", {}).values())


def _variable(line: str) -> tuple[str, str]:
    return _NAMES[ord(line[0]) % len(_NAMES)] if line else "KEEPALIVED_", line[1:]


def _file(name: str) -> Path:
    return Path(_FOLDER.name) / name


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        *(link, status, history, ownership, notice, dump, advert, virtual_ip, settings),
        *(command_line, labels, frame, docker, memory),
    )
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
        (_SAMPLES / "keepalived-2.2.7.json").read_bytes(),
        b'[{"data":{"iname":"a","state":2,"effective_priority":9},"stats":{"advert_rcvd":1}}]',
        _NESTED,
    ),
    "advert": (bytes.fromhex("45c0002800010000ff700000c0000201c0000202") + bytes.fromhex("314dfe010064a1b2c0000264"),),
    "virtual_ip": (b"192.0.2.1/24@eth0", b"fd00::1/64/eth0", b"fe80::1%eth0"),
    "command_line": (
        b"--auth-pass\npass\n--vrid\n52\neth0\n101\n192.0.2.1/24/eth0\n192.0.2.2/24/eth0",
        b"-n\na\n-m\n-x\nfd00::1/64/eth0\n-i\n3\n-r\n1\n-f\n1\n-o\ncheck\n-e\nhttp://a/\neth0\n1\n192.0.2.1/24/eth0",
    ),
    "labels": (
        b"vip=192.0.2.1/24@eth0, fd00::1\nvrid=9\ntrack=local\npreempt=true\nadvert-interval=0.5",
        b"priority=200\ninterface=eth0\naddress=192.0.2.9",
    ),
    "frame": (
        bytes.fromhex("ffffffffffff020000000001080600010800060400010200000000010a000001000000000000" + "0a000002"),
        question(bytes(6), IPv6Address("fd00::1")),
        bytes.fromhex("333300000001" + "020000000001" + "86dd" + "6000000000183aff" + "00" * 32 + "88000000e0000000")
        + IPv6Address("fd00::2").packed,
    ),
    "docker": (
        _CONTAINER,
        _NODE,
        b'{"Name":"a","LoggingDriver":"json-file","SecurityOptions":["name=seccomp"],"Swarm":{"NodeID":"n1",'
        b'"NodeAddr":"10.0.0.1","LocalNodeState":"active","ControlAvailable":true}}',
        b'{"ID":"s1","CreatedAt":"2026-01-01T00:00:00Z","Spec":{"Name":"web","Labels":{"keepalived.vip":"10.0.0.9"},'
        b'"EndpointSpec":{"Ports":[{"PublishMode":"host"}]}},"UpdateStatus":{"State":"updating"}}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"signal":"15"}}}',
        b'{"Id":"c1","Names":["/a"],"Image":"a","ImageID":"b","State":"running",'
        b'"Status":"Up 5 s (healthy)","Labels":{}}',
    ),
    "memory": (
        b'{"service":"","wire":"3","settled_container":"c","unshielded":true,"managers":[{"id":"n","hostname":"a",'
        b'"created_at":"2026","manager":true,"status_address":"10.0.0.1","labels":{}}]}',
        _NESTED,
    ),
    "settings": (b"!192.0.2.1\n#eth0", b"%#PYTHON2BASH:['192.0.2.1']"),
}
"""What the fuzzer starts from, beside nothing."""
