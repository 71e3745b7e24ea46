"""keepalived kept right: its track files, its configuration, its process, and the VIPs that a dead one left."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from float.custody import Custody
from float.demotion import demoted_content
from float.keepalived import Keepalived
from float.lifecycle import ChildState, Lifecycle
from float.render import Renderer
from float.resolve import ResolvedSpec
from float.routers import RouterEntry
from shared.clock import Clock
from shared.models import IpAddress

logger = logging.getLogger(__name__)


class Engine:
    """What turns decisions into a running keepalived; each method does only what is missing."""

    def __init__(
        self, *, keepalived: Keepalived, renderer: Renderer, custody: Custody, track_folder: Path, clock: Clock
    ) -> None:
        self._keepalived = keepalived
        self._renderer = renderer
        self._custody = custody
        self._track_folder = track_folder
        self._clock = clock
        self._written: dict[str, int] = {}
        self._installed: tuple[tuple[object, ...], tuple[str, ...]] = ((), ())
        """Of what the configuration is made: the spec with its refusals and places, and who preempts."""

        self._text = ""
        self._orphaned_vips: list[RouterEntry] = []
        self._swept = True
        self._died_at = 0.0
        self._flags: tuple[str, ...] = ()
        """With which keepalived was started."""

        self.lifecycle = Lifecycle()

    def tell(self, entries: Iterable[RouterEntry]) -> None:
        """Write the track files that differ: the fastest way into keepalived, and the one that fails safe.

        Raises OSError for the first that could not be written, once all others are.
        """
        failed: list[OSError] = []
        for entry in entries:
            name, decision = entry.router.name, entry.decision
            try:
                self._write(f"allowed_{name}", 1 if decision.allowed else 0)
                self._write(f"demoted_{name}", demoted_content(entry.router) if decision.demoted else 0)
            except OSError as error:
                failed.append(error)
                if not decision.allowed:
                    self._forbid(name)
        if failed:
            raise failed[0]

    def configure(self, resolved: ResolvedSpec, entries: Iterable[RouterEntry]) -> None:
        """Install and reload the configuration if its text differs; the VIPs are recorded first. Raises OSError."""
        preempting = tuple(entry.router.name for entry in entries if entry.decision.preempt)
        wanted = ((resolved.spec.digest, resolved.refusals, resolved.places), preempting)
        if wanted == self._installed:
            return
        self._custody.claim(resolved)
        text = self._renderer.render(resolved, preempting=preempting)
        if text != self._text:
            self._install(text)
            if wanted[0] != self._installed[0]:
                self.lifecycle = self.lifecycle.renewed(self._clock.monotonic())
            logger.info("keepalived's configuration changed", extra={"preempting": ",".join(preempting) or "-"})
        self._installed, self._text = wanted, text

    async def keep_running(self, resolved: ResolvedSpec, *, on_exit: Callable[[], None]) -> None:
        """Start keepalived when it is due, on a host swept of what an earlier one left. Raises OSError.

        What a dead one left of a virtual router is served by the kernel until a peer advertises it, and goes then,
        start or no start. Routers of which it was no master any more when it died (its child still said so) may have
        left addresses too, which go at once.
        """
        if self._keepalived.running and self._flags != resolved.spec.arguments:
            logger.info("keepalived stops, to start anew with other flags")
            await self.stop(resolved)
        now = self._clock.monotonic()
        left = self._still_ours()
        due = self.lifecycle.due(now) and all(self._peers_had_time(entry, now) for entry in left)
        self._swept = self._swept and not due
        await self._spare([] if due else left, resolved)
        if due:
            await self._start(resolved.spec.arguments, on_exit)

    async def _spare(self, left: list[RouterEntry], resolved: ResolvedSpec) -> None:
        """Nothing of ours is on the host but what these virtual routers left of a dead keepalived."""
        if self._swept and left == self._orphaned_vips:
            return
        self._swept, self._orphaned_vips = False, left
        self._custody.hold(left)  # first: a renewal would bring back what is swept
        await self._custody.sweep(resolved.addresses, sparing=_addresses(left))
        self._swept = True

    async def _start(self, flags: tuple[str, ...], on_exit: Callable[[], None]) -> None:
        self._flags = flags
        try:
            await self._keepalived.start(on_exit, flags=flags)
        except OSError as error:
            logger.error("keepalived cannot be started: %s", error)
            self.lifecycle = self.lifecycle.started(self._clock.monotonic()).exited(self._clock.monotonic())
            return
        self.lifecycle = self.lifecycle.started(self._clock.monotonic())

    async def rest(self, resolved: ResolvedSpec, why: str) -> None:
        """Have keepalived stopped for as long as this is called instead of `keep_running`. Raises OSError."""
        if self._keepalived.running:
            logger.warning("keepalived is stopped: %s", why)
            await self.stop(resolved)
        elif self._orphaned_vips:
            await self._spare(self._still_ours(), resolved)

    def exited(self, masters: list[RouterEntry]) -> None:
        """The child ended; `masters` are the routers that it held until then."""
        now = self._clock.monotonic()
        unasked = self.lifecycle.state is not ChildState.STOPPING
        self.lifecycle = self.lifecycle.exited(now)
        if unasked:
            logger.error("keepalived died; it is started again", extra={"restarts": self.lifecycle.restarts})
            self._orphaned_vips, self._died_at, self._swept = masters, now, False

    async def stop(self, resolved: ResolvedSpec | None) -> None:
        """End keepalived cleanly, and leave no VIP behind. Raises OSError."""
        self.lifecycle = self.lifecycle.stopping(self._clock.monotonic())
        await self._keepalived.stop()
        self._custody.hold(())
        if resolved:
            await self._custody.sweep(resolved.addresses)

    def hold_leases(self, masters: Iterable[RouterEntry]) -> None:
        """Keep the leases of what we hold, or of what a dead keepalived left and the kernel still serves."""
        self._custody.hold(self._orphaned_vips or masters)

    def next_change(self, now: float) -> float | None:
        """When time alone lets keepalived start again; once it is due, nothing but another turn is to be waited for."""
        if self.lifecycle.state is not ChildState.BACKOFF:
            return None
        waits = [self._died_at + _time_to_take_over(entry) for entry in self._orphaned_vips]
        due = max((self.lifecycle.retry_at, *waits))
        return due if due >= now else None

    def _still_ours(self) -> list[RouterEntry]:
        """Of what a dead keepalived left: what no peer has taken, and nothing forbids to hold."""
        return [entry for entry in self._orphaned_vips if entry.decision.allowed and not self._taken(entry)]

    def _taken(self, entry: RouterEntry) -> bool:
        """Whether a peer advertised the VIPs since keepalived died here."""
        return entry.heard is not None and entry.heard.at > self._died_at and entry.heard.priority > 0

    def _peers_had_time(self, entry: RouterEntry, now: float) -> bool:
        """Whether nobody will come any more for the VIPs that a dead keepalived left."""
        return now - self._died_at > _time_to_take_over(entry)

    def _install(self, text: str) -> None:
        self._keepalived.install(text)
        if self._keepalived.running:
            self._keepalived.reload()

    def _forbid(self, router: str) -> None:
        """What needs no room on the disk: an empty file forbids as a 0 does (measured)."""
        with contextlib.suppress(OSError):
            (self._track_folder / f"allowed_{router}").write_text("")

    def _write(self, name: str, value: int) -> None:
        if self._written.get(name) == value:
            return
        scratch = self._track_folder / f".{name}"
        scratch.write_text(f"{value}\n")
        scratch.replace(self._track_folder / name)
        self._written[name] = value


def _addresses(entries: Iterable[RouterEntry]) -> frozenset[IpAddress]:
    return frozenset(vip.address for entry in entries for vip in entry.resolved.addresses)


def _time_to_take_over(entry: RouterEntry) -> float:
    """Seconds after which the slowest peer has noticed the silence: three intervals and a whole one of skew."""
    return 4 * entry.router.advert_interval
