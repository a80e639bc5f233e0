"""The checklist of an internet hospital: apply, show what is met, record evidence item by item, activate."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.directory.contract import (
    ACTIVATE,
    READINESS_PAGE,
    RECORD_EVIDENCE,
    SET_UP,
    Evidence,
    Hospital,
    SettingUp,
)
from xinglin.capabilities.directory.operations import readiness, upkeep
from xinglin.capabilities.directory.operations.reading import hospital_of, today
from xinglin.capabilities.directory.rules import checklist
from xinglin.capabilities.directory.rules.checklist import Judged
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security import institution_forms as forms
from xinglin.security.institutions import NAMINGS
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web.cards import Figure
from xinglin.web.view import Form, Redirect, Rejected, View

TONES: Final = {"passed": "success", "failed": "danger", "expired": "warning", "open": "neutral"}
DONE: Final = frozenset({"set-up", "recorded", "activated"})


async def show(work: UnitOfWork, form: Form) -> View:
    """Show how far the internet hospital is; without one, ask for its name."""
    return await _page(work, form)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Apply for an internet hospital, or activate it."""
    own = await upkeep.own(work)
    try:
        if form["act"] == "activate":
            await work.fhir.operate(ACTIVATE, Hospital(form["hospital"]))
            return Redirect(f"{READINESS_PAGE}?done=activated")
        given = SettingUp(str(own["id"]), form["naming"], form["name"], form["partner"])
        await work.fhir.operate(SET_UP, given)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _page(work, form, refused.issues)) from refused
    return Redirect(f"{READINESS_PAGE}?done=set-up")


async def show_item(work: UnitOfWork, form: Form) -> View:
    """Show one item with its evidence."""
    return await _item(work, form)


async def send_item(work: UnitOfWork, form: Form) -> Redirect:
    """Record evidence of one item."""
    hospital = await _hospital(work)
    details = [f"{name}={form[f'detail-{name}']}" for name in checklist.AGREEMENT_FIELDS if form[f"detail-{name}"]]
    given = Evidence(
        str(hospital["id"]),
        form["item"],
        form["result"],
        form["on"],
        form["responsible"],
        form["document"],
        form["until"],
        form["note"],
        tuple(details),
    )
    try:
        await work.fhir.operate(RECORD_EVIDENCE, given)
    except OutcomeError as refused:
        raise Rejected(await _item(work, form, refused.issues)) from refused
    return Redirect(f"{READINESS_PAGE}?done=recorded#{form['item']}")


async def show_card(work: UnitOfWork, _form: Form) -> View | None:
    """Say on the start page how far the internet hospital is."""
    own = work.principal.organization
    hospital = await hospital_of(work.fhir, own) if own else None
    if hospital is None:
        return None
    judged = await readiness.judged(work.platform, str(hospital["id"]), today(work.now))
    left = len(checklist.gate(judged))
    passed = sum(one.result == "passed" for one in judged)
    return cards.figures(
        (
            Figure(Text("准入清单：已符合", "Readiness: met"), passed, READINESS_PAGE),
            Figure(Text("必备项未完成", "Mandatory items open"), left, READINESS_PAGE, "warning"),
        )
    )


async def _page(work: UnitOfWork, form: Form, issues: Sequence[Issue] = ()) -> View:
    own = await upkeep.own(work)
    hospital = await hospital_of(work.fhir, f"Organization/{own['id']}")
    if hospital is None:
        return View("directory/set-up.html", _asked(own, form, issues), status=422 if issues else 200)
    id = str(hospital["id"])
    judged = await readiness.judged(work.platform, id, today(work.now))
    tasks = await readiness.evidence(work.fhir, id)
    left = checklist.gate(judged)
    mandatory = [one for one in judged if one.item.mandatory]
    suspended = forms.extension(hospital, forms.SUSPENDED)
    return View(
        "directory/readiness.html",
        {
            "hospital": {"id": id, "name": hospital.get("name", ""), "active": hospital.get("active") is True},
            "suspended": str(forms.value(suspended, "reason") or ""),
            "groups": [
                (group, [_line(one, tasks, form) for one in judged if one.item.group == group])
                for group in checklist.GROUPS
            ],
            "done_count": len(mandatory) - len(left),
            "count": len(mandatory),
            "percent": 100 * (len(mandatory) - len(left)) // max(len(mandatory), 1),
            "left": len(left),
            "issues": [one for one in issues if not one.key.startswith("readiness-") or one.key == "readiness-item"],
            "refused": bool(issues),
            "done": form["done"] if form["done"] in DONE else "",
            "path": READINESS_PAGE,
            "source": checklist.SOURCE,
        },
        status=422 if issues else 200,
    )


def _asked(own: Mapping[str, Any], form: Form, issues: Sequence[Issue]) -> dict[str, Any]:
    name = str(own.get("name") or "")
    return {
        "own": name,
        "namings": NAMINGS,
        "filled": {
            "naming": form["naming"] or "alone",
            "name": form["name"] or f"{name}互联网医院",
            "partner": form["partner"],
        },
        "issues": issues,
        "path": READINESS_PAGE,
    }


def _line(one: Judged, tasks: Mapping[str, Mapping[str, Any]], form: Form) -> dict[str, Any]:
    task = tasks.get(one.item.code)
    return {
        "code": one.item.code,
        "text": one.item.zh if form.language == "zh" else one.item.en,
        "rule": one.item.rule,
        "mandatory": one.item.mandatory,
        "machine": one.item.by_machine,
        "result": one.result,
        "tone": TONES[one.result],
        "reasons": one.reasons,
        "evidence": readiness.told_of(task) if task is not None and not one.item.by_machine else None,
        "mend": _MEND.get(one.item.check, ""),
    }


# Where what the directory misses can be mended.
_MEND: Final = {
    "offices": "/institution/departments",
    "scope": "/institution/services",
    "seniors": "/institution/staff",
    "pharmacists": "/institution/staff",
}


async def _item(work: UnitOfWork, form: Form, issues: Sequence[Issue] = ()) -> View:
    hospital = await _hospital(work)
    day = today(work.now)
    items = checklist.items(forms.institution_of(hospital), day)
    item = next((one for one in items if one.code == form["item"] and not one.by_machine), None)
    if item is None:
        raise OutcomeError(Issue("not-found", "not-found", text="The checklist has no such item."))
    task = (await readiness.evidence(work.fhir, str(hospital["id"]))).get(item.code)
    told = readiness.told_of(task) if task is not None else {}
    details = readiness.details_of(task) if task is not None else {}
    names = ("result", "on", "until", "responsible", "document", "note")
    return View(
        "directory/item.html",
        {
            "asked": {
                "code": item.code,
                "text": item.zh if form.language == "zh" else item.en,
                "rule": item.rule,
                "months": item.months,
            },
            "filled": {name: form[name] if issues else told.get(name, "") for name in names},
            "today": day.isoformat(),
            "details": [
                (name, form[f"detail-{name}"] if issues else details.get(name, ""))
                for name in (checklist.AGREEMENT_FIELDS if item.check == "agreement" else ())
            ],
            "issues": issues,
            "path": f"{READINESS_PAGE}/{item.code}",
            "back": READINESS_PAGE,
        },
        status=422 if issues else 200,
    )


async def _hospital(work: UnitOfWork) -> dict[str, Any]:
    own = await upkeep.own(work)
    hospital = await hospital_of(work.fhir, f"Organization/{own['id']}")
    if hospital is None:
        raise OutcomeError(Issue("not-found", "not-found", text="There is no internet hospital yet."))
    return hospital
