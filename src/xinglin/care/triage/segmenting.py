"""Words in a complaint: the longest word of our own vocabulary wins, in Chinese, pinyin and English.

A general segmenter would cut 「喘不上气」 before we see it; what matters here are our own words. ADR 0096.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.care.triage import knowledge

_LATIN: Final = re.compile(r"[a-z][a-z' ]*[a-z]|[a-z]")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
# A syllable alone is too short to be told from others in pinyin, but for what follows a part of the body.
_SHORT: Final = 4
_SINGLES: Final = frozenset({"feel", "not"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word may say. kind: ``symptom``, ``part``, ``feel``, or a kind of the particles."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Token:
    """A word found: where it stands and everything it means."""

    start: int
    end: int
    word: str
    meanings: tuple[Meaning, ...]

    def code(self, kind: str) -> str:
        """Give its code of one kind; empty: none."""
        return next((one.code for one in self.meanings if one.kind == kind), "")

    def codes(self, kind: str) -> tuple[str, ...]:
        """Give all its codes of one kind."""
        return tuple(one.code for one in self.meanings if one.kind == kind)

    def has(self, kind: str) -> bool:
        """Tell whether it means something of a kind."""
        return any(one.kind == kind for one in self.meanings)


@cache
def vocabulary() -> Mapping[str, tuple[Meaning, ...]]:
    """Give every Chinese word with its meanings."""
    found: dict[str, list[Meaning]] = {}
    for word, meaning in _entries():
        if _HAN.search(word) and meaning not in found.setdefault(word, []):
            found[word].append(meaning)
    return {word: tuple(meanings) for word, meanings in found.items()}


@cache
def latin() -> Mapping[str, tuple[Meaning, ...]]:
    """Give every word in letters: English as it is written, Chinese in pinyin; without spaces."""
    # Imported on first use: it costs a start more than it is needed.
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    found: dict[str, list[Meaning]] = {}
    for word, meaning in _entries():
        han = _HAN.search(word) is not None
        spelt = "".join(lazy_pinyin(word)) if han else word.replace("_", "")
        if han and (not spelt.isascii() or not spelt.isalpha() or meaning.kind == "filler"):
            continue
        if (len(word) < 2 or len(spelt) < _SHORT) and han and meaning.kind not in _SINGLES:
            continue
        if meaning not in found.setdefault(spelt, []):
            found[spelt].append(meaning)
    return {word: tuple(meanings) for word, meanings in found.items()}


def _entries() -> Iterator[tuple[str, Meaning]]:
    for symptom in knowledge.symptoms().values():
        for word in symptom.words:
            yield word, Meaning("symptom", symptom.code)
    for kind in ("part", "feel"):
        for row in knowledge.rows(f"{kind}s"):
            for word in row["words"].split():
                yield word, Meaning(kind, row["code"])
    for row in knowledge.rows("particles"):
        kind = "not" if row["kind"] == "negation" else row["kind"]
        for word in row["words"].split():
            yield word, Meaning(kind, row["code"])


@cache
def _longest(letters: bool) -> int:  # noqa: FBT001  one of two vocabularies
    return max(len(word) for word in (latin() if letters else vocabulary()))


def tokens(clause: str) -> tuple[Token, ...]:
    """Give the words of a clause in their order; what is in no vocabulary is passed over."""
    found: list[Token] = []
    place = 0
    while place < len(clause):
        run = _LATIN.match(clause, place)
        if run is not None:
            found.extend(_in_letters(clause, run.start(), run.end()))
            place = run.end()
            continue
        word = _word_at(clause, place)
        if word:
            found.append(Token(place, place + len(word), word, vocabulary()[word]))
        place += len(word) or 1
    return tuple(found)


def _word_at(clause: str, place: int) -> str:
    known = vocabulary()
    for size in range(min(_longest(letters=False), len(clause) - place), 0, -1):
        word = clause[place : place + size]
        if word in known:
            return word
    return ""


def _in_letters(clause: str, start: int, end: int) -> Iterator[Token]:
    """Cut a run of letters; a word begins where a word is written to begin, or where the last one ended."""
    places = [at for at in range(start, end) if clause[at].isalpha()]
    joined = "".join(clause[at] for at in places)
    begins = {n for n, at in enumerate(places) if at == start or not clause[at - 1].isalpha()}
    known, here = latin(), 0
    while here < len(joined):
        for size in range(min(_longest(letters=True), len(joined) - here), 0, -1):
            word = joined[here : here + size]
            if word in known:
                yield Token(places[here], places[here + size - 1] + 1, word, known[word])
                here += size
                break
        else:
            here = min((one for one in begins if one > here), default=len(joined))
