"""The decoction room: steps in order, times by kind of formula, weights, yield, label (3.9).

A work order begins when a formula is paid and is to be decocted. What a step lacks is said before it is recorded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

Category = Literal["general", "exterior", "tonic"]
FIRST: Final = "先煎"
LATE: Final = "后下"


@dataclass(frozen=True, slots=True)
class Step:
    """A step. timed: it begins and ends. device: it names a machine. apart: not by who did the one before."""

    code: str
    timed: bool = False
    device: bool = False
    apart: bool = False


# first-herbs and late-herbs only where a slice asks for it.
STEPS: Final[tuple[Step, ...]] = cites("R3-100")(
    (
        Step("prepared"),
        Step("checked", apart=True),
        Step("soaking", timed=True),
        Step("first-herbs", timed=True, device=True),
        Step("decocting-1", timed=True, device=True),
        Step("late-herbs"),
        Step("decocting-2", timed=True, device=True),
        Step("merged"),
        Step("packed"),
        Step("labelled"),
        Step("quality-checked", apart=True),
        Step("stored"),
    )
)


@dataclass(frozen=True, slots=True)
class Times:
    """Minutes and amounts of 煎药规范 ([CFG]: what an institution decides within it).

    soak: at least. general, exterior, tonic: the first decoction from boiling on, least and most. second: least; it is
    never longer than the first. first_herbs: least; late_herbs: least and most before the end of the first.
    tolerance: of each weight, in percent. child, adult: ml a dose, least and most. packs: of a dose. shelf_days: of
    what is kept cold.
    """

    soak: int = 30
    general: tuple[int, int] = (20, 30)
    exterior: tuple[int, int] = (15, 20)
    tonic: tuple[int, int] = (40, 60)
    second: int = 10
    first_herbs: int = 10
    late_herbs: tuple[int, int] = (5, 10)
    tolerance: Decimal = Decimal(5)
    child: tuple[int, int] = (100, 300)
    adult: tuple[int, int] = (400, 600)
    packs: int = 2
    shelf_days: int = 7

    def first(self, category: Category) -> tuple[int, int]:
        """Give least and most of the first decoction."""
        return {"general": self.general, "exterior": self.exterior, "tonic": self.tonic}[category]


TIMES: Final = Times()


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was begun: end is None while it runs."""

    code: str
    start: datetime
    end: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Given:
    """What is scanned or typed at a step. weights: grams weighed of a dose, by line. note: why it took longer."""

    by: str
    at: datetime
    device: str = ""
    weights: tuple[Decimal, ...] = ()
    packs: int = 0
    ml: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """What is decocted. grams: of a dose by line; footnotes of the lines; doses; child: younger than 14."""

    grams: tuple[Decimal, ...]
    footnotes: tuple[str, ...]
    doses: int
    category: Category = "general"
    child: bool = False


@cites("R3-100")
def steps_of(footnotes: Iterable[str]) -> tuple[Step, ...]:
    """Give the steps of a formula in order."""
    words = set(footnotes)
    without = {code for code, word in (("first-herbs", FIRST), ("late-herbs", LATE)) if word not in words}
    return tuple(one for one in STEPS if one.code not in without)


@cites("R3-100")
def following(formula: Formula, done: Sequence[Done]) -> tuple[str, bool]:
    """Say which step comes next, and whether it ends one that runs; empty when all is done.

    Late herbs are added while the first decoction runs.
    """
    steps = steps_of(formula.footnotes)
    known = {one.code: one for one in done}
    for step in steps:
        begun = known.get(step.code)
        if begun is None:
            return step.code, False
        if step.timed and begun.end is None:
            late = step.code == "decocting-1" and LATE in formula.footnotes and "late-herbs" not in known
            return ("late-herbs", False) if late else (step.code, True)
    return "", False


@cites("R3-100", "R3-092")
def step_faults(
    code: str, formula: Formula, done: Sequence[Done], given: Given, times: Times = TIMES
) -> tuple[Issue, ...]:
    """Say why a step cannot be recorded, all reasons at once."""
    expected, ends = following(formula, done)
    if code != expected:
        return (Issue("conflict", "decoction-order", "step", "This is not the next step."),)
    step = next(one for one in STEPS if one.code == code)
    issues: list[Issue] = []
    if step.apart and done and done[-1].by == given.by:
        issues.append(Issue("business-rule", "decoction-apart", "by", "Somebody else checks."))
    if step.device and not given.device.strip():
        issues.append(Issue("required", "decoction-device", "device", "Scan the machine."))
    if ends or code == "late-herbs":
        issues += _times(code, formula, done, given, times)
    if code == "prepared":
        issues += weight_faults(formula.grams, given.weights, times)
    if code == "packed":
        issues += _yield(formula, given, times)
    return tuple(issues)


@cites("R3-092")
def weight_faults(ordered: Sequence[Decimal], weighed: Sequence[Decimal], times: Times = TIMES) -> tuple[Issue, ...]:
    """Say which weights of a dose lie outside the tolerance, by line from 1."""
    if len(weighed) != len(ordered):
        return (Issue("required", "weights-missing", "weights", "Weigh each slice."),)
    wrong = [
        str(number)
        for number, (some, wanted) in enumerate(zip(weighed, ordered, strict=True), 1)
        if abs(some - wanted) * 100 > wanted * times.tolerance
    ]
    if wrong:
        text = f"More than {times.tolerance} % off: line {', '.join(wrong)}."
        return (Issue("business-rule", "weight-off", "weights", text),)
    return ()


def _times(code: str, formula: Formula, done: Sequence[Done], given: Given, times: Times) -> Iterable[Issue]:
    begun = {one.code: one for one in done}
    low, high = times.first(formula.category)
    if code == "late-herbs":
        if given.at - begun["decocting-1"].start < timedelta(minutes=low - times.late_herbs[1]):
            yield _early(f"They are added at most {times.late_herbs[1]} minutes before the end.")
        return
    took = given.at - begun[code].start
    least, most = {
        "soaking": (times.soak, None),
        "first-herbs": (times.first_herbs, None),
        "decocting-1": (low, high),
        "decocting-2": (times.second, _minutes(begun.get("decocting-1"))),
    }[code]
    if code == "decocting-1" and (late := begun.get("late-herbs")) is not None:
        since = given.at - late.start
        if since < timedelta(minutes=times.late_herbs[0]):
            yield _early(f"Late herbs are decocted for {times.late_herbs[0]} minutes.")
    if took < timedelta(minutes=least):
        yield _early(f"It takes {least} minutes.")
    if most is not None and took > timedelta(minutes=most) and not given.note.strip():
        yield Issue("required", "decoction-late", "note", f"It took longer than {most} minutes: say why.")


def _early(text: str) -> Issue:
    return Issue("business-rule", "decoction-early", "at", text)


def _minutes(one: Done | None) -> int | None:
    return None if one is None or one.end is None else int((one.end - one.start) / timedelta(minutes=1))


@cites("R3-100")
def _yield(formula: Formula, given: Given, times: Times) -> Iterable[Issue]:
    if given.packs != formula.doses * times.packs:
        wanted = formula.doses * times.packs
        yield Issue("value", "packs-count", "packs", f"{formula.doses} doses make {wanted} packs.")
    least, most = times.child if formula.child else times.adult
    if not least <= given.ml * times.packs <= most:
        yield Issue("value", "packs-ml", "ml", f"A dose is {least} to {most} ml.")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a pack (R3-101). outward: for external use."""

    name: str
    number: str
    doses: int
    outward: bool
    packed: datetime
    ml: int
    institution: str
    by: str
    until: datetime
    usage: str


@cites("R3-101")
def label(
    *, name: str, number: str, doses: int, usage: str, packed: datetime, ml: int, institution: str, by: str,
    times: Times = TIMES,
) -> Label:  # fmt: skip
    """Write the label of a pack: kept cold, for some days; external use is told by the usage."""
    until = packed + timedelta(days=times.shelf_days)
    return Label(name, number, doses, "外" in usage, packed, ml, institution, by, until, usage)
