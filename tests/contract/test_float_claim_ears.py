"""Who claims a VIP on a real segment: those who announce it, and those who only answer."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable, Iterator

import pytest

from float.claim_ears import ClaimEars
from float.neighbour import Claim
from shared.models import IpAddress
from tests.contract.float_world import other_host, own_network, run

pytestmark = pytest.mark.lab

VIP, VIP6 = ipaddress.ip_address("192.0.2.100"), ipaddress.ip_address("2001:db8::100")
VIPS: frozenset[IpAddress] = frozenset({VIP, VIP6})
There = Callable[..., str]


@pytest.fixture
def there() -> Iterator[There]:
    """A host of the test's own; gives what runs a program on another one at the far end of its eth0."""
    with own_network("ears"), other_host() as there:
        yield there


def mac(there: There) -> str:
    """The other host's."""
    return str(json.loads(there("ip", "-json", "link", "show", "far0"))[0]["address"])


class Listening:
    """Ears, and all that they told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Claim]] = []
        self.ears = ClaimEars()
        self.ears.hear({"eth0": VIPS}, lambda device, claim: self.told.append((device, claim)))

    async def after(self, *addresses: IpAddress) -> set[tuple[str, Claim]]:
        """What was told once these were asked for."""
        self.ears.ask("eth0", addresses)
        await asyncio.sleep(0.3)
        return set(self.told)


async def test_a_host_that_only_answers_is_found_by_asking(there: There) -> None:
    there("ip", "address", "add", f"{VIP}/32", "dev", "far0")
    there("ip", "address", "add", f"{VIP6}/128", "dev", "far0", "nodad")
    listening = Listening()
    await asyncio.sleep(0.2)
    listening.told.clear()  # what its kernel may have said when it got the address
    found = await listening.after(VIP, VIP6)
    assert found == {("eth0", Claim(VIP, mac(there))), ("eth0", Claim(VIP6, mac(there)))}
    listening.ears.close()


async def test_asking_tells_nobody_anything(there: There) -> None:
    there("ip", "address", "add", "192.0.2.1/24", "dev", "far0")
    listening = Listening()
    await listening.after(VIP, VIP6)
    assert "192.0.2.100" not in there("ip", "neighbour")
    listening.ears.close()


async def test_what_this_host_has_itself_is_no_claim(there: There) -> None:
    run("ip", "address", "add", f"{VIP}/32", "dev", "eth0")
    run("ip", "address", "add", f"{VIP6}/128", "dev", "eth0", "nodad")
    listening = Listening()
    assert await listening.after(VIP, VIP6) == set()
    assert f"{VIP}/32" in run("ip", "address", "show", "dev", "eth0")
    assert f"{VIP6}/128" in run("ip", "address", "show", "dev", "eth0")
    listening.ears.close()


async def test_claims_of_other_addresses_do_not_come(there: There) -> None:
    there("ip", "address", "add", "192.0.2.1/24", "dev", "far0")
    listening = Listening()
    there("bash", "-c", "echo >/dev/udp/192.0.2.3/9")  # it asks who has that one, from its own address
    assert await listening.after() == set()
    listening.ears.close()


async def test_a_nic_that_was_off_is_listened_to_again(there: There, caplog: pytest.LogCaptureFixture) -> None:
    there("ip", "address", "add", f"{VIP}/32", "dev", "far0")
    listening = Listening()
    run("ip", "link", "set", "eth0", "down")
    assert await listening.after(VIP) == set()
    run("ip", "link", "set", "eth0", "up")
    await asyncio.sleep(0.2)
    assert ("eth0", Claim(VIP, mac(there))) in await listening.after(VIP)
    assert not caplog.records
    listening.ears.close()


async def test_a_device_that_is_not_there_is_left_out(there: There, caplog: pytest.LogCaptureFixture) -> None:
    ears = ClaimEars()
    ears.hear({"eth9": VIPS}, lambda device, claim: None)
    assert "cannot be heard on eth9" in caplog.text
    ears.ask("eth9", (VIP,))
    ears.close()


async def test_an_announcement_brings_back_who_believed_another_host(there: There) -> None:
    listening = Listening()
    there("ip", "neighbour", "replace", str(VIP), "lladdr", "02:00:00:00:00:99", "dev", "far0", "nud", "stale")
    there("ip", "neighbour", "replace", str(VIP6), "lladdr", "02:00:00:00:00:99", "dev", "far0", "nud", "stale")
    listening.ears.announce("eth0", VIPS)
    await asyncio.sleep(0.3)
    ours = json.loads(run("ip", "-json", "link", "show", "eth0"))[0]["address"]
    shown = json.loads(there("ip", "-json", "neighbour", "show", "dev", "far0"))
    believed = {entry["dst"]: entry.get("lladdr") for entry in shown}
    assert (believed[str(VIP)], believed[str(VIP6)]) == (ours, ours)
    assert listening.told == []
    listening.ears.close()
