"""What the buoy knows, in memory: the doors write it, the routes read it, and none of them waits."""

from __future__ import annotations

from collections.abc import Mapping

from buoy.answers import Answer, prepare
from buoy.node import NodeView


class Board:
    """The last word about this node, with the answers that follow from it, ready to send."""

    def __init__(self, hostname: str, version: str) -> None:
        self.version = version
        self.node = NodeView(hostname)
        self.answers: Mapping[tuple[str, str], Answer] = prepare(self.node, version)

    def post_node(self, node: NodeView) -> None:
        """Put up what the status volume says now."""
        self.node = node
        self.answers = prepare(node, self.version)
