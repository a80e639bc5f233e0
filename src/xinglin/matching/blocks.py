"""Keys of blocks: residents who share one are worth comparing, so that nobody is compared with a million others.

Each key joins two or three values, so that a block stays small, and the keys together forgive an error in any one
value. They are hashes of keyed digests: nobody reads a number, a name or a date out of the index.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xinglin.fhir.search.keys import hash64
from xinglin.fhir.search.veil import veil
from xinglin.matching.characters import folded
from xinglin.matching.numbers import standing
from xinglin.matching.persons import HOUSEHOLD, NEWBORN, division_of, extension, traits, values
from xinglin.matching.sounds import near_sounds

READINGS: Final = 2  # of a name that are worth a row


def keys(patient: Mapping[str, Any]) -> list[int]:
    """Give the keys of all blocks of a Patient (JSON form), each once."""
    return list(dict.fromkeys(hash64(f"~block\x1f{veil(one)}") for one in spellings(patient)))


def spellings(patient: Mapping[str, Any]) -> Iterator[str]:
    """Say which blocks a Patient lies in, in words: kind and values with blanks between."""
    own = traits(patient)
    births = [one.replace("-", "") for one in own.get("birth", ())]
    years = [one[:4] for one in births] or [""]
    for number in own.get("number", ()):
        yield f"number {number}"
        # A slip in the area or year spares the end, one in the sequence the beginning.
        yield f"number-head {number[:14]}"
        yield f"number-tail {number[-8:]}"
    for document in own.get("document", ()):
        yield f"document {document}"
    for phone in own.get("phone", ()):
        for year in years:
            yield f"phone-year {_last(phone)} {year}"
    for heard in _heard(own.get("name", ())):
        for year in years:
            yield f"sound-year {heard} {year}"
        for born in births:
            yield f"sound-day {heard} {born[4:]}"
        town = division_of(patient)[:9]
        if town:
            yield f"sound-town {heard} {town}"
        for phone in own.get("phone", ()):
            yield f"sound-phone {heard} {_last(phone)}"
    for name in own.get("name", ()):
        for born in births:
            yield f"birth-sex-first {born} {own.get('sex', ('',))[0]} {folded(name)[:1]}"
    household = (extension(patient, HOUSEHOLD).get("valueIdentifier") or {}).get("value")
    for year in years if household else ():
        yield f"household-year {household} {year}"
    for number in values(patient, NEWBORN):
        mother = standing(number.split("-")[0])
        for year in years:
            yield f"mother-year {mother} {year}"
    for name in _heard(own.get("mother", ())):
        for born in births:
            yield f"mother-birth {name} {born}"


def _heard(names: tuple[str, ...]) -> list[str]:
    """Give names by near sounds in any order of syllables, so that swapped names meet."""
    return list(dict.fromkeys(" ".join(sorted(reading)) for name in names for reading in near_sounds(name)[:READINGS]))


def _last(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())[-11:]
