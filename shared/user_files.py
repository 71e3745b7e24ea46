"""Settings that add to the built-in behaviour -> the fields of a spec: checks, scripts, template, flags.

The anchor carries the files' content to its float; a float alone runs the scripts where they stand, so that they find
what is beside them. A template is read in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from shared.additions import LONGEST_FILE, Check, Pace, PortCheck, Script, ScriptCheck, Template, UrlCheck
from shared.errors import SettingsError
from shared.models import FloatSpec
from shared.values import ScriptFile
from shared.vrrp_settings import VrrpSettings

ReadBytes = Callable[[Path], bytes]


def read_bytes(path: Path) -> bytes:
    """The beginning of a file, one byte more than may be. Raises OSError."""
    with path.open("rb") as file:
        return file.read(LONGEST_FILE + 1)


class UserFiles:
    """The content of the files that the settings name, read once, at start."""

    def __init__(self, settings: VrrpSettings, *, carried: bool, read: ReadBytes = read_bytes) -> None:
        """Read them; `carried` reads scripts too. Raises SettingsError with a line for every file that is wrong."""
        self._settings = settings
        self._carried = carried
        self._read = read
        self._problems: list[str] = []
        self._check_script = self._script("KEEPALIVED_CHECK_SCRIPT", settings.check_script)
        self._notify = self._script("KEEPALIVED_NOTIFY", settings.notify)
        self._template = self._own_template(settings.conf_template)
        if self._problems:
            raise SettingsError(self._problems)

    def add_to(self, spec: FloatSpec) -> FloatSpec:
        """The spec with everything that the user adds."""
        return spec.model_copy(
            update={
                "checks": tuple(self._checks()),
                "notify": self._notify,
                "template": self._template,
                "arguments": self._settings.command_line_arguments,
            }
        )

    def _checks(self) -> Iterator[Check]:
        settings = self._settings
        pace = Pace(
            interval=settings.check_interval,
            timeout=settings.check_timeout,
            rise=settings.check_rise,
            fall=settings.check_fall,
        ).model_dump()
        if settings.check_port is not None:
            yield PortCheck(port=settings.check_port, address=settings.check_ip, **pace)
        if settings.check_url is not None:
            yield UrlCheck(url=settings.check_url, **pace)
        if self._check_script is not None:
            yield ScriptCheck(script=self._check_script, **pace)

    def _script(self, variable: str, setting: ScriptFile | None) -> Script | None:
        if setting is None:
            return None
        content = self._content(variable, setting.path) if self._carried else None
        return Script(name=str(setting.path), content=content, user=setting.user)

    def _own_template(self, path: Path | None) -> Template | None:
        if path is None:
            return None
        try:
            text = self._content("KEEPALIVED_CONF_TEMPLATE", path).decode()
        except UnicodeDecodeError:
            self._problems.append(f"KEEPALIVED_CONF_TEMPLATE='{path}': is not text in UTF-8")
            return None
        strange = next((line for line, row in enumerate(text.split("\n"), 1) if not _is_text(row)), None)
        if strange:
            self._problems.append(f"KEEPALIVED_CONF_TEMPLATE='{path}': line {strange} has a control character")
        return Template(name=str(path), content=text)

    def _content(self, variable: str, path: Path) -> bytes:
        """The file's bytes; what is wrong with it is noted."""
        try:
            content = self._read(path)
        except OSError as error:
            self._problems.append(f"{variable}='{path}': cannot be read: {error.strerror or error}")
            return b""
        if not content.strip():
            self._problems.append(f"{variable}='{path}': the file is empty")
        if len(content) > LONGEST_FILE:
            self._problems.append(f"{variable}='{path}': must not be longer than {LONGEST_FILE} bytes")
        return content[:LONGEST_FILE]


def _is_text(row: str) -> bool:
    return all(c.isprintable() or c.isspace() for c in row) and "\0" not in row
