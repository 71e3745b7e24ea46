"""What this node's float runs, or ran last, as far as its anchor knows. Pure.

Nodes that speak different wire formats do not hear each other, so a change of it waits until every anchor has been
updated; to tell such a change, and to give a float that dies meanwhile what it had, the last spec has to be known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.link_protocol import FloatHello
from shared.models import FloatSpec


@dataclass(frozen=True)
class LastRun:
    """The float's last spec; every change gives a new value."""

    digest: str | None = None
    """Of the spec that runs now, as its anchor called it; None where nothing runs, or nobody said what."""

    wire: str | None = None
    """What other nodes must have in common with it (`FloatSpec.wire`)."""

    spec: FloatSpec | None = None
    """The spec itself, where it is known."""

    @classmethod
    def of(cls, spec: FloatSpec) -> LastRun:
        """After the float said that it runs this spec."""
        return cls(spec.digest, spec.wire, spec)

    def told(self, hello: FloatHello) -> LastRun:
        """After a float connected: what it says of itself, and for one that runs nothing what was known before."""
        if hello.spec is not None:
            return LastRun(hello.spec_digest or hello.spec.digest, hello.spec.wire, hello.spec)
        return replace(self, digest=hello.spec_digest)

    def differs(self, spec: FloatSpec) -> bool:
        """Whether the spec's wire format is another one; a float that runs nobody knows what counts as such."""
        if self.digest == spec.digest:
            return False
        return self.digest is not None if self.wire is None else self.wire != spec.wire
