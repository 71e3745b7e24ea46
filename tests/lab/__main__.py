"""`python3 -m tests.lab VERB`: the lab by hand."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from tests.lab import demo, packages
from tests.lab.cluster import Lab
from tests.lab.plan import DEFAULT_NAME, DEFAULT_SUBNET
from tests.lab.processes import marked_environment
from tests.lab.shell import LabError
from tests.lab.status import table

ON_A_HOST: dict[str, Callable[[Lab, str], object]] = {
    "power-off": Lab.power_off,
    "boot": Lab.boot,
    "unplug": Lab.unplug,
    "plug": Lab.plug,
    "kill-anchor": Lab.kill_anchor,
    "pause-anchor": Lab.pause_anchor,
    "resume-anchor": Lab.resume_anchor,
    "kill-float": Lab.kill_float,
    "kill-dockerd": Lab.kill_dockerd,
    "start-dockerd": Lab.start_dockerd,
    "restart-dockerd": Lab.restart_dockerd,
    "drain": Lab.drain,
    "activate": Lab.activate,
    "demote": Lab.demote,
    "promote": Lab.promote,
    "leave": Lab.leave,
    "join": Lab.join,
    "freeze": Lab.freeze,
    "thaw": Lab.thaw,
}


def main() -> int:
    options = _parser().parse_args()
    reason = packages.why_not_here()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    lab = Lab(options.name, options.subnet)
    began = time.monotonic()
    try:
        code = VERBS[options.verb](lab, options)
    except (LabError, ValueError) as error:
        print(f"{options.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.verb in TIMED:
        print(f"{options.verb}: {time.monotonic() - began:.1f} s")
    return code


def _up(lab: Lab, options: argparse.Namespace) -> int:
    lab.up(options.hosts)
    print(table(lab))
    return 0


def _deploy(lab: Lab, options: argparse.Namespace) -> int:
    env = dict(word.partition("=")[::2] for word in options.settings)
    finished = lab.deploy(env, prune=options.prune)
    print(finished.stdout + finished.stderr, end="")
    return finished.returncode


def _build(lab: Lab, options: argparse.Namespace) -> int:
    lab.build()
    lab.preload()
    return 0


def _ping(lab: Lab, options: argparse.Namespace) -> int:
    with lab.gap_client(options.vip) as client:
        time.sleep(options.seconds)
        report = client.report()
    for gap in report.gaps:
        print(f"after {gap.start - report.began:8.3f} s no answer for {gap.length * 1000:.0f} ms")
    print(report.sentence())
    return 0


def _enter(lab: Lab, words: list[str], command: list[str]) -> NoReturn:
    """Becomes the command; the mark lets `down` end it should it still be there."""
    os.execvpe(words[0], [*words, *(command or ["bash"])], marked_environment(lab.plan.name))


def _tell(act: Callable[[Lab, argparse.Namespace], object]) -> Callable[[Lab, argparse.Namespace], int]:
    """A verb that prints what it returns, if that is text, and ends well."""

    def verb(lab: Lab, options: argparse.Namespace) -> int:
        answer = act(lab, options)
        if isinstance(answer, str):
            print(answer)
        return 0

    return verb


def _on_a_host(act: Callable[[Lab, str], object]) -> Callable[[Lab, argparse.Namespace], int]:
    return _tell(lambda lab, options: act(lab, options.host))


VERBS: dict[str, Callable[[Lab, argparse.Namespace], int]] = {
    "up": _up,
    "down": _tell(lambda lab, _: lab.down()),
    "build": _build,
    "demo": _tell(lambda lab, _: demo.show(lab)),
    "deploy": _deploy,
    "remove-stack": _tell(lambda lab, _: lab.remove_stack()),
    "partition": _tell(lambda lab, options: lab.partition(*options.hosts)),
    "heal": _tell(lambda lab, _: lab.heal()),
    "kill-keepalived": _tell(lambda lab, options: lab.kill_keepalived(options.host, options.which)),
    "delete-vip": _tell(lambda lab, options: lab.delete_vip(options.host, options.vip)),
    "holders": _tell(lambda lab, options: " ".join(lab.holders(options.vip)) or "nobody"),
    "ping": _ping,
    "status": _tell(lambda lab, _: table(lab)),
    "exec": lambda lab, options: _enter(lab, lab.host(options.host).enter(), options.command),
    "client": lambda lab, options: _enter(lab, ["ip", "netns", "exec", lab.plan.lan_namespace], options.command),
    "env": _tell(lambda lab, options: f"export DOCKER_HOST={lab.host(options.host).url}"),
    **{name: _on_a_host(act) for name, act in ON_A_HOST.items()},
}
TIMED = {"demo", "up", "down", "build", "boot", "remove-stack", "restart-dockerd"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description="A Docker Swarm on this one machine.")
    parser.add_argument("--name", default=DEFAULT_NAME, help="another name and subnet make a second lab")
    parser.add_argument("--subnet", default=str(DEFAULT_SUBNET))
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    added = {name: verbs.add_parser(name) for name in VERBS}
    for name in (*ON_A_HOST, "kill-keepalived", "delete-vip", "exec", "env"):
        added[name].add_argument("host")
    added["up"].add_argument("--hosts", type=int, default=3)
    added["partition"].add_argument("hosts", nargs="+")
    added["deploy"].add_argument("--prune", action="store_true")
    added["deploy"].add_argument("settings", nargs="*", metavar="NAME=VALUE")
    added["kill-keepalived"].add_argument("--which", choices=("parent", "child", "both"), default="both")
    added["delete-vip"].add_argument("--vip", default=None)
    added["holders"].add_argument("vip", nargs="?")
    added["ping"].add_argument("seconds", nargs="?", type=float, default=5.0)
    added["ping"].add_argument("--vip", default=None)
    for name in ("exec", "client"):
        added[name].add_argument("command", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
