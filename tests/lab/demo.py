"""`make demo`: the product's promises, shown on a real Swarm: a power cut, and an address of a service's own."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tests.lab.cluster import Lab
from tests.lab.images import references
from tests.lab.shell import LabError, wait_until

HOSTS = 3
WATCH_BEFORE = 2.0
WATCH_AFTER = 5.0
EXAMPLE = "docs/examples/service-vip.yml"


def show(lab: Lab) -> None:
    """Runs the whole demo and leaves the Swarm standing. Raises LabError where the product does not keep its word."""
    if lab.is_up:
        raise LabError("a lab is up already; `make demo-down` ends it")
    _say(
        f"1. A Docker Swarm of {HOSTS} managers, each a Docker engine in namespaces of its own, on one network segment"
    )
    lab.up(HOSTS)
    _say("2. Build the three images, and push them to a registry on that segment")
    lab.build()
    lab.preload()
    _say("3. Deploy the stack")
    _deploy(lab)
    holder = _until_it_serves(lab)
    print(f"The virtual IP {lab.vip} answers; {holder} holds it, and every manager is healthy.")
    _say("4. Give a web service an address of its own, and kill the task behind it")
    address = _address_of_a_service(lab)
    _say(f"5. Cut the power of {holder} while a client asks {lab.vip} every 2 ms")
    _power_cut(lab, holder)
    _say("6. The Swarm goes on running; look at it")
    print(_what_to_look_at(lab, holder, address))


def _say(sentence: str) -> None:
    print(f"\n== {sentence}", flush=True)


def _deploy(lab: Lab) -> None:
    shown: Mapping[str, str] = {"KEEPALIVED_VIRTUAL_IPS": lab.vip, **lab.image_names()}
    print(*(f"export {name}={value}" for name, value in shown.items()), sep="\n")
    for prune in (False, True):
        print(f"docker stack deploy -c docker-compose.yml keepalived{' --prune' if prune else ''}", flush=True)
        finished = lab.deploy(prune=prune)
        print(finished.stdout + finished.stderr, end="")
        if finished.returncode != 0:
            raise LabError("the stack could not be deployed")


def _until_it_serves(lab: Lab) -> str:
    began = time.monotonic()
    holder = lab.wait_holder(timeout=60)
    print(f"{lab.vip} came up after {time.monotonic() - began:.1f} s")
    wait_until(lambda: all(_healthy(lab, name) for name in lab.hosts), 60, "a healthy buoy on every manager")
    return holder


def _healthy(lab: Lab, host: str) -> bool:
    try:
        return lab.http(host, "/health")[0] == 200
    except OSError:
        return False


def _address_of_a_service(lab: Lab) -> str:
    address = f"{lab.vip.rpartition('.')[0]}.50"
    shown = {"WEB_VIP": address, "WEB_IMAGE": references(lab.image_names())[2]}
    print(*(f"export {name}={value}" for name, value in shown.items()), sep="\n")
    print(f"docker stack deploy -c {EXAMPLE} web", flush=True)
    finished = lab.deploy(shown, compose_files=(EXAMPLE,), stack="web")
    print(finished.stdout + finished.stderr, end="")
    if finished.returncode != 0:
        raise LabError("the web service could not be deployed")
    wait_until(lambda: _answers(lab, address), 90, f"the web service to answer at {address}")
    holder = lab.wait_holder(address)
    print(f"http://{address}/ answers; {holder} holds the address, and runs a task of the service.")
    killed = time.monotonic()
    _kill_task(lab, holder)
    wait_until(lambda: lab.holders(address) not in ([], [holder]), 30, "another holder", interval=0.01)
    moved = time.monotonic() - killed
    wait_until(lambda: _answers(lab, address), 30, "the web service to answer again", interval=0.05)
    print(
        f"Its task on {holder} was killed: {moved:.2f} s later {lab.wait_holder(address)} holds {address}, and answers."
    )
    return address


def _kill_task(lab: Lab, host: str) -> None:
    chosen = "label=com.docker.swarm.service.name=web_web"
    lab.host(host).docker("kill", *lab.host(host).docker("ps", "-q", "--filter", chosen).stdout.split())


def _answers(lab: Lab, address: str) -> bool:
    try:
        return lab.http(address, "/", port=80, timeout=2)[0] == 200
    except OSError:
        return False


def _power_cut(lab: Lab, holder: str) -> None:
    with lab.gap_client() as client:
        time.sleep(WATCH_BEFORE)
        lab.power_off(holder)
        heir = lab.wait_holder(timeout=30)
        time.sleep(WATCH_AFTER)
        report = client.report()
    if not report.gaps:
        raise LabError("the client saw no gap, so the power cut cannot have been one")
    print(f"{heir} took over. {lab.vip} was silent for {report.max_gap:.2f} s ({report.sentence()}).")


def _what_to_look_at(lab: Lab, dark: str, address: str) -> str:
    heir = lab.wait_holder()
    lines = {
        "python3 -m tests.lab status": "hosts, floats and the holder",
        f"python3 -m tests.lab client curl -s http://{lab.vip}:8082/vrrp": "what the buoy behind the virtual IP says",
        f"python3 -m tests.lab client curl -s http://{address}/": "the web service at its own address",
        f"python3 -m tests.lab boot {dark}": "power on again; the virtual IP stays where it is",
        f"python3 -m tests.lab kill-anchor {heir}": "a fault that loses no packet",
        f'eval "$(python3 -m tests.lab env {heir})"; docker service ls': "the Swarm itself",
        "make demo-down": "the end of it",
    }
    return "\n".join(f"  {command:<75} # {meaning}" for command, meaning in lines.items())
