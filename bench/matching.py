"""How well and how fast persons are matched: FEBRL beside others, the city's error model, one lookup.

F1 of pairs, all true pairs counted, those that no block brought together as well.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import febrl, population, residents
from bench.febrl import Pair
from bench.measure import Measurement
from bench.place import fresh
from xinglin.city.errors import corrupt, storable
from xinglin.city.people import household, plan
from xinglin.city.registrations import patient
from xinglin.city.spec import CitySpec
from xinglin.city.stream import Stream
from xinglin.matching import blocks
from xinglin.matching.model import Specification
from xinglin.matching.model import residents as weights
from xinglin.matching.persons import grade, traits, two_citizens
from xinglin.matching.training import learn
from xinglin.store import embedded
from xinglin.store.matching import MOST, OF_BLOCK, candidates
from xinglin.store.store import Store
from xinglin.store.vault.keystore import FileKeyStore

CITY: Final = 20_000
SECONDS_OF: Final = 10  # every so many residents come a second time
LOOKUPS: Final = 500
WANTED_MS: Final = 50.0
_TODAY: Final = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision and recall of pairs, and both as F1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def notes(self) -> dict[str, object]:
        """Write the figures for the results."""
        return {"precision": round(self.precision, 5), "recall": round(self.recall, 5), "f1": round(self.f1, 5)}


def quality(found: set[Pair], links: frozenset[Pair]) -> Quality:
    """Compare what was found with the truth."""
    right = len(found & links)
    return Quality(right / max(len(found), 1), right / max(len(links), 1))


# -- FEBRL ------------------------------------------------------------------------------------------------------------


def ours(number: int) -> set[Pair]:
    """Match a dataset: weights by EM over the pairs of its blocks, without labels.

    A pair counts from a probability of a half on, and from a tenth on when neither record has another candidate.
    """
    data = febrl.dataset(number)
    start = febrl.specification()
    patterns = {pair: start.pattern(data.records[pair[0]], data.records[pair[1]]) for pair in febrl.candidates(data)}
    made = learn(start, Counter(patterns.values())).into(start)
    likely = {pair: p for pair, pattern in patterns.items() if (p := made.probability(pattern)) >= made.possible}
    rivals = Counter(one for pair in likely for one in pair)
    return {pair for pair, p in likely.items() if p >= made.probable or max(rivals[one] for one in pair) == 1}


def against_peers() -> Iterator[Measurement]:
    """Measure F1 on the four datasets; the floor is the better of recordlinkage and splink."""
    from bench import peers  # noqa: PLC0415  the packages of others are not needed for the rest

    for number in febrl.DATASETS:
        links = febrl.dataset(number).links
        mine = quality(ours(number), links)
        theirs = {
            "recordlinkage": quality(peers.recordlinkage_pairs(number), links),
            "splink": quality(peers.splink_pairs(number), links),
        }
        best = max(one.f1 for one in theirs.values())
        notes = {"ours": mine.notes()} | {name: one.notes() for name, one in theirs.items()}
        yield Measurement(f"FEBRL {number}: F1 of pairs", "F1", best, mine.f1, 1.0, notes=dict(notes))


# -- the city's error model -------------------------------------------------------------------------------------------


def people_of(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Give the Patients of a city."""
    spec = CitySpec(count, seed, 1, _TODAY)
    for place in plan(spec):
        home = household(spec, place)
        for person in home.people:
            if person.left is None:
                yield patient(spec, home, person, None)


@dataclass(slots=True)
class Tally:
    """What became of second records. lost: no block brought both together."""

    seconds: int = 0
    lost: int = 0
    compared: int = 0
    right: int = 0
    wrong: int = 0


def second_records(count: int, specification: Specification, *, stored: bool, every: int = SECONDS_OF) -> Tally:
    """Look for every *every*-th resident by a second record with the city's errors.

    stored: without the numbers that the platform refuses. Blocks are cut as the store cuts them.
    """
    people = list(people_of(count))
    known = {one["id"]: (one, traits(one)) for one in people}
    index: dict[int, list[str]] = {}
    for one in people:
        for key in blocks.keys(one):
            index.setdefault(key, []).append(one["id"])
    tally = Tally()
    for one in people[::every]:
        second = corrupt(one, Stream("bench", one["id"]))
        _count(tally, one["id"], storable(second, _TODAY) if stored else second, known, index, specification)
    return tally


def _count(
    tally: Tally,
    truth: str,
    second: Mapping[str, Any],
    known: Mapping[str, tuple[Mapping[str, Any], Mapping[str, tuple[str, ...]]]],
    index: Mapping[int, list[str]],
    specification: Specification,
) -> None:
    shared = Counter(id for key in blocks.keys(second) for id in index.get(key, [])[-OF_BLOCK:])
    nearest = [id for id, _ in shared.most_common(MOST)]
    own = traits(second)
    tally.seconds += 1
    tally.compared += len(nearest)
    tally.lost += truth not in nearest
    for id in nearest:
        other, values = known[id]
        pattern = specification.pattern(own, values)
        how = grade(
            specification,
            specification.told(pattern),
            specification.probability(pattern),
            two_citizens=two_citizens(second, other, _TODAY),
        )
        if how in {"certain", "probable"}:
            tally.right += id == truth
            tally.wrong += id != truth


def on_the_city(count: int = CITY) -> Iterator[Measurement]:
    """Measure F1, and what blocking loses, on second records with the city's errors."""
    for stored, what in ((False, "as written"), (True, "as stored")):
        tally = second_records(count, weights(), stored=stored)
        found = Quality(tally.right / max(tally.right + tally.wrong, 1), tally.right / tally.seconds)
        notes = found.notes() | {"candidates": round(tally.compared / tally.seconds, 2), "seconds": tally.seconds}
        yield Measurement(f"city's errors, {what}: F1 of {count:,}", "F1", 0.95, found.f1, 1.0, notes=notes)
        lost = tally.lost / tally.seconds
        yield Measurement(f"city's errors, {what}: lost by blocks", "share", 0.02, lost, 1.0, less=True)


# -- one lookup -------------------------------------------------------------------------------------------------------


def lookups(server: embedded.Server, residents_: int) -> Iterator[Measurement]:
    """Measure how long it takes to find the candidates among *residents_* and to compare them."""
    with TemporaryDirectory(prefix="xinglin-bench-") as folder:
        dsn, keys = fresh(server, "residents"), Path(folder) / "master.key"
        filled = residents.fill(dsn, keys, residents_)
        took, compared, met = asyncio.run(_lookups(dsn, keys, residents_))
    took.sort()
    at = {share: 1e3 * took[min(len(took) * share // 100, len(took) - 1)] for share in (50, 95, 99)}
    notes: dict[str, object] = {
        **{f"p{share}_ms": round(one, 2) for share, one in at.items()},
        "candidates": compared,
        "found": met,
        "filled_in_seconds": round(filled, 1),
    }
    print("lookup:", notes, flush=True)
    for share in (95, 99):
        name = f"one lookup among {residents_:,} residents, p{share}"
        yield Measurement(name, "ms", WANTED_MS, at[share], 1.0, less=True, notes=notes)


async def _lookups(dsn: str, keys: Path, count: int) -> tuple[list[float], float, float]:
    store = await Store.open(dsn, connections=2, keys=FileKeyStore(keys))
    took: list[float] = []
    compared = met = 0
    specification = weights()
    try:
        for turn in range(LOOKUPS + 20):
            number = turn * 7919 % count
            person = corrupt(json.loads(population.patient(number)), Stream("lookup", turn))
            began = time.perf_counter()
            rows = await candidates(store, blocks.keys(person))
            own = traits(person)
            others = [json.loads(one.row.body()) for one in rows]
            scored = [(specification.weight(specification.pattern(own, traits(one))), one["id"]) for one in others]
            if turn >= 20:  # the first ones warm the caches
                took.append(time.perf_counter() - began)
                compared += len(rows)
                met += any(id == f"p{number}" for _, id in scored)
    finally:
        await store.close()
    return took, compared / LOOKUPS, met / LOOKUPS


def measure(server: embedded.Server, residents_: int) -> list[Measurement]:
    """Measure all of it."""
    return [*against_peers(), *on_the_city(), *lookups(server, residents_)]
