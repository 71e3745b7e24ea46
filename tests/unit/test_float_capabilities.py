"""A missing capability is named together with the flag that gives it."""

from __future__ import annotations

from pathlib import Path

from float.capabilities import effective, missing

DOCKERS_OWN = 0x00000000A80425FB
"""What `docker run` gives without flags."""

NET_ADMIN = 1 << 12


def test_dockers_own_set_lacks_only_net_admin() -> None:
    assert missing(DOCKERS_OWN) == (
        "capability NET_ADMIN is missing, so keepalived could say that it is master, but not put a virtual IP on an "
        "interface: start the container with --cap-add=NET_ADMIN",
    )
    assert missing(DOCKERS_OWN | NET_ADMIN) == ()


def test_each_missing_one_has_its_flag() -> None:
    assert [line.rpartition(" ")[2] for line in missing(0)] == ["--cap-add=NET_ADMIN", "--cap-add=NET_RAW"]


def test_the_kernel_tells_what_is_held(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nCapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\n")
    assert effective(status) == DOCKERS_OWN
