"""A resolved spec -> the text of keepalived.conf."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from float.own_render import OwnTemplateError, render_apart
from float.own_template import steer
from float.resolve import ResolvedRouter, ResolvedSpec, UnresolvableError
from float.scripts import path_of
from shared.additions import ScriptCheck, Template
from shared.models import Transport, VirtualIp

_TEMPLATES = Path(__file__).with_name("templates")


NO_SCRIPT = "/usr/bin/true"
"""`CHECK_SCRIPT` where there is none: the float makes its checks itself."""


class Renderer:
    """The built-in template, compiled once, and the user's own."""

    def __init__(self, folder: Path) -> None:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=False,  # noqa: S701 - the text is keepalived's, whose values are validated, not HTML
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._template = environment.get_template("keepalived.conf.j2")
        self._folder = folder

    def render(self, resolved: ResolvedSpec, *, preempting: Collection[str]) -> str:
        """The whole file; routers named in `preempting` are written without `nopreempt`."""
        if resolved.own_text is not None:
            return steer(resolved.own_text, resolved.routers, self._folder, preempting=preempting)
        return self._template.render(self._values(resolved, preempting))

    async def render_own(self, resolved: ResolvedSpec, template: Template) -> str:
        """What the user's template comes to. Raises UnresolvableError with the line that is wrong."""
        values = {**self._values(resolved, ()), **_ancestors_values(resolved)}
        try:
            return await render_apart(template.content, values)
        except OwnTemplateError as failure:
            place = f" line {failure.line}" if failure.line else ""
            raise UnresolvableError((f"KEEPALIVED_CONF_TEMPLATE='{template.name}'{place}: {failure.why}",)) from None

    def _values(self, resolved: ResolvedSpec, preempting: Collection[str]) -> dict[str, object]:
        spec = resolved.spec
        return {
            "router_name": spec.router_name,
            "hostname": spec.hostname,
            "version": spec.vrrp_version,
            "password": spec.password,
            "multicast_group": spec.multicast_group if spec.transport is Transport.MULTICAST else None,
            "folder": str(self._folder),  # text: an own template must not reach the files by it
            "instances": [_instance(r, preempt=r.router.name in preempting) for r in resolved.routers],
        }


def _ancestors_values(resolved: ResolvedSpec) -> dict[str, object]:
    """Ancestor C's variables."""
    first = resolved.routers[0]
    script = next((check.script for check in resolved.spec.checks if isinstance(check, ScriptCheck)), None)
    return {
        "VIRTUAL_IP": first.advertised.address,
        "VIRTUAL_MASK": first.advertised.prefix,
        "VRID": first.router.vrid,
        "INTERFACE": first.interface,
        "CHECK_SCRIPT": path_of(script) if script else NO_SCRIPT,
        "ROUTER_ID": resolved.spec.hostname,
    }


def _instance(resolved: ResolvedRouter, *, preempt: bool) -> dict[str, object]:
    router = resolved.router
    return {
        "name": router.name,
        "vrid": router.vrid,
        "priority": router.priority,
        "advert_interval": f"{router.advert_interval:g}",
        "interface": resolved.interface,
        "source": resolved.source,
        "unicast": resolved.transport is Transport.UNICAST,
        "peers": resolved.peers,
        "nobody": "::1" if resolved.source and resolved.source.version == 6 else "127.0.0.1",
        "preempt": preempt,
        "advertised": [_address(v) for v in (resolved.advertised, *resolved.also_advertised)],
        "excluded": [_address(v) for v in resolved.excluded],
    }


def _address(vip: VirtualIp) -> str:
    return f"{vip.cidr} dev {vip.device}"
