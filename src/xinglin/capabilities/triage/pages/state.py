"""What a form of triage carries from page to page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from xinglin.capabilities.triage.contract import Asked
from xinglin.care.triage import knowledge
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security import institution_forms as forms
from xinglin.store.door import UnitOfWork
from xinglin.tables.divisions import divisions
from xinglin.web.format import today
from xinglin.web.view import Form

DAYS: Final = {"years": 365, "months": 30, "days": 1}
# The counties of the city, as people choose them; the city's statistical area is not one.
COUNTIES: Final = tuple(
    (code, one.name, one.en)
    for code, one in divisions().items()
    if one.level == "county" and one.kind in {"district", "county", "county-city"}
)


@dataclass(frozen=True, slots=True)
class State:
    """What is known so far. skipped: asked and not known. patient: id, of a resident. county: 6 digits.

    screened: the danger signs were asked for.
    """

    text: str = ""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    age: str = ""
    unit: str = "years"
    sex: str = ""
    county: str = ""
    patient: str = ""
    screened: bool = False

    @property
    def answers(self) -> int:
        """How many questions were answered or passed over; what was picked at first is none."""
        return len(self.no) + len(self.skipped)

    @property
    def age_days(self) -> int | None:
        """The age in days; None: not said."""
        return int(float(self.age) * DAYS[self.unit]) if self.age else None

    def asked(self) -> Asked:
        """Give it as the operation takes it."""
        return Asked(self.text, self.yes, self.no, self.age_days, self.sex)

    def with_answer(self, answer: str) -> "State":
        """Add an answer: ``yes:FACT``, ``no:FACT`` or ``skip:FACT``; anything else changes nothing."""
        kind, _, fact = answer.partition(":")
        if not knowledge.known(fact):
            return self
        if kind == "yes":
            return replace(self, yes=(*self.yes, fact), skipped=(*self.skipped, fact))
        if kind == "no":
            return replace(self, no=(*self.no, fact))
        return replace(self, skipped=(*self.skipped, fact)) if kind == "skip" else self


def state_of(form: Form) -> State:
    """Read the state from a form; what is in no list is left out. A wrong age is a fault of the form."""
    age = form["age"].strip()
    try:
        sound = not age or 0 <= float(age) < 1_500
    except ValueError:
        sound = False
    if not sound:
        raise OutcomeError(Issue("value", "triage-age", text="An age is a number between 0 and 130."))
    return State(
        text=form["text"].strip(),
        yes=_facts(form, "yes"),
        no=_facts(form, "no"),
        skipped=_facts(form, "skipped"),
        age=age,
        unit=form["unit"] if form["unit"] in DAYS else "years",
        sex=form["sex"] if form["sex"] in {"male", "female"} else "",
        county=form["county"] if form["county"] in {code for code, _, _ in COUNTIES} else "",
        patient=form["patient"],
        screened=form["screened"] == "yes",
    )


def _facts(form: Form, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in form.all(name) if knowledge.known(one)))


def people_of(work: UnitOfWork) -> tuple[str, ...]:
    """Give the ids of whom a resident acts for, the own first; none for others."""
    who = work.principal
    every = dict.fromkeys(filter(None, (who.patient, *who.patients)))
    return tuple(one.removeprefix("Patient/") for one in every)


async def with_person(work: UnitOfWork, state: State) -> tuple[State, tuple[tuple[str, str], ...]]:
    """Fill in what the record knows of the person; also give whom the resident may ask for: (id, name)."""
    ids = people_of(work)
    if not ids or work.fhir.reach("search", "Patient").nothing:
        return (replace(state, patient=state.patient if state.patient in ids else ""), ())
    page = await work.fhir.find("Patient", _id=",".join(ids), _count=str(len(ids)))
    found = {row.id: document_of(row.body()) for row in page.matches}
    people = tuple((one, _name(found[one])) for one in ids if one in found)
    if not people or state.patient == "other":
        return replace(state, patient="other" if people else ""), people
    chosen = state.patient if state.patient in found else people[0][0]
    one = found[chosen]
    days = _days(str(one.get("birthDate") or ""), work)
    address: Mapping[str, Any] = next(iter(one.get("address") or ()), {})
    county = str(forms.value(address, forms.DIVISION) or "")[:6]
    return (
        replace(
            state,
            patient=chosen,
            age="" if days is None else str(days),
            unit="days",
            sex=str(one.get("gender")) if one.get("gender") in {"male", "female"} else "",
            county=state.county or (county if county in {code for code, _, _ in COUNTIES} else ""),
        ),
        people,
    )


def _days(born: str, work: UnitOfWork) -> int | None:
    parts = [int(part) for part in born.split("-") if part.isdigit()]
    if not parts:
        return None
    year, month, day = (*parts, 7, 1)[:3] if len(parts) == 1 else (*parts, 15)[:3]
    return max((today(work.now) - date(year, month, day)).days, 0)


def _name(patient: dict[str, object]) -> str:
    names = patient.get("name")
    first = names[0] if isinstance(names, list) and names else {}
    return str(first.get("text") or f"{first.get('family') or ''}{''.join(first.get('given') or ())}")
