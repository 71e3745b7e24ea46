"""Claims about what a client gets over HTTP, through all layers but the socket."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from buoy.access import IpNetwork
from buoy.app import Application, build
from buoy.board import Board
from buoy.cluster import ClusterLoop
from buoy.cluster_routes import ClusterRoutes
from buoy.events import Streams
from buoy.front import Front
from buoy.identity import OwnContainer
from buoy.node import NodeView
from buoy.page import Page
from buoy.routes import NodeRoutes
from shared.models import Condition, Strength, VrrpState
from shared.status import ForeignClaim, ForeignRouter, PeerStatus, RouterStatus, VipStatus
from tests.unit import buoy_samples as samples

PATHS = [
    "/",
    "/health",
    "/livez",
    "/readyz",
    "/vrrp",
    "/master",
    "/primary",
    "/backup",
    "/replica",
    "/fault",
    "/metrics",
    "/version",
    "/cluster",
    "/events",
    "/docs",
    "/openapi.json",
]


def router(state: VrrpState, name: str = "keepalived", vrid: int = 77, address: str = "10.0.0.100/32") -> RouterStatus:
    held = state is VrrpState.MASTER
    return samples.router(
        state,
        name=name,
        vrid=vrid,
        reason="no advert was heard",
        priority_effective=30,
        virtual_ips=(
            VipStatus(address=address, interface="vlan5", present=held),
            VipStatus(address="fd00::1/128", interface="eth0", present=held, excluded=True),
        ),
        peers=(PeerStatus(address="10.0.0.2", hostname="b", priority=229),),
        counters={"advert_rcvd": 3, "advert_sent": 9},
    )


def told(*routers: RouterStatus, fresh: bool = True) -> NodeView:
    conditions = (
        Condition(name="quorum", ok=False, reason="no Raft leader"),
        Condition(name="check:port", ok=True, strength=Strength.REQUIRE, routers=("web",)),
    )
    said = samples.told("a", *routers, conditions=conditions)
    return NodeView("a", said, samples.anchor(float_restarts=4), fresh=fresh, anchor_fresh=True)


def application(board: Board, clock: samples.HandClock) -> Application:
    page, streams = Page(clock), Streams(board)
    node = NodeRoutes(board, OwnContainer(clock), page, streams).router()
    return build((node, ClusterRoutes(board, streams).router()), page, "9.9")


def posted(node: NodeView) -> Board:
    board = Board("a", "9.9")
    board.post_node(node)
    ClusterLoop(board, samples.HandClock()).assemble()
    return board


def service(
    node: NodeView, allow: Collection[IpNetwork] = (), clock: samples.HandClock | None = None, client: str = "10.0.0.9"
) -> httpx.AsyncClient:
    board = posted(node)
    front = Front(application(board, clock or samples.HandClock()), board, allow=tuple(allow))
    transport = httpx.ASGITransport(app=front, client=(client, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://buoy")


MASTER = told(router(VrrpState.MASTER))
NOTHING = NodeView("a")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("node", [MASTER, NOTHING], ids=["status known", "no status"])
async def test_get_head_and_options_have_the_same_status_code_and_are_never_stored(path: str, node: NodeView) -> None:
    async with service(node) as buoy:
        got, head, options = await buoy.get(path), await buoy.head(path), await buoy.options(path)

    assert got.status_code == head.status_code == options.status_code
    assert {answer.headers["cache-control"] for answer in (got, head, options)} == {"no-store"}
    assert head.content == b""
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/master", "/backup", "/fault"])
async def test_the_shortcut_for_busy_paths_answers_exactly_as_the_application(path: str) -> None:
    app = application(posted(MASTER), samples.HandClock())
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://buoy") as slow,
        service(MASTER) as fast,
    ):
        long_way, short_way = await slow.get(path), await fast.get(path)

    assert (long_way.status_code, long_way.content) == (short_way.status_code, short_way.content)
    assert long_way.headers["content-type"] == short_way.headers["content-type"]


async def test_the_root_starts_with_the_three_keys_of_old() -> None:
    clock = samples.HandClock()
    async with service(MASTER, clock=clock) as buoy:
        clock.now += 3 * 3600 + 62
        answer = (await buoy.get("/")).json()

    assert list(answer)[:3] == ["hostname", "containerId", "containerUptime"]
    assert answer["hostname"] == "a"
    assert answer["containerUptime"] == "03:01:02"


async def test_health_says_ok_as_text() -> None:
    async with service(MASTER) as buoy:
        answer = await buoy.get("/health")

    assert (answer.status_code, answer.text) == (200, "Ok")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_health_says_the_reason_with_503() -> None:
    async with service(told(router(VrrpState.FAULT))) as buoy:
        answer = await buoy.get("/health")

    assert (answer.status_code, answer.text) == (503, "keepalived (VRID 77) is FAULT: no advert was heard")


@pytest.mark.parametrize(("node", "status", "word"), [(MASTER, 200, "pass"), (NOTHING, 503, "fail")])
async def test_health_is_json_for_those_that_accept_health_json(node: NodeView, status: int, word: str) -> None:
    async with service(node) as buoy:
        answer = await buoy.get("/health", headers={"accept": "application/health+json, */*;q=0.1"})

    assert (answer.status_code, answer.json()["status"]) == (status, word)
    assert answer.headers["content-type"] == "application/health+json"


async def test_without_a_status_the_buoy_lives_but_is_not_ready() -> None:
    async with service(NOTHING) as buoy:
        codes = {path: (await buoy.get(path)).status_code for path in PATHS}

    assert codes == {
        "/": 200,
        "/health": 503,
        "/livez": 200,
        "/readyz": 503,
        "/vrrp": 503,
        "/master": 503,
        "/primary": 503,
        "/backup": 503,
        "/replica": 503,
        "/fault": 503,
        "/metrics": 200,
        "/version": 200,
        "/cluster": 503,
        "/events": 200,
        "/docs": 200,
        "/openapi.json": 200,
    }


@pytest.mark.parametrize(
    ("state", "there"),
    [
        (VrrpState.MASTER, {"/master", "/primary"}),
        (VrrpState.BACKUP, {"/backup", "/replica"}),
        (VrrpState.FAULT, {"/fault"}),
        (VrrpState.INIT, set()),
    ],
)
async def test_a_role_path_answers_200_in_its_own_state_only(state: VrrpState, there: set[str]) -> None:
    async with service(told(router(state))) as buoy:
        paths = ["/master", "/primary", "/backup", "/replica", "/fault"]
        answers = {path: await buoy.get(path) for path in paths}

    assert {path for path, answer in answers.items() if answer.status_code == 200} == there
    assert {answer.json()["state"] for answer in answers.values()} == {state.name}


async def test_no_role_is_claimed_from_a_stale_status() -> None:
    async with service(told(router(VrrpState.MASTER), fresh=False)) as buoy:
        answer = await buoy.get("/master")

    assert (answer.status_code, answer.json()["state"]) == (503, None)


TWO = told(router(VrrpState.BACKUP), router(VrrpState.MASTER, "web", 78, "10.0.0.101/24"))


@pytest.mark.parametrize(
    "query", ["vip=10.0.0.101", "vip=10.0.0.101/24", "vrid=78", "name=web", "vip=10.0.0.101&vrid=78&name=web"]
)
async def test_a_role_path_tells_of_the_virtual_router_that_the_query_names(query: str) -> None:
    async with service(TWO) as buoy:
        answer = await buoy.get(f"/master?{query}")

    assert (answer.status_code, answer.json()["name"]) == (200, "web")


async def test_a_role_path_without_a_query_tells_of_the_stacks_own_virtual_router() -> None:
    async with service(TWO) as buoy:
        assert (await buoy.get("/master")).status_code == 503
        assert (await buoy.get("/backup")).status_code == 200


async def test_nobody_is_master_of_a_virtual_ip_that_is_not_there() -> None:
    async with service(TWO) as buoy:
        answer = await buoy.get("/master?vip=10.9.9.9")

    assert (answer.status_code, answer.json()["state"]) == (503, None)


@pytest.mark.parametrize("query", ["vip=nonsense", "vrid=0", "vrid=256", "vrid=x", "name=", "vpi=10.0.0.1"])
async def test_a_wrong_query_is_refused_with_a_sentence_that_names_the_parameter(query: str) -> None:
    async with service(TWO) as buoy:
        answer = await buoy.get(f"/master?{query}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(query.partition("=")[0])


async def test_an_unknown_path_is_404_and_a_writing_method_405() -> None:
    async with service(MASTER) as buoy:
        missing, posted = await buoy.get("/nope"), await buoy.post("/health")

    assert (missing.status_code, posted.status_code) == (404, 405)
    assert posted.headers["allow"] == "GET, HEAD, OPTIONS"
    assert missing.json()["title"] == "Not Found"


async def test_vrrp_tells_the_whole_virtual_router() -> None:
    async with service(MASTER) as buoy:
        answer = (await buoy.get("/vrrp")).json()

    one = answer["virtualRouters"][0]
    assert (one["name"], one["vrid"], one["state"]) == ("keepalived", 77, "MASTER")
    assert one["since"] == "1970-01-01T00:01:00Z"
    assert one["priority"] == {"base": 254, "effective": 30}
    assert one["virtualIps"][0] == {
        "address": "10.0.0.100/32",
        "interface": "vlan5",
        "present": True,
        "excluded": False,
    }
    assert one["peers"] == [{"address": "10.0.0.2", "hostname": "b", "priority": 229}]
    assert one["counters"]["advert_rcvd"] == 3
    assert [c["name"] for c in one["conditions"]] == ["quorum"]


async def test_those_outside_the_allowed_subnets_get_only_what_load_balancers_need() -> None:
    allow = [ipaddress.ip_network("192.168.0.0/16")]
    async with service(MASTER, allow) as stranger, service(MASTER, allow, client="192.168.3.4") as friend:
        refused = {path for path in PATHS if (await stranger.get(path)).status_code == 403}
        seen = {path for path in PATHS if (await friend.get(path)).status_code == 403}

    assert refused == {"/", "/readyz", "/vrrp", "/metrics", "/version", "/cluster", "/events", "/docs", "/openapi.json"}
    assert seen == set()


def scraped(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


async def test_metrics_carry_the_exporters_names_and_labels() -> None:
    async with service(MASTER) as buoy:
        text = (await buoy.get("/metrics")).text
    found = scraped(text)

    assert found["keepalived_up",] == 1
    assert 'keepalived_vrrp_state{iname="keepalived",intf="vlan5",ip_address="10.0.0.100/32",vrid="77"} 2.0' in text
    assert found["keepalived_vrrp_excluded_state", "77", "eth0", "fd00::1/128", "keepalived"] == 2
    assert found["keepalived_advertisements_sent_total", "77", "eth0", "keepalived"] == 9
    assert found["keepalived_vrrp_priority", "77", "effective", "eth0", "keepalived"] == 30
    assert found["keepalived_vip_present", "10.0.0.100/32", "vlan5"] == 1
    assert found["keepalived_condition", "quorum"] == 0
    assert found["keepalived_float_restarts_total",] == 4
    assert found["keepalived_float_start_time_seconds",] == 5
    assert found["keepalived_buoy_build_info", "9.9"] == 1


async def test_metrics_count_strangers_and_name_none() -> None:
    foreign = tuple(ForeignRouter(address=f"10.0.0.{n}", version=3, priority=255) for n in (66, 67))
    claim = ForeignClaim(virtual_ip="10.0.0.100", mac="02:00:00:00:00:66", interface="eth0")
    seen = samples.router(VrrpState.BACKUP, foreign_routers=foreign, foreign_claims=(claim,))
    async with service(samples.node(seen, flood="more packets come than are looked at")) as buoy:
        text = (await buoy.get("/metrics")).text
    found = scraped(text)

    assert found["keepalived_foreign_routers", "77", "eth0", "keepalived"] == 2
    assert found["keepalived_foreign_claims", "77", "eth0", "keepalived"] == 1
    assert found["keepalived_advert_flood",] == 1
    assert "10.0.0.66" not in text
    assert "02:00:00:00:00:66" not in text


async def test_a_stale_status_shows_as_down_and_leaves_no_state_behind() -> None:
    async with service(told(router(VrrpState.MASTER), fresh=False)) as buoy:
        found = scraped((await buoy.get("/metrics")).text)

    assert found["keepalived_up",] == 0
    assert not [name for name, *_ in found if name == "keepalived_vrrp_state"]


async def test_the_openapi_document_declares_every_path_with_all_three_methods() -> None:
    async with service(MASTER) as buoy:
        paths = (await buoy.get("/openapi.json")).json()["paths"]

    assert set(PATHS) <= set(paths)
    assert {tuple(sorted(operations)) for operations in paths.values()} == {("get", "head", "options")}


async def test_a_browser_gets_the_dashboard_with_the_holder_and_everyone_else_json() -> None:
    async with service(MASTER) as buoy:
        page = await buoy.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        data = await buoy.get("/", headers={"accept": "*/*"})

    assert page.headers["content-type"].startswith("text/html")
    assert 'data-holder="a"' in page.text
    assert data.headers["content-type"] == "application/json"
    assert {page.headers["vary"], data.headers["vary"]} == {"accept"}


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing_inline(path: str) -> None:
    async with service(MASTER) as buoy:
        page = await buoy.get(path, headers={"accept": "text/html"})
        wanted = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
        files = {name: (await buoy.get(name)).status_code for name in wanted}

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
    assert not re.search(r"<style|<script(?! src=)| style=| on[a-z]+=", page.text)
    assert files
    assert set(files.values()) == {200}


async def test_the_page_says_what_a_text_from_elsewhere_says_and_never_runs_it() -> None:
    evil = samples.router(VrrpState.FAULT, reason="<script>alert(1)</script>", expected=False)
    async with service(samples.node(evil)) as buoy:
        page = await buoy.get("/", headers={"accept": "text/html"})

    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


async def test_a_static_file_that_is_not_there_is_404() -> None:
    async with service(MASTER) as buoy:
        codes = {(await buoy.get(path)).status_code for path in ("/static/x", "/static/..%2fapp.py", "/static/")}

    assert codes == {404}


async def test_the_cluster_of_one_healthy_node_is_well() -> None:
    async with service(MASTER) as buoy:
        answer = await buoy.get("/cluster")

    assert answer.status_code == 200
    assert answer.json()["virtualRouters"][0]["holder"] == "a"


@pytest.mark.parametrize("path", ["/events", "/vrrp"])
async def test_head_and_options_of_a_stream_end(path: str) -> None:
    async with service(MASTER) as buoy:
        for method in ("HEAD", "OPTIONS"):
            answer = await buoy.request(method, path, headers={"accept": "text/event-stream"})
            assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "scope=world", "beat=0"])
async def test_a_wrong_query_of_events_is_refused(query: str) -> None:
    async with service(MASTER) as buoy:
        assert (await buoy.get(f"/events?{query}")).status_code == 422
