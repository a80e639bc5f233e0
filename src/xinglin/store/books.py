"""The books: what was paid, owed and passed on, by double entry in fen (复式记账; R5-024, ADR 0104).

An event is booked once by its name, with lines that sum to zero: debit positive, credit negative. Nothing is changed
or removed; a mistake is booked back. Accounts are names such as ``channel/wechat-pay`` or ``income/ORGANIZATION``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Final

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import BUCKETS, hash64
from xinglin.fhir.sources import cites
from xinglin.store.executor import Executor, Record

MOST: Final = 500  # lines of an event


class Line(msgspec.Struct, frozen=True):
    """One side of an event. fen: debit positive, credit negative, never 0."""

    account: str
    fen: int


class Event(msgspec.Struct, frozen=True):
    """What is booked. name: makes it happen once. day: the business day. about: Type/id. undoes: an event's name."""

    name: str
    day: date
    about: str
    text: str
    lines: tuple[Line, ...]
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """One line as it stands in the books."""

    event: str
    day: date
    about: str
    text: str
    account: str
    fen: int


@cites("R5-024")
async def book(executor: Executor, event: Event) -> bool:
    """Book an event in the transaction of *executor*; False when it was booked before, exactly so.

    Raises ValueError for lines that do not balance, OutcomeError (409) when something else bears the name already.
    """
    check(event.lines)
    place = bucket(event.name)
    digest = blake2b(msgspec.json.encode((event.about, event.undoes, event.lines)), digest_size=16).digest()
    made = await executor.fetch(
        "INSERT INTO book_event (bucket, event, at, day, about, text, undoes, digest)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (bucket, event) DO NOTHING RETURNING event",
        *(place, event.name, executor.now, event.day, event.about, event.text, event.undoes, digest),
    )
    if not made:
        rows = await executor.fetch("SELECT digest FROM book_event WHERE bucket = $1 AND event = $2", place, event.name)
        if rows and rows[0]["digest"] != digest:
            text = f"Something else was booked as {event.name}."
            raise OutcomeError(Issue("conflict", "booked-otherwise", text=text), status=409)
        return False
    await executor.fetch(
        "INSERT INTO book_line (bucket, event, line, account, day, fen)"
        " SELECT $1, $2, n, account, $3, fen FROM unnest($4::text[], $5::int8[]) WITH ORDINALITY AS u(account, fen, n)",
        *(place, event.name, event.day, [line.account for line in event.lines], [line.fen for line in event.lines]),
    )
    return True


@cites("R5-024")
async def book_back(executor: Executor, name: str, event: str, day: date, text: str) -> bool:
    """Book back the event called *event*, under *name*; False when that was done before, 404 when it was not booked."""
    lines = await lines_of(executor, event)
    if not lines:
        raise OutcomeError(Issue("not-found", "never-booked", text=f"Nothing was booked as {event}."))
    turned = tuple(Line(line.account, -line.fen) for line in lines)
    return await book(executor, Event(name, day, lines[0].about, text, turned, undoes=event))


def check(lines: Sequence[Line]) -> None:
    """Raise ValueError for lines that are no event: fewer than two, more than `MOST`, one of nothing, or unbalanced."""
    if not 2 <= len(lines) <= MOST:
        raise ValueError(f"an event has 2 to {MOST} lines, not {len(lines)}")
    if not all(line.fen for line in lines):
        raise ValueError("a line of nothing says nothing")
    if total := sum(line.fen for line in lines):
        raise ValueError(f"the lines are {total} fen out of balance")


async def lines_of(executor: Executor, event: str) -> list[Booked]:
    """Give the lines of an event, in their order; empty when it was not booked."""
    rows = await executor.fetch(
        "SELECT l.account, l.fen, e.event, e.day, e.about, e.text FROM book_event e"
        " JOIN book_line l ON l.bucket = e.bucket AND l.event = e.event"
        " WHERE e.bucket = $1 AND e.event = $2 ORDER BY l.line",
        *(bucket(event), event),
    )
    return [_booked(row) for row in rows]


async def about(executor: Executor, reference: str) -> list[Booked]:
    """Give everything that was booked about Type/id, the first first."""
    rows = await executor.fetch(
        "SELECT l.account, l.fen, e.event, e.day, e.about, e.text FROM book_event e"
        " JOIN book_line l ON l.bucket = e.bucket AND l.event = e.event"
        " WHERE e.about = $1 ORDER BY e.at, e.event, l.line LIMIT 2000",
        reference,
    )
    return [_booked(row) for row in rows]


async def balance(executor: Executor, account: str, *, last: date | None = None) -> int:
    """Give what an account holds (fen, debit positive), with everything up to and with the day *last*."""
    [row] = await executor.fetch(
        "SELECT coalesce(sum(fen), 0)::int8 AS fen FROM book_line WHERE account = $1 AND day <= $2",
        *(account, last or date.max),
    )
    return int(row["fen"])


async def trial(executor: Executor, first: date, last: date, prefix: str = "") -> Mapping[str, int]:
    """Give what each account moved from *first* to *last* (fen); over all accounts the sum is zero (试算平衡)."""
    rows = await executor.fetch(
        "SELECT account, sum(fen)::int8 AS fen FROM book_line WHERE day BETWEEN $1 AND $2 AND starts_with(account, $3)"
        " GROUP BY account ORDER BY account",
        *(first, last, prefix),
    )
    return {row["account"]: int(row["fen"]) for row in rows}


def bucket(name: str) -> int:
    """Give the distribution key of an event."""
    return hash64(name) % BUCKETS


def _booked(row: Record) -> Booked:
    return Booked(*(row[name] for name in ("event", "day", "about", "text", "account", "fen")))
