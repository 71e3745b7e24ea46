"""Docker's refusals, in its own words, as errors of ours."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from anchor.connection import ours
from anchor.facts import EngineError, NoQuorumError, NotManagingError

NOT_A_MANAGER = "This node is not a swarm manager. "
PREPARED = "Manager is being prepared or has trouble connecting to the cluster."
WORKER = "Worker nodes can't be used to view or modify cluster state."
INACTIVE = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (NOT_A_MANAGER + PREPARED, NoQuorumError),
        (NOT_A_MANAGER + WORKER, NotManagingError),
        (NOT_A_MANAGER + INACTIVE, NotManagingError),
        ("rpc error: code = Unknown desc = The swarm does not have a leader.", NoQuorumError),
        ("Swarm is encrypted and needs to be unlocked before it can be used.", EngineError),
    ],
)
def test_only_a_node_that_is_no_manager_counts_as_none(words: str, expected: type[EngineError]) -> None:
    assert type(ours(APIError("503", explanation=words), "nodes")) is expected
