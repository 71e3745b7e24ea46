"""What is fed with arbitrary bytes: readers of what another process, host or person wrote.

A target returns, or it fails; what the reader may raise is what its docstring says, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory

from anchor import docker_json, node_labels, service_labels
from anchor.facts import LabelledService, Node
from anchor.json_fields import Json, UnreadableError
from anchor.memory import FILE, Memory
from buoy.api import NodeAnswer
from buoy.cluster_api import EventsAnswer
from buoy.cluster_view import NodeReport, cluster_answer, with_peers
from buoy.findings import findings
from buoy.history import merge, parse
from float import own_template as own
from float.advert import parse_advert, parse_ipv4_packet
from float.arguments import read_arguments
from float.history import History
from float.host import HostAddress, HostView
from float.listeners import read_rules, read_sockets
from float.neighbour import claim_in, question
from float.notice import parse_line
from float.ownership import OwnershipRecord
from float.resolve import UnresolvableError
from float.routers import Transition
from float.stats import DumpError, parse_dump
from float.swarm_ports import listening
from shared.errors import SettingsError
from shared.link_protocol import MAX_LINE, ProtocolError, decode, encode
from shared.models import FloatSpec, IpAddress, VirtualIp, VrrpState
from shared.settings import AnchorSettings, BuoySettings, FloatSettings, public_names
from shared.status_file import ANCHOR_FILE, FLOAT_FILE, read_anchor_status, read_float_status
from tests.fuzz.seeds import TRANSITION

_NAMES = sorted(public_names())
_FOLDER = TemporaryDirectory(prefix="fuzz-")
_DOCKER_READERS: tuple[Callable[[Json], object], ...] = (
    *(docker_json.engine, docker_json.node, docker_json.service, docker_json.labelled_service),
    *(docker_json.local_task, docker_json.listed_container, docker_json.inspected_container, docker_json.event),
)
_HOST = HostView(("lo", "eth0"), (HostAddress("eth0", 2, IPv4Address("192.0.2.3"), 24),))
_SPEC = FloatSpec(router_name="a", hostname="a", virtual_routers=())
_OWN_HISTORY = parse([TRANSITION], 1)
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
    node_labels.read(Node("id", "a", "", manager=True, labels=given))


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


def own_template(data: bytes) -> None:
    """A keepalived.conf of the user's: with what is added to it, it still brings the same virtual routers up."""
    text = data.decode(errors="replace")
    with contextlib.suppress(UnresolvableError):
        routers = own.read(text, _SPEC, _HOST).routers
        steered = own.steer(text, routers, Path("/run/keepalived"), preempting=())
        assert own.read(steered, _SPEC, _HOST).routers == routers
        assert all(f"track_file demoted_{each.router.name} " in steered for each in routers)


def complaint(data: bytes) -> None:
    """What keepalived says of a configuration; a line that it names can be left out."""
    text = data.decode(errors="replace")
    own.is_fatal(text)
    line = own.fatal_line((text,), text)
    if line is not None:
        own.without_line(text, line)


def sockets(data: bytes) -> None:
    """The kernel's lists of sockets: what is no list of the kernel's is refused, and never a reason to leave."""
    rows = data.decode(errors="replace").splitlines()
    with contextlib.suppress(ValueError):
        for listener in read_sockets(rows):
            listener.takes(80, None)
    _file("tcp").write_bytes(data)
    listening([_file("tcp")])


def rules(data: bytes) -> None:
    """The NAT rules, as iptables-save writes them."""
    with contextlib.suppress(ValueError):
        for listener in read_rules(data.decode(errors="replace").splitlines(), IPv4Address(0)):
            listener.takes(80, None)


def neighbour(data: bytes) -> None:
    """The word of another buoy, whoever answers there; the view of all nodes can be made of it."""
    try:
        answer = NodeAnswer.model_validate_json(data)
    except ValueError:
        return
    reports = with_peers([NodeReport.of(answer, 1.0, None), NodeReport("a", error="a")])
    cluster_answer("a", reports, findings(reports)).encode()


def neighbour_history(data: bytes) -> None:
    """The transitions that another buoy tells; they can be put among this node's own."""
    try:
        events = EventsAnswer.model_validate_json(data).events
    except ValueError:
        return
    for event in merge((_OWN_HISTORY, tuple(reversed(events))), 100):
        assert not event.id.split()[1:]
        event.encode()


def _refused_or_typed(read: Callable[[Json], object], raw: Json) -> None:
    """Anything but the right types would only give way later, far from here."""
    with contextlib.suppress(UnreadableError):
        found = vars(read(raw))
        for name, value in found.items():
            if name in ("labels", "mounts"):
                assert all(isinstance(key, str) for key in value), name
            elif name == "security_options":
                assert all(isinstance(option, str) for option in value), name
            else:
                assert isinstance(value, str | bool | int | IpAddress | None), name
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
        *(command_line, labels, frame, docker, memory, own_template, complaint, sockets, rules),
        *(neighbour, neighbour_history),
    )
}
