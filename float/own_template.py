"""PURE: a keepalived.conf of the user's -> the virtual routers in it, and the same text with what we need added.

We add a notify FIFO and, to every virtual router, two track files; no line of the user's is touched but for three
things: `nopreempt` while we preempt once, a shell command of a `vrrp_script` (keepalived has run those without a shell
since 1.3), and what keepalived itself calls fatal, which is left out with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from pydantic import ValidationError

from float.conf_text import Block, Statement, UnbalancedError, parse
from float.host import HostAddress, HostView
from float.places import CANDIDATE
from float.resolve import ResolvedRouter, ResolvedSpec, UnresolvableError
from shared.models import FloatSpec, Peer, Transport, VirtualIp, VirtualRouter

SHELL = "/usr/bin/dash"
"""Its real path: keepalived refuses links, such as /bin/sh is one."""

FATAL = re.compile(r"^\(?(?:(?P<file>[^:()]*): )?Line (?P<line>[0-9]{1,9})\) \*\*\*", re.MULTILINE)
"""keepalived 2.3.3 ends at such a line, in the test as in earnest (measured), and names the file if there are more."""

HOPELESS = "Non-existent interface specified"
_SHELL_WORDS = re.compile(r"[|&;<>$`()*?]")


@dataclass(frozen=True)
class Own:
    """What the user's text holds for us."""

    routers: tuple[ResolvedRouter, ...]
    warnings: tuple[str, ...]


def read(text: str, spec: FloatSpec, host: HostView) -> Own:
    """The virtual routers that the text brings up on this host. Raises UnresolvableError where there is none."""
    try:
        root = parse(text)
    except UnbalancedError as error:
        raise UnresolvableError((f"{called(spec)}: {error}",)) from None
    routers: list[ResolvedRouter] = []
    warnings: list[str] = []
    for block in root.named("vrrp_instance"):
        try:
            routers.append(_router(block, spec, host))
        except ValueError as error:
            warnings.append(f"{called(spec)}: virtual router {' '.join(block.words[1:])!r} is not usable: {error}")
    if not routers:
        lines = warnings or [f"{called(spec)}: it has no vrrp_instance"]
        raise UnresolvableError(tuple(lines))
    return Own(tuple(routers), tuple(warnings))


def steer(text: str, routers: Collection[ResolvedRouter], folder: Path, *, preempting: Collection[str]) -> str:
    """The text with what we need of it. Raises UnresolvableError where both places for a notify FIFO are taken."""
    names = {router.router.name for router in routers}
    root, edits = parse(text), list[tuple[int, int, str]]()
    for block in root.named("vrrp_instance"):
        name = block.words[1] if len(block.words) > 1 else ""
        if name in names:
            edits += _steer_router(block, name, folder, preempt=name in preempting)
    for script in root.named("vrrp_script"):
        edits += [_through_a_shell(s) for s in script.statements if _needs_a_shell(s)]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return f"{text.rstrip()}\n{_globals(root, folder)}"


def fatal_line(complaints: tuple[str, ...], text: str) -> int | None:
    """The number of the text's line at which keepalived ends, by its own word; None where it includes that line."""
    match = next((match for complaint in complaints if (match := FATAL.search(complaint))), None)
    ours = match is not None and (match["file"] or CANDIDATE).endswith(CANDIDATE)
    number = int(match["line"]) if match and ours else 0
    return number if 1 <= number <= text.count("\n") + 1 else None


def is_fatal(complaint: str) -> bool:
    """Whether keepalived would not run with what it complains of."""
    return HOPELESS in complaint or FATAL.search(complaint.removeprefix("keepalived --config-test: ")) is not None


def without_line(text: str, number: int) -> str:
    """The text with that line, counted from 1, made a comment."""
    lines = text.split("\n")
    lines[number - 1] = f"# left out: {lines[number - 1].strip()}"
    return "\n".join(lines)


def adopt(resolved: ResolvedSpec, own: Own, text: str) -> ResolvedSpec:
    """The spec as it runs with the user's text: its virtual routers are those of the text."""
    return replace(resolved, routers=own.routers, own_text=text)


def _router(block: Block, spec: FloatSpec, host: HostView) -> ResolvedRouter:
    interface = _word(block, "interface")
    if interface not in host.interfaces:
        raise ValueError(f"its interface '{interface}' is not on this node")
    vips = tuple(_addresses(block, "virtual_ipaddress", interface))
    excluded = tuple(_addresses(block, "virtual_ipaddress_excluded", interface))
    if not vips:
        raise ValueError("it has no virtual IP that can be read")
    sample = spec.virtual_routers[0] if spec.virtual_routers else None
    peers, priority = tuple(_peers(block)), min(int(_number(block, "priority") or 100), 254)
    try:
        router = VirtualRouter(
            name=" ".join(block.words[1:]),
            vrid=int(_number(block, "virtual_router_id") or 0),
            priority=priority,
            demoted_priority=sample.demoted_priority if sample and sample.demotable else priority,
            virtual_ips=vips,
            excluded=excluded,
            advert_interval=float(_number(block, "advert_int", decimals=True) or 1),
            preempt=block.of("nopreempt") is None,
            peers=peers,
        )
    except ValidationError as error:
        raise ValueError("; ".join(f"{p['loc'][0]}: {p['msg']}" for p in error.errors())) from None
    transport = Transport.UNICAST if peers else Transport.MULTICAST
    source = next((a.address for a in host.addresses if _could_send(a, interface, vips[0])), None)
    return ResolvedRouter(router, interface, source, transport, vips[0], excluded, vips[1:])


def _could_send(own: HostAddress, interface: str, vip: VirtualIp) -> bool:
    return own.interface == interface and not own.marked and own.address.version == vip.address.version


def _word(block: Block, keyword: str) -> str:
    statement = block.of(keyword)
    return statement.value if statement else ""


def _number(block: Block, keyword: str, *, decimals: bool = False) -> str:
    """The keyword's number as it stands there; empty where it is not. Raises ValueError."""
    word = _word(block, keyword)
    if word and not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?" if decimals else r"[0-9]{1,9}", word):
        raise ValueError(f"its {keyword} is {word!a}, which is no number")
    return word


def _addresses(block: Block, keyword: str, interface: str) -> Iterator[VirtualIp]:
    for inner in block.named(keyword):
        for statement in inner.statements:
            words = statement.words
            device = words[words.index("dev") + 1] if "dev" in words[:-1] else interface
            yield VirtualIp.parse(f"{words[0]}@{device}")


def _peers(block: Block) -> Iterator[Peer]:
    for inner in block.named("unicast_peer"):
        for statement in inner.statements:
            yield Peer(address=ip_address(statement.words[0]))


def _steer_router(block: Block, name: str, folder: Path, *, preempt: bool) -> Iterator[tuple[int, int, str]]:
    """Edits as (from, to, new text): the track files before the block, their use and `nopreempt` inside."""
    files = "".join(
        f'track_file {kind}_{name} {{\n    file "{folder}/track/{kind}_{name}"\n    weight {weight}\n}}\n'
        for kind, weight in (("allowed", "0 reverse"), ("demoted", "-1"))
    )
    yield block.start, block.start, files
    yield block.opened, block.opened, f"\n    track_file {{\n        allowed_{name}\n        demoted_{name}\n    }}\n"
    if preempt:
        yield from ((s.start, s.end, "") for s in block.statements if s.words[0] == "nopreempt")


def _needs_a_shell(statement: Statement) -> bool:
    command = statement.value
    return statement.words[0] == "script" and bool(_SHELL_WORDS.search(command)) and "'" not in command


def _through_a_shell(statement: Statement) -> tuple[int, int, str]:
    return statement.start, statement.end, f"script \"{SHELL} -c '{statement.value}'\""


def _globals(root: Block, folder: Path) -> str:
    taken = {statement.words[0] for block in root.named("global_defs") for statement in block.statements}
    free = [keyword for keyword in ("vrrp_notify_fifo", "notify_fifo") if keyword not in taken]
    if not free:
        raise UnresolvableError(
            ("the template takes vrrp_notify_fifo and notify_fifo both; the float needs one to hear of transitions",)
        )
    return f"global_defs {{\n    {free[0]} {folder}/notify.fifo\n}}\n"


def called(spec: FloatSpec) -> str:
    """The template, as the user names it."""
    return f"KEEPALIVED_CONF_TEMPLATE='{spec.template.name}'" if spec.template else "keepalived.conf"
