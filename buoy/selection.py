"""Which virtual router a request is about. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from shared.status import RouterStatus


def _virtual_ip(text: str) -> str:
    try:
        return str(ipaddress.ip_interface(text).ip)
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address, with or without its prefix") from None


_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": rf"^{_OCTET}(\.{_OCTET}){{3}}(/(3[0-2]|[12]?[0-9]))?$"},
        {"type": "string", "format": "ipv6"},
        {"type": "null"},
    ]
}
"""Beyond it an IPv6 address may have a prefix too."""


class RouterFilter(BaseModel):
    """The query of a role path; with nothing given it means the stack's own virtual router, the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vip: Annotated[Annotated[str, AfterValidator(_virtual_ip)] | None, WithJsonSchema(_SCHEMA)] = Field(
        default=None, description="One of its virtual IPs, `10.0.0.100` or `10.0.0.100/32`"
    )
    vrid: int | None = Field(default=None, ge=1, le=255, description="Its VRID")
    name: str | None = Field(default=None, min_length=1, max_length=128, description="Its name")


def select(routers: Sequence[RouterStatus], wanted: RouterFilter) -> RouterStatus | None:
    """The first virtual router that fits all that was given."""
    return next((router for router in routers if _fits(router, wanted)), None)


def _fits(router: RouterStatus, wanted: RouterFilter) -> bool:
    return (
        (wanted.vrid is None or router.vrid == wanted.vrid)
        and (wanted.name is None or router.name == wanted.name)
        and (wanted.vip is None or any(vip.address.partition("/")[0] == wanted.vip for vip in router.virtual_ips))
    )
