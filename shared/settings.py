"""The settings of the three parts: each field with the variable that sets it, its meaning, its unit and its default."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field

from shared import clashes, net_values, values
from shared.ancestors import Ancestor
from shared.environment import Argument, ReadFile, Reading, Variable, read_file
from shared.link_protocol import LINK_FOLDER
from shared.models import Transport
from shared.settings_base import LogFormat, LogLevel, Settings
from shared.status_file import HISTORY_KEPT, STATUS_FOLDER
from shared.vrrp_settings import State, VrrpSettings

__all__ = [
    "AnchorSettings",
    "BuoySettings",
    "FloatSettings",
    "LogFormat",
    "LogLevel",
    "Quorum",
    "State",
    "public_names",
]


class Quorum(enum.StrEnum):
    """What a manager without Raft quorum does."""

    IGNORE = "ignore"
    PREFER = "prefer"
    REQUIRE = "require"


class _VrrpPart(VrrpSettings):
    """A part that runs the stack's own virtual router, with the rules between its settings."""

    def clashes(self, reading: Reading) -> list[str]:
        """One line for each setting that is right in itself, but not together with the others."""
        found = super().clashes(reading) + clashes.find_clashes(self, reading)
        missing = self._needs_virtual_ips and not self.virtual_ips and not reading.is_wrong("virtual_ips")
        return [clashes.NO_VIRTUAL_IPS, *found] if missing else found

    def settled(self) -> Self:
        """The settings with what follows from one for another, and with the warnings."""
        return self.model_copy(update={**clashes.consequences(self), "warnings": clashes.warnings(self)})

    @property
    def _needs_virtual_ips(self) -> bool:
        return True


class AnchorSettings(_VrrpPart):
    """What the anchor is told, from the stack's file."""

    image: Annotated[
        str | None,
        Variable("KEEPALIVED_IMAGE", values.image, default="the anchor's own registry, namespace and tag, with -float"),
    ] = None
    """The float's image. A running float changes to it only when the anchor's own task was updated."""

    registry_auth_file: Annotated[Path | None, Variable("KEEPALIVED_REGISTRY_AUTH_FILE", values.file_path)] = None
    """A Docker secret in the form of Docker's config.json, for pulling from a private registry."""

    link_timeout: Annotated[float, Variable("KEEPALIVED_LINK_TIMEOUT", values.seconds("0.2", "60", above=True))] = 3.0
    """Seconds of silence, more than 0.2 to 60, after which a link that is still open counts as severed. Three beats."""

    update_grace: Annotated[float, Variable("KEEPALIVED_UPDATE_GRACE", values.seconds("0", "86400"))] = 120.0
    """Seconds, 0 to 86400, that a float keeps its state while its anchor is replaced: time enough to pull an image."""

    orphan_after: Annotated[float, Variable("KEEPALIVED_ORPHAN_AFTER", values.seconds("1", "86400"))] = 300.0
    """Seconds, 1 to 86400, after which a float without an anchor ends by itself, if another node has its addresses."""

    spread: Annotated[bool, Variable("KEEPALIVED_SPREAD", values.truth)] = False
    """Whether every virtual router prefers a node of its own. Off: one node is easier to reason about."""

    service_vips: Annotated[
        tuple[net_values.Network, ...],
        Variable(
            "KEEPALIVED_SERVICE_VIPS",
            values.listed(net_values.network),
            default="every local subnet; with `@DEV` any address",
        ),
    ] = ()
    """Subnets in CIDR notation from which service labels may claim virtual IPs."""

    quorum: Annotated[Quorum, Variable("KEEPALIVED_QUORUM", values.one_of(Quorum))] = Quorum.PREFER
    """Raft quorum of this manager: `ignore` it, `prefer` a node that has it, or `require` it of the holder."""

    track_services: Annotated[
        tuple[str, ...], Variable("KEEPALIVED_TRACK_SERVICES", values.listed(values.service_name))
    ] = ()
    """Swarm services that must have a running, healthy task on this node for it to hold the virtual IP."""

    docker_host: Annotated[str, Variable("DOCKER_HOST", values.docker_host)] = "unix:///var/run/docker.sock"
    """Where Docker listens: the socket, or that of a proxy of the same node such as
    `unix:///run/socket-proxy/docker.sock`. A proxy over TCP is root on the node for whoever reaches its port."""

    task_id: Annotated[str | None, Variable("DOCKER_TASK_ID", values.identifier)] = None
    """The anchor's own task; the stack passes `{{.Task.ID}}`."""

    node_id: Annotated[str | None, Variable("DOCKER_NODE_ID", values.identifier)] = None
    """The node that the anchor runs on; the stack passes `{{.Node.ID}}`."""

    service_name: Annotated[str | None, Variable("DOCKER_SERVICE_NAME", values.identifier)] = None
    """The anchor's own service; the stack passes `{{.Service.Name}}`."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str], *, read_file: ReadFile = read_file) -> Self:
        """The anchor's settings. Raises SettingsError with a line for every problem."""
        return cls.read(env, read_file, public_names())


class FloatSettings(_VrrpPart):
    """What a float is told: little under an anchor, which sends the rest through the link; all of it when alone."""

    link_token: Annotated[str | None, Variable("KEEPALIVED_LINK_TOKEN", values.token, secret=True, internal=True)] = (
        Field(default=None, repr=False)
    )
    """Given by the anchor that created this float; its presence means that the float stands under an anchor."""

    priority: Annotated[
        int, Variable("KEEPALIVED_PRIORITY", values.whole(1, 254), default="the replaced image's: 150, or 100")
    ] = 254
    """The priority of a float alone, exactly, 1 to 254 (255 is the address owner's)."""

    written: Mapping[str, str] = Field(default={})
    """Of each field that was given the name under which the user wrote it, for sentences about it."""

    link_folder: Path = Path(LINK_FOLDER)
    """Where the link volume is mounted."""

    status_folder: Path = Path(STATUS_FOLDER)
    """Where the status volume is mounted."""

    @property
    def under_anchor(self) -> bool:
        """Whether an anchor created this float and says the rest."""
        return self.link_token is not None

    @property
    def _needs_virtual_ips(self) -> bool:
        return not self.under_anchor

    @property
    def transport(self) -> Transport:
        """How adverts travel; alone there is no Swarm whose managers could be the peers."""
        return Transport.MULTICAST if self.peer_addresses is None else Transport.UNICAST

    @classmethod
    def learnt(cls, reading: Reading) -> dict[str, object]:
        """Whose place it takes, which shows in how the settings are written."""
        alone = "link_token" not in reading.values
        return {"written": reading.names, "ancestor": _replaced(reading) if alone else None}

    @classmethod
    def from_environment(
        cls,
        env: Mapping[str, str],
        *,
        arguments: Mapping[str, Argument] | None = None,
        read_file: ReadFile = read_file,
    ) -> Self:
        """The float's settings. Raises SettingsError with a line for every problem."""
        return cls.read(env, read_file, public_names(), arguments)


def _replaced(reading: Reading) -> Ancestor:
    if reading.has_arguments:
        return Ancestor.SOLNET
    if reading.names.get("virtual_ips") == "VIRTUAL_IP":
        return Ancestor.NEOASSIST
    return Ancestor.OSIXIA


class BuoySettings(Settings):
    """What the buoy is told."""

    port: Annotated[int, Variable("KEEPALIVED_BUOY_PORT", values.whole(1, 65535))] = 3000
    """The TCP port that the buoy listens on inside its container; the stack publishes it as 8082."""

    allow: Annotated[
        tuple[net_values.Network, ...],
        Variable("KEEPALIVED_BUOY_ALLOW", values.listed(net_values.network), default="any"),
    ] = ()
    """Subnets that may ask for more than `/livez`, `/health` and the role paths; empty allows everybody."""

    history_limit: Annotated[int, Variable("KEEPALIVED_HISTORY_LIMIT", values.whole(1, HISTORY_KEPT))] = 1000
    """Transitions that are shown, 1 to 10000: so many does each float keep."""

    cluster_interval: Annotated[float, Variable("KEEPALIVED_CLUSTER_INTERVAL", values.seconds("0.1", "60"))] = 1.0
    """Seconds between two rounds of asking the other buoys, 0.1 to 60."""

    status_folder: Path = Path(STATUS_FOLDER)
    """Where the status volume is mounted."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str], *, read_file: ReadFile = read_file) -> Self:
        """The buoy's settings. Raises SettingsError with a line for every problem."""
        return cls.read(env, read_file, public_names())


def public_names() -> frozenset[str]:
    """Every name that a user may set, of whichever part; the stack may pass them all to all."""
    parts = (AnchorSettings, FloatSettings, BuoySettings)
    variables = (variable for part in parts for variable in part.variables().values())
    return frozenset(name for variable in variables if not variable.internal for name in variable.names)
