"""What a check of care found: one form for the doctor's screen, the pharmacist, the pharmacy and the insurer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from xinglin.fhir.declarations import Text

# block: nobody may go on. sign: goes on with a reason and a second signature. warn: to be read. note: good to know.
Weight = Literal["block", "sign", "warn", "note"]
WEIGHTS: Final[tuple[Weight, ...]] = ("block", "sign", "warn", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    code: as the book names it, e.g. ``A7``, ``E32``, ``FIRST_VISIT``. rule: its id in the reference books.
    lines: numbers of the lines it is about, from 1; empty: the whole. source: the document, as shown to a reader.
    """

    code: str
    rule: str
    weight: Weight
    text: Text
    lines: tuple[int, ...] = ()
    source: str = ""


def gravest(findings: Iterable[Finding]) -> Weight | None:
    """Give the gravest weight found; None when nothing was."""
    return min((finding.weight for finding in findings), key=WEIGHTS.index, default=None)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put findings in the order they are read: the gravest first, then by line, then by code."""
    return tuple(sorted(findings, key=lambda one: (WEIGHTS.index(one.weight), one.lines, one.code)))
