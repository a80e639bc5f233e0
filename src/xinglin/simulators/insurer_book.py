"""What the simulated insurance platform knows: persons, accumulators, visits, settlements, messages. In SQLite."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from hashlib import blake2b
from typing import Any, Final

from xinglin.care.settlement import Group, Person
from xinglin.care.used import Used

_MADE: Final = "CREATE TABLE IF NOT EXISTS kept (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name))"
_KEEP: Final = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value"


class Refusal(Exception):
    """The platform says no."""


class Book:
    """The book. file: empty: in memory. today: its clock."""

    def __init__(self, file: str, *, today: Callable[[], date]) -> None:
        self._base = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
        self._base.execute(_MADE)
        self.today = today

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Make what is kept within stand as a whole, or not at all."""
        self._base.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Find what is kept."""
        row = self._base.execute("SELECT value FROM kept WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if row is None else json.loads(row[0])

    def keep(self, kind: str, name: str, value: object) -> None:
        """Keep something under a name."""
        self._base.execute(_KEEP, (kind, name, json.dumps(value, ensure_ascii=False, default=str)))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Give everything of a kind, the newest first."""
        rows = self._base.execute("SELECT value FROM kept WHERE kind = ? ORDER BY rowid DESC", (kind,))
        return [json.loads(row[0]) for row in rows]

    def next(self, kind: str, prefix: str) -> str:
        """Make a number."""
        [count] = self._base.execute("SELECT count(*) FROM kept WHERE kind = ?", (kind,)).fetchone()
        return f"{prefix}{count + 1:012d}"

    # -- messages

    def answered(self, message: str, number: str, content: object) -> dict[str, Any] | None:
        """Give what a message was answered; refuse when its number was that of another."""
        known = self.get("message", message)
        if known is None:
            return None
        if (known["infno"], known["digest"]) != (number, digest(content)):
            raise Refusal("报文编号重复")
        found: dict[str, Any] = known["output"]
        return found

    def keep_answer(self, message: str, number: str, content: object, output: object) -> None:
        """Keep what a message was answered."""
        self.keep("message", message, {"infno": number, "digest": digest(content), "output": output})

    def undone(self, message: str) -> bool:
        """Tell whether a message was undone by 2601, even before it came."""
        return self.get("undone", message) is not None

    def signed_in(self, sign_no: str) -> bool:
        """Tell whether a sign-in holds: it does for its day."""
        known = self.get("sign", sign_no)
        return known is not None and bool(known["day"] == str(self.today()))

    # -- persons

    def insure(self, one: dict[str, Any]) -> str:
        """Insure a person: ``certno`` and what else differs from the usual; gives the number."""
        certno = str(one["certno"])
        number = str(
            one.get("psn_no") or f"4108{int.from_bytes(blake2b(certno.encode(), digest_size=6).digest()):015d}"
        )
        usual = {
            "psn_name": "",
            "insutype": "390",
            "psn_type": "11",
            "groups": [],
            "filed": [],
            "contract": "",
            "years": 0,
            "account_fen": 0,
            "family_fen": 0,
        }
        self.keep("person", number, usual | one | {"psn_no": number})
        self.keep("card", certno, {"psn_no": number})
        return number

    def person(self, number: str) -> dict[str, Any]:
        """Find a person by number."""
        found = self.get("person", number)
        if found is None:
            raise Refusal("查无此参保人")
        return found

    def insured(self, number: str) -> Person:
        """Give a person as the settlement asks for him."""
        one = self.person(number)
        return Person(
            insurance=one["insutype"],
            status=one["psn_type"],
            age=age_of(one["certno"], self.today()),
            contract=one["contract"],
            groups=tuple(
                Group(code, date.fromisoformat(since), date.fromisoformat(until))
                for code, since, until in one["groups"]
            ),
            filed=frozenset(one["filed"]),
            years=one["years"],
            account_fen=one["account_fen"],
            family_fen=one["family_fen"],
        )

    def used(self, number: str, year: int) -> Used:
        """Give the accumulators of a year."""
        known = self.get("used", f"{number}/{year}")
        return Used(year) if known is None else Used(**known)

    def keep_used(self, number: str, used: Used) -> None:
        """Keep the accumulators of a year."""
        self.keep("used", f"{number}/{used.year}", asdict(used))

    def pay_from_account(self, number: str, account: int, family: int) -> None:
        """Take from the personal account and the family's; negative gives back."""
        one = self.person(number)
        one |= {"account_fen": one["account_fen"] - account, "family_fen": one["family_fen"] - family}
        self.keep("person", number, one)

    def settlements(self) -> list[dict[str, Any]]:
        """Give every settlement, newest first."""
        return self.all("settlement")


def digest(content: object) -> str:
    """Give what tells one message from another."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def age_of(certno: str, day: date) -> int:
    """Give the age that a card number says, 40 for other documents."""
    if len(certno) != 18:
        return 40
    born = date(int(certno[6:10]), int(certno[10:12]), int(certno[12:14]))
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
