"""Settings that are read and validated already, and that nothing acts on yet: refused, never ignored. Pure."""

from __future__ import annotations

from shared.settings import AnchorSettings

WHAT = {
    "check_port": "checks",
    "check_ip": "checks",
    "check_url": "checks",
    "check_script": "checks",
    "notify": "notify scripts",
    "conf_template": "templates of the user's own",
    "command_line_arguments": "extra arguments for keepalived",
}
"""Field of AnchorSettings -> what this release lacks."""


def problems(settings: AnchorSettings) -> tuple[str, ...]:
    """One line for each setting that asks for what this release does not do."""
    variables = AnchorSettings.variables()
    defaults = AnchorSettings.model_fields
    return tuple(
        f"{variables[field].name}: this release has no {what}; unset it"
        for field, what in WHAT.items()
        if getattr(settings, field) != defaults[field].default
    )
