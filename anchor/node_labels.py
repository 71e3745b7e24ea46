"""What a node's `keepalived.*` labels say. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from anchor import docker_json
from anchor.facts import Node
from shared.models import HEALTHY_PRIORITIES, IpAddress, check_device_name

T = TypeVar("T")

PRIORITY_LABEL = "keepalived.priority"
INTERFACE_LABEL = "keepalived.interface"
ADDRESS_LABEL = "keepalived.address"


@dataclass(frozen=True)
class Labels:
    """What a node's labels say about it; a bad label is a sentence, and otherwise as if it were not there."""

    priority: int | None = None
    interface: str | None = None
    address: IpAddress | None = None
    problems: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, ...]:
        """Those that say where on the node the virtual IPs are: only its float can tell whether that is there."""
        named = {INTERFACE_LABEL: self.interface, ADDRESS_LABEL: self.address}
        return tuple(f"{label}={value}" for label, value in named.items() if value is not None)

    @property
    def without_place(self) -> Labels:
        """The same without those."""
        return replace(self, interface=None, address=None)

    def with_address_of(self, version: int, node: Node) -> Labels:
        """The same, the address ignored if it is of another IP version."""
        if self.address is None or self.address.version == version:
            return self
        why = f"most managers have an address of IPv{version}, and would not hear this one"
        problem = f"Label {ADDRESS_LABEL}='{self.address}' of node {node.hostname} is ignored: {why}."
        return replace(self, address=None, problems=(*self.problems, problem))


def read(node: Node) -> Labels:
    """The node's `keepalived.*` labels."""
    problems: list[str] = []

    def value(label: str, reader: Callable[[str], T]) -> T | None:
        text = node.labels.get(label, "").strip()
        try:
            return reader(text) if text else None
        except ValueError as error:
            problems.append(f"Label {label}={text!r} of node {node.hostname} is ignored: {error}.")
            return None

    return Labels(
        priority=value(PRIORITY_LABEL, _priority),
        interface=value(INTERFACE_LABEL, _interface),
        address=value(ADDRESS_LABEL, _address),
        problems=tuple(problems),
    )


def _priority(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= HEALTHY_PRIORITIES.stop - 1):
        raise ValueError("it must be a whole number from 1 to 254")
    return int(text)


def _interface(text: str) -> str:
    check_device_name(text)
    return text


def _address(text: str) -> IpAddress:
    address = docker_json.address(text)
    if address is None:
        raise ValueError("it must be an IPv4 or IPv6 address of the node")
    return address
