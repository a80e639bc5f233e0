"""Spot checks: a sample drawn by a public seed, check sheets of independent reviewers, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.operations import finding, gathering
from xinglin.capabilities.supervision.rules import findings, sheets
from xinglin.capabilities.supervision.rules.documents import CHINA, Document, claims, nested, reference, value
from xinglin.care.sampling import RECORDS, STRATA, draw
from xinglin.fhir import codec
from xinglin.fhir.declarations import canonical
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import site_of
from xinglin.security.sm import sm3
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import bounds

PAGE: Final = 500
MOST: Final = 20_000  # visits of an institution and month
CHILD_YEARS: Final = 6
NEW_DAYS: Final = 92  # the first three months of a doctor
COMPLAINT: Final = canonical("complaint")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One visit of a sample. why: the stratum that drew it. grades: of the sheets, in the order they were written."""

    visit: str
    why: str
    grades: tuple[str, ...]
    reviewers: tuple[str, ...]

    @property
    def grade(self) -> str:
        """The grade that counts; empty while it waits."""
        return sheets.final(self.grades)


@cites("R8-040", "R8-041", "R0-006")
async def draw_sample(work: UnitOfWork, given: contract.Drawing) -> str:
    """List/$draw-sample: draw visits of an institution and month by a seed that is published; gives the id of the List.

    The population stands in the minutes as a count and a digest, so that whoever has the visits draws the same again.
    """
    first = _month(given.month)
    refuse(_faults(given, first, work.now.astimezone(CHINA).date()))
    await work.fhir.read("Organization", given.institution.partition("/")[2])
    population = await people_of(work, given.institution, first, before=work.now.isoformat())
    if not population:
        raise OutcomeError(Issue("business-rule", "sample-empty", text="There is no visit to draw from."))
    sample = draw(given.seed, population, RECORDS, STRATA)
    made = {
        "resourceType": "List",
        "meta": {"profile": [contract.SAMPLE.url]},
        "status": "current",
        "mode": "snapshot",
        "title": f"{given.month} {given.institution}",
        "code": {"coding": [{"system": contract.SAMPLES.system, "code": "sample"}]},
        "date": work.now.isoformat(),
        "source": {"reference": work.principal.practitioner or "Practitioner/unknown"},
        "extension": [
            {"url": contract.SEED, "valueString": given.seed},
            {"url": contract.PERIOD, "valueString": given.month},
            {"url": contract.INSTITUTION_OF, "valueReference": {"reference": given.institution}},
            {"url": contract.POPULATION, "valueString": digest(population)},
            {"url": contract.COUNTED, "valueInteger": len(population)},
        ],
        "entry": [
            {
                "item": {"reference": f"Encounter/{one}"},
                "extension": [{"url": contract.WHY, "valueCode": sample.why[one]}],
            }
            for one in sample.drawn
        ],
    }
    written = await work.platform.create(bytes_of(made), type="List")
    work.note("sample-drawn", type="List", refs=(f"List/{written.id}",))
    return written.id


@cites("R8-041")
async def drawn_again(work: UnitOfWork, sample: Mapping[str, Any]) -> str:
    """Draw a sample once more: ``same``, ``differs``, or ``changed`` when the visits to draw from are others now."""
    institution = reference({"of": value(sample, contract.INSTITUTION_OF)}, "of")
    month = _month(str(value(sample, contract.PERIOD)))
    population = await people_of(work, institution, month, before=str(sample["date"]))
    if digest(population) != value(sample, contract.POPULATION):
        return "changed"
    again = draw(str(value(sample, contract.SEED)), population, RECORDS, STRATA).drawn
    kept = tuple(reference(one, "item").partition("/")[2] for one in sample.get("entry", ()))
    return "same" if again == kept else "differs"


async def people_of(work: UnitOfWork, institution: str, first: date, *, before: str) -> dict[str, tuple[str, ...]]:
    """Give the finished visits of an institution and month, each with the strata that it belongs to.

    before: instant; complaints and leads that came later count for no stratum, among them those of the check itself.
    """
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    start, end = bounds(first, last)
    asked = await _marked(work, institution, first, before)
    pairs = [("service-provider", institution), ("date", start), ("date", end), ("status", "finished")]
    pairs += [("_include", "Encounter:patient"), ("_sort", "date"), ("_count", str(PAGE))]
    found: dict[str, tuple[str, ...]] = {}
    token: str | None = None
    while len(found) < MOST:
        more = [*pairs, *([(TOKEN, token)] if token else [])]
        page = await work.platform.search(parse("Encounter", more, strict=True, base_url=work.door.base_url))
        patients = {f"Patient/{row.id}": document_of(row.body()) for row in page.included}
        for row in page.matches:
            visit = document_of(row.body())
            patient = patients.get(reference(visit, "subject"), {})
            found[row.id] = tuple(_strata(visit, patient, asked, first))
        token = page.next_token
        if token is None:
            break
    return found


@dataclass(frozen=True, slots=True)
class _Marked:
    """What puts visits into strata: references of visits and doctors."""

    complaints: frozenset[str]
    hits: frozenset[str]
    long: frozenset[str]
    new: frozenset[str]


async def _marked(work: UnitOfWork, institution: str, first: date, before: str) -> _Marked:
    start, _ = bounds(first)
    found = await gathering.find(work, "Task", owner=institution, **{"authored-on": start})
    tasks = [one for one in found if str(one["authoredOn"]) <= before]
    leads = [one for one in tasks if claims(one, contract.FINDING.url)]
    orders = await gathering.find(
        work, "RequestGroup", **{"encounter.service-provider": institution, "authored": start}
    )
    roles = await work.platform.find("PractitionerRole", organization=institution, _count=str(PAGE))
    sites = [(codec.decode(row.body(), "PractitionerRole"), row) for row in roles.matches]
    return _Marked(
        frozenset(reference(one, "focus") for one in tasks if claims(one, COMPLAINT)),
        frozenset(str(each["reference"]) for one in leads for each in _evidence(one)),
        frozenset(reference(one, "encounter") for one in orders if nested(one, prescriptions.LONG)),
        frozenset(
            reference(document_of(row.body()), "practitioner")
            for one, row in sites
            if (since := site_of(one).consent_since) is not None and (first - since).days < NEW_DAYS
        ),
    )


def _evidence(task: Mapping[str, Any]) -> list[Any]:
    return [one["valueReference"] for one in task.get("extension", ()) if one["url"] == contract.EVIDENCE]


def _strata(visit: Mapping[str, Any], patient: Mapping[str, Any], asked: _Marked, first: date) -> list[str]:
    named = f"Encounter/{visit['id']}"
    born = str(patient.get("birthDate", ""))
    found = []
    if born and first.year - int(born[:4]) - (f"{first:%m-%d}" < born[5:]) <= CHILD_YEARS:
        found.append("child")
    if named in asked.complaints:
        found.append("complaint")
    if named in asked.hits:
        found.append("rule-hit")
    if gathering.doctor_of(dict(visit)) in asked.new:
        found.append("new-doctor")
    if named in asked.long:
        found.append("long-prescription")
    return found


@cites("R8-042", "R8-043", "R8-044")
async def check(work: UnitOfWork, given: contract.Checking) -> str:
    """List/$check-visit: one reviewer's sheet of a drawn visit; a final C or D makes findings of what failed."""
    sample = await read_sample(work, given.sample)
    visit = f"Encounter/{given.visit}"
    if visit not in {reference(one, "item") for one in sample.get("entry", ())}:
        raise OutcomeError(not_found("Encounter", given.visit))
    answers = dict(one.split("=", 1) for one in given.answers if "=" in one)
    refuse(sheets.faults(answers, given.note))
    before = next((one for one in await drawn(work, sample) if one.visit == given.visit), None)
    if before is not None and before.grade:
        raise OutcomeError(Issue("conflict", "sheet-done", text="This visit has its grade."), status=409)
    made = sheets.sheet(
        answers,
        given.note,
        sample=given.sample,
        visit=given.visit,
        author=work.principal.practitioner or "Practitioner/unknown",
        now=work.now,
    )
    written = await work.platform.create(bytes_of(made), type="QuestionnaireResponse")
    work.note("visit-checked", type="QuestionnaireResponse", refs=(visit, f"List/{given.sample}"))
    after = next(one for one in await drawn(work, sample) if one.visit == given.visit)
    if after.grade in {"C", "D"}:
        await _raise(work, given, answers, reference({"of": value(sample, contract.INSTITUTION_OF)}, "of"))
    return written.id


async def _raise(work: UnitOfWork, given: contract.Checking, answers: Mapping[str, str], owner: str) -> None:
    for item in sheets.failed(sheets.mark(answers).failed):
        key = f"{given.sample} {given.visit} {item.code}"
        text = f"抽检不符合：{item.text.zh}。{given.note.strip()}"
        about = (f"Encounter/{given.visit}",)
        await finding.raise_(work, findings.lead(key, item.rule, text, owner=owner, about=about, now=work.now))


async def drawn(work: UnitOfWork, sample: Mapping[str, Any]) -> tuple[Drawn, ...]:
    """Give the visits of a sample with the grades they have so far."""
    found: list[Drawn] = []
    for entry in sample.get("entry", ()):
        visit = reference(entry, "item")
        papers = await gathering.find(
            work, "QuestionnaireResponse", encounter=visit, questionnaire=contract.QUESTIONNAIRE, _sort="authored"
        )
        of_it = [one for one in papers if value(one, sheets.SAMPLE_OF) == {"reference": f"List/{sample['id']}"}]
        found.append(
            Drawn(
                visit.partition("/")[2],
                str(value(entry, contract.WHY) or "ratio"),
                tuple(str(value(one, sheets.GRADE)) for one in of_it),
                tuple(reference(one, "author") for one in of_it),
            )
        )
    return tuple(found)


async def read_sample(work: UnitOfWork, id: str) -> Document:
    """Read a sample with the rights of whoever asks."""
    sample: Document = document_of((await work.fhir.read("List", id)).body())
    if not claims(sample, contract.SAMPLE.url):
        raise OutcomeError(not_found("List", id))
    return sample


def digest(population: Mapping[str, tuple[str, ...]]) -> str:
    """Give the SM3 of a population: its visits with their strata, in order."""
    return sm3("\n".join(f"{one} {','.join(population[one])}" for one in sorted(population)).encode()).hex()


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as fault:
        raise OutcomeError(Issue("value", "sample-month", "month", "Name a month: 2026-11."), status=422) from fault


def _faults(given: contract.Drawing, first: date, today: date) -> list[Issue]:
    issues = []
    if first > today:
        issues.append(Issue("value", "sample-month", "month", "The month is still to come."))
    if not given.seed.strip():
        issues.append(Issue("required", "sample-seed", "seed", "Name the seed that was published."))
    return issues
