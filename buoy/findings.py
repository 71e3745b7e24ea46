"""What is wrong with the nodes, or between them, beside who is MASTER. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from buoy.api import ForeignRouter, NodeAnswer, Router
from buoy.cluster_api import Finding, Severity
from buoy.cluster_view import MASTER, NodeReport
from buoy.health import RUNNING
from buoy.texts import listed


def findings(reports: Sequence[NodeReport]) -> tuple[Finding, ...]:
    """Every finding, as sentences; an empty tuple when the nodes agree and nothing stands against any."""
    answers = {report.hostname: report.answer for report in reports if report.reachable and report.answer}
    return (
        *_silent(reports),
        *(finding for name, answer in answers.items() for finding in _of_a_node(name, answer)),
        *_versions(answers),
        *(finding for vrid in _vrids(reports) for finding in _between(vrid, reports)),
    )


def _warning(kind: str, text: str, *, node: str | None = None, vrid: int | None = None) -> Finding:
    return Finding(kind=kind, severity=Severity.WARNING, text=text, node=node, vrid=vrid)


def _silent(reports: Sequence[NodeReport]) -> Iterator[Finding]:
    for report in reports:
        if not report.reachable:
            yield _warning("unreachable", f"{report.hostname} does not answer: {report.error}", node=report.hostname)


def _of_a_node(name: str, answer: NodeAnswer) -> Iterator[Finding]:
    if not answer.known:
        yield _warning("stale", f"{name}: {'; '.join(answer.problems)}", node=name)
        return
    if answer.keepalived != RUNNING:
        yield _warning("keepalived", f"{name}: keepalived is {answer.keepalived}", node=name)
    yield from _conditions(name, answer)
    for router in answer.virtual_routers:
        yield from _of_a_router(name, router)
    if answer.refused_reason:
        text = "; ".join(answer.refused_reason.splitlines())
        yield _warning("refused", f"{name} refused the newest spec and runs the one before: {text}", node=name)
    if answer.flood:
        yield _warning("flood", f"{name}: {answer.flood}", node=name)
    for text in answer.anchor.warnings if answer.anchor else ():
        yield _warning("anchor", f"{name}: {text}", node=name)


def _conditions(name: str, answer: NodeAnswer) -> Iterator[Finding]:
    if answer.link and answer.link.grace:
        yield _warning("link", f"{name}: its anchor is being replaced", node=name)
    elif answer.link and not answer.link.up:
        yield _warning("link", _because(f"{name}: the link to its anchor is down", answer.link.reason), node=name)
    for condition in answer.conditions:
        if not condition.ok and condition.name != "link":
            effect = "is demoted" if condition.strength == "prefer" else "may not be MASTER"
            text = _because(f"{name} {effect}, since {condition.name} fails", condition.reason)
            yield _warning("condition", text, node=name)


def _because(what: str, why: str) -> str:
    return f"{what} ({why})" if why else what


def _of_a_router(name: str, router: Router) -> Iterator[Finding]:
    who, master = f"{router.name} (VRID {router.vrid})", router.state == MASTER
    wrong = [vip.address for vip in router.virtual_ips if vip.present is not master]
    if wrong and master:
        text = f"{name} is MASTER of {who}, but lacks {listed(wrong)}"
        yield Finding(kind="vip-missing", severity=Severity.ERROR, text=text, node=name, vrid=router.vrid)
    elif wrong:
        text = f"{name} has {listed(wrong)}, but is {router.state} of {who}"
        yield Finding(kind="vip-astray", severity=Severity.ERROR, text=text, node=name, vrid=router.vrid)
    if not router.expected or (router.state == "FAULT" and router.allowed):
        text = _because(f"{name} is in {router.state} for {who}", router.reason)
        yield _warning("fault", text, node=name, vrid=router.vrid)
    for foreign in router.foreign_routers:
        yield _warning("foreign-router", _heard(name, foreign, router, who), node=name, vrid=router.vrid)
    for claim in router.foreign_claims:
        text = f"{claim.mac}, which is none of the nodes, claims {claim.virtual_ip} on {claim.interface} of {name}"
        yield _warning("foreign-claim", text, node=name, vrid=router.vrid)


def _heard(name: str, foreign: ForeignRouter, router: Router, who: str) -> str:
    source, version = foreign.address, foreign.version
    if not foreign.peer:
        advert = f"VRRPv{version}, priority {foreign.priority}"
        return f"{name} hears adverts of a foreign router at {source} ({advert}) for {who}"
    if version != router.version:
        return f"{name} hears VRRPv{version} from its peer {source}, and speaks VRRPv{router.version} itself, for {who}"
    return f"{name} hears adverts that came through a router, or are forged, from its peer {source} for {who}"


def _versions(answers: Mapping[str, NodeAnswer]) -> Iterator[Finding]:
    floats = {name: answer.float_version for name, answer in answers.items() if answer.float_version}
    keepaliveds = {name: answer.keepalived_version for name, answer in answers.items() if answer.keepalived_version}
    for part, told in (("the float", floats), ("keepalived", keepaliveds)):
        if len(set(told.values())) > 1:
            yield _warning("versions", f"The nodes run different releases of {part}: {_each(told)}")


def _each(told: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _vrids(reports: Sequence[NodeReport]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(vrid for report in reports for vrid in report.routers))


def _between(vrid: int, reports: Sequence[NodeReport]) -> Iterator[Finding]:
    told = {report.hostname: report.routers[vrid] for report in reports if vrid in report.routers}
    who = f"{next(iter(told.values())).name} (VRID {vrid})"
    yield from _absent(who, vrid, reports)
    lists = {name: listed(sorted(vip.address for vip in router.virtual_ips)) for name, router in told.items()}
    if len(set(lists.values())) > 1:
        yield _warning("vip-lists", f"The nodes disagree on the virtual IPs of {who}: {_each(lists)}", vrid=vrid)
    yield from _priorities(who, vrid, told)


def _absent(who: str, vrid: int, reports: Sequence[NodeReport]) -> Iterator[Finding]:
    for report in reports:
        if report.answer and report.reachable and report.answer.known and vrid not in report.routers:
            yield _warning("absent", f"{report.hostname} does not run {who}", node=report.hostname, vrid=vrid)


def _priorities(who: str, vrid: int, told: Mapping[str, Router]) -> Iterator[Finding]:
    base = {name: router.priority.base for name, router in told.items()}
    for priority in sorted({value for value in base.values() if list(base.values()).count(value) > 1}):
        same = listed([name for name, value in base.items() if value == priority])
        yield _warning("priorities", f"{same} have the same priority {priority} for {who}", vrid=vrid)
    for name, router in told.items():
        for peer in router.peers:
            if peer.priority is not None and base.get(peer.hostname, peer.priority) != peer.priority:
                says = f"it says {base[peer.hostname]}"
                text = f"{name} expects priority {peer.priority} of {peer.hostname} for {who}, {says}"
                yield _warning("priorities", text, node=name, vrid=vrid)
