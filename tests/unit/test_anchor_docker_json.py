from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from anchor import docker_json
from anchor.facts import Mount
from anchor.json_fields import UnreadableError

NODE: dict[str, Any] = {
    "ID": "n1",
    "CreatedAt": "2026-01-01T00:00:00.5Z",
    "Spec": {"Role": "manager", "Availability": "drain", "Labels": {"a": "b"}},
    "Description": {"Hostname": "h1"},
    "Status": {"State": "ready", "Addr": "0.0.0.0"},
    "ManagerStatus": {"Leader": True, "Reachability": "reachable", "Addr": "10.0.0.1:2377"},
}
CONTAINER: dict[str, Any] = {
    "Id": "c1",
    "Name": "/keepalived-float",
    "Image": "sha256:1",
    "State": {"Status": "running"},
    "Config": {"Image": "float:1", "Labels": {"x": "y"}, "Env": ["A=1", "KEEPALIVED_LINK_TOKEN=a=b"]},
    "Mounts": [
        {"Type": "volume", "Name": "keepalived_link", "Source": "/var/lib/x", "Destination": "/run/keepalived-link"},
        {"Type": "bind", "Source": "/srv/status", "Destination": "/run/keepalived-status"},
    ],
}


def test_a_node_is_read_with_the_address_under_which_the_managers_reach_it() -> None:
    node = docker_json.node(NODE)
    assert (node.hostname, node.manager, node.availability) == ("h1", True, "drain")
    assert node.manager_address == ipaddress.ip_address("10.0.0.1")
    assert node.status_address is None


def test_a_worker_has_no_managers_address() -> None:
    worker = docker_json.node({**NODE, "Spec": {"Role": "worker"}, "ManagerStatus": None})
    assert worker.manager_address is None
    assert not worker.manager


def test_a_node_that_only_asked_to_join_has_its_id_for_a_name_and_no_address() -> None:
    newcomer = docker_json.node(
        {**NODE, "Description": {"Platform": {}}, "Status": {"State": "unknown"}, "ManagerStatus": None}
    )
    assert (newcomer.hostname, newcomer.addresses) == ("n1", frozenset())


@pytest.mark.parametrize("text", ["", "0.0.0.0", "127.0.0.1", "::", "::1", "nonsense"])
def test_an_address_that_can_be_nobodys_is_none(text: str) -> None:
    assert docker_json.address(text) is None


def test_the_host_of_an_ipv6_address_with_port_loses_its_brackets() -> None:
    assert docker_json.host_of("[fd00::1]:2377") == "fd00::1"


def test_times_sort_as_text_although_docker_drops_trailing_zeros() -> None:
    later, earlier = (docker_json.sortable_time(f"2026-01-01T00:00:00{part}Z") for part in (".12", ".1"))
    assert docker_json.sortable_time("2026-01-01T00:00:00Z") < earlier < later


def test_a_service_that_was_never_updated_has_no_state() -> None:
    assert docker_json.service({"ID": "s", "Spec": {"Name": "n"}}).update_state == ""
    updated = {"ID": "s", "Spec": {"Name": "n"}, "UpdateStatus": {"State": "updating"}}
    assert docker_json.service(updated).update_state == "updating"


def test_the_template_hash_changes_with_a_forced_update_alone() -> None:
    one, two = ({"Spec": {"ContainerSpec": {"Image": "i"}, "ForceUpdate": n}} for n in (1, 2))
    assert docker_json.template_hash(one) != docker_json.template_hash(two)


def test_a_task_of_the_present_service_has_the_services_template() -> None:
    template = {"ContainerSpec": {"Image": "i"}, "ForceUpdate": 1}
    service = docker_json.service({"ID": "s", "Spec": {"Name": "n", "TaskTemplate": template}})
    assert service.template == docker_json.template_hash({"Spec": template})


def test_an_inspected_container_has_its_token_and_its_volumes_real_names() -> None:
    container = docker_json.inspected_container(CONTAINER)
    assert (container.name, container.image, container.image_id) == ("keepalived-float", "float:1", "sha256:1")
    assert container.token == "a=b"
    assert container.mounts["/run/keepalived-link"] == Mount("volume", "keepalived_link")
    assert container.mounts["/run/keepalived-status"] == Mount("bind", "/srv/status")


def test_the_token_is_not_in_the_containers_text() -> None:
    assert "a=b" not in repr(docker_json.inspected_container(CONTAINER))


def test_a_listed_container_has_its_own_name_and_not_a_link_of_another() -> None:
    raw = {"Id": "c", "Names": ["/other/alias", "/real"], "Image": "i", "ImageID": "1", "State": "exited"}
    assert docker_json.listed_container(raw).name == "real"


def test_the_engine_is_not_managing_where_docker_says_nothing() -> None:
    engine = docker_json.engine({"Name": "h"})
    assert (engine.swarm_state, engine.managing) == ("inactive", False)


def test_an_event_has_the_labels_of_its_container() -> None:
    raw = {"Type": "container", "Action": "die", "Actor": {"ID": "c", "Attributes": {"keepalived.stack": "s"}}}
    event = docker_json.event(raw)
    assert (event.kind, event.action, event.labels) == ("container", "die", {"keepalived.stack": "s"})


@pytest.mark.parametrize("name", ["ID", "CreatedAt", "Spec"])
def test_a_node_that_lacks_what_tells_it_from_others_is_refused(name: str) -> None:
    with pytest.raises(UnreadableError, match=name):
        docker_json.node({key: value for key, value in NODE.items() if key != name})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"State": "running"}, "State is str"),
        ({"Config": None}, "Config is missing"),
        ({"Config": {"Image": "i", "Labels": ["x"]}}, "Labels is list"),
        ({"Config": {"Image": "i", "Labels": {"x": 1}}}, "Labels has values"),
        ({"Mounts": [7]}, "an object is expected where int stands"),
        ({"Id": 5}, "Id is int"),
    ],
)
def test_a_container_of_another_shape_is_refused_and_not_guessed(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(UnreadableError, match=what):
        docker_json.inspected_container({**CONTAINER, **changes})


def test_an_event_of_another_shape_is_refused() -> None:
    with pytest.raises(UnreadableError):
        docker_json.event({"Type": "container", "Actor": {"Attributes": {"a": 1}}})
