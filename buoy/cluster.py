"""The loop that puts all nodes' words together when one of them says something else."""

from __future__ import annotations

import asyncio

from buoy.board import Board
from buoy.cluster_view import NodeReport, cluster_answer, with_peers
from buoy.findings import findings
from shared.clock import Clock

SETTLE = 0.2
"""Seconds: a move is two words of two nodes, and only both together make sense."""

AT_LEAST_EVERY = 1.0
"""Seconds after which the view is made anew without a new word: two claims may have been confirmed by then."""


class ClusterLoop:
    """Keeps the board's view of all nodes current."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._own: NodeReport | None = None

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            heard = self._board.heard.value
            self.assemble()
            await self._board.heard.beyond(heard, AT_LEAST_EVERY)
            await asyncio.sleep(SETTLE)

    def assemble(self) -> None:
        """Make the view from what is on the board now."""
        own = self._own = NodeReport.of(self._board.node_answer().gist(), self._clock.monotonic(), self._own)
        others = [report for name, report in self._board.neighbours.items() if name != own.hostname]
        reports = with_peers([own, *others])
        self._board.post_cluster(cluster_answer(own.hostname, reports, findings(reports)))
