"""What the buoy knows, in memory: the doors write it, the routes read it, and none of them waits."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from buoy.answers import Answer, prepare
from buoy.api import HistoryMark, NodeAnswer
from buoy.cluster_api import ClusterAnswer, Event
from buoy.cluster_view import NodeReport, cluster_answer
from buoy.describe import node_answer
from buoy.history import merge
from buoy.node import NodeView


class Signal:
    """A number that grows, and can be waited for."""

    def __init__(self) -> None:
        self.value = 0
        self._waiting: asyncio.Future[None] | None = None

    def bump(self) -> None:
        """One more, and wake all that wait."""
        self.value += 1
        if self._waiting is not None:
            self._waiting.set_result(None)
            self._waiting = None

    async def beyond(self, seen: int, seconds: float) -> bool:
        """Whether the number was another than the seen one before the time was over."""
        if self.value != seen:
            return True
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        await asyncio.wait({self._waiting}, timeout=seconds)
        return self.value != seen


class Board:
    """The last word about this node, the others, and all together, with the answers that follow from it."""

    def __init__(self, hostname: str, version: str, history_limit: int = 1000) -> None:
        self.version = version
        self.instance = secrets.token_hex(8)
        """Tells this buoy from all others, so that it knows itself among the tasks of the service."""

        self.node = NodeView(hostname)
        self.answers: Mapping[tuple[str, str], Answer] = prepare(self.node, version)
        self.told = Signal()
        """Grows when this node says something else."""

        self.heard = Signal()
        """Grows when any node, this one too, says something else."""

        self.seen = Signal()
        """Grows when the view of all nodes, or their history, is another."""

        self.cluster: ClusterAnswer = cluster_answer(hostname, (), ())
        self.events: tuple[Event, ...] = ()
        """The transitions of all nodes, the newest first."""

        self.own_history: tuple[Event, ...] = ()
        self.neighbours: dict[str, NodeReport] = {}
        self.neighbour_addresses: set[str] = set()
        self._histories: dict[str, tuple[Event, ...]] = {}
        self._limit = history_limit
        self._gist = self.node

    def post_node(self, node: NodeView) -> None:
        """Put up what the status volume says now; the answers are made anew when it says something else."""
        self.node = node
        gist = node.gist()
        if gist != self._gist:
            self._gist = gist
            self.answers = prepare(node, self.version)
            self._told()

    def post_history(self, events: tuple[Event, ...]) -> None:
        """Put up this node's own transitions, the oldest first."""
        self.own_history = events
        self._merge()
        self._told()

    def post_neighbour(self, report: NodeReport) -> None:
        """Put up what another node's buoy said, or that it does not answer."""
        before = self.neighbours.get(report.hostname)
        self.neighbours[report.hostname] = report
        if before is None or (before.error, before.answer) != (report.error, report.answer):
            self.heard.bump()

    def drop_neighbour(self, hostname: str) -> None:
        """Forget a node whose buoy has left the service."""
        if self.neighbours.pop(hostname, None) is not None:
            self.heard.bump()

    def post_neighbour_history(self, hostname: str, events: tuple[Event, ...]) -> None:
        """Put up another node's transitions, the oldest first."""
        self._histories[hostname] = events
        self._merge()

    def post_cluster(self, answer: ClusterAnswer) -> None:
        """Put up the view of all nodes."""
        if answer != self.cluster:
            self.cluster = answer
            self.seen.bump()

    def node_answer(self) -> NodeAnswer:
        """All that this node can say about itself."""
        last = self.own_history[-1].time.timestamp() if self.own_history else 0.0
        mark = HistoryMark(count=len(self.own_history), last=last)
        return node_answer(self.node, version=self.version, history=mark, instance=self.instance)

    def _told(self) -> None:
        self.told.bump()
        self.heard.bump()

    def _merge(self) -> None:
        merged = merge((self.own_history, *self._histories.values()), self._limit)
        if merged != self.events:
            self.events = merged
            self.seen.bump()
