"""A host leaves the Swarm and comes back to it as a new node; what the Swarm remembers of the old one goes."""

from __future__ import annotations

import time

from tests.lab.base import LabBase


class Membership(LabBase):
    """Every method returns the CLOCK_MONOTONIC second just before it began, for those who measure."""

    def leave(self, name: str) -> float:
        """A manager leaves by force, as it must: the others keep a manager in their list that they cannot reach."""
        host, struck = self.host(name), time.monotonic()
        host.docker("swarm", "leave", "--force")
        return struck

    def join(self, name: str) -> float:
        """A host that left is a manager again, with a new id and the youngest of all; its old entries are removed."""
        host, struck = self.host(name), time.monotonic()
        other = self.manager(besides=name)
        self.forget(name)
        token = self.ask_swarm("swarm", "join-token", "-q", "manager").stdout.strip()
        host.docker("swarm", "join", "--token", token, "--advertise-addr", host.address, f"{other.address}:2377")
        return struck

    def has_left(self, name: str) -> bool:
        """Whether its engine is in no Swarm; one whose Swarm is just beginning takes its time to say so."""
        state: str = self.host(name).get("/info", timeout=180)["Swarm"]["LocalNodeState"]
        return state == "inactive"

    def forget(self, name: str) -> float:
        """The Swarm's entries of that host go."""
        struck = time.monotonic()
        for entry in self.look("/nodes"):
            if entry["Description"].get("Hostname") != name:
                continue
            if entry["Spec"]["Role"] == "manager":
                self.ask_swarm("node", "demote", entry["ID"])
            self.ask_swarm("node", "rm", "--force", entry["ID"])
        return struck
