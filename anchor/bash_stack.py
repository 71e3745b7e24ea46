"""The bash stack that ours replaces (rjchicago/docker-keepalived): which float is one of its, and whose. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from anchor.container_spec import FLOAT_SERVICE_LABEL, FLOAT_STACK_LABEL, HIDDEN_LABEL
from anchor.facts import SERVICE_NAME_LABEL, STACK_LABEL, Container

FLOAT_IMAGE = "keepalived-float"
"""In the last part of an image's name, wherever it was built and whatever its tag."""

ANCHOR = "keepalived-anchor"
"""Likewise, and in the name of its service: a list has no name for an image whose tag has moved."""


def is_ancestors(container: Container, name: str) -> bool:
    """Whether it is a float of the bash stack that ours replaces: its anchor, once gone, always removed it first."""
    labels = container.labels
    unowned = HIDDEN_LABEL in labels and not {FLOAT_SERVICE_LABEL, FLOAT_STACK_LABEL} & {*labels}
    return container.name == name and unowned and FLOAT_IMAGE in _last_component(container.image)


def is_anchor(container: Container) -> bool:
    """Whether it is a running anchor, ours or the bash stack's."""
    return container.running and any(
        ANCHOR in name for name in (_last_component(container.image), container.labels.get(SERVICE_NAME_LABEL, ""))
    )


def living_rival(containers: Sequence[Container], own_stack: str) -> str | None:
    """The stack of a foreign anchor that runs here, and so may own a float without our labels; None: there is none.

    A stack that has a float with our labels is not a bash stack.
    """
    ours = {own_stack, *(container.labels.get(FLOAT_STACK_LABEL) for container in containers)}
    labels = [container.labels for container in containers if is_anchor(container)]
    stacks = (each.get(STACK_LABEL) or each.get(SERVICE_NAME_LABEL) or "of no name" for each in labels)
    return next((stack for stack in stacks if stack not in ours), None)


def _last_component(image: str) -> str:
    """`keepalived-float:1` of `registry:5000/team/keepalived-float:1`."""
    return image.partition("@")[0].rpartition("/")[2]
