"""What an anchor leaves to the next one on this node: a small file on the link's volume.

No password of the settings is in it. What the user's own template and scripts say is.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from anchor.facts import LabelledService, Node
from shared.disk import Disk
from shared.models import FloatSpec, Frozen

logger = logging.getLogger(__name__)

FILE = "anchor-memory.json"


class Remembered(Frozen):
    """What the float's own labels cannot say, since they never change."""

    service: str = ""
    """Id of the anchors' service that this is about; the volume outlives a removed stack, which no longer matters."""

    wire: str | None = None
    """What other nodes must have in common with the spec that the float accepted last (`FloatSpec.wire`)."""

    spec: FloatSpec | None = None
    """That spec itself, unless it has a password."""

    settled_container: str | None = None
    """Id of the float that was found to match `settled_template`, though it was made from another one."""

    settled_template: str | None = None
    unshielded: bool = False
    """Whether this engine could not start a float with a lowered OOM score."""

    managers: tuple[Node, ...] = ()
    """The managers as they were listed last: one that left while anchors were replaced is a peer for a while still."""

    left: tuple[tuple[Node, float], ...] = ()
    """Those that had left before, each with the monotonic time until which it counts still."""

    nodes: tuple[Node, ...] = ()
    """All nodes as they were listed last: whose address no virtual IP may be."""

    labelled: tuple[LabelledService, ...] | None = None
    """The services that asked for a virtual IP by their labels; None where no look at the Swarm succeeded yet."""

    tracked: tuple[LabelledService, ...] = ()
    """Those of `tracked_names` that the Swarm had."""

    tracked_names: tuple[str, ...] = ()
    failed_template: str | None = None
    """The spec of the anchor's task whose float did not come up: it is not tried a second time."""


class Memory:
    """The file. Where it cannot be read nothing is remembered; where it cannot be written that is said once."""

    def __init__(self, folder: Path, *, service: str = "", disk: Disk | None = None) -> None:
        self._path = folder / FILE
        self._service = service
        self._disk = disk or Disk()
        self._failed = False
        self.value = self._read()

    def update(self, **changes: Any) -> None:
        """Remember these as well; what could not be written before is tried again."""
        value = self.value.model_copy(update=changes)
        if value == self.value and not self._failed:
            return
        self.value = value
        try:
            self._disk.do(lambda: self._write(value))
            self._failed = False
        except OSError as error:
            if not self._failed:
                logger.warning("Cannot write %s, so a later anchor will know less: %s", self._path, error)
            self._failed = True

    def _read(self) -> Remembered:
        try:
            value = Remembered.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return Remembered(service=self._service)
        return value if value.service == self._service else Remembered(service=self._service)

    def _write(self, value: Remembered) -> None:
        scratch = self._path.with_suffix(".new")
        try:
            scratch.write_text(value.model_dump_json())
            scratch.chmod(0o600)
            scratch.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                scratch.unlink()  # half a file on a full disk is of no use to anybody
            raise
