"""What to ask next: only what would change the advice."""

from typing import Final

from xinglin.care.triage import knowledge
from xinglin.care.triage.deciding import decide
from xinglin.care.triage.model import URGENCIES, Advice, Facts

MOST: Final = 5  # questions in a row; more is left to the doctor


def questions(facts: Facts) -> tuple[str, ...]:
    """Give the facts that are worth asking, those first that would make it graver.

    A fact is worth asking when some rule that a known fact touches looks at it, it is neither known nor denied, and
    a yes would change the urgency or the first department.
    """
    if not facts.present & knowledge.symptoms().keys():
        return ()
    now = decide(facts)
    if now.flags:
        return ()
    found = [(change, place, fact) for place, fact in enumerate(_near(facts)) if (change := _change(now, facts, fact))]
    return tuple(fact for _, _, fact in sorted(found))


def _near(facts: Facts) -> list[str]:
    rules = (*knowledge.flags(), *knowledge.urgencies(), *knowledge.rules())
    symptoms = facts.present & knowledge.symptoms().keys()
    touched: set[str] = set()
    for rule in rules:
        for wanted, _ in rule.when.cases:
            if wanted & symptoms:
                touched |= wanted - facts.present
    open_ = touched - facts.denied - facts.past
    if "male" in facts.present or "child" in facts.present or "over-60" in facts.present:
        open_ -= {"pregnant", "late-period", "vaginal-bleed"}
    return [fact for fact in knowledge.questions() if fact in open_]


def _change(now: Advice, facts: Facts, fact: str) -> int:
    """Rate what a yes would change: 1 it becomes an emergency, 2 another urgency, 3 another department, 0 nothing."""
    then = decide(Facts(facts.present | {fact}, facts.denied, facts.past))
    if then.urgency == "emergency":
        return 1
    if URGENCIES.index(then.urgency) < URGENCIES.index(now.urgency):
        return 2
    return 3 if then.departments[0].code != now.departments[0].code else 0
