"""Tasks that live as long as the process: named, guarded, and never silently gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping

from shared.errors import FatalError


async def serve_while(serving: Coroutine[None, None, None], helpers: Mapping[str, Coroutine[None, None, None]]) -> None:
    """Run until `serving` ends, then end the helpers. Raises FatalError when a helper ends before it."""
    main = asyncio.create_task(serving, name="serving")
    others = {asyncio.create_task(work, name=name) for name, work in helpers.items()}
    done, _ = await asyncio.wait({main, *others}, return_when=asyncio.FIRST_COMPLETED)
    for task in {main, *others} - done:
        task.cancel()
    await asyncio.gather(main, *others, return_exceptions=True)
    if main not in done:
        ended = done.pop()
        raise FatalError(f"the task {ended.get_name()!r} ended unexpectedly") from ended.exception()
    main.result()
