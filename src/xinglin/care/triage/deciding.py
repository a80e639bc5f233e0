"""From facts to advice: red flags first, then how soon, then where."""

from collections.abc import Iterable
from typing import Final

from xinglin.care.triage import knowledge
from xinglin.care.triage.knowledge import Rule
from xinglin.care.triage.model import (
    EMERGENCY,
    GENERAL,
    URGENCIES,
    Advice,
    Complaint,
    Department,
    Facts,
    Fired,
    Person,
    Urgency,
)
from xinglin.care.triage.reading import read
from xinglin.fhir.declarations import Text

MOST: Final = 3
_ALWAYS: Final = ("card", "medicines")
_WOMEN: Final = ("05.01", "05.02", "05.05")
NOTHING: Final = Fired(
    "nothing-understood",
    Text("没有识别出具体的症状，可先由全科医生判断", "No symptom was recognised; a general practitioner can tell"),
    (),
)


def assess(complaint: Complaint, person: Person) -> Advice:
    """Say where somebody should go with a complaint, and how soon."""
    return decide(read(complaint, person))


def decide(facts: Facts) -> Advice:
    """Say where facts lead to; a red flag always leads to emergency."""
    flags = fired(knowledge.flags(), facts.present)
    causes = _gravest(facts.present)
    urgency: Urgency = "emergency" if flags else _urgency(causes, facts)
    shown = tuple(Fired(rule.code, rule.text, rule.when.met(facts.present)) for rule in causes)
    # Of an old illness alone somebody comes to have it looked after.
    symptoms = knowledge.symptoms().keys()
    places = departments(facts.present if facts.present & symptoms else facts.present | facts.past)
    if flags:
        places = (Department(EMERGENCY, 100, flags), *(one for one in places if one.code != EMERGENCY))
    places = places[:MOST]
    return Advice(urgency, flags, places, () if flags else shown, bring(places), facts)


def fired(rules: Iterable[Rule], facts: frozenset[str]) -> tuple[Fired, ...]:
    """Give the rules that hold, with the facts that make them hold."""
    return tuple(Fired(rule.code, rule.text, met) for rule in rules if (met := rule.when.met(facts)))


def departments(facts: frozenset[str]) -> tuple[Department, ...]:
    """Weigh the departments of all symptoms and rules, the heaviest first; never none."""
    weights: dict[str, int] = {}
    reasons: dict[str, list[Fired]] = {}
    for code, weight, reason in _voices(facts):
        place = _for_person(code, facts)
        if place:
            weights[place] = weights.get(place, 0) + weight
            if reason.code not in {one.code for one in reasons.setdefault(place, [])}:
                reasons[place].append(reason)
    if not weights:
        place = _for_person(GENERAL, facts)
        weights, reasons = {place: 1}, {place: [NOTHING]}
    known = knowledge.subjects()
    order = sorted(weights, key=lambda code: (-weights[code], code))
    return tuple(Department(code, weights[code], tuple(reasons[code]), known[code].otherwise) for code in order)


def bring(places: Iterable[Department]) -> tuple[str, ...]:
    """Give the codes of what to bring: what every visit needs, and what the first department asks for."""
    first = next(iter(places), None)
    own = knowledge.subjects()[first.code].bring if first is not None else ()
    return tuple(dict.fromkeys((*_ALWAYS, *own, "old-reports", "allergies")))


def _voices(facts: frozenset[str]) -> Iterable[tuple[str, int, Fired]]:
    for code in sorted(facts):
        symptom = knowledge.symptoms().get(code)
        if symptom is not None:
            for department, weight in symptom.departments.items():
                yield department, weight, Fired(code, symptom.name, (code,))
    for rule in knowledge.rules():
        if met := rule.when.met(facts):
            for department, weight in rule.departments.items():
                yield department, weight, Fired(rule.code, rule.text, met)


def _for_person(code: str, facts: frozenset[str]) -> str:
    """Give the department that sees this person instead; empty: it does not see such a person."""
    if "male" in facts and code in _WOMEN:
        return ""
    if "child" in facts:
        return knowledge.subjects()[code].child or code
    return code


def _gravest(facts: frozenset[str]) -> tuple[Rule, ...]:
    """Give the rules of the gravest urgency that hold."""
    holding = [rule for rule in knowledge.urgencies() if rule.when.met(facts)]
    least = min((URGENCIES.index(rule.urgency) for rule in holding), default=None)
    return tuple(rule for rule in holding if URGENCIES.index(rule.urgency) == least)


def _urgency(causes: tuple[Rule, ...], facts: Facts) -> Urgency:
    if causes:
        return causes[0].urgency
    return "days" if facts.present & knowledge.symptoms().keys() else "unknown"
