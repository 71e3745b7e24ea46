"""The float's image on this node: there already, or pulled with patience."""

from __future__ import annotations

import logging

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from anchor.container_spec import pullable
from anchor.engine import Engine
from anchor.facts import EngineSilentError, PullError
from shared.errors import SettingsError

logger = logging.getLogger(__name__)

PATIENCE_WITHOUT = 15.0
"""Seconds of trying to pull an image that is not there."""

PATIENCE_WITH = 4.0
"""Seconds of trying to pull a newer one of an image that is there."""


async def ensure_image(engine: Engine, reference: str, *, refresh: bool) -> str:
    """The id of the local image, pulled where it is missing, or where a newer one may exist (`refresh`).

    Raises SettingsError where it is neither here nor to be had, EngineError where Docker does not answer.
    """
    reference = pullable(reference)
    local = await engine.image_id(reference)
    if local is not None and ("@" in reference or not refresh):
        return local
    try:
        await _pull(engine, reference, PATIENCE_WITHOUT if local is None else PATIENCE_WITH)
    except PullError as error:
        if local is None:
            raise SettingsError([_problem(reference, error)]) from error
        logger.warning("The image %s cannot be pulled; the one on this node is used: %s", reference, error)
    return await engine.image_id(reference) or local or reference


async def _pull(engine: Engine, reference: str, patience: float) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type((PullError, EngineSilentError)),
        stop=stop_after_delay(patience),
        wait=wait_exponential(multiplier=0.5, max=4),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            logger.info("Pulling the image %s.", reference)
            await engine.pull(reference, first_word=patience)


def _problem(reference: str, error: PullError) -> str:
    return (
        f"KEEPALIVED_IMAGE={reference}: is neither on this node nor can it be pulled ({error}); "
        "name an image that can be, push it, or set KEEPALIVED_REGISTRY_AUTH_FILE for a private registry"
    )
