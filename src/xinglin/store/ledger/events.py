"""Entries as AuditEvent resources: read and searched through the FHIR interface, made when asked, written by nobody.

Source: http://hl7.org/fhir/R4/auditevent.html
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from xinglin.fhir.declarations import canonical
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.dates import span
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.keys import TYPE_CODES, rid_of
from xinglin.fhir.search.persons import Persons
from xinglin.fhir.search.query import And, Keys, Query
from xinglin.fhir.sources import cites
from xinglin.security.grants import EVERYTHING, Reach
from xinglin.security.labels import addition
from xinglin.security.ledger import Act, act_of
from xinglin.store.body import entry_head
from xinglin.store.executor import EPOCH, Executor, Record, Row
from xinglin.store.ledger.rows import NUMBER_BITS
from xinglin.store.search import Page

TYPE: Final = "AuditEvent"
PAGE: Final = 20
PARAMETERS: Final = frozenset(
    {"_id", "_lastUpdated", "date", "patient", "entity", "agent", "altid", "action", "type", "subtype", "outcome"}
)
# What shapes the answer, not what is found.
_PRESENTED: Final = frozenset({"_count", "_format", "_pretty", "_total", "_summary", "_elements", "_page", "_sort"})
REST: Final = frozenset(
    {"read", "vread", "search", "history", "create", "update", "patch", "delete", "transaction", "batch", "operation"}
)
AUTHENTICATION: Final = frozenset({"login", "logout", "login-failed", "locked", "session-ended", "step-up"})
_TYPES: Final = {
    "rest": ("http://terminology.hl7.org/CodeSystem/audit-event-type", REST),
    "110114": ("http://dicom.nema.org/resources/ontology/DCM", AUTHENTICATION),
    "110127": ("http://dicom.nema.org/resources/ontology/DCM", frozenset({"break-glass"})),
    "110107": ("http://dicom.nema.org/resources/ontology/DCM", frozenset({"load"})),
}
# http://dicom.nema.org/resources/ontology/DCM: Application Activity
_OTHER: Final = ("110100", "http://dicom.nema.org/resources/ontology/DCM")
_RESTFUL: Final = "http://hl7.org/fhir/restful-interaction"
_EVENTS: Final = canonical("audit-event", "CodeSystem")
_REASONS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_ROLES: Final = canonical("role", "CodeSystem")

_PATIENTS: Final = "SELECT rid, id FROM res WHERE rid = ANY($1::int8[]) AND rt = $2"
_LONGEST_ID: Final = 19


class _Where:
    """Conditions on a as SQL with their arguments. persons: whoever asks about a patient asks about the person."""

    def __init__(self, persons: Persons) -> None:
        self.persons = persons
        self.parts: list[str] = []
        self.args: list[object] = []

    def put(self, value: object, kind: str) -> str:
        self.args.append(value)
        return f"${len(self.args)}::{kind}"

    def about(self, patients: Iterable[int]) -> str:
        """Keep to acts about these patients, and about the records that were merged with theirs."""
        every = [one for patient in patients for one in self.persons.members(patient)]
        return f"a.patient = ANY({self.put(every, 'int8[]')})"

    def add(self, part: str) -> None:
        self.parts.append(part)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts) or "true"


async def read(executor: Executor, id: str, reach: Reach) -> Row | None:
    """Return one event within the reach; None for what is not there or not yours."""
    if not id.isdecimal() or len(id) > _LONGEST_ID:
        return None
    found = await search(executor, parse(TYPE, [("_id", id)]), reach)
    return found.matches[0] if found.matches else None


@cites("R7-041")
async def search(executor: Executor, query: Query, reach: Reach) -> Page:
    """Answer a search by date, patient, agent, entity, action, type, subtype, outcome or _id, newest first.

    OutcomeError 400 for other parameters: nothing is silently left out of what is asked.
    """
    where = _Where(executor.persons)
    _within(where, reach)
    _of_compartment(where, query)
    for name, value in query.applied:
        if name not in _PRESENTED:
            _ask(where, name, value)
    if query.count == 0 or query.summary == "count":
        return Page([], [], None, await _count(executor, where), (), query)
    total = await _count(executor, where) if query.total != "none" else None
    newest = _descending(query)
    if query.token is not None:
        where.add(f"a.id {'<' if newest else '>'} {where.put(_place(query.token), 'int8')}")
    size = query.count if query.count is not None else PAGE
    sql = (
        f"SELECT a.id, a.entry FROM audit a WHERE {where.sql} ORDER BY a.id {'DESC' if newest else ''} LIMIT {size + 1}"
    )
    found = await executor.fetch(sql, *where.args, custom_plan=True)
    following = _token(found[size - 1]["id"]) if len(found) > size else None
    return Page(await _rows(executor, found[:size]), [], following, total, (), query)


async def _count(executor: Executor, where: _Where) -> int:
    sql = f"SELECT count(*) AS n FROM audit a WHERE {where.sql}"
    return int((await executor.fetch(sql, *where.args, custom_plan=True))[0]["n"])


# -- what is asked --------------------------------------------------------------------------------------------------


def _ask(where: _Where, name: str, value: str) -> None:
    """Add what one parameter asks; several values are alternatives."""
    values = [one for one in value.split(",") if one]
    if not values:
        return
    match name:
        case "_id":
            ids = [int(one) for one in values if one.isdecimal() and len(one) <= _LONGEST_ID]
            where.add(f"a.id = ANY({where.put([one for one in ids if one < 2**63], 'int8[]')})")
        case "date" | "_lastUpdated":
            where.add("(" + " OR ".join(_dated(where, one) for one in values) + ")")
        case "patient":
            where.add(where.about(map(_patient, values)))
        case "entity":
            where.add("(" + " OR ".join(_entity(where, one) for one in values) + ")")
        case "agent":
            where.add("(" + " OR ".join(_holds(where, f'"{one}"') for one in map(_text, values)) + ")")
        case "altid":
            where.add(f"a.who = ANY({where.put([_code(one) for one in values], 'text[]')})")
        case "action" | "outcome":
            kept = [_code(one).encode() for one in values if len(_code(one).encode()) == 1]
            where.add(f"a.{name} = ANY({where.put(kept, chr(34) + 'char' + chr(34) + '[]')})")
        case "subtype":
            where.add(f"a.what = ANY({where.put([_code(one) for one in values], 'text[]')})")
        case "type":
            where.add("(" + " OR ".join(_typed(where, _code(one)) for one in values) + ")")
        case _:
            known = ", ".join(sorted(PARAMETERS))
            text = f"AuditEvent cannot be searched by {name[:64]}; these are known: {known}."
            raise OutcomeError(Issue("not-supported", "unknown-parameter", text=text), status=400)


def _dated(where: _Where, value: str) -> str:
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    found = span(text)
    if found is None or prefix not in {"eq", "ge", "gt", "sa", "le", "lt", "eb"}:
        raise OutcomeError(Issue("value", "date-format", text=f"{value[:64]!r} is no date with a prefix known here."))
    low, high = (_first_id(edge) for edge in found)
    match prefix:
        case "ge":
            return f"a.id >= {where.put(low, 'int8')}"
        case "gt" | "sa":
            return f"a.id >= {where.put(high, 'int8')}"
        case "lt" | "eb":
            return f"a.id < {where.put(low, 'int8')}"
        case "le":
            return f"a.id < {where.put(high, 'int8')}"
        case _:
            return f"a.id >= {where.put(low, 'int8')} AND a.id < {where.put(high, 'int8')}"


def _first_id(micros: int) -> int:
    """Give the least id of an act at or after an instant."""
    millis = min(max(-(-micros // 1000), 0), 2**43 - 1)
    return millis << NUMBER_BITS


def _entity(where: _Where, value: str) -> str:
    if value.startswith("Patient/"):
        return where.about([_patient(value)])
    held = _holds(where, f'"{_text(value)}/_history/')
    if not value.startswith("Encounter/"):
        return held
    within = _holds(where, f'"encounter":"{_text(value)}"')
    return f"({held} OR {within})"


def _holds(where: _Where, text: str) -> str:
    return f"position({where.put(text.encode(), 'bytea')} IN a.entry) > 0"


def _typed(where: _Where, code: str) -> str:
    if code == _OTHER[0]:
        others = sorted({what for _, whats in _TYPES.values() for what in whats})
        return f"a.what <> ALL({where.put(others, 'text[]')})"
    _, whats = _TYPES.get(code, ("", frozenset()))
    return f"a.what = ANY({where.put(sorted(whats), 'text[]')})"


def _patient(value: str) -> int:
    return rid_of("Patient", value.removeprefix("Patient/"))


def _code(value: str) -> str:
    return value.rpartition("|")[2]


def _text(value: str) -> str:
    """Give a reference as it stands in an entry: quotes and the like are in none."""
    return msgspec.json.encode(value).decode()[1:-1]


# -- who may see it -------------------------------------------------------------------------------------------------


def _within(where: _Where, reach: Reach) -> None:
    """Keep to the reach: everything, or events about some patients; a reach of another form shows nothing."""
    for searches in reach.also if reach.everything else (reach.searches, *reach.also):
        if EVERYTHING not in searches:
            patients = [patient for one in searches for patient in _of_patients(one)]
            where.add(where.about(patients))


def _of_compartment(where: _Where, query: Query) -> None:
    """Keep to the compartment that the address names, which stands in the condition alone."""
    if query.condition == parse(TYPE, query.applied, base_url=query.base_url).condition:
        return
    parts = query.condition.of if isinstance(query.condition, And) else (query.condition,)
    patients = [part.pats for part in parts if isinstance(part, Keys) and part.pats]
    if not patients:
        text = "AuditEvent is found in the compartment of a Patient, and in no other."
        raise OutcomeError(Issue("not-supported", "compartment", text=text), status=400)
    for some in patients:
        where.add(where.about(some))


def _of_patients(search: str) -> Iterable[int]:
    pairs = parse_qsl(search, keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] not in {"patient", "entity"}:
        return ()
    return [_patient(one) for one in pairs[0][1].split(",") if one.startswith("Patient/")]


# -- pages ----------------------------------------------------------------------------------------------------------


def _descending(query: Query) -> bool:
    for name, value in query.applied:
        if name == "_sort":
            if value not in {"date", "-date", "_lastUpdated", "-_lastUpdated"}:
                raise OutcomeError(
                    Issue("not-supported", "sort", text="AuditEvent is sorted by date alone."), status=400
                )
            return value.startswith("-")
    return True


def _token(id: int) -> str:
    return base64.urlsafe_b64encode(b"audit." + str(id).encode()).decode().rstrip("=")


def _place(token: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        text = ""
    kind, _, id = text.partition(".")
    if kind != "audit" or not id.isdecimal() or len(id) > _LONGEST_ID:
        raise OutcomeError(Issue("value", "bad-page-token", text="The page token is not one of ours."))
    return int(id)


# -- what is shown --------------------------------------------------------------------------------------------------


async def _rows(executor: Executor, found: Sequence[Record]) -> list[Row]:
    acts = [(record["id"], act_of(record["entry"])) for record in found]
    sought = sorted({act.patient for _, act in acts if act.patient is not None})
    names: dict[int, str] = {}
    if sought:
        names = {r["rid"]: r["id"] for r in await executor.fetch(_PATIENTS, sought, TYPE_CODES["Patient"])}
    return [row(id, act, names.get(act.patient) if act.patient is not None else None) for id, act in acts]


def row(id: int, act: Act, patient: str | None) -> Row:
    """Make the resource of an entry; patient: logical id of its patient, when there is such a resource."""
    members = msgspec.json.encode(event(act, patient))
    ts = EPOCH + timedelta(milliseconds=id >> NUMBER_BITS)
    tail = b"}," + members[1:]
    entry = entry_head(TYPE, str(id), 1, ts) + addition(TYPE, tail)[1] + tail
    return Row(TYPE, str(id), rid_of(TYPE, str(id)), 1, ts, deleted=False, entry=entry, op="C", pat=act.patient)


def event(act: Act, patient: str | None) -> dict[str, Any]:
    """Say an act in the words of AuditEvent, without id and meta."""
    code, (system, _) = next(
        ((code, kind) for code, kind in _TYPES.items() if act.what in kind[1]), (_OTHER[0], (_OTHER[1], frozenset()))
    )
    made: dict[str, Any] = {
        "type": {"system": system, "code": code},
        "subtype": [{"system": _RESTFUL if code == "rest" else _EVENTS, "code": act.what}],
        "action": act.action,
        "recorded": act.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": act.outcome,
        "agent": _agents(act),
        "source": {"observer": {"display": "Xinglin"}},
        "entity": _entities(act, patient),
    }
    if act.outcome != "0" and act.detail:
        made["outcomeDesc"] = act.detail
    if act.purpose:
        made["purposeOfEvent"] = [{"coding": [{"system": _REASONS, "code": act.purpose}]}]
    return {name: value for name, value in made.items() if value}


def _agents(act: Act) -> list[dict[str, Any]]:
    who: dict[str, Any] = {
        "role": [{"coding": [{"system": _ROLES, "code": role}]} for role in act.role.split()],
        "who": {"reference": act.practitioner} if act.practitioner else {"identifier": {"value": act.who}},
        "altId": act.who,
        "requestor": True,
        "policy": [f"{canonical('grant', 'Rule')}/{rule}" for rule in act.rule],
    }
    if act.address:
        who["network"] = {"address": act.address, "type": "2"}
    agents = [{name: value for name, value in who.items() if value not in ([], "")}]
    if act.organization:
        agents.append({"who": {"reference": act.organization}, "requestor": False})
    if act.client:
        agents.append({"altId": act.client, "requestor": False})
    return agents


def _entities(act: Act, patient: str | None) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = []
    if patient is not None:
        entities.append(
            {
                "what": {"reference": f"Patient/{patient}"},
                "type": {"system": _ENTITY, "code": "1"},
                "role": {"system": _ROLE, "code": "1"},
            }
        )
    entities += [{"what": {"reference": ref}, "type": {"system": _ENTITY, "code": "2"}} for ref in act.refs]
    if act.encounter and act.type != "Encounter":
        entities.append({"what": {"reference": act.encounter}, "type": {"system": _ENTITY, "code": "2"}})
    if act.what == "search":
        # The names of its parameters: values are not kept.
        asked = f"{act.type}?{act.detail.replace(' ', '&')}"
        entities.append({"type": {"system": _ENTITY, "code": "2"}, "query": base64.b64encode(asked.encode()).decode()})
    elif act.detail and act.outcome == "0":
        entities.append({"type": {"system": _ENTITY, "code": "4"}, "description": act.detail, "name": act.what})
    return entities
