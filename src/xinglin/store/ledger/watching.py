"""What users did lately, counted over the ledger; and what of it one looks at afterwards, newest first.

Every statement reads a window of ids, which sort by time: never the whole ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from xinglin.fhir.search import keys
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.sources import cites
from xinglin.security.anomalies import CARING, NAMES, WATCHED_LABELS, WATCHED_SYSTEM, Activity, Limits
from xinglin.security.ledger import Act, act_of
from xinglin.security.relations import KINDS, patient_salt
from xinglin.store.executor import EPOCH, Executor, microseconds
from xinglin.store.ledger.rows import NUMBER_BITS

PAIRS_MOST: Final = 20_000  # users and patients whose relations are asked for at once
TIME_MS: Final = 60_000  # of one statement over an hour of a busy city
_PLACES: Final = tuple(TYPE_CODES[type] for type in ("Appointment", "Task"))  # reached by one's own list as well

# $1, $2: ids from and below. $3: zone. $4, $5: the night. $6: names of parameters as a pattern. $7: Patient.
_ACTIVITY: Final = """
WITH seen AS (
  SELECT a.who, a.patient, a.what, a.outcome, a.rt, convert_from(a.entry, 'UTF8')::json AS e,
    (to_timestamp((a.id >> 20) / 1000.0) AT TIME ZONE $3)::time AS clock
  FROM audit a WHERE a.id >= $1 AND a.id < $2
)
SELECT who, e->>'role' AS role, max(COALESCE(e->>'practitioner', '')) AS practitioner,
  max(COALESCE(e->>'organization', '')) AS organization,
  count(DISTINCT patient) FILTER (WHERE outcome = '0') AS patients,
  COALESCE(sum(json_array_length(COALESCE(e->'refs', '[]'))) FILTER (WHERE outcome = '0' AND what NOT IN
    ('read', 'vread', 'create', 'update', 'patch', 'delete', 'load')), 0) AS rows,
  count(*) FILTER (WHERE what = 'search' AND rt = $7 AND e->>'detail' ~ $6) AS by_name,
  count(*) FILTER (WHERE outcome = '4') AS refused,
  count(*) FILTER (WHERE patient IS NOT NULL AND outcome = '0' AND
    CASE WHEN $4::time < $5::time THEN clock >= $4 AND clock < $5 ELSE clock >= $4 OR clock < $5 END) AS at_night
FROM seen GROUP BY who, e->>'role' ORDER BY who, 2
"""
_WATCHED: Final = """
SELECT d.who, d.role, count(*) AS n FROM (
  SELECT DISTINCT a.who, convert_from(a.entry, 'UTF8')::json->>'role' AS role, a.patient FROM audit a
  WHERE a.id >= $1 AND a.id < $2 AND a.patient IS NOT NULL AND a.outcome = '0'
) d WHERE EXISTS (SELECT FROM res r WHERE r.rid = d.patient AND r.keys && $3::int8[]) GROUP BY d.who, d.role
"""
_PAIRS: Final = """
SELECT DISTINCT who, role, practitioner, organization, patient FROM (
  SELECT a.who, a.patient, e->>'role' AS role, COALESCE(e->>'practitioner', '') AS practitioner,
    COALESCE(e->>'organization', '') AS organization
  FROM audit a CROSS JOIN LATERAL (SELECT convert_from(a.entry, 'UTF8')::json) AS j(e)
  WHERE a.id >= $1 AND a.id < $2 AND a.patient IS NOT NULL AND a.outcome = '0' AND a.rt <> ALL($3::int2[])
) d WHERE role = ANY($4::text[]) LIMIT $5
"""
_ROLES_OF: Final = "SELECT ix.key, r.id FROM ix JOIN res r ON r.rid = ix.rid WHERE ix.key = ANY($1::int8[])"
_LIVE: Final = "SELECT DISTINCT key FROM dx WHERE key = ANY($1::int8[]) AND lo < $2 AND hi > $3"

# Newest or oldest first. $1: below this id. $2: at least this id. $3: user, $4: outcome, $5: patient; null: any.
_ACTS: Final = """
SELECT a.id, a.entry FROM audit a WHERE a.id < $1 AND a.id >= $2 AND ($3::text IS NULL OR a.who = $3)
  AND ($4::"char" IS NULL OR a.outcome = $4) AND ($5::int8[] IS NULL OR a.patient = ANY($5))
ORDER BY a.id {order} LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """An act with the number of its entry."""

    id: int
    act: Act


@dataclass(frozen=True, slots=True)
class _Pair:
    who: str
    role: str
    practitioner: str
    organization: str
    patient: int


_PAIR: Final = ("who", "role", "practitioner", "organization", "patient")


def first_id(moment: datetime) -> int:
    """Give the least id of an act at or after an instant."""
    return max(microseconds(moment) // 1000, 0) << NUMBER_BITS


@cites("R7-042")
async def activities(
    executor: Executor,
    since: datetime,
    until: datetime,
    limits: Limits,
    *,
    fresh: datetime,
    zone: str,
    grace: timedelta,
) -> list[Activity]:
    """Count what every user did from *since* to before *until*. grace: how long relations hold beyond their end.

    fresh: from when on patients with a label or without a relation are looked for; one of them is too many, so what
    was looked at before need not be again.
    """
    window = first_id(since), first_id(until)
    named = rf"\m({'|'.join(sorted(NAMES))})\M"
    found = await executor.fetch(
        _ACTIVITY, *window, zone, *limits.night, named, TYPE_CODES["Patient"], custom_plan=True, timeout_ms=TIME_MS
    )
    new = first_id(fresh), first_id(until)
    watched = await _watched(executor, new)
    unrelated = await _unrelated(executor, new, fresh - grace, until)
    return [
        Activity(
            *(row["who"], row["role"], row["practitioner"], row["organization"]),
            *(row["patients"], int(row["rows"]), row["by_name"], row["refused"], row["at_night"]),
            watched=watched.get((row["who"], row["role"]), 0),
            unrelated=unrelated.get((row["who"], row["role"]), 0),
        )
        for row in found
    ]


async def _watched(executor: Executor, window: tuple[int, int]) -> dict[tuple[str, str], int]:
    labels = [keys.token_key("Patient", "_security", WATCHED_SYSTEM, code) for code in WATCHED_LABELS]
    found = await executor.fetch(_WATCHED, *window, labels, custom_plan=True, timeout_ms=TIME_MS)
    return {(row["who"], row["role"]): row["n"] for row in found}


async def _unrelated(
    executor: Executor, window: tuple[int, int], since: datetime, until: datetime
) -> dict[tuple[str, str], int]:
    """Count the patients whom those who treat looked at, and whom nothing in the record relates to them."""
    rows = await executor.fetch(
        _PAIRS, *window, list(_PLACES), sorted(CARING), PAIRS_MOST, custom_plan=True, timeout_ms=TIME_MS
    )
    pairs = [_Pair(*(row[name] for name in _PAIR)) for row in rows]
    places = await _roles_of(executor, {pair.practitioner for pair in pairs if pair.practitioner})
    persons = executor.persons
    asked = {pair: _keys_of(pair, persons.canonical(pair.patient), places.get(pair.practitioner, ())) for pair in pairs}
    flat = sorted({key for some in asked.values() for key in some})
    found = await executor.fetch(
        _LIVE, flat, microseconds(until), microseconds(since), custom_plan=True, timeout_ms=TIME_MS
    )
    live = {row["key"] for row in found}
    counts: dict[tuple[str, str], int] = {}
    for pair, some in asked.items():
        if live.isdisjoint(some):
            counts[pair.who, pair.role] = counts.get((pair.who, pair.role), 0) + 1
    return counts


def _keys_of(pair: _Pair, patient: int, places: Sequence[str]) -> tuple[int, ...]:
    """Compute the keys of every relation that could let the user see the patient.

    patient: who stands for that of the pair.
    """
    whom = [one for one in (pair.practitioner, *places, pair.organization) if one]
    return tuple(patient_salt(kind, one) ^ patient for kind in KINDS for one in whom)


async def _roles_of(executor: Executor, practitioners: set[str]) -> dict[str, list[str]]:
    """Give the places of work of each practitioner, as references."""
    salt = keys.reference_salt("PractitionerRole", "practitioner")
    asked = {salt ^ keys.rid_of(*one.split("/", 1)): one for one in practitioners}
    found: dict[str, list[str]] = {}
    for row in await executor.fetch(_ROLES_OF, list(asked), custom_plan=True, timeout_ms=TIME_MS):
        found.setdefault(asked[row["key"]], []).append(f"PractitionerRole/{row['id']}")
    return found


async def acts(
    executor: Executor,
    *,
    below: int | None = None,
    above: int | None = None,
    oldest: bool = False,
    since: datetime = EPOCH,
    until: datetime | None = None,
    who: str | None = None,
    outcome: str | None = None,
    patient: int | None = None,
    count: int = 50,
) -> list[Seen]:
    """List acts, newest first or *oldest* first: of a user, with an outcome, about a patient (`rid`), in a while.

    below, above: the id of the last one seen.
    """
    top = first_id(until) if until is not None else 2**63 - 1
    found = await executor.fetch(
        _ACTS.format(order="ASC" if oldest else "DESC"),
        min(below, top) if below is not None else top,
        max(first_id(since), above + 1) if above is not None else first_id(since),
        who,
        *(outcome.encode() if outcome else None, list(executor.persons.members(patient)) if patient else None, count),
        custom_plan=True,
    )
    return [Seen(row["id"], act_of(row["entry"])) for row in found]


async def seen_until(executor: Executor) -> datetime | None:
    """Say up to when alerts have been raised; None when nobody has looked yet."""
    found = await executor.fetch("SELECT until FROM watched")
    return found[0]["until"].astimezone(UTC) if found else None


async def saw(executor: Executor, until: datetime) -> None:
    """Write down up to when alerts have been raised."""
    await executor.fetch(
        "INSERT INTO watched (one, until) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET until = $1", until
    )
