"""The lab as tests and the command line use it: a Swarm of managers on one LAN, with a client beside them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab import host_root, images, leftovers, packages, registry, socket_proxy
from tests.lab.faults import Faults
from tests.lab.freeze import Freezing
from tests.lab.host import Host
from tests.lab.membership import Membership
from tests.lab.observe import Observe
from tests.lab.parallel import in_parallel
from tests.lab.plan import MOST_HOSTS, REPOSITORY
from tests.lab.shell import Finished, LabError, wait_until

STACK = "keepalived"
VERSION = "lab"


class Lab(Faults, Membership, Freezing, Observe):
    """Every verb of `python3 -m tests.lab` is a method here."""

    def up(self, hosts: int = 3) -> None:
        """Builds LAN, registry and a Swarm of that many managers; returns when all are Ready."""
        if not 1 <= hosts <= MOST_HOSTS:
            raise LabError(f"{hosts} hosts: 1 to {MOST_HOSTS}")
        left = leftovers.found(self.plan)
        if self.is_up:
            raise LabError("the lab is up already; `python3 -m tests.lab down` takes it down")
        if left:
            raise LabError("something is left of an earlier lab; `python3 -m tests.lab down` first: " + "; ".join(left))
        engine = host_root.chosen()
        packages.ensure()
        host_root.ensure(engine)
        shutil.rmtree(self.plan.logs, ignore_errors=True)
        self.plan.logs.mkdir(parents=True)
        self.plan.data.mkdir(parents=True, mode=0o700)
        self._remember(hosts=hosts, engine=engine)
        self.segment.build()
        registry.start(self.plan)
        self._boot_all()
        self._form_swarm()

    def grow(self, hosts: int) -> None:
        """Further hosts join as managers, until there are that many; returns when all are Ready."""
        known = set(self.hosts)
        self._remember(hosts=hosts, engine=self.engine)
        further = [host for name, host in self.hosts.items() if name not in known]
        in_parallel([host.boot for host in further])
        self._join(self.hosts["h1"], further)

    def down(self) -> None:
        """Leaves nothing of the lab but its logs and caches; LabError that lists what it could not remove."""
        leftovers.remove(self.plan)
        left = leftovers.found(self.plan)
        if left:
            raise LabError("left behind: " + "; ".join(left))

    def deploy(
        self,
        env: Mapping[str, str | None] | None = None,
        *,
        prune: bool = False,
        compose_files: Sequence[str] = ("docker-compose.yml",),
        via: Host | None = None,
        stack: str = STACK,
    ) -> Finished:
        """`docker stack deploy` as a user types it, from the repository's root; never raises for its exit code.

        REGISTRY, VERSION, HAPROXY_IMAGE and KEEPALIVED_VIRTUAL_IPS have the lab's defaults; None in `env` leaves a name
        unset. With LAB_SOCKET_PROXY=1 the stack is behind the documents' socket proxy.
        """
        files = [word for name in socket_proxy.files(compose_files) for word in ("-c", name)]
        command = ["stack", "deploy", *files, stack, *(["--prune"] if prune else [])]
        defaults = {"KEEPALIVED_VIRTUAL_IPS": self.vip, "HAPROXY_IMAGE": socket_proxy.image(self.registry)}
        with_defaults: dict[str, str | None] = {**defaults, **self.image_names(), **(env or {})}
        chosen = {name: value for name, value in with_defaults.items() if value is not None}
        host = via or self.manager()
        return host.docker(*command, check=False, env=chosen, cwd=REPOSITORY, timeout=180)

    def build(self, *, compose_file: str = images.COMPOSE_FILE, folder: Path = REPOSITORY) -> float:
        """Builds the three images and pushes them to the lab's registry; the seconds that it took."""
        if not self.is_up:
            raise LabError("the lab is down, and its registry with it; `python3 -m tests.lab up` first")
        return images.build_and_push(self.plan, self.image_names(), compose_file=compose_file, folder=folder)

    def preload(self, *references: str) -> None:
        """The hosts that are on have these images (default: the three of `build`)."""
        images.preload(self.hosts_on(), references or images.references(self.image_names()))

    def image_names(self) -> dict[str, str]:
        """The environment that names the images that `build` pushes."""
        return {"REGISTRY": self.registry, "VERSION": VERSION}

    def remove_stack(self, stack: str = STACK, *, timeout: float = 90.0) -> None:
        """`docker stack rm`; returns when no task and no network of the stack is left on a host that is on."""
        self.ask_swarm("stack", "rm", stack)
        wait_until(lambda: not self._left_of_stack(stack), timeout, f"stack {stack} to be gone", interval=0.2)

    def _left_of_stack(self, stack: str) -> list[str]:
        label = f"label=com.docker.stack.namespace={stack}"
        live = [host for host in self.hosts_on() if host.answers()]
        tasks = [f"{host.name}:{c.name}" for host in live for c in host.containers(label) if c.service]
        networks = ["network", "ls", "--filter", label, "--format", "{{.Name}}"]
        return tasks or [f"{host.name}:{name}" for host in live for name in host.docker(*networks).stdout.split()]

    def _boot_all(self) -> None:
        in_parallel([host.boot for host in self.hosts.values()])

    def _form_swarm(self) -> None:
        first, *others = self.hosts.values()
        first.docker("swarm", "init", "--advertise-addr", first.address)
        self._join(first, others)

    def _join(self, first: Host, others: Sequence[Host]) -> None:
        token = first.docker("swarm", "join-token", "-q", "manager").stdout.strip()
        for host in others:
            join = ["swarm", "join", "--token", token, "--advertise-addr", host.address, f"{first.address}:2377"]
            host.docker(*join)
        self.wait_ready()
