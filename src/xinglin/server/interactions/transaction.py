"""Transaction: all entries or none, in the order DELETE, POST, PUT and PATCH, GET.

Conditions are searched first, which says what each entry writes; then links are replaced, everything is written by few
statements, and reads see the result.
"""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from xinglin.fhir.bundle import Incoming, Item, full_url_faults, in_order, overlaps
from xinglin.fhir.document import document_of
from xinglin.fhir.links import Links, each_reference, is_conditional, may_be_conditional, references
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.search.keys import bucket_of
from xinglin.server.call import Call
from xinglin.server.dispatch import dispatch
from xinglin.server.http import Response
from xinglin.server.interactions.entries import answer, of_written, patch_of, request_of
from xinglin.server.interactions.patch import applied, parameters_of
from xinglin.server.interactions.references import targets_of
from xinglin.server.interactions.written import answer_of
from xinglin.server.negotiate import version_of
from xinglin.server.respond import JSON, bundle
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.store.executor import Must, Row, Written
from xinglin.store.orders import Order

ATTEMPTS: Final = 3
# Keys of the issues that say that another transaction was in the way (`store.faults`).
IN_THE_WAY: Final = frozenset({"concurrent-change", "concurrent-create"})

_WRITES: Final = frozenset({"DELETE", "POST", "PUT", "PATCH"})
# Type and query of a condition.
_Criteria = tuple[str, str]
_T = TypeVar("_T")
# A condition, and whether a delete asks it.
_Asked = tuple[_Criteria, bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one entry comes to: the identity it writes, or the row that a condition has found instead.

    found: the resource that a condition met. writes: False when there is nothing to write.
    """

    item: Item
    type: str
    id: str | None
    must: Must = "any"
    found: Row | None = None
    writes: bool = True
    wish: str = "create"


async def transaction(call: Call, incoming: Incoming) -> Response:
    """Carry out a transaction; any refusal leaves nothing written.

    What only others were in the way of is done again: nothing of it has happened, and the next try sees what they did.
    """
    _refuse_form(incoming.items)
    ordered = in_order(incoming.items)
    for attempt in range(ATTEMPTS):
        try:
            async with call.service.door.work(call.principal) as work:
                answers = await _carry_out(call, work, ordered)
            break
        except OutcomeError as refused:
            if attempt == ATTEMPTS - 1 or not any(issue.key in IN_THE_WAY for issue in refused.issues):
                raise
    return Response(200, bundle("transaction-response", (answers[item.at] for item in incoming.items)), [JSON])


async def _carry_out(call: Call, work: UnitOfWork, ordered: list[Item]) -> dict[int, bytes]:
    writing = [item for item in ordered if item.method in _WRITES and not item.rest]
    matches = await _matches(work.fhir, writing)
    plans = _plans(work, writing, matches)
    refuse(overlaps([(p.item.where, p.type, p.id) for p in plans if p.writes and p.id is not None]))
    targets = _targets(plans)
    gone = {(plan.type, plan.id) for plan in plans if plan.item.method == "DELETE" and plan.id is not None}
    targets |= await _conditional(work.fhir, plans, targets, gone)
    answers = await _write(call, work, plans, Links(targets, call.base))
    for item in ordered:
        if item.at not in answers:
            answers[item.at] = await _other(call, work.fhir, item)
    return answers


def _refuse_form(items: Iterable[Item]) -> None:
    """Refuse what no state of the store could make right."""
    items = tuple(items)
    issues = list(full_url_faults(items))
    for item in items:
        where = f"{item.where}.request"
        if item.method == "POST" and item.type is None and not item.rest:
            text = "A Bundle cannot carry another batch or transaction."
            issues.append(Issue("not-supported", "bundle-nested", where, text))
        elif item.rest and (item.method != "POST" or not item.rest[-1].startswith("$")) and item.method in _WRITES:
            issues.append(
                Issue("not-supported", "bundle-url", f"{where}.url", f"Nothing can be written at {item.url[:200]}.")
            )
        elif item.rest or item.method not in _WRITES:
            continue
        elif item.type is None:
            issues.append(Issue("value", "bundle-url", f"{where}.url", f"{item.url[:200]!r} names no resource type."))
        elif item.method == "POST" and (item.id is not None or item.resource is None):
            text = "A create needs a resource, and the address of a type."
            issues.append(Issue("required", "bundle-resource", where, text))
        elif item.method != "POST" and item.id is None and not item.query:
            text = f"A {item.method} needs an id or criteria in its url."
            issues.append(Issue("required", "bundle-url", f"{where}.url", text))
    refuse(issues)


def _criteria(item: Item) -> _Criteria | None:
    """Give type and search of a conditional entry."""
    if item.method == "POST":
        query = (item.if_none_exist or "").removeprefix("?").removeprefix(f"{item.type}?")
        return (item.type or "", query) if query else None
    return (item.type or "", item.query) if item.id is None else None


def _asked(item: Item) -> _Asked | None:
    criteria = _criteria(item)
    return None if criteria is None else (criteria, item.method == "DELETE")


async def _matches(fhir: Fhir, items: Iterable[Item]) -> dict[_Asked, Row | None]:
    """Find what the conditions of entries meet; what the Bundle deletes meets none but those of its deletes.

    Locks are taken in one order, so two Bundles never wait in a ring.
    """
    asked: dict[_Asked, Item] = {}
    gone: dict[str, set[str]] = {}
    for item in items:
        wish = _asked(item)
        if wish is not None:
            asked.setdefault(wish, item)
        elif item.method == "DELETE" and item.type and item.id:
            gone.setdefault(item.type, set()).add(item.id)
    if any(deletes for _, deletes in asked):
        for wish in sorted(asked):
            await _told(asked[wish], fhir.hold(*wish[0]))
    found: dict[_Asked, Row | None] = {}
    for wish in sorted(asked, key=lambda one: (not one[1], one[0])):
        criteria, deletes = wish
        without = set() if deletes else gone.get(criteria[0], set())
        row = found[wish] = await _told(asked[wish], fhir.only_match(*criteria, without=without))
        if deletes and row is not None:
            gone.setdefault(row.rt, set()).add(row.id)
    return found


async def _told(item: Item, search: Awaitable[_T]) -> _T:
    """Name the entry and its query when the search of its condition is refused."""
    try:
        return await search
    except OutcomeError as refused:
        raise _about(item, _criteria(item) or ("", ""), refused) from refused


def _about(item: Item, criteria: _Criteria, refused: OutcomeError) -> OutcomeError:
    """Name the entry and its query in a refusal."""
    where, query = f"{item.where}.request", "?".join(criteria)
    issues = (Issue(i.code, i.key, where, f"{query}: {i.text}", i.severity) for i in refused.issues)
    return OutcomeError(*issues, status=refused.status)


def _plans(work: UnitOfWork, items: Iterable[Item], matches: Mapping[_Asked, Row | None]) -> list[Plan]:
    """Say what each entry writes; creates that share a condition create one resource, other writes are refused."""
    made: dict[_Criteria, Plan] = {}
    plans: list[Plan] = []
    patients: dict[str, str] = {}
    # Patients first: the new ids of their records carry their bucket, so that a record lies together.
    for item in sorted(items, key=lambda item: item.type != "Patient"):
        wish = _asked(item)
        plan = _plan(work, item, None if wish is None else matches[wish], patients)
        if item.type == "Patient" and plan.id is not None and item.full_url:
            patients[item.full_url] = plan.id
        if wish is not None and plan.found is None and item.method in {"POST", "PUT"}:
            first = made.setdefault(wish[0], plan)
            if first is not plan:
                plan = _shared(item, first)
        plans.append(plan)
    return plans


def _shared(item: Item, first: Plan) -> Plan:
    """Let a create stand for what an entry before creates on the same condition."""
    if item.method != "POST" or first.item.method != "POST":
        text = f"{first.item.where} creates a resource on the same condition; a transaction writes a resource once."
        raise OutcomeError(Issue("invalid", "bundle-overlap", item.where, text))
    return Plan(item, first.type, first.id, found=first.found, writes=False)


def _new_id(work: UnitOfWork, item: Item, patients: Mapping[str, str]) -> str:
    """Make an id in the bucket of the first patient that the resource refers to."""
    for reference in each_reference(item.resource or b""):
        if reference in patients:
            return work.door.clock.new_id(bucket_of(patients[reference]))
        if reference.startswith("Patient/"):
            return work.door.clock.new_id(bucket_of(reference.split("/")[1]))
    return work.door.clock.new_id()


def _plan(work: UnitOfWork, item: Item, found: Row | None, patients: Mapping[str, str]) -> Plan:
    kind = item.type or ""
    match item.method:
        case "POST":
            if found is not None:
                return Plan(item, kind, found.id, found=found, writes=False)
            return Plan(item, kind, _new_id(work, item, patients), must="new")
        case "PUT" if item.id is None:
            own = _id_in(item)
            if found is None:
                return Plan(
                    item, kind, own or _new_id(work, item, patients), must="new", wish="update" if own else "create"
                )
            if own not in {None, found.id}:
                text = f"The criteria find {kind}/{found.id}, the resource says {own}."
                raise OutcomeError(Issue("invalid", "id-mismatch", f"{item.where}.resource.id", text))
            return Plan(item, kind, found.id, must="exists", found=found, wish="update")
        case "PUT":
            if _id_in(item) != item.id:
                text = f"The url names {item.id}, the resource {_id_in(item) or 'has no id'}."
                raise OutcomeError(Issue("invalid", "id-mismatch", f"{item.where}.resource.id", text))
            only_new: Must = "new" if item.if_none_match == "*" else "any"
            return Plan(item, kind, item.id, must=only_new, wish="update")
        case "PATCH" if item.id is None and found is None:
            text = f"No {kind} meets the criteria {item.query}."
            raise OutcomeError(Issue("not-found", "no-match", f"{item.where}.request.url", text))
        case _:
            wish = item.method.lower()
            if item.id is None:
                return Plan(
                    item, kind, None if found is None else found.id, found=found, writes=found is not None, wish=wish
                )
            return Plan(item, kind, item.id, wish=wish)


class _Own(msgspec.Struct):
    id: str | None = None


def _id_in(item: Item) -> str | None:
    """Read the id of an entry's resource, and nothing else of it."""
    try:
        return msgspec.json.decode(item.resource or b"{}", type=_Own).id
    except msgspec.ValidationError as fault:
        raise OutcomeError(Issue("structure", "id-format", f"{item.where}.resource.id", f"{fault}.")) from fault


def _targets(plans: Iterable[Plan]) -> dict[str, str]:
    """Say where the fullUrls of the entries come to live, and what their conditions stand for."""
    targets: dict[str, str] = {}
    for plan in plans:
        if plan.id is None or plan.item.method == "DELETE":
            continue
        name = f"{plan.type}/{plan.id}"
        if plan.item.full_url:
            targets[plan.item.full_url] = name
        criteria = _criteria(plan.item)
        if criteria is not None:
            targets.setdefault("?".join(criteria), name)
    return targets


async def _conditional(
    fhir: Fhir, plans: Iterable[Plan], known: Mapping[str, str], gone: Collection[tuple[str, str]]
) -> dict[str, str]:
    """Search for the targets of conditional references; none or several refuse the transaction, all of them told."""
    asked: dict[str, str] = {}
    for plan in plans:
        raw = plan.item.resource
        for reference in references(raw) if raw and plan.writes and may_be_conditional(raw) else ():
            if is_conditional(reference) and reference not in known:
                asked.setdefault(reference, f"{plan.item.where}.resource")
    return await targets_of(fhir, asked, gone)


async def _write(call: Call, work: UnitOfWork, plans: list[Plan], links: Links) -> dict[int, bytes]:
    """Write all entries: patches one by one, everything else together."""
    answers: dict[int, bytes] = {}
    orders: list[tuple[Plan, Order]] = []
    for plan in plans:
        if plan.item.method == "PATCH":
            continue
        if plan.writes:
            orders.append((plan, _order(plan, links)))
    written = await work.fhir.write_many([order for _, order in orders])
    for (plan, order), done in zip(orders, written, strict=True):
        answers[plan.item.at] = _answer(call, plan, order, done)
    for plan in plans:
        if plan.item.method == "PATCH":
            answers[plan.item.at] = await _patch(call, work.fhir, plan, links)
        elif not plan.writes:
            answers[plan.item.at] = await _not_written(call, work.fhir, plan)
    return answers


def _order(plan: Plan, links: Links) -> Order:
    item = plan.item
    version = version_of(item.if_match, "ifMatch", f"{item.where}.request.ifMatch")
    if item.method == "DELETE":
        return Order("delete", plan.type, None, plan.id, version, where=item.where)
    raw = links.relinked(item.resource or b"", item.base)
    where = f"{item.where}.resource"
    if plan.wish == "create":
        return Order("create", plan.type, raw, plan.id, free=True, where=where)
    return Order("update", plan.type, raw, plan.id, version, plan.must, free=True, where=where)


def _answer(call: Call, plan: Plan, order: Order, done: Written) -> bytes:
    if order.wish == "delete":
        return of_written(call, done, 204, b"")
    body = b""
    if call.preference.give == "representation" and isinstance(order.resource, bytes):
        body = answer_of(done, order.resource)
    return of_written(call, done, 201 if done.created else 200, body)


async def _not_written(call: Call, fhir: Fhir, plan: Plan) -> bytes:
    """Answer an entry whose condition says that nothing is to be written."""
    row = plan.found
    if row is None and plan.id is not None:
        row = await fhir.read(plan.type, plan.id)  # made by an entry before, under the same condition
    if row is None:
        return of_written(call, Written(plan.type, "", 0, fhir.executor.now, created=False, unchanged=True), 204, b"")
    done = Written(row.rt, row.id, row.vid, row.ts, created=False, unchanged=True)
    return of_written(call, done, 200, row.answer() if call.preference.give == "representation" else b"")


async def _patch(call: Call, fhir: Fhir, plan: Plan, links: Links) -> bytes:
    item = plan.item
    version = version_of(item.if_match, "ifMatch", f"{item.where}.request.ifMatch")
    raw = links.relinked(patch_of(item, item.resource or b""), item.base)
    is_json = raw[:1] == b"["
    document: Any = document_of(raw) if is_json else parameters_of(raw)
    apply = applied(document, is_json_patch=is_json)
    try:
        done = await fhir.patch(apply, type=plan.type, id=plan.id or "", if_match=version)
    except OutcomeError as refused:
        issues = (Issue(i.code, i.key, f"{item.where}.resource", f"{i.where} {i.text}".strip()) for i in refused.issues)
        raise OutcomeError(*issues, status=refused.status) from refused
    body = (await fhir.read(done.rt, done.id)).answer() if call.preference.give == "representation" else b""
    return of_written(call, done, 200, body)


async def _other(call: Call, fhir: Fhir, item: Item) -> bytes:
    """Carry out a read, a search or an operation inside the transaction; a refusal refuses the whole."""
    try:
        return answer(item, await dispatch(call.service, request_of(call, item), call.principal, fhir))
    except OutcomeError as refused:
        issues = (Issue(i.code, i.key, item.where, f"{i.where} {i.text}".strip(), i.severity) for i in refused.issues)
        raise OutcomeError(*issues, status=refused.status) from refused
