"""The documents' commands for a host: firewalls, kernel settings, addresses; run in a network of the test's own."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.buoy.programs import APT, unpacked
from tests.docs.manager_host import LOOK, MANAGER
from tests.docs.pages import commands, the_command
from tests.lab.plan import REPOSITORY
from tests.lab.shell import run

pytestmark = pytest.mark.lab

NETWORK = "ip link set lo up; ip link add eth0 type veth peer name far0; ip link set eth0 up; ip link set far0 up"
OWN = ("--net", "--mount-proc", "--pid", "--fork", "--kill-child")
RICH_RULE = "from firewall.core.rich import Rich_Rule; import sys; print(Rich_Rule(rule_str=sys.argv[1]))"


def own_network(*lines: str) -> str:
    """What these lines of shell say on a host with an eth0, and with nothing in /etc/sysctl.d."""
    script = "\n".join(["set -eu", "mount -t tmpfs none /etc/sysctl.d", NETWORK, *lines])
    return run(["unshare", *OWN, "sh", "-c", script]).stdout


def found(pattern: str) -> list[str]:
    """Every command of the documents that the pattern is the beginning of, with names of the test's network."""
    texts = {command.text for command in commands() if re.match(pattern, command.text)}
    assert texts
    return sorted(text.replace("IFACE", "eth0") for text in texts)


def test_the_packet_filters_rules_are_taken() -> None:
    rules = found(r"ip6?tables -I (INPUT|OUTPUT) .*ACCEPT")

    shown = own_network(*rules, "iptables -S", "ip6tables -S")

    assert "-A INPUT -s 192.168.1.0/24 -p vrrp -j ACCEPT" in shown
    assert "-A INPUT -d 224.0.0.0/8 -j ACCEPT" in shown
    assert len(re.findall(r"^-A .* ACCEPT$", shown, re.MULTILINE)) == len(rules)


def test_the_rules_for_the_buoys_port_keep_strangers_out_and_let_containers_call_others() -> None:
    rules = found(r"ip6?tables -I (INPUT|DOCKER-USER) .*DROP")

    before, _, after = own_network(MANAGER, LOOK, "echo with rules", *rules, LOOK).partition("with rules")

    assert before.split() == ["friend-4", "friend-6", "stranger-4", "stranger-6", "container-to-stranger"]
    assert after.split() == ["friend-4", "friend-6", "container-to-stranger"]


def test_the_rule_of_nftables_is_taken() -> None:
    nft = unpacked("nft", "nftables", libraries=True)
    rule = the_command("nft insert").replace("nft ", f"{nft} ", 1)
    table = "'table inet filter { chain input { type filter hook input priority 0; policy drop; }; }'"

    shown = own_network(f"{nft} {table}", rule, f"{nft} list ruleset")

    assert re.search(r"ip saddr 192\.168\.1\.0/24 (ip protocol|meta l4proto) (vrrp|112) accept", shown)


def test_the_rule_of_ufw_is_taken(tmp_path: Path) -> None:
    """By ufw itself, which says what it would do: it is Debian's and not installed, so it filters nothing here."""
    home = _package_of(unpacked("ufw", "ufw", libraries=False), tmp_path)
    for file in ("ufw.conf", *(path.name for path in (home / "usr/share/ufw/iptables").glob("*.rules"))):
        source = next((home / "usr/share/ufw").rglob(file))
        shutil.copy(source, home / "etc/ufw" / file)
    words = shlex.split(the_command("ufw allow"))[1:]
    ufw = ["/usr/bin/python3", home / "usr/sbin/ufw", f"--rootdir={home}", f"--datadir={home}", "--dry-run"]
    path = home / "usr/lib/python3/dist-packages"

    said = run(["env", f"PYTHONPATH={path}", "unshare", "--net", *map(str, ufw), *words]).stdout

    assert "-A ufw-user-input -p vrrp -s 192.168.1.0/24 -j ACCEPT" in said


def test_the_rule_of_firewalld_is_one(tmp_path: Path) -> None:
    """To firewalld's own reader of rules; the daemon itself would filter this machine."""
    run([*APT, "update"], timeout=300)
    run([*APT, "download", "python3-firewall"], cwd=tmp_path, timeout=300)
    run(["dpkg-deb", "-x", next(tmp_path.glob("*.deb")), tmp_path])
    options = [word.partition("=") for word in shlex.split(the_command("firewall-cmd "))]
    (rule,) = [value for name, _, value in options if name == "--add-rich-rule"]

    said = run(["env", f"PYTHONPATH={tmp_path}/usr/lib/python3/dist-packages", sys.executable, "-c", RICH_RULE, rule])

    assert said.stdout.strip() == rule


def test_the_kernel_takes_every_setting() -> None:
    settings = found(r"sysctl -w ")

    said = own_network(*settings, the_command("echo net.ipv4"), "sysctl -p /etc/sysctl.d/90-keepalived.conf")

    assert "net.ipv4.ip_nonlocal_bind = 1" in said
    assert "net.ipv4.conf.eth0.rp_filter = 2" in said
    assert said.count(" = ") >= len(settings) + 1


def test_addresses_are_shown_and_removed() -> None:
    named = {"ADDR/PREFIX": "192.168.1.100/32", "dev DEV": "dev eth0"}
    removals = [re.sub("|".join(named), lambda m: named[m[0]], text) for text in found(r"ip address del ")]
    look = the_command("ip -o address show to")
    add = "ip address add 192.168.1.100/32 dev eth0"

    said = own_network(*found(r"ip link set "), *(line for each in removals for line in (add, look, each)), look)

    assert said.count("192.168.1.100/32") == len(removals)


def test_promtool_takes_the_rules_from_the_repositorys_root() -> None:
    words = shlex.split(the_command("promtool test rules"))

    said = run([unpacked("promtool", "prometheus", libraries=False), *words[1:]], cwd=REPOSITORY)

    assert "SUCCESS" in said.stdout


def _package_of(program: str, folder: Path) -> Path:
    """A copy of all that the package of an unpacked program has."""
    home = folder / "root"
    shutil.copytree(Path(program).parents[2], home, symlinks=True)
    return home
