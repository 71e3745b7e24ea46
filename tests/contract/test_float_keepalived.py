"""The real keepalived behind its door: started, reloaded, asked, demoted, stopped, killed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from float.addresses import Addresses
from float.advert import Advert
from float.adverts import AdvertListener
from float.keepalived import Keepalived, release
from float.notice import Notice
from float.notify_fifo import NotifyFifo
from float.render import Renderer
from float.resolve import resolve
from float.stats import DumpError
from shared.models import FloatSpec, VirtualIp, VrrpState
from tests.contract.float_world import ROUTER, SPEC, kernel_address, own_network

pytestmark = pytest.mark.lab

SHORT = ROUTER.model_copy(update={"advert_interval": 0.05})
USUAL = SPEC.model_copy(update={"virtual_routers": (SHORT,)})


class Machine:
    """One host with a keepalived, and all that it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keepalived = Keepalived(folder)
        self.fifo = NotifyFifo(folder / "notify.fifo")
        self.notices: list[Notice] = []
        self.exits = 0
        (folder / "track").mkdir()
        self.fifo.open(self.notices.append)

    async def install(self, spec: FloatSpec) -> None:
        """Render the spec for this host and put it in place."""
        addresses = Addresses()
        host = await addresses.view()
        await addresses.close()
        owned = frozenset(vip.address for router in spec.virtual_routers for vip in router.addresses)
        self.keepalived.install(Renderer(self.folder).render(resolve(spec, host, owned), preempting=()))

    def track(self, router: str = "VI_1", *, allowed: int = 1, demoted: int = 0) -> None:
        """Write the track files."""
        (self.folder / "track" / f"allowed_{router}").write_text(f"{allowed}\n")
        (self.folder / "track" / f"demoted_{router}").write_text(f"{demoted}\n")

    async def start(self, spec: FloatSpec = USUAL, *, until: VrrpState = VrrpState.MASTER) -> None:
        """Run keepalived on that spec until it says that it is there."""
        await self.install(spec)
        await self.keepalived.start(self.count_exit)
        assert await eventually(lambda: self.state is until)

    def count_exit(self) -> None:
        self.exits += 1

    @property
    def state(self) -> VrrpState | None:
        """keepalived's last word."""
        return self.notices[-1].state if self.notices else None


async def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Whether it comes true before the deadline, while the event loop goes on."""
    deadline = asyncio.get_running_loop().time() + within
    while not holds() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)
    return holds()


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """A host on which keepalived is allowed, but does not run yet."""
    with own_network("engine"):
        made = Machine(tmp_path)
        made.track()
        yield made
        await made.keepalived.stop()
        made.fifo.close()


async def test_it_tells_its_release(machine: Machine) -> None:
    version = release(await machine.keepalived.about())
    assert [part.isdigit() for part in version.split(".")] == [True, True, True]


async def test_a_node_that_hears_nobody_becomes_master_with_all_its_addresses(machine: Machine) -> None:
    await machine.start()
    assert [n.state for n in machine.notices] == [VrrpState.BACKUP, VrrpState.MASTER]
    for address in ("192.0.2.100", "192.0.2.101", "2001:db8::100"):
        assert kernel_address(address)


async def test_a_forbidden_node_never_becomes_master(machine: Machine) -> None:
    machine.track(allowed=0)
    await machine.start(until=VrrpState.FAULT)
    assert not await eventually(lambda: machine.state is VrrpState.MASTER, within=1.0)


async def test_a_node_without_track_files_is_forbidden(machine: Machine) -> None:
    (machine.folder / "track" / "allowed_VI_1").unlink()
    await machine.start(until=VrrpState.FAULT)
    assert not await eventually(lambda: machine.state is VrrpState.MASTER, within=1.0)


async def test_a_master_that_becomes_forbidden_drops_the_vip(machine: Machine) -> None:
    await machine.start()
    machine.track(allowed=0)
    assert await eventually(lambda: machine.state is VrrpState.FAULT)
    assert await eventually(lambda: kernel_address("192.0.2.100") is None)


async def test_a_master_that_is_demoted_keeps_the_vip_at_its_demoted_priority(machine: Machine) -> None:
    await machine.start()
    machine.track(demoted=152)
    await asyncio.sleep(0.5)
    dump = await machine.keepalived.dump()
    assert (dump["VI_1"].state, dump["VI_1"].effective_priority) == (VrrpState.MASTER, 48)
    assert kernel_address("192.0.2.100")


async def test_the_dump_tells_counters(machine: Machine) -> None:
    await machine.start()
    dump = await machine.keepalived.dump()
    assert dump["VI_1"].counters["become_master"] == 1


async def test_the_dump_of_a_keepalived_that_does_not_run_is_an_error(machine: Machine) -> None:
    with pytest.raises(DumpError):
        await machine.keepalived.dump()


async def test_a_reload_adds_an_address_and_keeps_the_others(machine: Machine) -> None:
    await machine.start()
    more = SHORT.model_copy(update={"excluded": (*SHORT.excluded, VirtualIp.parse("192.0.2.102"))})
    await machine.install(USUAL.model_copy(update={"virtual_routers": (more,)}))
    machine.keepalived.reload()
    assert await eventually(lambda: kernel_address("192.0.2.102") is not None)
    assert machine.state is VrrpState.MASTER
    assert machine.exits == 0


async def test_an_instance_that_gets_another_name_goes_on_and_nobody_is_told(machine: Machine) -> None:
    await machine.start()
    told = list(machine.notices)
    machine.track("web")
    other = SHORT.model_copy(update={"name": "web"})
    await machine.install(USUAL.model_copy(update={"virtual_routers": (other,)}))
    machine.keepalived.reload()
    await asyncio.sleep(1)
    assert (await machine.keepalived.dump())["web"].state is VrrpState.MASTER
    assert machine.notices == told
    assert kernel_address("192.0.2.100")


async def test_a_clean_stop_drops_the_vip_and_is_told_once(machine: Machine) -> None:
    await machine.start()
    await machine.keepalived.stop()
    assert kernel_address("192.0.2.100") is None
    assert not machine.keepalived.running
    assert await eventually(lambda: machine.exits == 1)
    assert await eventually(lambda: machine.state is VrrpState.INIT)


async def test_a_stop_of_what_never_ran_is_nothing(machine: Machine) -> None:
    await machine.keepalived.stop()
    assert machine.exits == 0


@pytest.mark.parametrize("pid_file", ["keepalived.pid", "vrrp.pid"])
async def test_a_killed_keepalived_is_noticed_and_can_be_started_again(machine: Machine, pid_file: str) -> None:
    await machine.start()
    os.kill(int((machine.folder / pid_file).read_text()), signal.SIGKILL)
    assert await eventually(lambda: machine.exits == 1)
    machine.notices.clear()
    await machine.start()
    assert kernel_address("192.0.2.100")


async def test_stale_pid_files_do_not_keep_it_from_starting(machine: Machine) -> None:
    for name in ("keepalived.pid", "vrrp.pid"):
        (machine.folder / name).write_text(f"{os.getpid()}\n")
    await machine.start()
    assert machine.exits == 0


async def test_a_configuration_that_is_not_there_ends_it(machine: Machine) -> None:
    await machine.keepalived.start(machine.count_exit)
    assert await eventually(lambda: machine.exits == 1)


async def test_a_program_that_is_not_there_is_an_os_error(machine: Machine) -> None:
    with pytest.raises(FileNotFoundError):
        await Keepalived(machine.folder, program="keepalived-that-is-not").start(lambda: None)


@pytest.mark.parametrize("transport", ["unicast", "multicast"])
async def test_a_master_does_not_hear_itself(machine: Machine, transport: str) -> None:
    heard: list[Advert] = []
    listener = AdvertListener()
    listener.open(heard.append)
    listener.join("eth0", "224.0.0.18")
    listener.join("eth0", "ff02::12")
    await machine.start(FloatSpec.model_validate({**USUAL.model_dump(), "transport": transport}))
    assert not await eventually(lambda: bool(heard), within=0.5)
    listener.close()


async def test_the_configuration_with_its_password_is_readable_for_root_alone(machine: Machine) -> None:
    machine.keepalived.install("# secret\n")
    assert (machine.folder / "keepalived.conf").stat().st_mode & 0o077 == 0


async def test_a_dump_of_the_configuration_hides_the_password(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slow = ROUTER.model_copy(update={"advert_interval": 1.0})
    await machine.install(
        SPEC.model_copy(update={"vrrp_version": 2, "password": "h4nd-0ff", "virtual_routers": (slow,)})
    )
    await machine.keepalived.start(machine.count_exit, flags=("--dump-conf",))
    assert await eventually(lambda: "Password = (hidden)" in caplog.text)
    assert "h4nd-0ff" not in caplog.text
