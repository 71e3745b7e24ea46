"""The arguments with which a float alone can be told everything, as solnetcloud/keepalived was; ours by another name.

Here words only become settings by field. What is right and wrong with them is said where it is said of variables.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from shared.ancestors import DIALECTS, Ancestor
from shared.environment import Argument, show
from shared.errors import SettingsError
from shared.values import ScriptFile, script

SCRIPTS = "/ka-data/scripts"
_VIP = "ADDR/PREFIX/DEV"
_LONGEST_SHOWN = 300


@dataclass(frozen=True)
class Option:
    """One argument: the field of the settings that it sets, and what is said of it."""

    field: str
    flags: tuple[str, ...]
    """None for a word that is known by its place."""

    metavar: str
    help: str
    parse: Callable[[str], object] | None = None
    constant: str | None = None
    """What it means when it takes no value."""


def named_script(text: str) -> ScriptFile:
    """A script in the folder of the scripts, or anywhere by its whole path."""
    return script(text if "/" in text else f"{SCRIPTS}/{text}")


_NUMBER, _WORD = DIALECTS[Ancestor.SOLNET].router_id, DIALECTS[Ancestor.SOLNET].clear_text

OPTIONS = (
    Option("router_name", ("--router-name", "-n"), "NAME", "a name for keepalived's logs; the host's own if missing"),
    Option("state", ("--master", "-m"), "", "take the virtual IPs back when this host returns", constant="MASTER"),
    Option("password", ("--auth-pass", "-p"), "WORD", f"1 to 8 characters, readable on the wire; {_WORD} if missing"),
    Option("router_id", ("--vrid", "-v"), "VRID", f"1 to 255, the same on every node; {_NUMBER} if missing"),
    Option(
        "virtual_ips_excluded", ("--exclude", "-x"), _VIP, "an address that moves along unadvertised; can be repeated"
    ),
    Option("check_interval", ("--check-interval", "-i"), "S", "seconds between two checks; 2 if missing"),
    Option("check_rise", ("--check-rise", "-r"), "N", "successes after which a failed check is good again; 2"),
    Option("check_fall", ("--check-fall", "-f"), "N", "failures after which this host steps back; 2"),
    Option(
        "check_script", ("--override-check", "-o"), "SCRIPT", f"a script of {SCRIPTS} that must exit 0", named_script
    ),
    Option("check_url", ("--enable-check", "-e"), "URL", "a URL that must answer 200"),
    Option("interface", (), "track_iface", "the network interface over which adverts go"),
    Option("priority", (), "priority", "1 to 254; the highest has the virtual IPs"),
    Option("virtual_ips", (), "include", f"the virtual IPs, one or more, each as {_VIP}"),
)
REPEATED = ("virtual_ips_excluded",)
VERBS = "run (from the environment; the default), status [--json], handover, doctor"


@dataclass
class Given:
    """What the words say."""

    arguments: dict[str, Argument] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_arguments(words: Sequence[str]) -> Given:
    """Settings by field. Raises SettingsError; `--help` prints the help and ends the process with 0."""
    pairs: list[tuple[Option, str, str | None]] = []
    _parser(pairs).parse_args(list(words))
    given, problems = Given(), []
    for option, name, text in pairs:
        before = given.arguments.get(option.field)
        if text is None:
            given.warnings.append(f"{name} has no value and changes nothing")
        elif before is None:
            given.arguments[option.field] = Argument(name, text, option.parse)
        elif option.field in REPEATED:
            given.arguments[option.field] = Argument(before.name, f"{before.text} {text}", option.parse)
        else:
            problems.append(f"{_shown(option, name, text)}: {before.name} is there twice; give it once")
    problems += _two_checks(given)
    if problems:
        raise SettingsError(problems)
    return given


def _two_checks(given: Given) -> list[str]:
    script_given, url = given.arguments.get("check_script"), given.arguments.get("check_url")
    if script_given is None or url is None:
        return []
    return [f"{show(url.name, url.text)}: {script_given.name} is there too; give one of them"]


def _shown(option: Option, name: str, text: str) -> str:
    return show(name, text, secret=option.field == "password")


def _printable(message: str) -> str:
    """On one line of ASCII, shortened where absurd, without what may be a misspelt argument's password."""
    hidden = re.sub(r"(-[^\s=]*(?:pas|auth)[^\s=]*=)\S+", r"\1(hidden)", message, flags=re.IGNORECASE)
    plain = re.sub(r"[^ -~]+", "?", hidden)
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}..."


class _Parser(argparse.ArgumentParser):
    """One that raises what the other settings raise."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError([f"the arguments cannot be read: {_printable(message)}; --help shows them"])


def _parser(pairs: list[tuple[Option, str, str | None]]) -> _Parser:
    parser = _Parser(
        prog="docker run --net=host --cap-add=NET_ADMIN IMAGE",
        description="Keeps virtual IPs on one of several hosts, with keepalived. Everything can also be set by "
        "variables; see docs/configuration.md.",
        epilog=f"Instead of arguments, one of: {VERBS}.",
        argument_default=argparse.SUPPRESS,
    )
    for option in OPTIONS:
        _add(parser, option, pairs)
    return parser


def _add(parser: _Parser, option: Option, pairs: list[tuple[Option, str, str | None]]) -> None:
    class Note(argparse.Action):
        """Writes down what was given, under the name that the user wrote."""

        def __call__(self, _parser: Any, _namespace: Any, values: Any, option_string: str | None = None) -> None:
            text = " ".join(values) if isinstance(values, list) else values
            pairs.append((option, option_string or option.metavar, option.constant or text))

    if option.constant is not None:
        parser.add_argument(*option.flags, dest=option.field, action=Note, nargs=0, help=option.help)
    elif option.flags:
        parser.add_argument(
            *option.flags, dest=option.field, action=Note, nargs="?", metavar=option.metavar, help=option.help
        )
    elif option.field == "virtual_ips":
        parser.add_argument(option.metavar, action=Note, nargs="+", help=option.help)
    else:
        parser.add_argument(option.metavar, action=Note, help=option.help)
