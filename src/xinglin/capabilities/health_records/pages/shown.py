"""What lies behind the lines of a record page: made of documents, in the reader's language. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from xinglin.capabilities.health_records.contract import source, trend
from xinglin.capabilities.health_records.operations.names import Names
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.opening import Whose, query_of
from xinglin.capabilities.health_records.rules.documents import Document, instant, reference, when
from xinglin.capabilities.health_records.rules.medicines import Medicine
from xinglin.capabilities.health_records.rules.problems import Danger, Problem
from xinglin.capabilities.health_records.rules.results import Flag, Measure, Reading, Series, converted
from xinglin.web.brief import brief, title
from xinglin.web.format import moment, weekday
from xinglin.web.names import code_name, type_name
from xinglin.web.view import Form

ICONS: Final = {
    "Encounter": "stethoscope",
    "Condition": "heartbeat",
    "Observation": "test-pipe",
    "DiagnosticReport": "report-medical",
    "MedicationRequest": "pill",
    "MedicationStatement": "pill",
    "Immunization": "vaccine",
    "Procedure": "clipboard-list",
    "DocumentReference": "file-text",
    "Composition": "file-text",
}
SPARK: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: what, a second line of detail, when, where, by whom; a state in a word with its colour.

    date: of a medicine the last day that it lasts; guessed: told by a name alone.
    """

    text: str
    href: str
    detail: str = ""
    date: str = ""
    where: str = ""
    who: str = ""
    state: str = ""
    tone: str = "neutral"
    type: str = ""
    since: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One row of results.

    usual: the range is that of the tables. spark: points of the small line, ``x,y`` in a box of 100 by 24; "" with
    fewer than two.
    """

    name: str
    value: str
    unit: str
    range: str
    usual: bool
    flag: Flag
    arrow: str
    tone: str
    date: str
    where: str
    href: str
    trend: str
    count: int
    spark: str


class Teller:
    """Makes lines for one reader of one record."""

    def __init__(self, whose: Whose, names: Names, form: Form) -> None:
        self.whose = whose
        self.names = names
        self.language = form.language
        self.query = query_of(form)

    def entry(self, type: str, id: str) -> str:
        """Give the page of a resource of this record, as of the same moment."""
        return source(self.whose.id, type, id, self.whose.base) + self.query

    def where(self, document: Document) -> str:
        """Name the institution where a resource comes from."""
        return words.person(self.names.place(document), self.names, self.language)

    def danger(self, one: Danger) -> Line:
        """Tell a danger."""
        signs = "、" if self.language == "zh" else ", "
        return Line(
            text=words.concept(one.concept, self.language),
            href=self.entry(one.type, one.id),
            detail=signs.join(words.concept(sign, self.language) for sign in one.detail),
            date=words.day(one.since),
            state=one.kind,
            tone="danger" if one.severity == "high" else "warning",
            guessed=one.guessed,
        )

    def problem(self, one: Problem) -> Line:
        """Tell a problem."""
        place = self.names.providers.get(one.encounter)
        return Line(
            text=words.concept(one.concept, self.language),
            href=self.entry("Condition", one.id),
            date=words.day(one.since),
            who=words.person(one.by, self.names, self.language),
            where=words.person(place, self.names, self.language),
            detail=brief(one.severity, self.language) if one.severity else "",
            state="managed" if one.managed else "",
            tone="info",
        )

    def medicine(self, one: Medicine, *, plainly: bool = False) -> Line:
        """Tell a medicine: what, how taken, by whom, until when. plainly: in words for whoever takes it."""
        dose = words.plain_dose if plainly else words.dose
        return Line(
            text=words.concept(one.concept, self.language, self.names),
            href=self.entry(one.type, one.id),
            detail=dose(one.dosage, self.language, one.concept),
            date=one.until.isoformat() if one.until else "",
            since=words.day(one.since),
            where=words.person(self.names.providers.get(one.encounter), self.names, self.language),
            who=words.person(one.requester, self.names, self.language),
            state="unsure" if one.unsure else "" if one.state == "current" else one.state,
            tone="warning" if one.unsure or one.state in {"held", "lapsed"} else "neutral",
        )

    def result(self, one: Series) -> Result:
        """Tell the latest result of a series, with the small line of how it went."""
        latest = one.latest
        performer = {"performer": latest.performer, "encounter": {"reference": latest.encounter}}
        return Result(
            name=words.concept(latest.concept, self.language),
            value=words.reading_of(latest, self.language),
            unit=words.unit_of(latest),
            range=words.range_of(latest),
            usual=latest.usual,
            flag=latest.flag,
            arrow=words.ARROWS[latest.flag],
            tone=words.TONES.get(latest.flag, "neutral"),
            date=words.day(latest.at),
            where=self.where(performer),
            href=self.entry("Observation", latest.id),
            trend=trend(self.whose.id, one.code, self.whose.base) + self.query if one.code else "",
            count=len(one.readings),
            spark=spark(one),
        )

    def event(self, document: Document) -> Line:
        """Tell something that happened."""
        type = str(document.get("resourceType", ""))
        status = str(document.get("status", ""))
        return Line(
            text=self.called(document),
            href=self.entry(type, str(document.get("id", ""))),
            detail=self.reasons(document),
            date=moment(when(document)),
            where=self.where(document),
            state=code_name(status, self.language)
            if status not in {"finished", "completed", "final", "current"}
            else "",
            type=type,
        )

    def called(self, document: Document) -> str:
        """Name a resource: a visit by its kind and department, others by what they are of."""
        if document.get("resourceType") != "Encounter":
            value = document.get("code") or document.get("vaccineCode") or document.get("type")
            value = value or document.get("medicationCodeableConcept") or document.get("medicationReference")
            given = str(document.get("title") or "")
            return given or words.concept(value, self.language, self.names) or title(document, self.language)
        parts = [
            words.kind_of_visit(document.get("class") or {}, self.language),
            brief(document.get("serviceType"), self.language),
            words.concept((document.get("type") or [None])[0], self.language),
        ]
        return " · ".join(dict.fromkeys(part for part in parts if part))

    def reasons(self, document: Document) -> str:
        """Say what a visit was for, what a report concluded."""
        conclusion = str(document.get("conclusion") or "")
        given = [*(document.get("reasonCode") or ()), *(document.get("reasonReference") or ())]
        given += [one.get("condition") for one in document.get("diagnosis") or ()]
        named = dict.fromkeys(said for one in given if (said := self._named(one)))
        return conclusion or ("；" if self.language == "zh" else "; ").join(named)

    def _named(self, value: Any) -> str:
        said = words.concept(value, self.language, self.names)
        return "" if said == reference(value) else said

    def days(self, lines: Iterable[Line]) -> list[dict[str, object]]:
        """Group lines by day, as the timeline of the kit shows them."""
        return [
            {
                "title": date,
                "weekday": weekday(date, self.language),
                "entries": [
                    {
                        "icon": ICONS.get(one.type, "notes"),
                        "kind": type_name(one.type, self.language),
                        "time": one.date[11:16],
                        "text": one.text,
                        "href": one.href,
                        "state": one.state,
                        "detail": one.detail,
                        "where": one.where,
                    }
                    for one in group
                ],
            }
            for date, group in groupby(lines, key=lambda one: one.date[:10])
        ]


def spark(one: Series) -> str:
    """Draw the last values of a series; a pair by its first part."""
    first = _drawn(one.latest)
    points = [
        (at, same.number)
        for found in reversed(one.readings[:SPARK])
        if (at := instant(found.at)) is not None
        and (same := converted(_drawn(found), first.code or first.unit, first.loinc)) is not None
        and same.number is not None
    ]
    return " ".join(f"{x:g},{y:g}" for x, y in _placed(points)) if len(points) > 1 else ""


def _drawn(one: Reading) -> Measure:
    """Give the measure that stands for a reading in a small line: of a pair the first."""
    return one.parts[0][1] if one.parts else one.measure


def _placed(points: Sequence[tuple[datetime, Decimal]]) -> list[tuple[float, float]]:
    first, last = points[0][0].timestamp(), points[-1][0].timestamp()
    numbers = [float(number) for _, number in points]
    low, high = min(numbers), max(numbers)
    wide, tall = last - first or 1, high - low or 1
    return [
        (round((at.timestamp() - first) / wide * 96 + 2, 1), round(22 - (float(number) - low) / tall * 20, 1))
        for at, number in points
    ]
