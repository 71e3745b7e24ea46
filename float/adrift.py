"""PURE: virtual routers whose node lost the address that its adverts come from -> what stands against them.

keepalived does not mind (its `track_src_ip` has no effect in 2.2.7 and 2.3.3, measured): a MASTER goes on to advertise
and answers nobody, since its route went with the address; a BACKUP hears nobody any more, and takes the virtual IPs.
"""

from __future__ import annotations

from collections.abc import Mapping

from float.host import HostView
from float.routers import RouterEntry
from shared.models import Condition, Strength


def conditions(entries: Mapping[str, RouterEntry], host: HostView) -> tuple[Condition, ...]:
    """What forbids those with peers; nobody else would serve in the place of one without."""
    return tuple(
        Condition(
            name="address",
            ok=False,
            strength=Strength.REQUIRE,
            routers=(name,),
            reason=f"{entry.resolved.interface} does not carry {entry.resolved.source}: peers look for us there",
        )
        for name, entry in entries.items()
        if entry.router.peers and host.interfaces and not _is_there(entry, host)
    )


def _is_there(entry: RouterEntry, host: HostView) -> bool:
    source, interface = entry.resolved.source, entry.resolved.interface
    return source is None or any(found.interface == interface for found in host.having(source))
