"""The loop that puts all nodes' words together when one of them says something else."""

from __future__ import annotations

import asyncio

from buoy.board import Board
from buoy.cluster_view import NodeReport, cluster_answer, with_peers
from buoy.findings import findings
from shared.clock import Clock

SETTLE = 0.2
"""Seconds: a move is two words of two nodes, and only both together make sense."""

CONFIRMED_WITHIN = 1.0
"""Seconds after which two claims of one virtual router are looked at again, without a new word."""


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
            while not await self._board.heard.beyond(heard, CONFIRMED_WITHIN) and not self._contested():
                pass
            await asyncio.sleep(SETTLE)

    def assemble(self) -> None:
        """Make the view from what is on the board now."""
        own = self._own = NodeReport.of(self._board.node_answer(), self._clock.monotonic(), self._own)
        reports = with_peers([own, *self._others()])
        self._board.post_cluster(cluster_answer(own.hostname, reports, findings(reports)))

    def _others(self) -> list[NodeReport]:
        own = self._board.node.name
        return [report for name, report in self._board.neighbours.items() if name != own]

    def _contested(self) -> bool:
        claims = [vrid for report in (self._own, *self._others()) if report for vrid in report.claims]
        return len(claims) > len(set(claims))
