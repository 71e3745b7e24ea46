"""One examination: evidence gathered from the doors, findings from the deciders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from float.addresses import Addresses
from float.doctor import host_checks, host_evidence, wire, wire_checks
from float.doctor.aim import Aim
from float.doctor.evidence import Evidence, WireEvidence
from float.doctor.finding import Check, Finding, fine, in_order, unknown
from float.host import HostView
from float.keepalived import Keepalived

_NEED_SETTINGS = frozenset(Check) - {
    Check.SETTINGS,
    Check.CAPABILITIES,
    Check.KEEPALIVED,
    Check.CONFINEMENT,
    Check.NETWORK_MANAGER,
    Check.DUPLICATE,
}


async def examine(aim: Aim, network: HostView, keepalived: str) -> tuple[Finding, ...]:
    """Everything. `keepalived` is what `keepalived --version` printed. Changes nothing on this host."""
    host = host_evidence.gather(keepalived, network.interfaces)
    evidence = Evidence(host, network, await _wire(aim, network))
    return in_order(
        (
            fine(Check.SETTINGS, f"{'the spec that runs' if aim.running else 'the settings'}: {_told(aim)}"),
            *host_checks.of_container(host),
            *host_checks.of_virtual_ips(evidence, aim),
            *wire_checks.findings(evidence, aim),
        )
    )


def cut_short(complaints: Iterable[Finding], network: HostView, keepalived: str) -> tuple[Finding, ...]:
    """What can be said of the host although it is not known, or cannot be, what is to run on it."""
    made, host = tuple(complaints), host_evidence.gather(keepalived, network.interfaces)
    told = {finding.check for finding in made}
    return in_order(
        (
            *made,
            *host_checks.of_container(host),
            *host_checks.duplicate(host),
            *(unknown(check, "the complaint above has to be mended first") for check in _NEED_SETTINGS - told),
        )
    )


async def look_at_network() -> HostView:
    """Interfaces and addresses now. Raises OSError."""
    addresses = Addresses()
    try:
        return replace(await addresses.view(), gateways=await addresses.gateways())
    finally:
        await addresses.close()


async def about(keepalived: Keepalived) -> str:
    """What `keepalived --version` prints; empty where it does not run."""
    try:
        return await keepalived.about()
    except OSError:
        return ""


async def _wire(aim: Aim, network: HostView) -> WireEvidence:
    if aim.problems(network):
        return WireEvidence(0.0, None)
    resolved = aim.resolved(network)
    asked = [(vip.device or router.interface, vip.address) for router in resolved.routers for vip in router.addresses]
    return await wire.look(resolved, asked)


def _told(aim: Aim) -> str:
    routers = aim.spec.virtual_routers
    listed = [f"VRID {r.vrid} for {', '.join(str(v.address) for v in r.addresses)}" for r in routers]
    return f"{'; '.join(listed)} by VRRPv{aim.spec.vrrp_version}, {aim.spec.transport.value}"
