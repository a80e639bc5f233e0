"""The picker: options for a combo box while somebody types, or a page of its own where there is no JavaScript."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.terminology import contract
from xinglin.capabilities.terminology.operations.given import day
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.codes import MOST_OPTIONS, scope_of, suggestions
from xinglin.web.view import Form, View

NAME_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Option:
    """One option. href: for who has no JavaScript, its page in the dictionary."""

    code: str
    name: str
    other: str
    system: str
    title: str
    href: str


async def show(work: UnitOfWork, form: Form) -> View:
    """Give the options for what is typed (``q``) of a system or a value set; more than one system may be named.

    name: of the field whose picker asks, so that each option has an id of its own.
    """
    systems, value_set = tuple(filter(None, form.all("system"))), form["valueset"]
    if not systems and not value_set:
        raise OutcomeError(Issue("required", "scope-missing", text="Name a system or a value set to pick from."))
    scope = await scope_of(work, systems=systems, value_set=value_set)
    text = _typed(form)
    found = await suggestions(work, scope, text, day(work, "")) if text or form["all"] else []
    name = "".join(c for c in form["name"] if c.isalnum() or c in "-_.")[:NAME_MOST]
    options = [
        Option(
            one.code,
            one.named(form.language),
            next((other for other in one.names if other != one.named(form.language)), ""),
            one.system.url,
            one.system.named(form.language),
            contract.concept_address(one.system.url, one.code),
        )
        for one in found
    ]
    asked = [("valueset", value_set)] if value_set else [("system", one) for one in systems]
    return View(
        "terminology/pick.html",
        {
            "options": options,
            "several": len({one.system for one in options}) > 1,
            "asked": text,
            "name": name,
            "kept": asked,
            "titles": sorted({one.named(form.language) for one in scope.systems}),
            "most": MOST_OPTIONS,
            "address": f"{contract.PICK}?{urlencode(asked)}",
        },
        block="options",
    )


def _typed(form: Form) -> str:
    """Read what is typed: ``q``, or the field of the combo box itself, which HTMX sends under its own name."""
    own = f"{form['name']}.text"
    return (form["q"] or form[own]).strip()[:200]
