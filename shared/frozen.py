"""The base of every value that the parts exchange."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Frozen(BaseModel):
    """A value. Unknown fields are ignored, so that an older part can read what a newer one wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore")
