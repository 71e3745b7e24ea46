"""Would this host run that spec? Resolved, rendered and tested by keepalived itself, before anything is touched.

keepalived's own `reload_check_config` is not used: it runs the test as the script user, which takes the capability
SETGID even for root, and without it keepalived 2.3.3 "reloads" the configuration that it had (measured).
"""

from __future__ import annotations

from dataclasses import replace

from float.addresses import Addresses
from float.keepalived import Keepalived
from float.ownership import OwnershipRecord
from float.render import Renderer
from float.resolve import ResolvedSpec, UnresolvableError, resolve
from shared.models import FloatSpec


class Examiner:
    """Looks at specs; changes nothing."""

    def __init__(
        self, *, addresses: Addresses, renderer: Renderer, keepalived: Keepalived, record: OwnershipRecord
    ) -> None:
        self._addresses = addresses
        self._renderer = renderer
        self._keepalived = keepalived
        self._record = record

    async def examine(self, spec: FloatSpec) -> ResolvedSpec:
        """The spec made ready for this host. Raises UnresolvableError with all problems, OSError if it cannot look."""
        host = replace(await self._addresses.view(), gateways=await self._addresses.gateways())
        resolved = resolve(spec, host, self._record.addresses)
        for preempting in ((), tuple(router.router.name for router in resolved.routers)):
            problems = await self._keepalived.config_test(self._renderer.render(resolved, preempting=preempting))
            if problems:
                raise UnresolvableError(tuple(f"keepalived --config-test: {problem}" for problem in problems))
        return resolved
