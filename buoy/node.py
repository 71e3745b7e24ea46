"""This node as the buoy last read it: a value that the deciders and the answers share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.status import AnchorStatus, FloatStatus, RouterStatus


@dataclass(frozen=True)
class NodeView:
    """What the status volume said, and whether it is still the truth."""

    hostname: str
    """The node's name as the buoy was told it; the float's own word wins once there is one."""

    floating: FloatStatus | None = None
    """The float's last word; None until one was read."""

    anchor: AnchorStatus | None = None
    fresh: bool = False
    """Whether the float's word is of this boot and at most `STALE_AFTER` seconds old."""

    anchor_fresh: bool = False

    @property
    def name(self) -> str:
        """The node's hostname."""
        return self.hostname or (self.floating.hostname if self.floating else "")

    @property
    def routers(self) -> tuple[RouterStatus, ...]:
        """The virtual routers as last told, also when that was long ago."""
        return self.floating.virtual_routers if self.floating else ()

    def gist(self) -> NodeView:
        """Without what changes all the time and decides nothing: counters and the times of writing.

        A stale word keeps its time, since that is then what there is to say.
        """
        if not self.fresh:
            return self
        floating = self.floating and self.floating.model_copy(
            update={**_TIMELESS, "virtual_routers": tuple(r.model_copy(update=_COUNTLESS) for r in self.routers)}
        )
        anchor = self.anchor and self.anchor.model_copy(update=_TIMELESS if self.anchor_fresh else {})
        return replace(self, floating=floating, anchor=anchor)


_TIMELESS = {"monotonic": 0.0, "written_at": 0.0}
_COUNTLESS: dict[str, object] = {"counters": {}}
