"""The settings that describe the stack's own virtual router: of the anchor, and of a float that runs alone."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from shared import net_values, values
from shared.ancestors import Ancestor
from shared.environment import Variable
from shared.models import IpAddress, Transport, VirtualIp
from shared.settings_base import Settings


class State(enum.StrEnum):
    """The ancestors' initial state."""

    BACKUP = "BACKUP"
    MASTER = "MASTER"


class VrrpSettings(Settings):
    """What describes the stack's own virtual router; anchor, and float alone."""

    float_name: Annotated[str, Variable("KEEPALIVED_FLOAT_NAME", values.container_name)] = "keepalived-float"
    """The float container's name; a second stack on one Swarm needs another (and another VRID and buoy port)."""

    virtual_ips: Annotated[
        tuple[VirtualIp, ...],
        Variable("KEEPALIVED_VIRTUAL_IPS", net_values.virtual_ips, aliases=("VIRTUAL_IP",), default="required"),
    ] = ()
    """The virtual IPs, `ADDR[/PREFIX][@DEV]`, separated by commas or spaces. The one thing that nobody can guess."""

    virtual_mask: Annotated[int | None, Variable("VIRTUAL_MASK", values.whole(1, 128))] = None
    """The prefix of `VIRTUAL_IP`, 1 to 32, or to 128 for IPv6; with KEEPALIVED_VIRTUAL_IPS write it behind each."""

    virtual_ips_excluded: Annotated[
        tuple[VirtualIp, ...], Variable("KEEPALIVED_VIRTUAL_IPS_EXCLUDED", net_values.virtual_ips)
    ] = ()
    """Addresses that move along with the virtual IPs, but are not named in adverts."""

    interface: Annotated[
        str | None,
        Variable(
            "KEEPALIVED_INTERFACE",
            net_values.interface,
            aliases=("INTERFACE",),
            default="the NIC that carries the node's Swarm address; of a float alone `eth0`, where it exists",
        ),
    ] = None
    """The NIC over which adverts travel."""

    router_id: Annotated[
        int, Variable("KEEPALIVED_ROUTER_ID", values.whole(1, 255), aliases=("KEEPALIVED_VRID", "VRID"))
    ] = 77
    """VRID, 1 to 255: the virtual router's number, unique on the segment. 77 is the bash stack's."""

    router_name: Annotated[
        str | None, Variable("KEEPALIVED_ROUTER_NAME", values.hostname, default="the node's hostname")
    ] = None
    """keepalived's `router_id`: a name for logs, not a number."""

    priority: Annotated[int, Variable("KEEPALIVED_PRIORITY", values.whole(50, 254))] = 254
    """The top of the ladder from which the managers' priorities step down, 50 to 254; a node label is exact."""

    vrrp_version: Annotated[
        Literal[2, 3], Variable("KEEPALIVED_VRRP_VERSION", values.whole(2, 3), default="3, or 2 with a password")
    ] = 3
    """VRRP version, 2 or 3; only version 3 has adverts more often than once a second."""

    state: Annotated[State, Variable("KEEPALIVED_STATE", values.one_of(State))] = State.BACKUP
    """`MASTER` means BACKUP with preemption on: keepalived's own MASTER gains nothing."""

    preempt: Annotated[
        bool, Variable("KEEPALIVED_PREEMPT", values.truth, default="false, or true with KEEPALIVED_STATE=MASTER")
    ] = False
    """Whether a better node that returns takes the virtual IP back. Off: every move costs clients a moment."""

    advert_interval: Annotated[
        float,
        Variable(
            "KEEPALIVED_ADVERT_INTERVAL",
            values.advert_interval,
            default="0.1, or 1 with VRRPv2",
        ),
    ] = 0.1
    """Seconds between adverts, 0.01 to 40.95; whole seconds, 1 to 255, with VRRPv2. A silent death costs three."""

    unicast_peers: Annotated[
        net_values.Peers | tuple[IpAddress, ...], Variable("KEEPALIVED_UNICAST_PEERS", net_values.unicast_peers)
    ] = net_values.Peers.AUTO
    """`auto` (the Swarm's managers, kept current), `multicast`, or the peers' addresses."""

    multicast_group: Annotated[str, Variable("KEEPALIVED_MULTICAST_GROUP", net_values.multicast_group)] = "224.0.0.18"
    """The group that adverts go to with `multicast`; 224.0.0.18 is VRRP's own (RFC 9568, 5.1.1.2)."""

    password: Annotated[
        str | None,
        Variable("KEEPALIVED_PASSWORD", values.password, aliases=("KEEPALIVED_AUTH_PASS",), secret=True),
    ] = Field(default=None, repr=False)
    """VRRPv2's clear-text password, 1 to 8 characters; forces VRRPv2 and whole-second adverts."""

    check_port: Annotated[
        int | None, Variable("KEEPALIVED_CHECK_PORT", values.whole(1, 65535), aliases=("CHECK_PORT",))
    ] = None
    """A TCP port on which something must listen on this node for it to hold the virtual IP."""

    check_ip: Annotated[
        IpAddress | None,
        Variable("KEEPALIVED_CHECK_IP", net_values.check_ip, aliases=("CHECK_IP",), default="any"),
    ] = None
    """The address on which the port must be listened on; `any` is any."""

    check_url: Annotated[str | None, Variable("KEEPALIVED_CHECK_URL", values.check_url)] = None
    """A URL that must answer 200 for this node to hold the virtual IP."""

    check_script: Annotated[
        values.ScriptFile | None, Variable("KEEPALIVED_CHECK_SCRIPT", values.script, aliases=("CHECK_SCRIPT",))
    ] = None
    """A script, `[USER[:GROUP]:]/PATH`, that must exit 0 for this node to hold the virtual IP; it gets no arguments."""

    check_interval: Annotated[float, Variable("KEEPALIVED_CHECK_INTERVAL", values.seconds("0.1", "3600"))] = 1.0
    """Seconds between two runs of each check, 0.1 to 3600."""

    check_timeout: Annotated[float, Variable("KEEPALIVED_CHECK_TIMEOUT", values.seconds("0.1", "3600"))] = 1.0
    """Seconds after which a check that has not answered is cut and counts as failed, 0.1 to 3600."""

    check_rise: Annotated[int, Variable("KEEPALIVED_CHECK_RISE", values.whole(1, 1000))] = 2
    """Successes in a row after which a failed check counts as good again, 1 to 1000."""

    check_fall: Annotated[int, Variable("KEEPALIVED_CHECK_FALL", values.whole(1, 1000))] = 2
    """Failures in a row after which a check counts as failed, 1 to 1000. Two, so that one hiccup moves nothing."""

    notify: Annotated[values.ScriptFile | None, Variable("KEEPALIVED_NOTIFY", values.script)] = None
    """A script, `[USER[:GROUP]:]/PATH`, run as `SCRIPT INSTANCE name STATE priority` on every transition."""

    conf_template: Annotated[Path | None, Variable("KEEPALIVED_CONF_TEMPLATE", values.file_path)] = None
    """A Jinja2 template of keepalived.conf that replaces the built-in one."""

    command_line_arguments: Annotated[
        tuple[str, ...], Variable("KEEPALIVED_COMMAND_LINE_ARGUMENTS", values.arguments)
    ] = ()
    """Further flags for keepalived, separated by spaces."""

    ancestor: Ancestor | None = None
    """The system whose wire format is spoken where nobody says otherwise: by a float alone; None is our own."""

    @property
    def transport(self) -> Transport:
        """How adverts travel."""
        return Transport.MULTICAST if self.unicast_peers is net_values.Peers.MULTICAST else Transport.UNICAST

    @property
    def peer_addresses(self) -> tuple[IpAddress, ...] | None:
        """The peers as listed by the user; None where nobody listed any."""
        return None if isinstance(self.unicast_peers, net_values.Peers) else self.unicast_peers
