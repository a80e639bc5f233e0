"""The audit officer's desk: search the ledger, see one entry with its proof, the tree and its heads, verify."""

from collections.abc import Sequence

from xinglin.capabilities.audit.contract import VERIFY
from xinglin.capabilities.audit.pages.shown import PAGE, named, seen
from xinglin.capabilities.audit.rules import Seen
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.security.merkle import included
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.identity.people import people_of
from xinglin.store.ledger import heads
from xinglin.store.search import Page
from xinglin.web.view import Form, Redirect, View

HEADS = 20
# Events that one asks for; any other is typed.
EVENTS = ("read", "search", "history", "create", "update", "delete", "login", "break-glass", "verify")
# The name of a field and the parameter it asks for.
_FIELDS = {"who": "altid", "patient": "patient", "what": "subtype", "outcome": "outcome", "entity": "entity"}


async def show(work: UnitOfWork, form: Form) -> View:
    """Search entries by time, account, patient, event, result and resource."""
    issues: tuple[str, ...] = ()
    page: Page | None = None
    try:
        page = await work.fhir.search(parse("AuditEvent", _asked(form), strict=True))
    except OutcomeError as refused:
        if refused.status != 400:
            raise
        issues = tuple(issue.text for issue in refused.issues)
    events = [seen(row) for row in page.matches] if page is not None else []
    query = [(name, value) for name, value in form.without("after") if value]
    values = {
        "events": events,
        "names": await _named(work, events),
        "filled": dict(query),
        "known": EVENTS,
        "issues": issues,
        "next": (page.next_token or "") if page is not None else "",
        "query": query,
    }
    return View("audit/desk.html", values)


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
    event = seen(row)
    values = {
        "event": event,
        "names": await _named(work, (event,)),
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


def _asked(form: Form) -> list[tuple[str, str]]:
    pairs = [(_FIELDS[name], form[name].strip()) for name in _FIELDS if form[name].strip()]
    pairs += [("date", f"ge{form['date.since']}")] if form["date.since"] else []
    pairs += [("date", f"le{form['date.until']}")] if form["date.until"] else []
    pairs += [("_page", form["after"])] if form["after"] else []
    return [*pairs, ("_count", str(PAGE))]


def _found(row: Row) -> tuple[str, str, str]:
    """Give when a verification was, its result, and what it said."""
    event = seen(row)
    return event.at, event.outcome, heads.detail_of(row)
