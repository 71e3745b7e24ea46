"""PURE: may a virtual router that has just begun on this node take part, or is its VIP served by somebody unheard?

A master sends its adverts to the peers that its anchor named. If that anchor hangs, a node that joins is not among
them: it hears nothing, and would become a second master. So it first asks the segment who has the VIP.

Invariant: a newcomer takes part only after it heard an advert, or nobody answered for the VIP, or LIMIT seconds passed
in which those who answered were none of its peers. A peer that answers is a master, or leaves within the VIP's lease:
then the VIP is served, and one holder that we cannot hear is better than two. A stranger's answer (a router that
answers for everything, a host with our address) holds us up no longer than LIMIT, as VRRP would not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from float.neighbour import Claim
from shared.models import Peer

LIMIT = 5.0
"""Seconds for which a stranger's answer counts."""


@dataclass(frozen=True)
class Newcomer:
    """A virtual router that does not take part yet."""

    since: float
    """Monotonic seconds of its beginning."""

    asked: bool = False
    """Whether a whole round of questions is over."""

    claim: Claim | None = None
    """Who answered in the last round."""

    peer: Peer | None = None
    """The peer that this was."""


def objection(newcomer: Newcomer, vip: str, *, hears: bool, now: float) -> str | None:
    """Why it must not take part yet, or None; `hears` says whether another node's adverts come."""
    if hears:
        return None
    if newcomer.peer is not None:
        name = newcomer.peer.hostname or newcomer.peer.address
        return f"{name} ({newcomer.peer.address}) has {vip}, and its adverts do not come here"
    if now - newcomer.since >= LIMIT:
        return None
    if newcomer.claim is not None:
        return f"somebody ({newcomer.claim.mac}) has {vip}; waiting {LIMIT:g} s for an advert"
    return None if newcomer.asked else f"asking whether another host has {vip}"
