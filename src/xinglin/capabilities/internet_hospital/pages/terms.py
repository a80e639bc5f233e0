"""The administrator's page: what the own internet hospital promises, allows and asks for."""

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import OwnTerms
from xinglin.capabilities.internet_hospital.operations import asking, reading, terming
from xinglin.capabilities.internet_hospital.rules import asking as rules
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.care.money import yuan
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.tables.catalogues import service
from xinglin.web.view import Form, Redirect, Rejected, View

NAMES = ("promise-minutes", "follow-up-hours", "questions", "fee")


async def show(terms: Terms, work: UnitOfWork, form: Form) -> View:
    """Show the terms as they are."""
    return await _page(terms, work, form)


async def _page(terms: Terms, work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = (), status: int = 200) -> View:
    id = await terming.own_hospital(work)
    if not id:
        return View("internet_hospital/terms.html", {"at": None, "saved": False})
    at = await reading.hospital(work, f"Organization/{id}")
    own = await terming.told_of(work, id)
    stands = {
        "promise-minutes": str(int(terms.promise.total_seconds()) // 60),
        "follow-up-hours": str(int(terms.follow_up.total_seconds()) // 3600),
        "questions": str(terms.questions),
        "fee": yuan(service(rules.service_of(at.level)).price_fen),
    }
    written = {name: (yuan(number) if name == "fee" else str(number)) for name, number in own.items()}
    values = {
        "at": at,
        "fee": yuan(asking.fee(at)),
        "stands": stands,
        "written": {name: form.get(name, written.get(name, "")) for name in NAMES},
        "issues": issues,
        "saved": "saved" in form,
    }
    return View("internet_hospital/terms.html", values, status=status)


async def send(terms: Terms, work: UnitOfWork, form: Form) -> Redirect:
    """Set them; an empty field is as the platform has it."""
    id = await terming.own_hospital(work)
    try:
        numbers = {name: _number(form[name].strip(), name) for name in NAMES}
        given = OwnTerms(
            id, numbers["promise-minutes"], numbers["follow-up-hours"], numbers["questions"], numbers["fee"]
        )
        await work.fhir.operate(contract.SET_TERMS, given)
    except OutcomeError as refused:
        if refused.status not in {400, 409, 422}:
            raise
        raise Rejected(await _page(terms, work, form, refused.issues, 422)) from refused
    return Redirect(f"{contract.TERMS_PAGE}?saved=1")


def _number(text: str, name: str) -> int | None:
    if not text:
        return None
    whole, dot, part = text.partition(".")
    if name == "fee" and whole.isdecimal() and len(whole) < 7 and (not dot or (part.isdecimal() and len(part) <= 2)):
        return int(whole) * 100 + int(part.ljust(2, "0") if dot else 0)
    if name != "fee" and text.isdecimal() and len(text) < 7:
        return int(text)
    raise OutcomeError(Issue("value", f"terms-{name}", name.replace("-", "_"), "Write a number."))
