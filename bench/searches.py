"""Searches over HTTP, against the best SQL that we can write by hand for each, through the driver."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import asyncpg

from bench.client import Plan, request, run
from bench.measure import Measurement
from bench.place import serving
from bench.population import COMMON, RARE
from xinglin.fhir.search import keys

CLIENTS: Final = 8
SECONDS: Final = 3.0
WARM: Final = 1.5
VARIANTS: Final = 500
FAMILY: Final = "张"

_BODY = "(SELECT (r.id, r.vid, r.ts, r.enc, r.body) FROM res r WHERE r.bucket = i.bucket AND r.rid = i.rid)"
_NEWEST = (
    "SELECT id, vid, ts, enc, body FROM res WHERE rt = $1 AND pat = $2 AND NOT deleted "
    "ORDER BY ord DESC, rid DESC LIMIT 21"
)
_OF_FAMILY = "SELECT rid FROM sx WHERE key = $2 AND norm >= $3 AND norm < $4"


@dataclass(frozen=True, slots=True)
class Question:
    """One search: the query strings that ask it, and statements with their arguments that answer it as well.

    sql: the fastest of them is the floor.
    """

    name: str
    paths: list[str]
    sql: list[tuple[str, list[tuple[object, ...]]]]


def questions(patients: int) -> list[Question]:
    """Ask about *patients* patients of the population."""
    observation, patient = keys.TYPE_CODES["Observation"], keys.TYPE_CODES["Patient"]
    who = [n * 7919 % patients for n in range(VARIANTS)]
    rid = [keys.rid_of("Patient", f"p{n}") for n in who]
    common, rare = keys.token_key("Observation", "code", *COMMON), keys.token_key("Observation", "code", *RARE)
    family = keys.kind_key("Patient", "family", "text")
    code, seldom = quote("|".join(COMMON)), quote("|".join(RARE))
    by_code = f"SELECT {_BODY} FROM ix i WHERE key = $1 ORDER BY ord DESC, rid DESC LIMIT 21"
    by_both = f"SELECT {_BODY} FROM ix i WHERE key = $1 AND pat = $2 AND c ORDER BY ord DESC, rid DESC LIMIT 21"
    walked = (
        f"SELECT {_BODY} FROM ix i WHERE key = $1 AND pat = ANY (ARRAY({_OF_FAMILY})) "
        "ORDER BY ord DESC, rid DESC LIMIT 21"
    )
    probed = (
        f"SELECT {_BODY} FROM ({_OF_FAMILY}) p, LATERAL (SELECT * FROM ix WHERE key = $1 AND pat = p.rid AND c "
        "ORDER BY ord DESC, rid DESC LIMIT 21) i ORDER BY i.ord DESC, i.rid DESC LIMIT 21"
    )
    having = (
        "SELECT r.id, r.vid, r.ts, r.enc, r.body FROM (SELECT DISTINCT pat FROM ix WHERE key = $1 AND c ORDER BY pat "
        "LIMIT 21) p, LATERAL (SELECT * FROM res WHERE rid = p.pat AND rt = $2) r"
    )
    included = f"({_NEWEST}) UNION ALL SELECT id, vid, ts, enc, body FROM res WHERE rid = $2 AND rt = {patient}"
    chain = [(common, family, FAMILY, chr(ord(FAMILY) + 1))]
    sort = "&_sort=-date&_count=20"
    return [
        Question(
            "patient's newest 20",
            [f"/fhir/Observation?patient=p{n}{sort}" for n in who],
            [(_NEWEST, [(observation, one) for one in rid])],
        ),
        Question(
            "patient + code + sort",
            [f"/fhir/Observation?patient=p{n}&code={code}{sort}" for n in who],
            [(by_both, [(common, one) for one in rid])],
        ),
        Question("code + sort", [f"/fhir/Observation?code={code}{sort}"], [(by_code, [(common,)])]),
        Question(
            "chained: patient.family + code + sort",
            [f"/fhir/Observation?patient.family={quote(FAMILY)}&code={code}{sort}"],
            [(walked, list(chain)), (probed, list(chain))],
        ),
        Question(
            "_has: patients with a rare code",
            [f"/fhir/Patient?_has:Observation:patient:code={seldom}&_count=20"],
            [(having, [(rare, patient)])],
        ),
        Question(
            "_include: patient's newest 20 and the patient",
            [f"/fhir/Observation?patient=p{n}{sort}&_include=Observation:patient" for n in who],
            [(included, [(observation, one) for one in rid])],
        ),
    ]


def measure(dsn: str, patients: int) -> list[Measurement]:
    """Ask every question in both ways."""
    found = []
    asked = questions(patients)
    floors = [max(asyncio.run(_floor(dsn, *way)) for way in question.sql) for question in asked]
    with serving(dsn, target="bench.plain:make") as (port, _):
        for question, floor in zip(asked, floors, strict=True):
            ours = run(Plan(port, [request("GET", path) for path in question.paths], CLIENTS, SECONDS, WARM))
            if set(ours.statuses) != {"200"} or ours.bytes < sum(ours.statuses.values()) * 1_000:
                raise RuntimeError(f"{question.name} answered {ours.statuses}, {ours.bytes} bytes")
            notes: dict[str, object] = {"p50_ms": ours.p50_ms, "p99_ms": ours.p99_ms}
            found.append(Measurement(question.name, "answers/s", floor, ours.rate, 0.3, notes=notes))
    return found


async def _floor(dsn: str, sql: str, arguments: Sequence[tuple[object, ...]]) -> float:
    """Return answers a second over CLIENTS connections, each with the statement prepared."""
    settings = {"enable_memoize": "off", "jit": "off"}
    links = [await asyncpg.connect(dsn, server_settings=settings) for _ in range(CLIENTS)]
    until = time.perf_counter() + SECONDS
    answers = 0

    async def work(place: int, link: "asyncpg.Connection[asyncpg.Record]") -> None:
        nonlocal answers
        statement = await link.prepare(sql)
        turn = place
        if not await statement.fetch(*arguments[0]):
            raise RuntimeError(f"nothing is found by {sql}")
        while time.perf_counter() < until:
            await statement.fetch(*arguments[turn % len(arguments)])
            turn += CLIENTS
            answers += 1

    await asyncio.gather(*(work(place, link) for place, link in enumerate(links)))
    for link in links:
        await link.close()
    return answers / SECONDS
