"""Templates and secrets of the user's own: a bad one harms nothing, and a password is nowhere to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.cluster import Lab
from tests.lab.host import Host
from tests.lab.images import references
from tests.lab.shell import wait_until
from tests.swarm.audit import assert_healthy
from tests.swarm.moves import moved
from tests.swarm.repair import redeploy, remove_stack
from tests.swarm.rollout import update, update_state

pytestmark = pytest.mark.swarm

PASSWORD = "h4nd-0ff"
SECRET = "keepalived-password"
BROKEN = "vrrp_instance VI_1 {\n    interface {{ NO_SUCH_THING }}\n}\n"
RANCHER = """\
global_defs {
  router_id {{ROUTER_ID}}
  vrrp_version 2
  vrrp_garp_master_delay 1
  vrrp_garp_master_refresh
  notification_email {
    joe@example.com
  }
  notification_email_from keepalived@example.com
  smtp_server smtp.example.com
  smtp_connect_timeout 30
}

vrrp_script chk_haproxy {
  script "ss -ltn | grep 80"
  timeout 3   # timeout script if it takes more than 3s
  interval 2  # check every 2 seconds
  fall 2      # require 2 failures for KO
  rise 2      # require 2 successes for OK
}

vrrp_instance apps-vips {
  state BACKUP
  interface eth0
  virtual_router_id 1
  priority 100
  advert_int 1
  nopreempt
  dont_track_primary
  track_script {
    chk_haproxy
  }
  authentication {
    auth_type PASS
    auth_pass incommsys-vips
  }
  virtual_ipaddress {
    10.10.10.2/24 dev eth0
  }
  smtp_alert
}
"""
"""The configuration of ancestor C's Rancher example, as it stands."""


@pytest.fixture
def broken_config(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A Docker config with a template that names what there is not."""
    (tmp_path / "broken.j2").write_text(BROKEN)
    lab.ask_swarm("config", "create", "broken-template", str(tmp_path / "broken.j2"))
    yield "broken-template"
    redeploy(lab)
    lab.ask_swarm("config", "rm", "broken-template")


def test_a_broken_template_is_refused_with_its_line_while_the_vip_serves_on(lab: Lab, broken_config: str) -> None:
    with lab.watch_addresses() as watch, lab.gap_client() as client:
        target = f"source={broken_config},target=/keepalived.conf.j2"
        ended = update(lab, "--config-add", target, "--env-add", "KEEPALIVED_CONF_TEMPLATE=/keepalived.conf.j2")
        assert_healthy(lab)
        report = client.report()

    assert update_state(lab) == "rollback_completed"
    assert {one.code for one in ended} == {5}
    assert "KEEPALIVED_CONF_TEMPLATE='/keepalived.conf.j2' line 2: 'NO_SUCH_THING' is undefined" in ended[0].said
    assert moved(lab, watch) == []
    assert report.lost == 0, report.sentence()


@pytest.fixture
def protected(bare_swarm: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The stack with the password example, its secret given."""
    remove_stack(bare_swarm)
    (tmp_path / "password").write_text(PASSWORD)
    bare_swarm.ask_swarm("secret", "create", SECRET, str(tmp_path / "password"))
    finished = bare_swarm.deploy(compose_files=("docker-compose.yml", "docs/examples/password.yml"))
    assert finished.returncode == 0, finished.stderr
    assert_healthy(bare_swarm, within=60)
    yield bare_swarm
    remove_stack(bare_swarm)
    bare_swarm.ask_swarm("secret", "rm", SECRET)


def test_a_password_from_a_secret_is_on_the_wire_and_nowhere_else(protected: Lab, tmp_path: Path) -> None:
    lab = protected
    with lab.capture("ip proto 112", tmp_path / "adverts.pcap") as pcap:
        wait_until(lambda: PASSWORD.encode() in pcap.read_bytes(), 10, "an advert with the password")

    for host in lab.hosts.values():
        assert [place for place, text in _told(lab, host) if PASSWORD in text] == []


def _told(lab: Lab, host: Host) -> Iterator[tuple[str, str]]:
    """All that containers, logs, buoy and processes of a host show to somebody who asks."""
    for name in host.docker("ps", "-a", "--format", "{{.Names}}").stdout.split():
        yield f"inspect of {name}", host.docker("inspect", name).stdout
        logs = host.docker("logs", name)
        yield f"log of {name}", logs.stdout + logs.stderr
    yield "services", lab.ask_swarm("service", "inspect", "keepalived_keepalived-anchor").stdout
    yield "processes", host.exec("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'").stdout
    yield "status", host.docker("exec", "keepalived-float", "sh", "-c", "cat /run/keepalived-status/*").stdout
    for path in ("/", "/vrrp", "/cluster", "/events", "/metrics"):
        yield f"buoy {path}", lab.http(host.name, path)[1]


@pytest.fixture
def alone(bare_swarm: Lab) -> Iterator[Host]:
    """A float by itself on a host, with the Rancher example's configuration."""
    remove_stack(bare_swarm)
    host = bare_swarm.host("h1")
    (host.state / "keepalived.conf").write_text(RANCHER)
    settings = {
        "VIRTUAL_IP": "10.10.10.2",
        "VIRTUAL_MASK": "24",
        "VRID": "1",
        "INTERFACE": "eth0",
        "KEEPALIVED_CONF_TEMPLATE": "/keepalived.conf",
    }
    environment = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    template = "/run/lab/keepalived.conf:/keepalived.conf:ro"
    image = references(bare_swarm.image_names())[1]
    how = ["--net=host", "--cap-add=NET_ADMIN", "--cap-add=NET_BROADCAST", "-v", template]
    host.docker("run", "-d", "--name", "rancher", *how, *environment, image)
    yield host
    host.docker("rm", "-f", "rancher")


def test_the_rancher_examples_configuration_works_as_it_stands(bare_swarm: Lab, alone: Host) -> None:
    listen = "import socket, time; s = socket.create_server(('', 8081)); time.sleep(300)"
    server = alone.exec("sh", "-c", f'python3 -c "{listen}" >/dev/null 2>&1 & echo $!').stdout.strip()
    try:
        assert bare_swarm.wait_holder("10.10.10.2") == alone.name
        status = json.loads(alone.docker("exec", "rancher", "status", "--json").stdout)
        (router,) = status["virtual_routers"]
        assert (router["name"], router["vrid"], router["state"]) == ("apps-vips", 1, 2)
        assert "router_id h1" in alone.docker("exec", "rancher", "cat", "/run/keepalived/keepalived.conf").stdout
    finally:
        alone.exec("kill", server)
    wait_until(lambda: bare_swarm.holders("10.10.10.2") == [], 15, "the virtual IP to go with its service")
