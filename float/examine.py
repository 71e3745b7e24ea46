"""Would this host run that spec? Resolved, rendered and tested by keepalived itself, before anything is touched.

keepalived's own `reload_check_config` is not used: it runs the test as the script user, which takes the capability
SETGID even for root, and without it keepalived 2.3.3 "reloads" the configuration that it had (measured).
"""

from __future__ import annotations

import logging
from dataclasses import replace

from float import own_template
from float.addresses import Addresses
from float.host import HostView
from float.keepalived import Keepalived
from float.ownership import OwnershipRecord
from float.render import Renderer
from float.resolve import ResolvedSpec, UnresolvableError, resolve, vip_problems
from float.vacancy import Vacancy
from shared.additions import Template
from shared.models import FloatSpec

logger = logging.getLogger(__name__)

MOST_LEFT_OUT = 20
"""Lines of a user's template that are left out at most."""


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
        host = replace(await self._addresses.view(), gateways=await self._addresses.gateways())
        resolved = resolve(spec, host, self._record.addresses)
        if against := await self._vacancy.against(resolved):
            resolved = resolve(spec, host, self._record.addresses, against=against)
        if spec.template:
            return await self._with_own_text(resolved, spec.template, host)
        problems = await self._test(resolved)
        return await self._without_the_bad(resolved, problems) if problems else resolved

    async def _test(self, resolved: ResolvedSpec) -> tuple[str, ...]:
        """What keepalived has against the configuration, with and without preemption."""
        for preempting in ((), tuple(router.router.name for router in resolved.routers)):
            problems = await self._keepalived.config_test(self._renderer.render(resolved, preempting=preempting))
            if problems:
                return tuple(f"keepalived --config-test: {problem}" for problem in problems)
        return ()

    async def _with_own_text(self, resolved: ResolvedSpec, template: Template, host: HostView) -> ResolvedSpec:
        """The same with the virtual routers of the user's template; keepalived's complaints about it are warnings."""
        text = await self._renderer.render_own(resolved, template)
        text, complaints = await self._mend(text)
        own = own_template.read(text, resolved.spec, host)
        against = [
            problem
            for router in own.routers
            for vip in router.addresses
            for problem in vip_problems(vip, host, self._record.addresses)
        ]
        adopted = own_template.adopt(resolved, own, text)
        against += [line for line in await self._test(adopted) if own_template.is_fatal(line)]
        if against:
            raise UnresolvableError(tuple(against))
        for warning in (*own.warnings, *complaints):
            logger.warning("%s", warning)
        return adopted

    async def _mend(self, text: str) -> tuple[str, list[str]]:
        """The text without the lines at which keepalived would end, and all that it has against it."""
        left_out: list[str] = []
        while True:
            complaints = await self._keepalived.config_test(text)
            line = own_template.fatal_line(complaints, text)
            if line is None or len(left_out) >= MOST_LEFT_OUT:
                return text, left_out + [f"keepalived says of the template: {complaint}" for complaint in complaints]
            left_out.append(f"keepalived would end at line {line} of the template, so it is left out: {complaints[0]}")
            text = own_template.without_line(text, line)

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
