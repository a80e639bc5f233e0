"""The lists that checks read, each row with the days it holds and its source; prepared once for quick look-up.

A row names drugs by *tokens*: the beginning of an ATC code, the code of a drug, or a word (substance, name of a drug or
slice). States are beginnings of ICD-10 codes, or words such as ``pregnant``, ``elder``, ``renal-severe``.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.tables.catalogues import Drug, Slice, drug, drugs, tcm_slice

DATA: Final = Path(__file__).parent.parent / "data/prescribing"
_INSIDE: Final = re.compile(r"含([^)）]+)")
_LATIN: Final = re.compile(r"[a-z]{4,}")
_SHORTEST: Final = 1
# Ways into the whole body; the rest act where they are put.
SYSTEMIC: Final = frozenset(
    "口服 静脉滴注 静脉注射 皮下注射 肌内注射 舌下含服 含服 直肠给药 吸入 皮内注射 气管内滴入".split()
)
# A patch that acts on the whole body is used on the skin.
_PATCH: Final = "贴剂"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list. cells: the columns of its own."""

    number: int
    text: Text
    since: date
    until: date | None
    source: str
    tag: str
    cells: Mapping[str, str]

    def holds(self, day: date) -> bool:
        """Tell whether the row is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def words(self, column: str) -> tuple[str, ...]:
        """Give the words of a cell."""
        return tuple(self.cells[column].split())


@cache
def table(name: str) -> tuple[Row, ...]:
    """Read a list of ``care/data/prescribing``."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Row(
                number,
                Text(one.get("zh", ""), one.get("en", "")),
                date.fromisoformat(one["since"]),
                date.fromisoformat(one["until"]) if one["until"] else None,
                one["source"],
                one["tag"],
                one,
            )
            for number, one in enumerate(csv.DictReader(file))
        )


def substances(one: Drug) -> tuple[str, ...]:
    """Give what acts in a drug: parts of a compound, and what a patent medicine is mixed with (含格列本脲)."""
    inside = tuple(word for word in _INSIDE.findall(one.substance))
    return (*(re.sub(r"[(（].*", "", part) for part in one.substance.split("+")), *inside)


def is_systemic(one: Drug) -> bool:
    """Tell whether a drug acts in the whole body by its usual route."""
    return one.route in SYSTEMIC or one.form == _PATCH


@cache
def _atc_of() -> Mapping[tuple[str, bool], frozenset[str]]:
    """ATC codes of a single substance, apart for drugs that act in the whole body."""
    found: dict[tuple[str, bool], set[str]] = {}
    for one in drugs():
        if one.atc and "+" not in one.substance:
            found.setdefault((one.substance, is_systemic(one)), set()).add(one.atc)
    return {key: frozenset(codes) for key, codes in found.items()}


@cache
def tokens_of_drug(code: str) -> frozenset[str]:
    """Give the tokens by which rows may name a drug, those of the parts of a compound included."""
    one = drug(code)
    codes = {one.atc} if one.atc else set()
    for part in substances(one):
        codes |= _atc_of().get((part, is_systemic(one)), frozenset())
    words = {code, one.name, *substances(one), *parts_of(one.name)}
    return frozenset(words) | _prefixes(codes)


@cache
def parts_of(patent: str) -> tuple[str, ...]:
    """Give the slices of concern in a Chinese patent medicine; empty when none is listed."""
    return next((row.words("slices") for row in table("patent_parts") if row.cells["patent"] == patent), ())


@cache
def tokens_of_slice(one: Slice) -> frozenset[str]:
    """Give the tokens of a slice: its own names and those of the herb it was made of."""
    herbs = {one.code, one.name, *one.aliases}
    for other in ("制", "炙", "炒", "酒", "醋", "蜜", "生", "盐", "姜", "法", "清", "煅"):
        base = one.name.removeprefix(other)
        if base != one.name and _is_slice(base):
            herbs.add(base)
    return frozenset(herbs)


def _is_slice(word: str) -> bool:
    try:
        tcm_slice(word)
    except KeyError:
        return False
    return True


def tokens_of(atc: str, words: tuple[str, ...]) -> frozenset[str]:
    """Give the tokens of a medicine that stands in no catalogue, by its ATC code, substances or English name."""
    codes = {atc} if atc else set()
    for word in words:
        codes |= _atc_of().get((word, True), frozenset())
        codes |= {code for part in _LATIN.findall(word.lower()) if (code := _foreign().get(part))}
    return _prefixes(codes) | frozenset(words)


@cache
def _foreign() -> Mapping[str, str]:
    """ATC codes of English substances (INN and USAN), for medicines that came from elsewhere."""
    return {row.cells["word"]: row.cells["atc"] for row in table("foreign_names")}


def _prefixes(codes: set[str]) -> frozenset[str]:
    return frozenset(code[:length] for code in codes for length in range(_SHORTEST, len(code) + 1))


@lru_cache(20_000)
def prefixes(code: str) -> frozenset[str]:
    """Give every beginning of an ICD-10 code, so that rows may name a whole category."""
    return frozenset(code[:length] for length in range(1, len(code) + 1))


@cache
def index(name: str, column: str) -> Mapping[str, frozenset[int]]:
    """Give, for each token of a column, the numbers of the rows that name it."""
    found: dict[str, set[int]] = {}
    for row in table(name):
        for word in row.words(column):
            found.setdefault(word, set()).add(row.number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


@lru_cache(20_000)
def named(name: str, column: str, tokens: frozenset[str]) -> frozenset[int]:
    """Give the numbers of the rows of a list that name any of the tokens."""
    known = index(name, column)
    return frozenset(number for token in tokens & known.keys() for number in known[token])


def rows_for(name: str, tokens: frozenset[str], day: date, column: str = "tokens") -> tuple[Row, ...]:
    """Give the rows in force that name a medicine, in the order of the list."""
    rows = table(name)
    return tuple(rows[number] for number in sorted(named(name, column, tokens)) if rows[number].holds(day))


def amount(text: str) -> Decimal | None:
    """Read a number of a cell; None when empty."""
    return Decimal(text) if text else None
