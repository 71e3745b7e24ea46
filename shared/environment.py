"""Variables of the environment: how one is declared, read, and complained about."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from shared.values import file_path

ReadFile = Callable[[Path], str]
PREFIX = "KEEPALIVED_"
_BLANK = " \t\r\n"
_LONGEST = 20_000
"""Characters of the longest value that anybody needs: a list of 255 virtual IPs with devices."""

_LONGEST_SHOWN = 120
_SECRET_WORDS = ("PASS", "SECRET", "TOKEN", "AUTH", "KEY", "CRED")


@dataclasses.dataclass(frozen=True)
class Variable:
    """One setting: where it stands in the environment and how its text becomes a value."""

    name: str
    parse: Callable[[str], object]
    """Given printable ASCII; raises ValueError with the rule."""

    aliases: tuple[str, ...] = ()
    secret: bool = False
    """Never shown, and readable from the file that `NAME_FILE` names."""

    internal: bool = False
    """Set by the anchor for its float; no user sets it."""

    default: str = ""
    """The default in words, for people, where the field's own says too little."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it is accepted."""
        plain = (self.name, *self.aliases)
        return plain + tuple(f"{name}_FILE" for name in plain) if self.secret else plain


@dataclasses.dataclass(frozen=True)
class Argument:
    """A setting that stands on the command line instead of in the environment."""

    name: str
    """As the user wrote it: `--vrid`, or `-v`."""

    text: str
    parse: Callable[[str], object] | None = None
    """Where the argument is spelt in another way than the variable."""


@dataclasses.dataclass
class Reading:
    """What the environment says about a table of variables: values by field, and all that is wrong."""

    values: dict[str, object] = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)
    shown: dict[str, str] = dataclasses.field(default_factory=dict)
    """`NAME='value'` of every field that was given, right or wrong, for sentences about it."""

    names: dict[str, str] = dataclasses.field(default_factory=dict)
    """Of every field that was given, the name as the user wrote it."""

    has_arguments: bool = False

    def is_wrong(self, field: str) -> bool:
        """Whether the field was given, but has no value."""
        return field in self.shown and field not in self.values


def read_file(path: Path) -> str:
    """The beginning of a secret's file. Raises OSError and UnicodeDecodeError."""
    with path.open(encoding="utf-8") as file:
        return file.read(_LONGEST + 1)


def read(
    table: Mapping[str, Variable],
    env: Mapping[str, str],
    open_file: ReadFile,
    arguments: Mapping[str, Argument] | None = None,
) -> Reading:
    """Read every variable of the table (field name to variable), and the arguments by field; never raises."""
    on_the_command_line = arguments or {}
    reading = Reading(has_arguments=bool(on_the_command_line))
    for field, variable in table.items():
        given = {name: env[name] for name in variable.names if env.get(name, "").strip(_BLANK)}
        argument = on_the_command_line.get(field)
        if given or argument:
            _read_one(field, variable, given, argument, open_file=open_file, reading=reading)
    return reading


def _read_one(
    field: str,
    variable: Variable,
    from_env: dict[str, str],
    argument: Argument | None,
    *,
    open_file: ReadFile,
    reading: Reading,
) -> None:
    given = {**({argument.name: argument.text} if argument else {}), **from_env}
    lines = {name: show(name, text, secret=_holds_secret(variable, name)) for name, text in given.items()}
    reading.names[field], reading.shown[field] = next(iter(lines.items()))
    found: dict[str, object] = {}
    for name, text in given.items():
        spelling = argument.parse if argument and argument.name == name else None
        try:
            found[name] = _value(dataclasses.replace(variable, parse=spelling or variable.parse), name, text, open_file)
        except ValueError as error:
            reading.problems.append(f"{lines[name]}: {error}")
    first, *others = given
    clash = next((name for name in others if found.get(name) != found.get(first)), None)
    if len(found) == len(given) and clash:
        reading.problems.append(f"{lines[clash]}: contradicts {lines[first]}; set only one of them")
    elif len(found) == len(given):
        reading.values[field] = found[first]


def _holds_secret(variable: Variable, name: str) -> bool:
    return variable.secret and not name.endswith("_FILE")


def _value(variable: Variable, name: str, text: str, open_file: ReadFile) -> object:
    if not variable.secret:
        return variable.parse(_plain(text.strip(_BLANK)))
    if _holds_secret(variable, name):
        return variable.parse(_plain(text))
    content = _content(file_path(_plain(text.strip(_BLANK))), open_file)
    try:
        return variable.parse(_plain(content))
    except ValueError as error:
        raise ValueError(f"the file's content {error}") from None


def _content(path: Path, open_file: ReadFile) -> str:
    try:
        content = open_file(path)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError("cannot be read: it is not text") from None
    if not content.strip(_BLANK):
        raise ValueError("the file is empty")
    return content.removesuffix("\n").removesuffix("\r")


def _plain(text: str) -> str:
    """The text itself, if it is printable ASCII: no foreign digits, no line ends, no control characters."""
    if len(text) > _LONGEST:
        raise ValueError(f"must not be longer than {_LONGEST} characters")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be printable ASCII characters on one line")
    return text


def show(name: str, text: str, *, secret: bool = False) -> str:
    """`NAME='value'` on one line of ASCII, shortened where absurd, without secrets."""
    if secret:
        return f"{name}=(hidden)"
    clear = re.sub(r"//[^/@\s]*@", "//(hidden)@", text[:_LONGEST])
    short = clear[:_LONGEST_SHOWN]
    while len(ascii(short)) > 2 * _LONGEST_SHOWN:  # an escaped character takes up to ten
        short = short[: len(short) // 2]
    return f"{name}={clear!a}" if short == clear else f"{name}={short!a}... ({len(text)} characters)"


def unknown_names(env: Mapping[str, str], known: Iterable[str], hinted: Iterable[str]) -> list[str]:
    """One line for each name with our prefix that is not known, with the nearest of those that may be hinted at."""
    names, hints = frozenset(known), sorted(hint for hint in hinted if hint.startswith(PREFIX))
    return [_unknown(name, env[name], hints) for name in sorted(env) if name.startswith(PREFIX) and name not in names]


def _unknown(name: str, text: str, hints: list[str]) -> str:
    suffixes = [hint.removeprefix(PREFIX) for hint in hints]
    nearest = PREFIX + difflib.get_close_matches(name.removeprefix(PREFIX)[:100], suffixes, n=1, cutoff=0.0)[0]
    written = name if re.fullmatch(r"[\x21-\x7e]{1,100}", name) else ascii(name[:100])
    secret = any(word in name.upper() or word in nearest for word in _SECRET_WORDS)
    return f"{show(written, text, secret=secret)}: there is no such setting; the nearest is {nearest}"
