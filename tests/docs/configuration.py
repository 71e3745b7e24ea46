"""docs/configuration.md out of the settings models: `python -m tests.docs.configuration --write`.

What a setting means stands beside its field and nowhere else; here it is only arranged.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from anchor import node_labels, service_labels
from float.arguments import OPTIONS, Option
from shared.ancestors import ADVERT_INTERVAL, DIALECTS, VRRP_VERSION
from shared.environment import Variable
from shared.settings import AnchorSettings, BuoySettings, FloatSettings
from shared.settings_base import Settings
from shared.vrrp_settings import VrrpSettings
from tests.docs.attribute_docstrings import attribute_docstrings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"

HEAD = """\
# Configuration

<!-- Made from the settings models by `python -m tests.docs.configuration --write`; a test compares. -->

Settings are variables of the environment: of the anchor, which tells its float (the stack's file passes them on), of
the buoy, and of a float that runs alone. Empty counts as unset. A wrong setting ends the part with exit code 2 and a
line for every problem: name, value, rule. A name that begins with `KEEPALIVED_` and is not here is a problem, too.

Lists are separated by commas or spaces, or written as `#PYTHON2BASH:['a','b']`. A secret can be in a file that
`NAME_FILE` names. An address of a list is `ADDR[/PREFIX][@DEV]` or `ADDR/PREFIX/DEV`; a device that is named is obeyed.
"""

LABELS = {
    node_labels.PRIORITY_LABEL: (
        "node",
        "this node's priority, exactly, 1 to 254; below 50 the others relieve it, so it serves only as a last resort",
    ),
    node_labels.INTERFACE_LABEL: ("node", "the NIC over which this node's adverts travel"),
    node_labels.ADDRESS_LABEL: (
        "node",
        "where this node's adverts come from, and where its peers look for it",
    ),
    service_labels.VIP: (
        "service",
        "virtual IPs of the service's own, as a virtual router; the labels below need it",
    ),
    service_labels.VRID: (
        "service",
        "1 to 255; default: the last octet of the first IPv4 virtual IP when free, else the lowest free one by a hash",
    ),
    service_labels.TRACK: (
        "service",
        "`local`: only a node with a running and healthy task may hold it (the default where a port is published in "
        "host mode); `none`",
    ),
    service_labels.PREEMPT: ("service", "whether a better node that returns takes the virtual IP back"),
    service_labels.ADVERT_INTERVAL: ("service", "seconds between its adverts"),
}
"""Who carries a label, and what it means; a node's wins over the environment on that node."""


def page() -> str:
    """The whole document."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    yield "## Of every part\n"
    yield from _table(Settings, Settings.variables())
    yield "\n## Virtual IPs and VRRP: anchor, and float alone\n"
    yield from _table(VrrpSettings, _without(VrrpSettings.variables(), Settings, without=("priority",)))
    yield from _rows(AnchorSettings, {"priority": AnchorSettings.variables()["priority"]}, note="Anchor: ")
    yield from _rows(FloatSettings, {"priority": FloatSettings.variables()["priority"]}, note="Float alone: ")
    yield "\n## Only the anchor\n"
    yield from _table(AnchorSettings, _without(AnchorSettings.variables(), VrrpSettings))
    yield "\n## Only the buoy\n"
    yield from _table(BuoySettings, _without(BuoySettings.variables(), Settings))
    yield "\n## A float alone: whose wire format\n"
    yield from _dialects()
    yield "\n## A float alone: arguments\n"
    yield from _arguments()
    yield "\n## Labels\n"
    yield from _labels()
    yield ""


def _without(
    variables: dict[str, Variable], base: type[Settings], *, without: tuple[str, ...] = ()
) -> dict[str, Variable]:
    return {f: v for f, v in variables.items() if f not in base.variables() and f not in without}


def _table(model: type[Settings], variables: dict[str, Variable]) -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    yield from _rows(model, variables)


def _rows(model: type[Settings], variables: dict[str, Variable], *, note: str = "") -> Iterator[str]:
    meanings = attribute_docstrings(model)
    for name, variable in variables.items():
        if not variable.internal:
            info = model.model_fields[name]
            meaning = f"{note}{meanings.get(name, '')}".replace("|", "\\|").replace("\n", " ")
            default = variable.default or _shown(info.get_default(call_default_factory=False))
            yield f"| {_names(variable)} | {default} | {meaning} |"


def _names(variable: Variable) -> str:
    first, *others = variable.names
    return f"`{first}`" + "".join(f", `{name}`" for name in others)


def _shown(default: Any) -> str:
    if default is None or default == () or default is PydanticUndefined:
        return "none"
    if isinstance(default, enum.Enum):
        return f"`{default.value}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _dialects() -> Iterable[str]:
    yield (
        f"A float without an anchor speaks the wire format of the image whose place it takes: VRRPv{VRRP_VERSION}, an "
        f"advert every {ADVERT_INTERVAL:g} s,\nand what stands here; each of these settings changes its own part. "
        "`KEEPALIVED_VRRP_VERSION=3` turns the fast\nadverts on and the password off. IPv6 alone goes by VRRPv3, once "
        "a second, without a password.\n"
    )
    yield "| image | recognised by | VRID | priority | password | check interval |"
    yield "|---|---|---|---|---|---|"
    for image, dialect in DIALECTS.items():
        priority = "an argument" if image == "solnetcloud/keepalived" else dialect.priority
        yield (
            f"| {image} | {dialect.because} | {dialect.router_id} | {priority} | `{dialect.clear_text}` "
            f"| {dialect.check_interval:g} s |"
        )


def _arguments() -> Iterable[str]:
    yield "```\ndocker run -d --net=host --cap-add=NET_ADMIN IMAGE [ARGUMENT…] track_iface priority include…\n```\n"
    yield "| argument | is the same as | meaning |"
    yield "|---|---|---|"
    variables = FloatSettings.variables()
    for option in OPTIONS:
        yield f"| {_argument(option)} | `{variables[option.field].name}` | {option.help} |"


def _argument(option: Option) -> str:
    value = "" if option.constant is not None else f" {option.metavar}"
    return ", ".join(f"`{flag}{value}`" for flag in option.flags) or f"`{option.metavar}`"


def _labels() -> Iterable[str]:
    yield "| label | of a | meaning |"
    yield "|---|---|---|"
    for name, (owner, meaning) in LABELS.items():
        yield f"| `{name}` | {owner} | {meaning} |"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
