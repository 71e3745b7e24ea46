"""Round after round: strike, audit what is left, mend, audit the whole; the first failed audit ends it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.campaign import engines, evidence, strikes, tally, updates
from tests.campaign.audit import Auditor, FailedAuditError, until_none
from tests.campaign.choice import Kind, Round, choose
from tests.campaign.load import load
from tests.campaign.soak import Soak
from tests.campaign.tally import Result
from tests.lab.address_watch import AddressWatch, Change, spans
from tests.lab.cluster import Lab
from tests.lab.shell import LabError
from tests.swarm.repair import repair

SETTLING = 20.0
"""Seconds that a faulty Swarm has for its one holder: a lease, a frozen anchor's time-out, two busy cores."""

HEALING = 90.0
"""Seconds that a mended Swarm has to be whole, an update included."""

APART = frozenset({Kind.PARTITION, Kind.FREEZE})
"""Faults with a holder on either side: two holders count from the moment at which they hear each other again."""

VRRP = "ip proto 112 or arp"


class Campaign:
    """One seed on one lab."""

    def __init__(self, lab: Lab, seed: int, reports: Path) -> None:
        self._lab = lab
        self._seed = seed
        self._reports = reports
        self._auditor = Auditor(lab)
        self.results: list[Result] = []
        self.unplayed: list[str] = []
        """Rounds that the lab could not play to their end; they count neither as passed nor as failed."""

    def run(self, numbers: Sequence[int]) -> str:
        """Plays these rounds; returns why it stopped early, empty when it did not."""
        self._reports.mkdir(parents=True, exist_ok=True)
        repair(self._lab)
        updates.give_other_image(self._lab)
        time.sleep(5)  # a process counts for the census once it is older than a health probe
        self._auditor.take_baseline()
        soak = Soak(self._lab, self._auditor)
        try:
            for number in numbers:
                played = len(self.results)
                failed = self._play(choose(self._seed, number))
                if failed:
                    return failed
                soak.look()
                if len(self.results) > played:
                    print(tally.line(self.results[-1]), flush=True)
            return ""
        finally:
            print(soak)

    def _play(self, now: Round) -> str:
        """The round's trouble in one sentence, with the evidence saved; empty when all its audits found nothing.

        Trouble of the lab itself (an engine that takes minutes to answer) ends the round, which does not count, and no
        more if all is whole afterwards.
        """
        folder = self._reports / f"seed-{self._seed}-round-{now.number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        capture = folder / "wire.pcap"
        with self._lab.capture(VRRP, capture), self._lab.watch_addresses() as watch:
            try:
                try:
                    self.results.append(self._strike_and_mend(now, watch, capture))
                except LabError as error:
                    evidence.save(folder, self._lab, watch.changes(self._lab.vip))
                    self._mend_after(now, error, capture)
                    return ""
            except (FailedAuditError, AssertionError, LabError) as error:
                evidence.save(folder, self._lab, watch.changes(self._lab.vip))
                failed = f"round {now.number} ({now}): {error}"
                (folder / "failed.txt").write_text(f"seed {self._seed}, {failed}\n")
                return f"{failed}\n     evidence: {folder}"
        shutil.rmtree(folder)
        return ""

    def _mend_after(self, now: Round, error: LabError, capture: Path) -> None:
        """Everything as it was after a round that the lab could not play to its end; raises what a round does."""
        self.unplayed.append(f"{now.number} ({now}): {error}")
        print(f"{now.number:4} could not be played to its end, and does not count: {error}", flush=True)
        try:
            strikes.mend(self._lab)
        except LabError:
            woken = engines.wake(self._lab)
            if not woken:
                raise
            print(*(f"     {sentence}" for sentence in woken), sep="\n", flush=True)
            strikes.mend(self._lab)
        self._until_whole(capture)

    def _strike_and_mend(self, now: Round, watch: AddressWatch, capture: Path) -> Result:
        lab = self._lab
        at = strikes.targets(list(lab.hosts), lab.wait_holder())
        print(f"{now.number:4} {now} ({', '.join(f'{where} {host}' for where, host in at.items())})", flush=True)
        faults = strikes.faults_by_host(now.strikes, at)
        struck = time.monotonic()
        with lab.gap_client() as client:
            with load(lab.plan.name) if now.load else contextlib.nullcontext():
                updates.start(lab, now.update)
                missed = strikes.strike_all(lab, now.strikes, at)
                time.sleep(now.lasting)
                settled = until_none(
                    lambda: self._auditor.during(faults), within=SETTLING, calm=0.5, when="while the faults last"
                )
            mended = time.monotonic()
            heard = strikes.mend(lab)
            missed += self._until_whole(capture)
            whole = time.monotonic() - mended
            report = client.report()
        changes = watch.changes(lab.vip)
        apart = any(kinds & APART for kinds in faults.values())
        overlap = longest_overlap(changes, since=heard if apart else struck, until=time.monotonic())
        if overlap > SETTLING:  # also before the first look, while Docker was slow to carry a fault out
            raise FailedAuditError(
                "from the first fault on", [f"two holders that heard each other for {overlap:.0f} s"]
            )
        return Result(
            round=now,
            settled=settled,
            whole=whole,
            gap=report.max_gap,
            overlap=overlap,
            moves=max(0, sum(change.present for change in changes) - 1),
            missed=tuple(missed),
        )

    def _until_whole(self, capture: Path) -> list[str]:
        """Waits until everything is as it was; returns what Docker itself could not mend without a restart."""
        lab = self._lab
        cured = updates.wait_for_the_end(lab)
        try:
            until_none(lambda: self._auditor.whole(capture), within=HEALING, calm=1.0, when="mended")
        except FailedAuditError:
            restarted = engines.cure(lab, updates.BUOY_SERVICE)
            if not restarted:
                raise
            cured += restarted
            until_none(lambda: self._auditor.whole(capture), within=HEALING, calm=1.0, when="mended")
        return cured


def longest_overlap(changes: Sequence[Change], *, since: float, until: float) -> float:
    """The longest time with two holders, in seconds, of what lies after `since`."""
    found = spans(changes, lambda holders: holders > 1, until=until)
    return max((began + length - max(began, since) for began, length in found if began + length > since), default=0.0)
