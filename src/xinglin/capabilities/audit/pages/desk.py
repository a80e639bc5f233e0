"""The audit officer's desk: search the ledger, see one entry with its proof, the tree and its heads, verify."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.audit.contract import VERIFY
from xinglin.capabilities.audit.pages.shown import PAGE, both, event, named, seen, word
from xinglin.capabilities.audit.rules import Seen
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.merkle import included
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.identity.people import people_of
from xinglin.store.ledger import heads
from xinglin.web.format import moment
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.names import role_name, role_names, type_name
from xinglin.web.view import Download, Form, Redirect, View

HEADS = 20
# Events that one asks for; any other is typed.
EVENTS = ("read", "search", "history", "create", "update", "delete", "login", "break-glass", "export", "verify")
# Under this name what `_events` gives holds the names of people and institutions, beside the events by id.
NAMES: Final = "names"


async def _events(work: UnitOfWork, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    events = {str(one["id"]): event(one) for one in documents}
    return events | {NAMES: await _named(work, tuple(events.values()))}


def _event(found: Found) -> Seen:
    one: Seen = found.more[found.id]
    return one


def _who(found: Found) -> str:
    one, names = _event(found), found.more[NAMES]
    name = role_name("system", found.language) if one.role == "system" else names.get(one.who) or one.who
    beside = [role_names(one.role.split(), found.language) if one.role != "system" else "", names.get(one.institution)]
    note = " · ".join(part for part in beside if part)
    return f"{name} ({note})" if note else str(name)


def _act(found: Found) -> str:
    return word(f"what.{_event(found).what}", _event(found).what, found.language)


def _types(found: Found) -> str:
    return ("、" if found.language == "zh" else ", ").join(
        type_name(one, found.language) for one in _event(found).types
    )


def _purpose(found: Found) -> str:
    purpose = _event(found).purpose
    return word(f"purpose.{purpose}", purpose, found.language) if purpose else ""


def _outcome(found: Found) -> Cell:
    key, tone = {"4": ("refused", "warning"), "8": ("failed", "danger")}.get(_event(found).outcome, ("done", ""))
    return Cell(word(key, key, found.language), tone)


def _entry(member: str) -> Callable[[str], tuple[tuple[str, str], ...]]:
    return lambda text: ((member, text),)


DESK: Final = Listing(
    name="audit",
    title=both("desk"),
    type="AuditEvent",
    columns=(
        Column(both("time"), lambda found: moment(_event(found).at), "date"),
        Column(both("who"), _who),
        Column(both("act"), _act),
        Column(both("data"), _types),
        Column(both("purpose"), _purpose),
        Column(both("outcome"), _outcome),
    ),
    filters=(
        Filter("date", both("time"), "days"),
        Filter("who", both("account"), ask=_entry("altid")),
        Filter("patient", both("patient"), hint=Text("Patient/…", "Patient/…"), ask=_entry("patient")),
        Filter("entity", both("resource"), hint=Text("Observation/…", "Observation/…"), ask=_entry("entity")),
        Filter("what", both("act"), "choice", "subtype", tuple((one, both(f"what.{one}")) for one in EVENTS)),
        Filter(
            "outcome",
            both("outcome"),
            "choice",
            options=(("0", both("done")), ("4", both("refused")), ("8", both("failed"))),
        ),
    ),
    sort="-date",
    href=lambda found: f"/audit/entries/{found.id}",
    more=_events,
    count=PAGE,
    counted=False,
    empty=Empty("clipboard-list", both("none"), both("none-what")),
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """Search entries by time, account, patient, event, result and resource."""
    if work.fhir.reach("search", DESK.type).nothing:
        # Here that means a session without its second factor: the refusal says so, an empty list would not.
        await work.fhir.find(DESK.type, _count="0")
    return await show_list(work, form, DESK)


async def _named(work: UnitOfWork, events: Sequence[Seen]) -> dict[str, str]:
    """Give the names of who acted; the audit officer sees those of accounts too."""
    accounts = [one.who for one in events if one.who and "/" not in one.who]
    people = await people_of(work.executor, work.vault, accounts)
    return {id: one.name for id, one in people.items()} | await named(work, events)


async def show_entry(work: UnitOfWork, form: Form) -> View:
    """Show one entry as it is kept, and the proof that it is in the tree."""
    row = await work.fhir.read("AuditEvent", form["id"])
    await work.door.store.sequencer.sequence()
    proof = None
    try:
        proof = await work.door.store.proofs.inclusion(int(row.id))
    except OutcomeError as missing:
        if missing.status != 404:
            raise
    one = seen(row)
    values = {
        "event": one,
        "names": await _named(work, (one,)),
        "entry": (await heads.entry(work.executor, int(row.id))).decode(),
        "proof": proof,
        "holds": proof is not None and included(proof.leaf, proof.index, proof.size, proof.path, proof.root),
    }
    return View("audit/entry.html", values)


async def show_tree(work: UnitOfWork, form: Form) -> View:
    """Show the size and root of the tree, its signed heads, and what the last verifications found."""
    done = await work.fhir.find("AuditEvent", subtype="verify", _count="10")
    values = {
        "tree": await heads.state(work.executor),
        "heads": [
            (head, work.vault.verify("audit", head.text(), head.signature))
            for head in await heads.last(work.executor, HEADS)
        ],
        "verified": [_found(row) for row in done.matches],
        "asked": form["asked"] == "yes",
    }
    return View("audit/tree.html", values)


async def send_tree(work: UnitOfWork, form: Form) -> Redirect:
    """Sign a head now, or have the whole ledger verified."""
    if form["do"] == "verify":
        await work.defer(VERIFY)
        return Redirect("/audit/tree?asked=yes")
    await work.door.store.sequencer.head()
    return Redirect("/audit/tree")


def _found(row: Row) -> tuple[str, str, str]:
    """Give when a verification was, its result, and what it said."""
    one = seen(row)
    return one.at, one.outcome, heads.detail_of(row)
