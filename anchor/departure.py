"""Why the anchor is told to stop, and so what becomes of its float. Pure.

Keeping the float is the answer to everything that is not known: a float that is kept too long ends by itself once
another node serves, one that is removed too early costs the virtual IP.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.link_protocol import GoodbyeReason


@dataclass(frozen=True)
class Known:
    """What was seen before SIGTERM or is answered after it; None where Docker did not tell."""

    service_exists: bool | None = None
    managing: bool | None = None
    availability: str | None = None

    def updated(self, later: Known) -> Known:
        """This, corrected by what was learnt later."""
        return Known(
            service_exists=self.service_exists if later.service_exists is None else later.service_exists,
            managing=self.managing if later.managing is None else later.managing,
            availability=later.availability or self.availability,
        )


@dataclass(frozen=True)
class Departure:
    """The goodbye to say, and the sentence that says why."""

    reason: GoodbyeReason
    detail: str

    @property
    def keeps_float(self) -> bool:
        """Whether the float goes on without this anchor."""
        return self.reason is GoodbyeReason.UPDATE


def decide(known: Known) -> Departure:
    """Invariant: a float is taken away only on Docker's word that service or node leaves, never for want of a word."""
    if known.service_exists is False:
        return Departure(GoodbyeReason.REMOVED, "the service was removed")
    if known.managing is False:
        return Departure(GoodbyeReason.LEAVE, "this node is no longer a manager")
    if known.availability == "drain":
        return Departure(GoodbyeReason.LEAVE, "this node is drained")
    return Departure(GoodbyeReason.UPDATE, "the anchor is replaced or restarted")
