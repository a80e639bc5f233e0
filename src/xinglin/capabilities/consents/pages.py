"""The resident's page of consents: see what is in force, give, restrict, withdraw."""

from typing import Any, Final

from xinglin.capabilities.consents.contract import GIVE, KINDS, OFF_BY_DEFAULT, PAGE, WITHDRAW, Give, Withdraw
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security import labels, purposes
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web.asking import count
from xinglin.web.cards import Figure
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = 100
INSTITUTIONS: Final = 200
# What a restriction or a sharing is usually about, in the order of the form.
OFFERED: Final = ("personal", "status", "application", "payment", "public-health", *labels.LEVEL_5)
RECIPIENTS: Final = ("insurer", "retail-pharmacist", "researcher")
SHARED_FOR: Final = ("TREAT", "HPAYMT", "HRESCH", "PUBHLTH")


PERMITTED: Final = Text("居民允许用于研究的记录", "Records that residents let research use")
STUDIED: Final = (
    ("Patient", Text("居民", "Residents")),
    ("Encounter", Text("就诊", "Visits")),
    ("Condition", Text("诊断", "Diagnoses")),
    ("Observation", Text("检验与体征", "Results and vital signs")),
)


async def permitted(work: UnitOfWork, _form: Form) -> View:
    """Count what a researcher may read: of residents whose consent says so."""
    return cards.figures([Figure(text, await count(work, type), "") for type, text in STUDIED])


async def show(work: UnitOfWork, form: Form) -> View:
    """Show what is in force, what was before, and the forms."""
    return await _view(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Give a consent, or say what is missing."""
    patient = _patient(work, form)
    given = Give(
        patient,
        form["kind"],
        actors=tuple(one for one in form.all("actor") if one),
        roles=tuple(one for one in form.all("role") if one),
        purposes=tuple(one for one in form.all("purpose") if one),
        classes=tuple(one for one in form.all("class") if one),
        until=form["until"] or None,
    )
    try:
        await work.fhir.operate(GIVE, given)
    except OutcomeError as refused:
        raise Rejected(await _view(work, form, refused.issues)) from refused
    return Redirect(f"{PAGE}?patient={patient}")


async def send_withdrawal(work: UnitOfWork, form: Form) -> Redirect:
    """Withdraw a consent."""
    patient = _patient(work, form)
    try:
        await work.fhir.operate(WITHDRAW, Withdraw(patient, form["consent"]))
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _view(work, form, refused.issues)) from refused
    return Redirect(f"{PAGE}?patient={patient}")


def _patients(work: UnitOfWork) -> list[str]:
    who = work.principal
    every = who.patients or ((who.patient,) if who.patient else ())
    return [one.removeprefix("Patient/") for one in every]


def _patient(work: UnitOfWork, form: Form) -> str:
    """Give the patient that the form is about; a form that names none is about the first."""
    every = _patients(work)
    asked = form["patient"]
    if asked and asked not in every:
        raise OutcomeError(Issue("not-found", "not-found"), status=404)
    if not every:
        raise OutcomeError(Issue("not-found", "no-patient"), status=404)
    return asked or every[0]


async def _view(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    patient = _patient(work, form)
    found = (await work.fhir.find("Consent", patient=f"Patient/{patient}", _sort="-date", _count=str(MOST))).matches
    institutions = await _institutions(work)
    rows = [_row(codec.decode(row.body(), "Consent"), dict(institutions)) for row in found]
    names = await _names(work, _patients(work))
    return View(
        "consents/own.html",
        {
            "patient": patient,
            "people": [(one, names.get(one, one)) for one in _patients(work)],
            "in_force": [row for row in rows if row["active"]],
            "over": [row for row in rows if not row["active"]],
            "kinds": [kind for kind in KINDS.codes if kind not in {"restriction", "sharing", "sensitive"}],
            "given": {row["kind"] for row in rows if row["active"]},
            "off": OFF_BY_DEFAULT,
            "institutions": institutions,
            "classes": OFFERED,
            "recipients": RECIPIENTS,
            "purposes": SHARED_FOR,
            "special": sorted(labels.LEVEL_5),
            "filled": form,
            "issues": issues,
        },
    )


async def _institutions(work: UnitOfWork) -> list[tuple[str, str]]:
    page = await work.fhir.find("Organization", _sort="name", _count=str(INSTITUTIONS))
    found: list[Any] = [codec.decode(row.body(), "Organization") for row in page.matches]
    return [(f"Organization/{one.id}", one.name or one.id) for one in found]


async def _names(work: UnitOfWork, ids: list[str]) -> dict[str, str]:
    page = await work.fhir.find("Patient", _id=",".join(ids), _count=str(len(ids)))
    found: list[Any] = [codec.decode(row.body(), "Patient") for row in page.matches]
    return {one.id: _name(one) for one in found}


def _name(patient: Any) -> str:
    for name in patient.name or ():
        if name.text or name.family:
            return str(name.text or f"{name.family}{''.join(name.given or ())}")
    return str(patient.id)


def _row(consent: Any, institutions: dict[str, str]) -> dict[str, object]:
    it = consent.provision
    actors = [one.reference for one in (it.actor if it else None) or ()]
    codes = [coding.code for concept in consent.category or () for coding in concept.coding or ()]
    return {
        "id": consent.id,
        "active": consent.status == "active",
        "kind": next((code for code in codes if code in KINDS.codes), "other"),
        "denies": bool(it and it.type == "deny"),
        "since": consent.dateTime or "",
        "until": (it.period.end if it and it.period else None) or "",
        "actors": [
            institutions.get(one.reference or "", "") or one.reference or "" for one in actors if one and one.reference
        ],
        "roles": [one.display for one in actors if one and not one.reference and one.display in RECIPIENTS],
        "purposes": [one.code for one in (it.purpose if it else None) or () if one.code in purposes.PURPOSES],
        "classes": [one.code for one in (it.class_ if it else None) or () if one.code in OFFERED],
    }
