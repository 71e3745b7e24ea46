"""`make campaign SEED=… ITERATIONS=…`: a seeded random sequence of faults on a real Swarm."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from pathlib import Path

from tests.campaign import tally
from tests.campaign.campaign import Campaign
from tests.campaign.choice import choose
from tests.lab import packages
from tests.lab.cluster import Lab
from tests.lab.plan import REPOSITORY
from tests.lab.shell import LabError
from tests.swarm.repair import is_whole, stand_up, start_over

NAME = "keepalived-campaign"
SUBNET = "10.90.0.0/24"
REPORTS = REPOSITORY / "reports" / "campaign"


def main() -> int:
    options = _parser().parse_args()
    numbers = range(options.first, options.first + options.iterations)
    if options.show:
        print(*(f"{number:4} {choose(options.seed, number)}" for number in numbers), sep="\n")
        return 0
    reason = packages.why_not_here()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the lab comes down then too
    print(f"seed {options.seed}, rounds {numbers.start} to {numbers.stop - 1}", flush=True)
    lab = Lab(options.name, options.subnet)
    try:
        return _run(lab, options, numbers)
    except LabError as error:
        print(f"the lab: {error}", file=sys.stderr)
        return 2
    finally:
        if not options.keep:
            lab.down()


def _run(lab: Lab, options: argparse.Namespace, numbers: range) -> int:
    _stand_up(lab, build=not options.no_build)
    campaign = Campaign(lab, options.seed, options.reports)
    failed = "interrupted"
    try:
        failed = campaign.run(numbers)
    finally:
        print(tally.table(campaign.results))
        print(*(f"not played to its end: round {told}" for told in campaign.unplayed), sep="\n", flush=True)
        print(tally.verdict(options.seed, campaign.results, wanted=len(numbers), failed=failed), flush=True)
    return 1 if failed else 0


def _stand_up(lab: Lab, *, build: bool) -> None:
    """A whole lab with the images of this folder; without `build` one that is whole is taken over as it is."""
    if not is_whole(lab):
        start_over(lab)
    elif build:
        stand_up(lab)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.campaign", description="Faults by chance, audits by rule.")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(1_000_000), help="default: by chance, and printed"
    )
    parser.add_argument("--iterations", type=int, default=50, help="how many rounds")
    parser.add_argument("--first", type=int, default=1, help="the first round's number, to play a failed one again")
    parser.add_argument("--show", action="store_true", help="only say what the seed would do")
    parser.add_argument("--keep", action="store_true", help="leave the Swarm up at the end")
    parser.add_argument("--no-build", action="store_true", help="take over a lab that was kept, as it is")
    parser.add_argument("--name", default=NAME, help="the lab's name; a second campaign at a time needs its own")
    parser.add_argument("--subnet", default=SUBNET, help="the lab's subnet, a /24, likewise")
    parser.add_argument("--reports", type=Path, default=REPORTS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
