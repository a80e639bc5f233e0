"""The courier, asked by HTTP: take a parcel (once for each number), and say how far it is."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

import httpx
import msgspec

from xinglin.care.delivering import CUSTODY
from xinglin.settings import Settings

SECONDS: Final = 10


class CourierSilent(Exception):
    """No answer that could be understood: the parcel may have been taken or not."""


class CourierRefused(Exception):
    """The courier does not take the parcel, and says why."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent. number: of the order, the same for the same parcel. place: where it is picked up."""

    number: str
    place: str
    name: str
    phone: str
    address: str
    cold: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a parcel is: a step of `care.delivering.CUSTODY`. code: what was shown at the door."""

    state: str
    waybill: str = ""
    code: str = ""
    celsius: Decimal | None = None


class Courier(Protocol):
    """Who brings medicine."""

    async def order(self, parcel: Parcel) -> Seen:
        """Take a parcel; the same number again is the same parcel. Raises CourierSilent or CourierRefused."""

    async def ask(self, number: str) -> Seen | None:
        """Say how far a parcel is; None when it was never taken. Raises CourierSilent."""


class OwnPeople:
    """The settings name no courier: the pharmacy's own people bring it, and record the steps at the desk."""

    async def order(self, parcel: Parcel) -> Seen:
        """Raise CourierRefused: nobody was asked."""
        raise CourierRefused(f"no courier is set; {parcel.number} is brought by the pharmacy")

    async def ask(self, number: str) -> Seen | None:
        """Raise CourierRefused: nobody was asked."""
        raise CourierRefused(f"no courier is set for {number}")


class HttpCourier:
    """A courier behind HTTP. transport: another way to it than the network, for tests."""

    def __init__(
        self, base: str, *, seconds: float = SECONDS, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base = base
        self._seconds = seconds
        self._transport = transport

    async def order(self, parcel: Parcel) -> Seen:
        """Take a parcel."""
        asked = {
            "orderNo": parcel.number,
            "from": parcel.place,
            "name": parcel.name,
            "phone": parcel.phone,
            "address": parcel.address,
            "cold": parcel.cold,
        }
        found = await self._sent("/v1/orders", asked)
        if found is None:
            raise CourierSilent("unknown")
        return found

    async def ask(self, number: str) -> Seen | None:
        """Say how far a parcel is."""
        return await self._sent("/v1/orders/query", {"orderNo": number})

    async def _sent(self, path: str, asked: dict[str, Any]) -> Seen | None:
        try:
            async with httpx.AsyncClient(
                base_url=self._base, timeout=self._seconds, transport=self._transport
            ) as client:
                answer = await client.post(path, json=asked)
            if answer.status_code == 422:
                raise CourierRefused(str(answer.json().get("reason", ""))[:200])
            answer.raise_for_status()
            return _seen(answer.json())
        except (httpx.HTTPError, msgspec.DecodeError, InvalidOperation, KeyError, TypeError, ValueError) as fault:
            raise CourierSilent(type(fault).__name__) from fault


def _seen(answer: dict[str, Any]) -> Seen | None:
    state = str(answer["state"])
    if state == "unknown":
        return None
    if state not in CUSTODY:
        raise ValueError(state)
    celsius = answer.get("celsius")
    return Seen(
        state,
        str(answer.get("waybill", ""))[:40],
        str(answer.get("code", ""))[:60],
        Decimal(str(celsius)) if celsius is not None else None,
    )


def courier_of(settings: Settings) -> Courier:
    """Give the courier that the settings name."""
    return OwnPeople() if settings.courier_url is None else HttpCourier(settings.courier_url)
