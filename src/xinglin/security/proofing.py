"""Real-name proofing of residents, and whom they may act for (R6-042, R6-043)."""

from datetime import date, datetime, timedelta
from typing import Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

LEVELS: Final = ("L0", "L1", "L2", "L3")
# what shows each level beyond the phone
METHODS: Final = cites("A11-22")(
    {
        "L1": ("two-element",),
        # Nobody has to show a face: a bank card or an electronic identity serves as well (R7-021).
        "L2": ("face", "bank", "e-id"),
        "L3": ("desk",),
    }
)
# Verification types of the supervision platform (T1): 6 public security, 9 other.
VERIFICATION_TYPES: Final = {"two-element": "6", "face": "6", "e-id": "6", "bank": "3", "desk": "9"}
RELATIONS: Final = ("child", "ward", "parent", "other")
OF_AGE_YEARS: Final = 18


@cites("R6-043")
def level_reached(level: str, needed: str) -> bool:
    """Tell whether the proofing *level* is as good as *needed*; an unknown level reaches nothing."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(needed)


@cites("R6-043")
def proofing_faults(level: str, wanted: str, method: str) -> tuple[Issue, ...]:
    """Reasons why an account at *level* cannot be proved to *wanted* by *method* now.

    Levels are reached one after the other: a face is compared with a name and number that were found right before.
    """
    if method not in METHODS.get(wanted, ()):
        return (Issue("business-rule", "proofing-method", text="This method does not show that level."),)
    if level_reached(level, wanted):
        return (Issue("business-rule", "proofing-reached", text="This level is reached already."),)
    if wanted != "L1" and not level_reached(level, "L1"):
        return (Issue("business-rule", "proofing-order", text="Name and number are checked first."),)
    return ()


@cites("R6-042")
def dependant_faults(born: date, held: int, most: int, today: date) -> tuple[Issue, ...]:
    """Reasons why one more dependant, born on *born*, cannot be bound to an account that has *held* already."""
    faults = []
    if held >= most:
        faults.append(Issue("business-rule", "dependants-most", text=f"At most {most} dependants."))
    if born > today:
        faults.append(Issue("business-rule", "born-later", text="The day of birth lies in the future."))
    if age_years(born, today) >= OF_AGE_YEARS:
        text = "Who is 18 or older signs in with a phone of their own."
        faults.append(Issue("business-rule", "dependant-of-age", text=text))
    return tuple(faults)


def age_years(born: date, today: date) -> int:
    """Give the age in whole years; who is born on 29 February has birthday on 1 March of other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@cites("R6-042")
def of_age(born: date) -> date:
    """Give the day from which a dependant binds themselves."""
    try:
        return born.replace(year=born.year + OF_AGE_YEARS)
    except ValueError:
        return date(born.year + OF_AGE_YEARS, 3, 1)


def ask_again(tries: int, now: datetime) -> datetime | None:
    """Give when a gateway whose answer is not known is asked again; None when it is not worth it any more."""
    return now + timedelta(seconds=5 * 4**tries) if tries < 6 else None
