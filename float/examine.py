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
from float.vacancy import Vacancy
from shared.models import FloatSpec


class Examiner:
    """Looks at specs; changes nothing."""

    def __init__(
        self,
        *,
        addresses: Addresses,
        renderer: Renderer,
        keepalived: Keepalived,
        record: OwnershipRecord,
        vacancy: Vacancy,
    ) -> None:
        self._addresses = addresses
        self._renderer = renderer
        self._keepalived = keepalived
        self._record = record
        self._vacancy = vacancy

    async def examine(self, spec: FloatSpec) -> ResolvedSpec:
        """The spec made ready for this host, without the services whose claims it cannot carry.

        Raises UnresolvableError with all problems of the rest, OSError if it cannot look.
        """
        if spec.template:
            raise UnresolvableError(("KEEPALIVED_CONF_TEMPLATE: this release has no templates of the user's own",))
        host = replace(await self._addresses.view(), gateways=await self._addresses.gateways())
        resolved = resolve(spec, host, self._record.addresses)
        if against := await self._vacancy.against(resolved):
            resolved = resolve(spec, host, self._record.addresses, against=against)
        problems = await self._test(resolved)
        return await self._without_the_bad(resolved, problems) if problems else resolved

    async def _test(self, resolved: ResolvedSpec) -> tuple[str, ...]:
        """What keepalived has against the configuration, with and without preemption."""
        for preempting in ((), tuple(router.router.name for router in resolved.routers)):
            problems = await self._keepalived.config_test(self._renderer.render(resolved, preempting=preempting))
            if problems:
                return tuple(f"keepalived --config-test: {problem}" for problem in problems)
        return ()

    async def _without_the_bad(self, resolved: ResolvedSpec, problems: tuple[str, ...]) -> ResolvedSpec:
        """Leave out the services' routers that keepalived refuses. Raises UnresolvableError when it is not they."""
        own = tuple(router for router in resolved.routers if not router.router.claims)
        if len(own) == len(resolved.routers) or await self._test(replace(resolved, routers=own)):
            raise UnresolvableError(problems)
        refusals = list(resolved.refusals)
        good = own
        for router in resolved.routers[len(own) :]:
            found = await self._test(replace(resolved, routers=(*own, router)))
            refusals += [claim.refusal("; ".join(found)) for claim in router.router.claims if found]
            good = good if found else (*good, router)
        return replace(resolved, routers=good, refusals=tuple(refusals))
