"""What every part of the lab's interface stands on: the plan, the segment and the hosts of a lab that may be up."""

from __future__ import annotations

import json
import time
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.lab import host_root
from tests.lab.host import Host
from tests.lab.plan import DEFAULT_NAME, DEFAULT_SUBNET, Plan
from tests.lab.segment import Segment
from tests.lab.shell import CommandFailedError, Finished, LabError, run, wait_until


class LabBase:
    """Attaches to the lab of that name; its number of hosts is read from the state that `up` wrote."""

    def __init__(self, name: str = DEFAULT_NAME, subnet: str = str(DEFAULT_SUBNET)) -> None:
        self.plan = Plan(name, IPv4Network(subnet))
        self.segment = Segment(self.plan)
        self.vip = self.plan.vip
        self.vip6 = self.plan.vip6
        self.registry = self.plan.registry

    @property
    def is_up(self) -> bool:
        return self._state_file.exists()

    @property
    def hosts(self) -> dict[str, Host]:
        """Hosts by name, h1 first, whether on or off; LabError when the lab is down."""
        made_of = self._made_of()
        root = host_root.folder(made_of["engine"])
        names = [f"h{number}" for number in range(1, int(made_of["hosts"]) + 1)]
        return {name: Host(name, self.plan, self.segment, root) for name in names}

    @property
    def engine(self) -> str:
        """Whose Docker engine the hosts run, in the words of LAB_ENGINE; LabError when the lab is down."""
        return str(self._made_of()["engine"])

    def host(self, name: str) -> Host:
        try:
            return self.hosts[name]
        except KeyError:
            raise LabError(f"no host {name!r}: this lab has {', '.join(self.hosts)}") from None

    def hosts_on(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.is_on]

    def reachable(self) -> list[Host]:
        """Hosts that are on, with their cable in, on the clients' side of a partition."""
        ports = self.segment.ports()
        return [host for host in self.hosts_on() if ports.get(host.name) == (True, True)]

    def manager(self, *, besides: str | None = None) -> Host:
        """A reachable host whose engine answers as a manager of the Swarm, or at all; LabError when there is none."""
        found = [host for host in self.reachable() if host.name != besides and host.answers()]
        if not found:
            raise LabError("no reachable host has an engine that answers")
        return next((host for host in found if _may_manage(host)), found[0])

    def ask_swarm(self, *arguments: str, timeout: float = 120.0) -> Finished:
        """A docker command on any manager, again and again while an election or a demotion disturbs it."""
        deadline = time.monotonic() + timeout
        while True:
            finished = self.manager().docker(*arguments, check=False, timeout=timeout)
            if finished.returncode == 0:
                return finished
            if not _may_pass(finished.stderr) or time.monotonic() > deadline:
                raise CommandFailedError(finished)
            time.sleep(0.5)

    def look(self, path: str, *, timeout: float = 120.0) -> Any:
        """What any manager's API says of the Swarm, as patiently as `ask_swarm`. Raises LabError."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.manager().get(path, timeout=timeout)
            except LabError as error:
                if not _may_pass(str(error)) or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def client(self, *command: str, check: bool = True, timeout: float = 60.0) -> str:
        """What the command prints when the client in the LAN runs it."""
        return run(["ip", "netns", "exec", self.plan.lan_namespace, *command], check=check, timeout=timeout).stdout

    def nodes(self, via: Host | None = None) -> dict[str, dict[str, str]]:
        """The Swarm's own list by host name: Status, Availability, ManagerStatus; empty when it cannot be had."""
        asked = via or self.manager()
        try:
            shown = asked.get("/nodes", timeout=5)
        except LabError:
            return {}  # without a leader the question hangs
        return {entry["Description"]["Hostname"]: _node(entry) for entry in shown if "Hostname" in entry["Description"]}

    def wait_ready(self, *names: str, via: Host | None = None, timeout: float = 60.0) -> None:
        """Returns when the Swarm (as `via` sees it) calls these hosts, by default all, Ready and reachable managers."""
        wanted = names or tuple(self.hosts)
        wait_until(lambda: self._all_ready(wanted, via), timeout, f"{', '.join(wanted)} to be Ready", interval=0.1)

    def _all_ready(self, names: tuple[str, ...], via: Host | None) -> bool:
        seen = self.nodes(via)
        return all(
            name in seen and seen[name]["Status"] == "Ready" and seen[name]["ManagerStatus"] in {"Leader", "Reachable"}
            for name in names
        )

    def _made_of(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._state_file.read_text()))
        except FileNotFoundError as error:
            raise LabError("the lab is down; `python3 -m tests.lab up` builds it") from error

    def _remember(self, *, hosts: int, engine: str) -> None:
        self._state_file.write_text(json.dumps({"hosts": hosts, "engine": engine}))

    @property
    def _state_file(self) -> Path:
        return self.plan.state / "lab.json"


def _may_pass(said: str) -> bool:
    """Whether an engine says so only while managers elect a leader, or one of them is becoming a worker."""
    return any(words in said for words in ("leader", "Unavailable", "DeadlineExceeded", "not a swarm manager"))


def _may_manage(host: Host) -> bool:
    """False for a worker and for a host that left; a manager without a leader may be slow to say what it is."""
    try:
        return bool(host.get("/info", timeout=2)["Swarm"]["ControlAvailable"])
    except LabError:
        return True


def _node(entry: dict[str, Any]) -> dict[str, str]:
    """The words that `docker node ls` makes of the API's."""
    manager = entry.get("ManagerStatus") or {}
    return {
        "ID": entry["ID"],
        "Status": entry["Status"]["State"].capitalize(),
        "Availability": entry["Spec"]["Availability"].capitalize(),
        "ManagerStatus": "Leader" if manager.get("Leader") else manager.get("Reachability", "").capitalize(),
    }
