"""What the stack takes from round to round: memory and open files of its processes, bytes in its logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.campaign import parts, tally
from tests.campaign.audit import Auditor
from tests.campaign.leaks import Usage
from tests.lab.cluster import Lab
from tests.lab.host import Container, Host


@dataclass(frozen=True)
class Look:
    """What was found after a round."""

    usage: dict[str, Usage]
    logged: Counter[str]
    """Bytes by part that came since the look before, of all hosts together.

    Of a container that is gone, what it wrote after the last look is lost.
    """


class Soak:
    """Looks once when all is new, then once a round."""

    def __init__(self, lab: Lab, auditor: Auditor) -> None:
        self._lab = lab
        self._auditor = auditor
        self._sizes: Counter[str] = Counter()
        self._looks: list[Look] = []
        self.look()

    def look(self) -> None:
        """Raises LabError where an engine does not answer."""
        logged: Counter[str] = Counter()
        for host in self._lab.hosts_on():
            for container in host.containers():
                size = _size(host, container)
                logged[parts.part_of(container)] += max(0, size - self._sizes[container.id])
                self._sizes[container.id] = size
        self._looks.append(Look(self._auditor.usage(), logged))

    def __str__(self) -> str:
        first, *rounds = self._looks
        if not rounds:
            return "no round to tell what the parts take"
        return f"{tally.usage(first.usage, rounds[-1].usage)}\n{tally.logs([look.logged for look in rounds])}"


def _size(host: Host, container: Container) -> int:
    folder = host.data / "docker" / "containers" / container.id
    try:
        return sum(file.stat().st_size for file in folder.glob("*-json.log*"))
    except OSError:
        return 0  # rotated while we looked
