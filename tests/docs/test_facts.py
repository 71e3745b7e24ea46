"""What the documents say of the product's behaviour is what the code does: each claim with the code that decides it."""

from __future__ import annotations

import re

from buoy.cluster_view import NodeReport, cluster_answer, with_peers
from float.departure import TAKER_LIMIT, Leaving
from float.situation import HANDOVER, Situation
from shared.models import Strength
from tests.docs.pages import PAGES
from tests.lab.plan import REPOSITORY
from tests.unit.buoy_samples import BACKUP, FAULT, MASTER, peers, report, router, silent


def row(page: str, beginning: str) -> str:
    """The one row of the page's tables that begins like that."""
    (found,) = [line for line in PAGES[page].splitlines() if line.lstrip().startswith(f"| {beginning}")]
    return found


def flowing(page: str) -> str:
    """The page without its line ends."""
    return " ".join(PAGES[page].split())


def test_a_split_brain_is_ended_by_a_drain_since_a_handover_leaves_the_vip_where_nobody_takes_it() -> None:
    asked = Situation(0.0)
    asked.hand_over(0.0)
    handover = next(c for c in asked.conditions(1.0) if c.name == "handover")
    remedy = row("docs/monitoring.md", "`KeepalivedSplitBrain`")

    assert handover.strength is Strength.PREFER
    assert "`docker exec keepalived-float handover`" not in remedy
    assert re.search(rf"availability drain NODE`; its float waits {TAKER_LIMIT:g} s for a taker, then ends", remedy)
    assert Leaving("drained", since=0.0).limit == TAKER_LIMIT


def test_in_a_partition_each_side_answers_that_all_is_well_with_another_holder() -> None:
    def side(*reports: NodeReport) -> tuple[bool, str | None]:
        answer = cluster_answer("a", with_peers(reports), ())
        return answer.ok, answer.virtual_routers[0].holder

    one = side(report("a", router(MASTER, peers=peers("b", "c"))), silent("b"), silent("c"))
    other = side(
        silent("a"),
        report("b", router(MASTER, peers=peers("a", "c"))),
        report("c", router(BACKUP, peers=peers("a", "b"))),
    )

    assert (one, other) == ((True, "a"), (True, "b"))
    assert "In a partition each side answers 200 with another `holder`" in flowing("docs/monitoring.md")


def test_nobody_is_said_to_serve_as_the_conditions_demand_only_while_every_node_answers() -> None:
    forbidden = {"allowed": False, "reason": "no task runs here"}
    one = report("a", router(FAULT, peers=peers("b"), **forbidden))
    other = report("b", router(FAULT, peers=peers("a"), **forbidden))

    demanded = cluster_answer("a", with_peers([one, other]), ())
    drained = cluster_answer("a", with_peers([one]), ())

    assert (demanded.ok, drained.ok) == (True, False)
    assert drained.findings[0].text == "No node is MASTER of keepalived (VRID 77): a: no task runs here"
    assert "every node answers" in row("docs/monitoring.md", "`/cluster`")
    assert 'drained, "No node is MASTER of …" with the conditions' in row("docs/monitoring.md", "`KeepalivedNoMaster`")
    assert "`/cluster` answers 503 as long as any manager is silent or drained" in flowing("docs/monitoring.md")
    assert "Conditions behind a colon forbid" in row("docs/operations.md", "`No node is MASTER of …`")
    assert "every node answers" in row("docs/operations.md", "`Nobody may hold …`")
    assert "as the conditions demand`: every node answers, and none may" in flowing("docs/operations.md")
    assert "has no task on any manager: silence its `vrid`." in flowing("docs/monitoring.md")


def test_where_the_virtual_ip_or_the_swarm_does_not_answer_there_is_something_else_to_ask() -> None:
    alerts = flowing("docs/monitoring.md").partition("## Alerts")[2].partition("| alert |")[0]

    assert "where the virtual IP does not answer, at a manager's own address" in alerts
    assert "[ask the node itself](operations.md#every-warning-and-error)" in alerts


def test_a_handover_is_said_to_last_as_long_as_it_does() -> None:
    assert f"The node stands back for {HANDOVER:g} s" in row("docs/operations.md", "move the VIP by hand")


def test_the_settings_that_the_env_file_lacks_are_those_that_the_readme_names() -> None:
    taken = set(re.findall(r"\$\{(\w+)", (REPOSITORY / "docker-compose.yml").read_text()))
    shown = set(re.findall(r"^(?:# )?(\w+)=", (REPOSITORY / ".env").read_text(), re.MULTILINE))
    sentence = flowing("README.md").partition("Every setting stands there")[2].partition(". A bad setting")[0]

    assert set(re.findall(r"`(\w+)`", sentence)) == taken - shown


def test_every_condition_that_stands_against_a_node_is_named() -> None:
    code = [path.read_text() for part in ("anchor", "float") for path in (REPOSITORY / part).glob("*.py")]
    names = {name for text in code for name in re.findall(r"Condition\(\s*name=f?\"(\w+)", text)}
    listed = flowing("docs/operations.md").partition("4. **Nodes**")[2].partition("5. **")[0]

    assert {"link", "departure", "check"} <= names
    assert [name for name in names - {"link"} if f"`{name}" not in listed] == []
    assert f"`handover` (asked for by hand, for {HANDOVER:g} s)" in listed


def test_what_the_libraries_log_themselves_has_a_row() -> None:
    assert "setLevel(logging.ERROR)" in (REPOSITORY / "buoy" / "__main__.py").read_text()
    assert "`uvicorn.error` | ERROR |" in row("docs/operations.md", "a line of the logger `asyncio`")


def test_nodes_of_one_hostname_are_one_node_to_the_buoys_so_each_manager_must_have_its_own() -> None:
    known = with_peers([report("a", router(MASTER)), report("a", router(BACKUP))])
    needed = PAGES["docs/operations.md"].partition("## Before you install")[2].partition("## Firewall")[0]

    assert len(known) == 1
    assert "- A hostname of its own on every manager" in needed
