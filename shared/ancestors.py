"""What the images that ours replaces put on the wire when nobody says otherwise. A float alone speaks so, too.

The values are those of the public images; they are no secrets, and everybody on the segment can read them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Ancestor(enum.StrEnum):
    """The system whose place a float alone takes."""

    OSIXIA = "osixia/keepalived"
    NEOASSIST = "NeoAssist/docker-keepalived"
    SOLNET = "solnetcloud/keepalived"


@dataclass(frozen=True)
class Dialect:
    """An ancestor's defaults, where they differ from ours."""

    because: str
    """How it is recognised."""

    router_id: int
    priority: int
    clear_text: str
    """Its VRRPv2 authentication, which travels as it is."""

    check_interval: float = 1.0


VRRP_VERSION = 2
"""All of them leave keepalived at its own default."""

ADVERT_INTERVAL = 1.0

DIALECTS = {
    Ancestor.OSIXIA: Dialect(
        because="neither VIRTUAL_IP nor arguments are given", router_id=51, priority=150, clear_text="d0cker"
    ),
    Ancestor.NEOASSIST: Dialect(because="VIRTUAL_IP is set", router_id=77, priority=100, clear_text="blahblah"),
    Ancestor.SOLNET: Dialect(
        because="it was started with arguments", router_id=1, priority=100, clear_text="12345678", check_interval=2.0
    ),
}
