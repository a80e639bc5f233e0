"""The administrator's pages: who holds what, how it stands, verify now, and what was found before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.operations.people import Person, last_results, person_of, results_of, today
from xinglin.capabilities.practitioners.rules import results
from xinglin.capabilities.practitioners.rules.states import mark_of
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue
from xinglin.security.credential_forms import standing_of
from xinglin.security.credentials import Credential, Site, credential_state, last_day, may_practise_online
from xinglin.store.door import UnitOfWork
from xinglin.web import brief, cards, cells, listing
from xinglin.web import format as show
from xinglin.web.cards import Figure
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing
from xinglin.web.view import Download, Form, Redirect, View

HISTORY: Final = 24
TONES: Final = {
    "valid": "success",
    "expiring-60": "info",
    "expiring-30": "warning",
    "unknown": "neutral",
    "not-yet": "neutral",
}
# What one looks for: the code of the filter, and the marks it means; none: those without any other mark than "unknown".
FILTERS: Final = {
    "valid": ("valid",),
    "ending": ("expiring-30", "expiring-60"),
    "ending-30": ("expiring-30",),
    "stopped": ("revoked", "suspended", "expired", "not-found", "moved", "mismatch"),
    "unknown": (),
}
FILTER_WORDS: Final = {
    "valid": Text("有效", "Valid"),
    "ending": Text("60 天内到期", "Ending within 60 days"),
    "ending-30": Text("30 天内到期", "Ending within 30 days"),
    "stopped": Text("不得执业或须核实", "May not practise, or to be clarified"),
    "unknown": Text("尚未核验", "Not verified yet"),
}


@dataclass(frozen=True, slots=True)
class Looked:
    """How a practitioner of the list stands. checked: instant of the last verification, empty without one."""

    credentials: tuple[Credential, ...]
    mark: str
    checked: str


async def show_list(work: UnitOfWork, form: Form) -> View | Download:
    """List practitioners with how they stand; filtered by state and by name."""
    return await listing.show_list(work, form, STAFF_LIST)


async def show_ending(work: UnitOfWork, _form: Form) -> View | None:
    """Count the staff, whose credentials end soon, and who may not practise: a card of the institution's start page."""
    if work.fhir.reach("search", "Practitioner").nothing:
        return None
    soon = await _marked(work, FILTERS["ending-30"])
    stopped = await _marked(work, FILTERS["stopped"])
    return cards.figures(
        (
            Figure(Text("在册人员", "Staff"), await work.fhir.count("Practitioner"), contract.LIST),
            Figure(
                Text("资质 30 天内到期", "Credentials ending in 30 days"),
                soon,
                f"{contract.LIST}?state=ending-30",
                "warning",
            ),
            Figure(
                Text("资质失效", "Credentials no longer valid"), stopped, f"{contract.LIST}?state=stopped", "danger"
            ),
        )
    )


async def _marked(work: UnitOfWork, marks: tuple[str, ...]) -> int:
    return await work.fhir.count("Practitioner", _tag=",".join(f"{contract.STANDINGS.system}|{one}" for one in marks))


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one practitioner: certificates, places of work, what stands against online work, verifications."""
    id = form["id"]
    person = await person_of(work.fhir, id)
    day = today(work.now)
    history = await results_of(work.fhir, f"Practitioner/{id}", count=HISTORY)
    names = await _organizations(work, [site.organization for site, _ in person.sites])
    return View(
        "practitioners/one.html",
        {
            "id": id,
            "person": person.standing,
            "state_code": person.mark or "unknown",
            "tone": TONES.get(person.mark or "unknown", "danger"),
            "credentials": [_credential(one, day) for one in person.standing.credentials],
            "sites": [_site(site, names, person, day) for site, _ in person.sites],
            "history": [
                {
                    "at": one.statusDate or "",
                    "occasion": results.occasion_of(one),
                    "state": results.state_of(one),
                    "tone": TONES.get(results.state_of(one), "danger"),
                    "operator": results.operator_of(one),
                    "reasons": results.reasons_of(one),
                }
                for one in history
            ],
        },
    )


async def send_verify(work: UnitOfWork, form: Form) -> Redirect:
    """Verify one practitioner now."""
    await work.fhir.operate(contract.VERIFY, contract.Verify(form["id"]))
    return Redirect(f"/credentials/{quote(form['id'])}")


async def _looked_up(work: UnitOfWork, documents: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Give how each practitioner of a page stands, and when that was verified last."""
    checked = await last_results(work.fhir, [f"Practitioner/{one['id']}" for one in documents])
    found = {}
    for document in documents:
        practitioner = codec.decode(bytes_of(document), "Practitioner")
        last = checked.get(f"Practitioner/{document['id']}")
        found[str(document["id"])] = Looked(
            standing_of(practitioner).credentials,
            mark_of(practitioner) or "unknown",
            "" if last is None else str(last.statusDate or ""),
        )
    return found


def _looked(found: Found) -> Looked:
    looked: Looked = found.more[found.id]
    return looked


def _name(found: Found) -> str:
    return cells.named(found.document) or found.id


def _mark(found: Found) -> Cell:
    mark = _looked(found).mark
    return Cell(said(contract.STANDINGS.codes[mark], found.language), TONES.get(mark, "danger"))


def _departments(found: Found) -> str:
    own = (
        one
        for one in found.brought.values()
        if one.get("resourceType") == "PractitionerRole"
        and cells.at(one, "practitioner.reference") == f"Practitioner/{found.id}"
    )
    named = (brief.brief(cells.at(one, "specialty"), found.language) for one in own)
    return ("、" if found.language == "zh" else ", ").join(dict.fromkeys(one for one in named if one))


def _kinds(found: Found) -> str:
    kinds = dict.fromkeys(one.kind for one in _looked(found).credentials)
    return " · ".join(said(contract.CREDENTIALS.codes[kind], found.language) for kind in kinds)


def _until(found: Found) -> str:
    ends = [end for one in _looked(found).credentials if (end := last_day(one)) is not None]
    return min(ends).isoformat() if ends else ""


def _state_pairs(state: str) -> tuple[tuple[str, str], ...]:
    """Give what a state of the filter asks: any of its marks, or none but "unknown"."""
    marks = FILTERS[state] or tuple(code for code in contract.STANDINGS.codes if code != "unknown")
    tags = ",".join(f"{contract.STANDINGS.system}|{mark}" for mark in marks)
    return (("_tag" if FILTERS[state] else "_tag:not", tags),)


STAFF_LIST: Final = Listing(
    name="credentials",
    title=Text("执业资质", "Credentials"),
    type="Practitioner",
    columns=(
        Column(Text("姓名", "Name"), _name, "name"),
        Column(Text("状态", "State"), _mark),
        Column(Text("科室", "Department"), _departments),
        Column(Text("证书", "Certificates"), _kinds),
        Column(Text("最早到期", "First to end"), _until),
        Column(Text("上次核验", "Verified"), lambda found: show.moment(_looked(found).checked)),
    ),
    where=(("_revinclude", "PractitionerRole:practitioner"),),
    filters=(
        Filter("name", Text("姓名", "Name"), hint=Text("汉字、全拼或首字母", "Characters, pinyin or initials")),
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple(FILTER_WORDS.items()),
            ask=_state_pairs,
        ),
    ),
    sort="name",
    href=lambda found: f"/credentials/{quote(found.id)}",
    more=_looked_up,
    empty=Empty(
        "users",
        Text("还没有人员", "No staff yet"),
        Text(
            "录入本机构的医务人员后，他们的证书和核验结果会显示在这里。",
            "When the institution's staff are entered, their certificates and verifications appear here.",
        ),
    ),
)


def _credential(one: Credential, day: date) -> dict[str, object]:
    state = credential_state(one, day)
    end = last_day(one)
    return {
        "kind": one.kind,
        "number": one.number,
        "level": one.level or "",
        "category": one.category,
        "scope": one.scope,
        "since": one.since.isoformat() if one.since else "",
        "until": end.isoformat() if end else "",
        "state": state,
        "tone": TONES.get(state, "danger"),
    }


def _site(site: Site, names: dict[str, str], person: Person, day: date) -> dict[str, object]:
    reasons: tuple[Issue, ...] = may_practise_online(
        person.standing, [each for each, _ in person.sites], site.organization, day
    )
    return {
        "organization": names.get(site.organization, site.organization),
        "main": site.main,
        "active": site.active,
        "registration": site.registration,
        "departments": site.departments,
        "consent": site.consent_since.isoformat() if site.consent_since else "",
        "consent_until": site.consent_until.isoformat() if site.consent_until else "",
        "rights": sorted(site.rights),
        "antibiotic": site.antibiotic,
        "narcotic": site.narcotic,
        "certificate": site.certificate,
        "reasons": [(issue.key, issue.text) for issue in reasons],
    }


async def _organizations(work: UnitOfWork, references: list[str]) -> dict[str, str]:
    ids = sorted({one.removeprefix("Organization/") for one in references if one.startswith("Organization/")})
    if not ids:
        return {}
    page = await work.fhir.find("Organization", _id=",".join(ids), _count=str(len(ids)))
    found = [codec.decode(row.body(), "Organization") for row in page.matches]
    return {f"Organization/{one.id}": str(getattr(one, "name", None) or one.id) for one in found}
