"""The insurance platform, asked by HTTP in the envelope of the national interface (4.6 of the book).

POST {base}/api with ``infno``, ``msgid``, areas, the institution and ``input``; answered with ``infcode`` (0 good,
-1 refused), ``err_msg`` and ``output``. Numbers of transactions stand in `xinglin.care.insurer`. Messages are
not signed (``signtype`` empty): a province that asks for SM2 needs the keys it gives out.
"""

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import httpx
import msgspec

from xinglin.care.insurer import numbers
from xinglin.settings import Settings

SECONDS: Final = 10
CHINA: Final = ZoneInfo("Asia/Shanghai")
_SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PAIRS: Final = 36**2
_NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")
_DECIMALS: Final = msgspec.json.Decoder(float_hook=Decimal)


class InsurerSilent(Exception):
    """No answer that could be understood: what was asked may have had its effect or not."""


class InsurerTaken(InsurerSilent):
    """The number of the message was another's; nothing was done."""


class InsurerRefused(Exception):
    """The platform says no, and why; nothing was done."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: the institution by its insurance code, and the area of the insurer."""

    code: str
    name: str
    area: str


class Insurer(Protocol):
    """The platform that settles."""

    async def ask(self, act: str, sender: Sender, given: Mapping[str, Any], *, message: str, at: datetime) -> Any:
        """Do *act* (`care.insurer.numbers`); gives the output. Raises InsurerSilent or InsurerRefused.

        message: its number, when a second question must be the same; empty: a new one.
        """


class NoInsurer:
    """The settings name none."""

    async def ask(self, act: str, sender: Sender, given: Mapping[str, Any], *, message: str, at: datetime) -> Any:
        """Raise InsurerRefused: nobody was asked, so nothing was done."""
        raise InsurerRefused(f"no insurer is set; {act} of {sender.code} was not sent ({message}, {at}, {len(given)})")


class HttpInsurer:
    """A platform behind HTTP. transport: another way to it than the network, for tests."""

    def __init__(
        self, base: str, *, seconds: float = SECONDS, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base = base
        self._seconds = seconds
        self._transport = transport
        # The sign-in of each institution and day; another process signs in for itself.
        self._signs: dict[tuple[str, str], str] = {}
        self._counted = itertools.count()

    async def ask(self, act: str, sender: Sender, given: Mapping[str, Any], *, message: str, at: datetime) -> Any:
        """Ask, signed in for the day."""
        key = (sender.code, f"{at.astimezone(CHINA):%Y%m%d}")
        if key not in self._signs:
            signing = {"signIn": {"opter_no": "xinglin"}}
            found = await self._sent("sign-in", sender, signing, self._fresh(sender.code, at), at, "")
            self._signs = {key: str(found["signinoutb"]["sign_no"])}
        return await self._sent(act, sender, given, message or self._fresh(sender.code, at), at, self._signs[key])

    def _fresh(self, institution: str, at: datetime) -> str:
        """Make a number that no process of this machine makes again within the second."""
        return numbered(institution, at, os.getpid() % _PAIRS * _PAIRS + next(self._counted) % _PAIRS)

    async def _sent(
        self, act: str, sender: Sender, given: Mapping[str, Any], message: str, at: datetime, sign: str
    ) -> Any:
        envelope = {
            "infno": numbers()[act].code,
            "msgid": message,
            "mdtrtarea_admvs": sender.area,
            "insuplc_admdvs": sender.area,
            "recer_sys_code": "XINGLIN",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "2",
            "opter": "xinglin",
            "opter_name": "xinglin",
            "inf_time": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": sender.code,
            "fixmedins_name": sender.name,
            "sign_no": sign,
            "input": given,
        }
        try:
            async with httpx.AsyncClient(
                base_url=self._base, timeout=self._seconds, transport=self._transport
            ) as client:
                sent = await client.post(
                    "/api", content=_NUMBERS.encode(envelope), headers={"content-type": "application/json"}
                )
                sent.raise_for_status()
            answer = _DECIMALS.decode(sent.content)
            code, output, why = int(answer["infcode"]), answer["output"], str(answer["err_msg"])
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError, ValueError) as fault:
            raise InsurerSilent(type(fault).__name__) from fault
        if code == 0:
            return output
        if "报文编号重复" in why:
            raise InsurerTaken(message)
        if not sign or "签到" not in why:
            raise InsurerRefused(why[:200])
        # The sign-in has run out on their side: the next question signs in again.
        self._signs.clear()
        raise InsurerSilent("signed out")


def message_number(institution: str, at: datetime, about: str) -> str:
    """Make the number of a message that can be made again: its last part is decided by *about*."""
    return numbered(institution, at, int.from_bytes(blake2b(about.encode(), digest_size=8).digest()))


def numbered(institution: str, at: datetime, place: int) -> str:
    """Number a message: institution (12), Beijing time (14), four digits and letters for the place in the second."""
    four = "".join(_SIGNS[place // 36**power % 36] for power in (3, 2, 1, 0))
    return f"{institution}{at.astimezone(CHINA):%Y%m%d%H%M%S}{four}"


def insurer_of(settings: Settings) -> Insurer:
    """Give the platform that the settings name."""
    return NoInsurer() if settings.insurer_url is None else HttpInsurer(settings.insurer_url)
