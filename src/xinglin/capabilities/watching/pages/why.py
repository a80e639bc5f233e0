"""May this person do this to that, and why (not)? Asked of the door itself."""

import re
from typing import Any, Final

from xinglin.capabilities.access.contract import MAY, May
from xinglin.capabilities.watching.pages.policy import ROLES
from xinglin.capabilities.watching.queries import account_named
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.accounts import PURPOSES
from xinglin.security.purposes import PURPOSES as CODES
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts
from xinglin.web.view import Form, View

WAYS: Final = ("read", "search", "vread", "history", "create", "update", "patch", "delete")
LEVELS: Final = ("L0", "L1", "L2", "L3")
_REASON: Final = re.compile(r"(?P<kind>[\w-]+): (?P<name>.*): (?P<held>yes|no)(?: \((?P<detail>.*)\))?", re.DOTALL)
REFERENCE: Final = {"practitioner": "Practitioner", "organization": "Organization", "patient": "Patient"}


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the form, and the answer when it is filled in."""
    issues: tuple[Issue, ...] = ()
    answer = None
    if form["role"] and form["type"]:
        try:
            answer = await _answer(work, form)
        except OutcomeError as refused:
            if refused.status == 403:
                raise
            issues = refused.issues
    return View(
        "watching/why.html",
        {
            "filled": form,
            "roles": [one for one in ROLES if one not in {"system", "developer"}],
            "ways": WAYS,
            "types": sorted(RESOURCES),
            "levels": LEVELS,
            "purposes": sorted(CODES),
            "answer": answer,
            "issues": issues,
        },
        status=422 if issues else 200,
    )


async def _answer(work: UnitOfWork, form: Form) -> dict[str, Any]:
    asked = await _asked(work, form)
    found = await work.fhir.operate(MAY, asked)
    reasons = [_reason(line) for line in found.why]
    return {"allowed": found.allowed, "asked": asked, "reasons": reasons}


async def _asked(work: UnitOfWork, form: Form) -> May:
    """Describe the person: by the login name of an account that holds the role, else by what was typed."""
    role, type = form["role"], form["type"]
    if role not in ROLES or type not in RESOURCES or (form["interaction"] or "read") not in WAYS:
        raise OutcomeError(Issue("value", "why-unknown", text="Choose a role, a type and an interaction."))
    who = {name: _reference(form[name], on) for name, on in REFERENCE.items()}
    place = None
    level = form["level"] if form["level"] in LEVELS else ""
    if form["login"].strip():
        account = await account_named(work, form["login"])
        held = await accounts.assignments(work.executor, account.id, work.now) if account is not None else ()
        one = next((one for one in held if one.role == role), None)
        if account is None or (account.kind == "staff" and one is None):
            raise OutcomeError(Issue("not-found", "why-account", text="No account of this name acts in this role."))
        if account.kind == "resident":
            who["patient"], level = account.person, account.level
        else:
            who["practitioner"] = account.person
            who["organization"] = (one.organization if one else None) or account.organization
            place = one.practitioner_role if one else None
    return May(
        role,
        form["interaction"] or "read",
        type,
        form["id"].strip().removeprefix(f"{type}/") or None,
        practitioner_role=place,
        purpose=form["purpose"] if form["purpose"] in CODES else PURPOSES.get(role, "TREAT"),
        level=level or ("L2" if role in {"resident", "guardian"} else ""),
        strong=True,
        **who,
    )


def _reference(text: str, on: str) -> str | None:
    text = text.strip().removeprefix(f"{on}/")
    return f"{on}/{text}" if text else None


def _reason(line: str) -> dict[str, str]:
    found = _REASON.fullmatch(line)
    if found is None:
        return {"kind": "record", "name": line, "held": "", "detail": ""}
    return {name: value or "" for name, value in found.groupdict().items()}
