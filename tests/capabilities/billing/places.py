"""A till: bills on a real store, the simulated channels and insurer, and a worker that runs what was deferred."""

from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.capabilities.insurance import places as insured
from xinglin.capabilities.access import capability as access
from xinglin.capabilities.billing import capability, contract
from xinglin.capabilities.billing.gateways.alipay import Alipay
from xinglin.capabilities.billing.gateways.channels import Channel, keys_in
from xinglin.capabilities.billing.gateways.wechat_pay import WechatPay
from xinglin.capabilities.billing.operations import arriving, reading
from xinglin.capabilities.billing.rules import bills, payments
from xinglin.capabilities.billing.rules.bills import Bill
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.capabilities.insurance import capability as insurance
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.records import capability as records
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Job, Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.simulators import alipay, wechat_pay
from xinglin.simulators import insurer as insurer_simulator
from xinglin.simulators.payments import make_keys
from xinglin.store import books
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.view import Heard

TOLD: Final = "asker.told"
VISIT: Final = "Encounter/e-b1"
RESIDENT: Final = Principal(
    "r1",
    frozenset({"resident"}),
    patient="Patient/p1",
    patients=("Patient/p1",),
    purpose="PATRQT",
    level="L2",
    display="王杏",
)
CASHIER: Final = Principal(
    "k1",
    frozenset({"receptionist"}),
    organization="Organization/h1",
    practitioner="Practitioner/k1",
    purpose="HPAYMT",
    strong=True,
)
MOST: Final = 60  # jobs in one run: no way is longer


class KilledError(Exception):
    """The process died here."""


def keyed(folder: Path) -> None:
    """Make the keys of both channels."""
    for name in ("wechat-pay", "alipay"):
        make_keys(folder / name)


class Town:
    """Everything outside, and the call-backs on their way in."""

    def __init__(self, folder: Path) -> None:
        self.mail: list[tuple[str, bytes, dict[str, str]]] = []
        self.wechat = wechat_pay.Channel(self._post, waits=(0.0,))
        self.alipay = alipay.Channel(self._post, waits=(0.0,))
        routes = [
            Mount("/wechat_pay", wechat_pay.application(self.wechat)),
            Mount("/alipay", alipay.application(self.alipay)),
        ]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        self.insurer = insured.Platform(insurer_simulator.application())
        self.channels: dict[str, Channel] = {
            "wechat-pay": WechatPay(
                *("http://pay/wechat_pay", "wx-app", "1900000001", keys_in(folder / "wechat-pay")),
                notify="/callbacks/wechat-pay",
                transport=transport,
                seconds=0.3,
            ),
            "alipay": Alipay(
                *("http://pay/alipay", "2021000000000001", keys_in(folder / "alipay")),
                notify="/callbacks/alipay",
                transport=transport,
                seconds=0.3,
            ),
        }

    async def _post(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        self.mail.append((address, body, {name.lower(): value for name, value in headers.items()}))
        return 200

    def till(self, channel: str) -> Any:
        """Give the orders of a channel."""
        return (self.wechat if channel == "wechat-pay" else self.alipay).till


class Worker:
    """Runs what was deferred."""

    def __init__(self, door: Door, registry: Registry) -> None:
        self.door, self.registry = door, registry

    async def work(self, *, later: bool = False) -> None:
        """Run the jobs that are due, as the worker does; *later*: those whose time has not come, once, too."""
        for _ in range(MOST):
            due = "" if later else "WHERE scheduled_at IS NULL OR scheduled_at < now() + interval '5 seconds'"
            row = await self.door.store.fetch(
                "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs "
                f"{due} ORDER BY id LIMIT 1) RETURNING task_name, args::text"
            )
            if not row:
                return
            await self.run(row[0]["task_name"], msgspec.json.decode(row[0]["args"]))
        raise AssertionError("jobs without end")

    async def run(self, name: str, given: dict[str, Any]) -> None:
        """Run one job in a unit of work of its own."""
        run = self.registry.jobs[name].run
        async with self.door.work(SYSTEM) as work:
            await run(work, **given)


class Till(Worker):
    """A door with billing, and its worker. told: what the asker was told."""

    def __init__(self, store: Store, town: Town) -> None:
        self.town = town
        self.told: list[tuple[str, str]] = []
        self.channels = town.channels  # those that jobs ask; a test may put another in its place

        async def told(_work: object, bill: str, about: str, state: str) -> None:
            del bill
            self.told.append((about, state))

        asker = Capability("asker", Text("计费方", "Asker"), jobs=(Job(TOLD, told),))
        settings = Settings()
        registry = Registry(
            (
                records.declare(settings),
                notifications.declare(settings),
                access.declare(settings),
                insurance.made(settings, town.insurer.insurer),
                capability.made(town.channels),
                asker,
            )
        )
        super().__init__(Door(store, registry.rulebook), registry)

    async def swept(self) -> None:
        """Look after what has waited: as `billing.sweep` does some minutes later."""
        await self.run(contract.SWEEP, {})

    async def mail(self) -> None:
        """Deliver the call-backs that have come."""
        await self.town.wechat.till.heard()
        await self.town.alipay.till.heard()
        mail, self.town.mail = self.town.mail, []
        for address, body, headers in mail:
            name = address.rpartition("/")[2]
            async with self.door.work(SYSTEM) as work:
                await arriving.heard(
                    work, Heard("POST", {}, headers, body), name=name, channel=self.town.channels[name]
                )

    async def charge(self, about: str = "Appointment/a1", *lines: contract.Line, **more: Any) -> str:
        """Charge as a capability does."""
        given = contract.Charge(
            *("p1", about, lines or (contract.Line("F0006"),), "Organization/h1"),
            **({"visit": VISIT, "told": TOLD} | more),
        )
        return await self.door.auto(SYSTEM).operate(contract.CHARGE, given)

    async def begin(self, bill: str) -> str:
        """Begin paying, and let the insurer answer."""
        state = await self.door.auto(RESIDENT).operate(contract.BEGIN, contract.Begin(bill))
        await self.work()
        return state

    async def pay(self, bill: str, channel: str = "wechat-pay", agreed: tuple[int, ...] = ()) -> Payment:
        """Pay as far as the payer's page; gives the payment."""
        await self.door.auto(RESIDENT).operate(contract.PAY, contract.Pay(bill, channel, agreed))
        await self.work()
        return await self.payment(bill)

    async def paid(self, bill: str, channel: str = "wechat-pay", agreed: tuple[int, ...] = ()) -> Bill:
        """Pay the whole way."""
        await self.begin(bill)
        payment = await self.pay(bill, channel, agreed)
        self.town.till(channel).pay(payment.number)
        await self.mail()
        await self.work()
        return await self.bill(bill)

    async def bill(self, id: str) -> Bill:
        """Read a bill."""
        return bills.read(await insured.read(self.door, "Invoice", id))

    async def payments(self, bill: str) -> tuple[Payment, ...]:
        """Read the payments and refunds of a bill."""
        async with self.door.work(SYSTEM) as work:
            return await reading.payments_of(work, bill)

    async def payment(self, bill: str) -> Payment:
        """Read the payment that is under way, or was."""
        number = payments.number("P", bill, (await self.bill(bill)).attempt)
        return next(one for one in await self.payments(bill) if one.number == number)

    async def balances(self, bill: str) -> dict[str, int]:
        """Give what stands in the books about a bill, by account; nothing that is nothing."""
        found: dict[str, int] = {}
        for line in await books.about(self.door.store, f"Invoice/{bill}"):
            found[line.account] = found.get(line.account, 0) + line.fen
        assert sum(found.values()) == 0
        return {account: fen for account, fen in found.items() if fen}


async def settle_in(door: Door, *, insured_: bool = False) -> None:
    """Write the hospital, the patient and the visit; with or without insurance."""
    world = insured.world()
    await insured.put(door, *(one for one in world if insured_ or one["resourceType"] != "Coverage"))
    await insured.put(door, insured.visit("e-b1", door.store.clock.now().date().isoformat()))
