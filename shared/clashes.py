"""What follows from one VRRP setting for another: clashes, defaults that depend, warnings. Pure."""

from __future__ import annotations

import ipaddress
from decimal import Decimal

from shared.environment import Reading
from shared.models import Transport, VirtualIp
from shared.values import ADVERT_RULE, fits_version
from shared.vrrp_settings import State, VrrpSettings

NO_VIRTUAL_IPS = (
    "KEEPALIVED_VIRTUAL_IPS: is required; name one or more free addresses of the nodes' own subnet, "
    "for example KEEPALIVED_VIRTUAL_IPS=192.168.1.100/24"
)


def find_clashes(settings: VrrpSettings, reading: Reading) -> list[str]:
    """One line for each setting that is right in itself, but not together with the others."""
    sentences = (_excluded_twice, _password_needs_version_2, _interval, _only_ipv6, _master, _check_ip)
    return [line for find in sentences if (line := find(settings, reading))]


def _excluded_twice(settings: VrrpSettings, reading: Reading) -> str | None:
    taken = {item.address for item in settings.virtual_ips}
    twice = next((item.address for item in settings.virtual_ips_excluded if item.address in taken), None)
    shown = reading.shown.get("virtual_ips_excluded")
    return f"{shown}: names {twice}, which KEEPALIVED_VIRTUAL_IPS has already" if twice else None


def _password_needs_version_2(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.password is None or "vrrp_version" not in settings.model_fields_set or settings.vrrp_version == 2:
        return None
    return f"{reading.shown['vrrp_version']}: VRRPv3 has no passwords; unset it, or {_name(reading, 'password')}"


def _interval(settings: VrrpSettings, reading: Reading) -> str | None:
    decided = not reading.is_wrong("vrrp_version") and not reading.is_wrong("password")
    given = decided and "advert_interval" in settings.model_fields_set
    if not given or fits_version(effective_version(settings), Decimal(str(settings.advert_interval))):
        return None
    return f"{reading.shown['advert_interval']}: {ADVERT_RULE} ({_why_version(settings, reading)})"


def _only_ipv6(settings: VrrpSettings, reading: Reading) -> str | None:
    if effective_version(settings) == 3 or not settings.virtual_ips:
        return None
    if any(item.address.version == 4 for item in settings.virtual_ips):
        return None
    return f"{reading.shown['virtual_ips']}: VRRPv2 needs an IPv4 address here ({_why_version(settings, reading)})"


def _master(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.state is State.BACKUP or "preempt" not in settings.model_fields_set or settings.preempt:
        return None
    return f"{reading.shown['preempt']}: contradicts {reading.shown['state']}, which turns preemption on; unset one"


def _check_ip(settings: VrrpSettings, reading: Reading) -> str | None:
    if settings.check_ip is None or settings.check_port is not None or reading.is_wrong("check_port"):
        return None
    return f"{reading.shown['check_ip']}: needs KEEPALIVED_CHECK_PORT beside it"


def effective_version(settings: VrrpSettings) -> int:
    """The VRRP version that is spoken: the one given, else 2 with a password."""
    given = "vrrp_version" in settings.model_fields_set
    return settings.vrrp_version if given or settings.password is None else 2


def _why_version(settings: VrrpSettings, reading: Reading) -> str:
    given = "vrrp_version" in settings.model_fields_set
    cause = reading.shown["vrrp_version"] if given else _name(reading, "password")
    return f"VRRPv{effective_version(settings)} because of {cause}" if cause else "VRRPv3 is the default"


def _name(reading: Reading, field: str) -> str:
    return reading.shown.get(field, "").partition("=")[0]


def consequences(settings: VrrpSettings) -> dict[str, object]:
    """The fields that others decide: version, interval and preemption."""
    version = effective_version(settings)
    slow = version == 2 and "advert_interval" not in settings.model_fields_set
    return {
        "vrrp_version": version,
        "advert_interval": 1.0 if slow else settings.advert_interval,
        "preempt": settings.preempt or settings.state is State.MASTER,
    }


def warnings(settings: VrrpSettings) -> tuple[str, ...]:
    """Sentences about what is accepted, but that an operator should know of."""
    found = [_edge_of_subnet(item) for item in settings.virtual_ips + settings.virtual_ips_excluded]
    if settings.password is not None:
        found.append(
            "a password is set, and only VRRPv2 has passwords: adverts go out every whole second instead of ten times, "
            "a failover takes about 3 s, and the password travels in clear text"
        )
    if settings.transport is Transport.UNICAST and settings.multicast_group != "224.0.0.18":
        found.append(
            f"KEEPALIVED_MULTICAST_GROUP={settings.multicast_group} has no effect without "
            "KEEPALIVED_UNICAST_PEERS=multicast"
        )
    return tuple(sentence for sentence in found if sentence)


def _edge_of_subnet(item: VirtualIp) -> str | None:
    net = ipaddress.ip_interface(item.cidr).network
    if net.num_addresses <= 2:
        return None
    if item.address == net.network_address:
        return f"virtual IP {item.cidr} is the address of its network itself; some hosts do not talk to it"
    if item.address == net.broadcast_address and item.address.version == 4:
        return f"virtual IP {item.cidr} is the broadcast address of its network; hosts do not talk to it"
    return None
