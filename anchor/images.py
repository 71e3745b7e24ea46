"""The float's image on this node: there already, or pulled with patience."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
    wait_exponential,
)

from anchor.container_spec import pullable
from anchor.engine import Engine
from anchor.facts import PullError
from anchor.patience import Sleep
from shared.errors import SettingsError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Effort:
    """How hard to try to pull."""

    tries: int
    seconds: float
    """For all tries together, and for the registry's first word at each; a pull that has begun may take longer."""


MISSING = Effort(tries=6, seconds=15.0)
"""For an image that is not here: nothing goes on without it."""

PRESENT = Effort(tries=3, seconds=4.0)
"""For a newer one of an image that is here."""


async def ensure_image(engine: Engine, reference: str, *, refresh: bool, sleep: Sleep) -> str:
    """The id of the local image, pulled where it is missing, or where a newer one may exist (`refresh`).

    Raises SettingsError where it is neither here nor to be had, EngineError where Docker does not answer.
    """
    reference = pullable(reference)
    local = await engine.image_id(reference)
    if local is not None and ("@" in reference or not refresh):
        return local
    try:
        await _pull(engine, reference, MISSING if local is None else PRESENT, sleep)
    except PullError as error:
        if local is None:
            raise SettingsError([_problem(reference, error)]) from error
        logger.warning("The image %s cannot be pulled; the one on this node is used: %s", reference, error)
    return await engine.image_id(reference) or local or reference


async def _pull(engine: Engine, reference: str, effort: Effort, sleep: Sleep) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(PullError),
        stop=stop_any(stop_after_attempt(effort.tries), stop_after_delay(effort.seconds)),
        wait=wait_exponential(multiplier=0.5, max=4),
        sleep=sleep,
        reraise=True,
    )
    logger.info("Pulling the image %s.", reference)
    await retrying(engine.pull, reference, first_word=effort.seconds)


def _problem(reference: str, error: PullError) -> str:
    return (
        f"KEEPALIVED_IMAGE={reference}: is neither on this node nor can it be pulled ({error}); "
        "name an image that can be, push it, or set KEEPALIVED_REGISTRY_AUTH_FILE for a private registry"
    )
