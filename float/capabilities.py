"""What the kernel lets this container do, and the flag of `docker run` that gives what is missing."""

from __future__ import annotations

from pathlib import Path

NEEDED = {
    "NET_ADMIN": (12, "keepalived could say that it is master, but not put a virtual IP on an interface"),
    "NET_RAW": (13, "no adverts can be sent or heard"),
}
"""Number (linux/capability.h), and what does not work without."""

_STATUS = Path("/proc/self/status")


def effective(status: Path = _STATUS) -> int:
    """The bits of this process's effective set (proc(5)). Raises OSError, ValueError."""
    lines = (line.partition(":") for line in status.read_text().splitlines())
    return int(next(value for name, _, value in lines if name == "CapEff"), 16)


def missing(held: int) -> tuple[str, ...]:
    """One sentence for each capability that is needed and not held, with its remedy."""
    return tuple(
        f"capability {name} is missing, so {effect}: start the container with --cap-add={name}"
        for name, (number, effect) in NEEDED.items()
        if not held >> number & 1
    )
