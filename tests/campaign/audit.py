"""The audit of a round: kernels, containers and the wire are read, then the pure checks say what is wrong."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.campaign import addresses, expect, leaks, parts, roster, updates, wire
from tests.campaign.choice import Kind
from tests.campaign.leaks import Census, Usage
from tests.lab import socket_proxy
from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.segment import BRIDGE, NIC
from tests.lab.shell import LabError, run
from tests.swarm import audit as swarm_audit

VRID = 77
WIRE_SPAN = 1.0
"""Seconds of the wire that an audit looks at: ten adverts at the default interval."""


class FailedAuditError(Exception):
    """Something is not as it should be, and stayed so; the sentences say what."""

    def __init__(self, when: str, sentences: list[str]) -> None:
        super().__init__(f"{when}: " + "; ".join(sentences))
        self.sentences = sentences


def until_none(look: Callable[[], list[str]], *, within: float, calm: float, when: str) -> float:
    """Seconds until `look` began to find nothing, for `calm` seconds without a break; FailedAuditError else.

    An engine that does not answer the look in time is a finding like others.
    """
    began = time.monotonic()
    calm_since: float | None = None
    while calm_since is None or time.monotonic() - calm_since < calm:
        try:
            found = look()
        except LabError as error:
            found = [str(error)]
        now = time.monotonic()
        calm_since = None if found else (calm_since or now)
        if found and now - began > within:
            raise FailedAuditError(f"{when}, after {within:g} s", found)
        time.sleep(0.05)
    return calm_since - began


class Auditor:
    """Knows what the whole Swarm looked like when nothing had happened to it yet."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._census: dict[str, Census] = {}
        self._usage: dict[str, dict[str, Usage]] = {}
        self._namespaces: dict[str, Counter[str]] = {}

    def take_baseline(self) -> None:
        """Remembers how many processes there are, and what they take."""
        for host in self._lab.hosts.values():
            found = parts.processes(host)
            self._census[host.name] = parts.census(found)
            self._usage[host.name] = _usage(found)
            self._namespaces[host.name] = parts.namespaces(host)

    def usage(self) -> dict[str, Usage]:
        """By part, the most that it takes on any host now."""
        seen = [_usage(parts.processes(host)) for host in self._lab.hosts_on()]
        return {
            part: Usage(max(u[part].memory for u in seen if part in u), max(u[part].files for u in seen if part in u))
            for part in {name for usage in seen for name in usage}
        }

    def during(self, faults: Mapping[str, set[Kind]]) -> list[str]:
        """What is wrong while the faults last: holders on every side of every cut."""
        holders, ports = self._lab.holders(), self._lab.segment.ports()
        views = []
        for host in self._lab.hosts.values():
            cable, with_clients = ports.get(host.name, (False, True))
            views.append(
                expect.HostView(
                    host.name,
                    on=host.is_on,
                    cable=cable,
                    island=not with_clients,
                    faults=frozenset(faults.get(host.name, ())),
                    holds=host.name in holders,
                )
            )
        return expect.troubles(views)

    def whole(self, capture: Path) -> list[str]:
        """What is wrong with a Swarm that has everything back; dear looks only after cheap ones."""
        return swarm_audit.troubles(self._lab) or self._kernels() + self._wire(capture) + self._word() + self._insides()

    def _kernels(self) -> list[str]:
        vips = updates.vips(updates.settings(self._lab))
        found = [f"{vip} is on {', '.join(self._lab.holders(vip)) or 'nobody'}" for vip in self._strayed(vips)]
        for host in self._lab.hosts.values():
            own = [host.address, host.address6]
            held = addresses.parse(run(["ip", "-n", host.namespace, "-j", "address"]).stdout)
            found += addresses.troubles(host.name, held, own=own, vips=vips, nic=NIC)
        return found

    def _strayed(self, vips: list[str]) -> list[str]:
        """The virtual IPs that are not where the first one is."""
        holders = self._lab.holders()
        return [vip for vip in vips if self._lab.holders(vip) != holders]

    def _wire(self, capture: Path) -> list[str]:
        """The adverts of the last second, and where the client's kernel believes the virtual IP to be."""
        holders = self._lab.holders()
        if len(holders) != 1:
            return [f"{self._lab.vip} is on {', '.join(holders) or 'nobody'}"]
        holder = self._lab.host(holders[0])
        seen = wire.adverts(capture.read_bytes())
        found = wire.troubles(seen, since=time.time() - WIRE_SPAN, vrid=VRID, holder=holder.address)
        return found + self._neighbour(holder)

    def _neighbour(self, holder: Host) -> list[str]:
        shown = self._lab.client("ip", "-j", "neighbour", "show", self._lab.vip, "dev", BRIDGE)
        believed = {entry.get("lladdr") for entry in json.loads(shown or "[]")}
        links = json.loads(run(["ip", "-n", holder.namespace, "-j", "link", "show", NIC]).stdout)
        return (
            []
            if links[0]["address"] in believed
            else [f"the client believes {self._lab.vip} at {believed}, not {holder.name}"]
        )

    def _word(self) -> list[str]:
        """The buoys say of the whole what the kernels said: exactly one master."""
        found = []
        for name in self._lab.hosts:
            try:
                status, body = self._lab.http(name, "/cluster", timeout=2)
            except OSError as error:
                status, body = 0, str(error)
            if status != 200:
                found.append(f"{name}: /cluster says {status}: {body.strip()[:300]}")
        return found

    def _insides(self) -> list[str]:
        wanted = roster.expected(managers(self._lab))
        with ThreadPoolExecutor(max_workers=8) as pool:
            seen = dict(zip(self._lab.hosts, pool.map(parts.processes, self._lab.hosts.values()), strict=True))
        confs = {name: parts.keepalived_conf(host) for name, host in self._lab.hosts.items()}
        found = roster.troubles(wanted, confs)
        for host in self._lab.hosts.values():
            if socket_proxy.wanted():
                found += [f"{host.name}: the socket proxy denied {call}" for call in socket_proxy.denied(host)]
            found += leaks.container_troubles(host.name, [(c.name, c.state, c.service) for c in host.containers()])
            found += leaks.namespace_troubles(host.name, self._namespaces[host.name], parts.namespaces(host))
        for name, processes in seen.items():
            dead = [(p.part, p.command, p.age) for p in processes if p.state == "Z"]
            found += leaks.zombie_troubles(name, dead)
            if name in self._census:
                found += leaks.count_troubles(name, self._census[name], parts.census(processes))
                found += leaks.usage_troubles(name, self._usage[name], _usage(processes))
        return found


def managers(lab: Lab) -> list[roster.Manager]:
    """The Swarm's managers, as it lists them itself."""
    entries = [entry for entry in lab.look("/nodes") if entry["Spec"]["Role"] == "manager"]
    try:
        return [
            roster.Manager(
                e["Description"]["Hostname"], e["CreatedAt"], e["ManagerStatus"]["Addr"].rpartition(":")[0], e["ID"]
            )
            for e in entries
        ]
    except KeyError as error:
        raise LabError(f"a manager of the Swarm is listed without {error}") from error


def _usage(found: list[parts.Process]) -> dict[str, Usage]:
    """The biggest process of each part; keepalived is none of ours."""
    usage: dict[str, Usage] = {}
    for process in found:
        if process.command != "keepalived":
            before = usage.get(process.part, Usage(0, 0))
            usage[process.part] = Usage(max(before.memory, process.memory), max(before.files, process.files))
    return usage
