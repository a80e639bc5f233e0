"""One prescription made ready for the checks: lines joined with the catalogue, the patient as words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from typing import Final, TypeAlias

from xinglin.care.findings import Finding, Weight
from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.forms import (
    Age,
    Current,
    DrugLine,
    Patient,
    Policy,
    Prescriber,
    Prescription,
    Setting,
    SliceLine,
    age_on,
)
from xinglin.care.prescribing.quantities import is_amount
from xinglin.fhir.declarations import Text
from xinglin.tables.catalogues import Drug, Slice, drug, drugs, slices, tcm_slice

Sides: TypeAlias = tuple[frozenset[int], frozenset[int]]
NOWHERE: Final[Sides] = (frozenset(), frozenset())
REVIEW: Final = "医疗机构处方审核规范"
RULES_OF_PRESCRIBING: Final = "处方管理办法"


@dataclass(frozen=True, slots=True)
class Facts:
    """What comparison asks of a medicine, prepared once: rows of the lists by number, and the herbs inside."""

    name: str
    tokens: frozenset[str]
    substances: frozenset[str]
    atc: str
    systemic: bool
    injected: bool
    herbs: tuple[Slice, ...]
    is_slice: bool = False

    # Rows that name it on the one side and on the other.
    interactions: Sides = NOWHERE
    mixtures: Sides = NOWHERE
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine for comparison: its line, or one that the patient already has (line 0) until a day."""

    facts: Facts
    line: int = 0
    until: date | None = None

    @property
    def name(self) -> str:
        """How it is called."""
        return self.facts.name

    @property
    def tokens(self) -> frozenset[str]:
        """By what rows may name it."""
        return self.facts.tokens


@dataclass(frozen=True)
class Case:
    """What all checks of one prescription read. prescriber: None where it is not judged (a retail pharmacy)."""

    prescription: Prescription
    patient: Patient
    prescriber: Prescriber | None
    setting: Setting
    day: date
    policy: Policy

    @cached_property
    def drugs(self) -> tuple[tuple[int, DrugLine, Drug], ...]:
        """Lines whose drug the catalogue knows."""
        return tuple(
            (number, one, known)
            for number, one in self.prescription.drug_lines
            if (known := known_drug(one.drug)) is not None
        )

    @cached_property
    def slices(self) -> tuple[tuple[int, SliceLine, Slice], ...]:
        """Lines with a weight whose slice the catalogue knows, by its code, a name or a processed name."""
        return tuple(
            (number, one, known)
            for number, one in self.prescription.slice_lines
            if is_amount(one.grams) and (known := known_slice(one.slice)) is not None
        )

    @cached_property
    def age(self) -> Age:
        """The age of the patient on the day."""
        return age_on(self.patient.born, self.day)

    @cached_property
    def fertile(self) -> bool:
        """Whether the patient is a woman of an age at which a pregnancy is asked about (RA-001)."""
        first, last = self.policy.fertile_years
        return self.patient.sex == "female" and first <= self.age.years <= last

    @cached_property
    def conditions(self) -> frozenset[str]:
        """Every beginning of every ICD-10 code of the patient and of the prescription."""
        codes = {*self.prescription.diagnoses, *self.patient.conditions}
        return frozenset(part for code in codes for part in knowledge.prefixes(code))

    @cached_property
    def states(self) -> frozenset[str]:
        """Conditions, and the words for pregnancy, age and failing organs."""
        patient = self.patient
        words = {
            "pregnant": patient.pregnant == "yes",
            "lactating": patient.lactating == "yes",
            "elder": self.age.years >= self.policy.elder_years,
            "renal": patient.renal in {"moderate", "severe"},
            "renal-severe": patient.renal == "severe",
            "hepatic": patient.hepatic in {"moderate", "severe"},
            "hepatic-severe": patient.hepatic == "severe",
        }
        return self.conditions | {word for word, holds in words.items() if holds}

    @cached_property
    def written(self) -> tuple[Medicine, ...]:
        """The medicines of the prescription."""
        return (
            *(medicine_of_drug(known, number) for number, _, known in self.drugs),
            *(medicine_of_slice(known, number) for number, _, known in self.slices),
        )

    @cached_property
    def current(self) -> tuple[Medicine, ...]:
        """The medicines the patient already has."""
        return tuple(_current(one) for one in self.patient.current)


Check: TypeAlias = Callable[[Case], Iterator[Finding]]


def finding(
    code: str,
    rule: str,
    weight: Weight,
    *,
    zh: str,
    en: str,
    lines: tuple[int, ...] = (),
    source: str = RULES_OF_PRESCRIBING,
) -> Finding:
    """Make a finding."""
    return Finding(code, rule, weight, Text(zh, en), lines, source)


def known_drug(code: str) -> Drug | None:
    """Give a drug of the catalogue; None when it has none of that code."""
    try:
        return drug(code)
    except KeyError:
        return None


def known_slice(word: str) -> Slice | None:
    """Give a slice by code, name or processed name; None when there is none."""
    try:
        return tcm_slice(word.strip())
    except KeyError:
        return None


def is_injected(one: Drug) -> bool:
    """Tell whether a drug is made to be injected."""
    return one.form in {"注射液", "注射用无菌粉末", "植入剂"}


def medicine_of_drug(one: Drug, line: int = 0, until: date | None = None) -> Medicine:
    """Make a drug ready for comparison."""
    return Medicine(_of_drug(one.code), line, until)


def medicine_of_slice(one: Slice, line: int = 0, until: date | None = None) -> Medicine:
    """Make a slice ready for comparison."""
    return Medicine(_of_slice(one), line, until)


def prepare() -> None:
    """Look up every drug and slice of the catalogues now (a fifth of a second), so that no first check waits for it."""
    for one in drugs():
        _of_drug(one.code)
    for herb in slices():
        _of_slice(herb)


def _current(one: Current) -> Medicine:
    known = known_drug(one.code)
    if known is not None:
        return medicine_of_drug(known, until=one.until)
    herb = known_slice(one.code or one.name)
    if herb is not None:
        return medicine_of_slice(herb, until=one.until)
    words = (*one.substances, *((one.name,) if one.name else ()))
    facts = Facts(
        name=one.name or " ".join(one.substances) or one.atc,
        tokens=knowledge.tokens_of(one.atc, words),
        substances=frozenset(one.substances),
        atc=one.atc,
        systemic=True,
        injected=False,
        herbs=(),
    )
    return Medicine(_listed(facts), until=one.until)


@cache
def _of_drug(code: str) -> Facts:
    one = drug(code)
    facts = Facts(
        name=one.name,
        tokens=knowledge.tokens_of_drug(code),
        substances=frozenset(knowledge.substances(one)),
        atc=one.atc,
        systemic=knowledge.is_systemic(one),
        injected=is_injected(one),
        herbs=tuple(herb for part in knowledge.parts_of(one.name) if (herb := known_slice(part)) is not None),
    )
    return _listed(facts)


@cache
def _of_slice(one: Slice) -> Facts:
    facts = Facts(
        name=one.name,
        tokens=knowledge.tokens_of_slice(one),
        substances=frozenset({one.name}),
        atc="",
        systemic=True,
        injected=False,
        herbs=(one,),
        is_slice=True,
    )
    return _listed(facts)


def _listed(facts: Facts) -> Facts:
    """Look up once which rows name a medicine."""
    named, tokens = knowledge.named, facts.tokens
    return replace(
        facts,
        interactions=(named("interactions", "a", tokens), named("interactions", "b", tokens)),
        mixtures=(named("mixtures", "a", tokens), named("mixtures", "b", tokens)) if facts.injected else NOWHERE,
        groups=frozenset() if facts.is_slice else named("duplicates", "tokens", tokens),
    )
