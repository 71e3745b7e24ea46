"""A resolved spec -> the text of keepalived.conf; the only door to Jinja2."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from float.resolve import ResolvedRouter, ResolvedSpec
from shared.models import Transport, VirtualIp

_TEMPLATES = Path(__file__).with_name("templates")


class Renderer:
    """The built-in template, compiled once."""

    def __init__(self, folder: Path) -> None:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - the text is keepalived's, whose values are validated, not HTML
        )
        self._template = environment.get_template("keepalived.conf.j2")
        self._folder = folder

    def render(self, resolved: ResolvedSpec, *, preempting: Collection[str]) -> str:
        """The whole file; routers named in `preempting` are written without `nopreempt`."""
        spec = resolved.spec
        return self._template.render(
            router_name=spec.router_name,
            version=spec.vrrp_version,
            password=spec.password,
            multicast_group=spec.multicast_group if spec.transport is Transport.MULTICAST else None,
            folder=self._folder,
            instances=[_instance(r, preempt=r.router.name in preempting) for r in resolved.routers],
        )


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
