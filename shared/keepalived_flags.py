"""Which flags of keepalived's a user may add. Pure.

Only flags that are known to leave the float in charge are let through: of configuration, process, pid files and
network namespace it says itself what they are. keepalived abbreviates and clusters flags; here they are read likewise.
"""

from __future__ import annotations

from collections.abc import Iterator

_FREE = {
    "--address-monitoring": "a",
    "--all-config": "e",
    "--core-dump": "m",
    "--dont-fork": "n",
    "--dont-release-ipvs": "I",
    "--dont-respawn": "R",
    "--dump-conf": "d",
    "--flush-log-file": "",
    "--log-console": "l",
    "--log-detail": "D",
    "--no-syslog": "G",
    "--no_bfd": "B",
    "--release-vips": "X",
    "--snmp": "x",
    "--vrrp": "P",
}
"""Flags without a value, long and short."""

_VALUED = {"--config-id": "i", "--log-facility": "S", "--snmp-agent-socket": "A", "--umask": "u"}
"""Flags with one."""

_WHY_NOT = {
    "--use-file": ("f", "the float writes the configuration; KEEPALIVED_CONF_TEMPLATE replaces it"),
    "--pid": ("p", "the float keeps the pid files itself"),
    "--vrrp_pid": ("r", "the float keeps the pid files itself"),
    "--checkers_pid": ("c", "the float keeps the pid files itself"),
    "--bfd_pid": ("b", "the float keeps the pid files itself"),
    "--check": ("C", "it would turn VRRP off"),
    "--all": ("", "the float runs the VRRP part alone"),
    "--dont-release-vrrp": ("V", "it would leave virtual IPs behind"),
    "--namespace": ("s", "the virtual IPs belong on the host's own network"),
    "--core-dump-pattern": ("M", "it would change a setting of the host's kernel"),
    "--log-file": ("g", "keepalived's log goes to the container's"),
    "--config-test": ("t", "keepalived would end at once"),
    "--genhash": ("T", "keepalived would end at once"),
    "--signum": ("", "keepalived would end at once"),
    "--version": ("v", "keepalived would end at once"),
    "--help": ("h", "keepalived would end at once"),
}
_KNOWN = "it may hold " + " ".join(sorted([*_FREE, *_VALUED]))


def refusal(arguments: tuple[str, ...]) -> str | None:
    """Why these flags cannot be, in a clause that names the first wrong one; None where they can."""
    words = iter(arguments)
    return next((why for word in words if (why := _wrong(word, words))), None)


def _wrong(word: str, rest: Iterator[str]) -> str | None:
    if not word.startswith("-") or word in ("-", "--"):
        return f"{word} is no flag; {_KNOWN}"
    return _wrong_long(word, rest) if word.startswith("--") else _wrong_cluster(word, rest)


def _wrong_long(word: str, rest: Iterator[str]) -> str | None:
    name, equals, _ = word.partition("=")
    if name in _VALUED:
        return None if equals or next(rest, None) else f"{name} needs a value"
    if name in _FREE:
        return f"{name} takes no value" if equals else None
    return f"{name} is not possible here: {_WHY_NOT[name][1]}" if name in _WHY_NOT else f"{name} is unknown; {_KNOWN}"


def _wrong_cluster(word: str, rest: Iterator[str]) -> str | None:
    for at, letter in enumerate(word[1:], 2):
        if letter in _VALUED.values():
            return None if word[at:] or next(rest, None) else f"-{letter} needs a value"
        if letter not in _FREE.values():
            why = next((why for short, why in _WHY_NOT.values() if short == letter), None)
            return f"-{letter} is not possible here: {why}" if why else f"-{letter} is unknown; {_KNOWN}"
    return None
