"""Lines of sound and picture: who is on one, and the words by which browsers find a way to each other (ADR 0110).

A word is kept for a minute, so that a socket that broke goes on where it was, on whatever process answers it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.store.announcing import announce
from xinglin.store.executor import Executor

MOST: Final = 3  # people on one line: each sends to each
STAYS: Final = timedelta(seconds=75)  # without a sign of life
KEPT: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Peer:
    """A page that is on a line. peer: its own name for itself. side: on whose side of the visit it is."""

    peer: str
    account: str
    side: str


@dataclass(frozen=True, slots=True)
class Word:
    """What one browser tells another. body: JSON."""

    number: int
    sender: str
    body: str


def topic(line: str) -> str:
    """Name what is announced when something was said on a line."""
    return f"line/{line}"


async def enter(executor: Executor, line: str, one: Peer, now: datetime) -> tuple[Peer, ...] | None:
    """Put somebody on a line; gives who else is there, None when it is full.

    An account that is there with another page is moved to this one. Call it in a transaction.
    """
    await _hold(executor, line)
    await executor.fetch("DELETE FROM line_peer WHERE line = $1 AND until <= $2", line, now)
    rows = await executor.fetch("SELECT peer, account, side FROM line_peer WHERE line = $1 ORDER BY peer", line)
    others = [Peer(row["peer"], row["account"], row["side"]) for row in rows if row["peer"] != one.peer]
    if any(row["peer"] == one.peer and row["account"] != one.account for row in rows):
        return None
    for old in others:
        if old.account == one.account:
            await leave(executor, line, old.peer)
            await say(executor, line, old.peer, "", '{"kind":"gone"}', now)
    others = [old for old in others if old.account != one.account]
    if len(others) >= MOST:
        return None
    await executor.fetch(
        "INSERT INTO line_peer VALUES ($1, $2, $3, $4, $5) ON CONFLICT (line, peer) DO UPDATE SET until = $5",
        *(line, one.peer, one.account, one.side, now + STAYS),
    )
    return tuple(others)


async def stay(executor: Executor, line: str, peer: str, now: datetime) -> bool:
    """Say that somebody is still there; False when the line was given to another page."""
    until = now + STAYS
    rows = await executor.fetch(
        "UPDATE line_peer SET until = $3 WHERE line = $1 AND peer = $2 RETURNING peer", line, peer, until
    )
    return bool(rows)


async def leave(executor: Executor, line: str, peer: str) -> None:
    """Take somebody off a line."""
    await executor.fetch("DELETE FROM line_peer WHERE line = $1 AND peer = $2", line, peer)


async def say(executor: Executor, line: str, sender: str, hearer: str, body: str, now: datetime) -> None:
    """Tell *hearer*, or everybody else on the line; removes what is old. Call it in a transaction."""
    await _hold(executor, line)  # numbers become visible in their order
    await executor.fetch("DELETE FROM line_word WHERE line = $1 AND at < $2", line, now - KEPT)
    await executor.fetch(
        "INSERT INTO line_word (line, sender, hearer, body, at) VALUES ($1, $2, $3, $4, $5)",
        *(line, sender, hearer, body, now),
    )
    await announce(executor, topic(line))


async def newest(executor: Executor, line: str) -> int:
    """Give the number of the last word."""
    rows = await executor.fetch("SELECT coalesce(max(number), 0) AS number FROM line_word WHERE line = $1", line)
    return int(rows[0]["number"])


async def after(executor: Executor, line: str, peer: str, number: int) -> tuple[Word, ...]:
    """Give what was said to *peer* since a word."""
    rows = await executor.fetch(
        "SELECT number, sender, body FROM line_word WHERE line = $1 AND number > $2 AND sender <> $3"
        " AND hearer IN ('', $3) ORDER BY number LIMIT 500",
        *(line, number, peer),
    )
    return tuple(Word(row["number"], row["sender"], row["body"]) for row in rows)


async def sweep(executor: Executor, now: datetime) -> None:
    """Remove what visits that are over left behind."""
    await executor.fetch("DELETE FROM line_word WHERE at < $1", now - KEPT)
    await executor.fetch("DELETE FROM line_peer WHERE until <= $1", now)


async def _hold(executor: Executor, line: str) -> None:
    await executor.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 170))", line)
