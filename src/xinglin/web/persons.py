"""Find a person: by name, pinyin or its initials, identity or record number, phone, or the code of a health card.

What is found is what the reader may search; names, numbers and phones are covered unless the reader treats the person
(R7-034).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.text import has_han
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import searched
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.ledger import watching
from xinglin.web import format as show
from xinglin.web.cells import named
from xinglin.web.listing import MASKED_PARAMETER, escaped
from xinglin.web.names import code_name
from xinglin.web.view import Language

IDENTITY_CARD: Final = "urn:oid:2.16.156.10011.1.3"
RECORD_NUMBER: Final = "urn:oid:2.16.156.10011.1.2"
COUNT: Final = 20
RECENT: Final = 8
RECENT_ACTS: Final = 300
RECENT_DAYS: Final = 30
LONGEST: Final = 200
CHAIN_MOST: Final = 8  # merges one after another that are followed
# Purposes of who treats: they know whom they have before them.
TREATING: Final = frozenset({"TREAT", "ETREAT"})
Kind = Literal["nothing", "card", "identity", "record", "phone", "number", "name"]

_CARD: Final = re.compile(r"XL1[DS]\.[0-9a-f.]+", re.ASCII)
_IDENTITY: Final = re.compile(r"\d{17}[\dXx]|\d{15}", re.ASCII)
_RECORD: Final = re.compile(r"\d{17}", re.ASCII)
_PHONE: Final = re.compile(r"1\d{10}", re.ASCII)
_NUMBER: Final = re.compile(r"[A-Za-z]{0,4}\d{4,}[\dA-Za-z-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Person:
    """One person found, in the reader's language; what the reader may not see plainly is covered already.

    facts: sex, age, number, phone, place, those that are known.
    """

    id: str
    name: str
    facts: tuple[str, ...]
    alive: bool = True


@dataclass(frozen=True, slots=True)
class Sought:
    """What a text found.

    kind: what the text was taken for. more: there are more than are shown. refused: the reader sees masked what was
    asked by, or may not look for people at all.
    """

    text: str
    kind: Kind
    people: tuple[Person, ...] = ()
    more: bool = False
    refused: bool = False


def kind_of(text: str) -> Kind:
    """Say what a typed or scanned text is.

    >>> [kind_of(text) for text in ("zs", "张三", "13812345678", "41080219990308122X")]
    ['name', 'name', 'phone', 'identity']
    """
    plain = re.sub(r"[\s-]", "", text)
    if not plain:
        return "nothing"
    if _CARD.fullmatch(plain):
        return "card"
    forms: tuple[tuple[re.Pattern[str], Kind], ...] = (
        (_IDENTITY, "identity"),
        (_RECORD, "record"),
        (_PHONE, "phone"),
        (_NUMBER, "number"),
    )
    return next((kind for form, kind in forms if form.fullmatch(plain)), "name")


async def find(work: UnitOfWork, text: str, language: Language) -> Sought:
    """Find people by a text; nothing is found by a card here, which only a check opens."""
    text = text.strip()[:LONGEST]
    kind = kind_of(text)
    if kind in {"nothing", "card"}:
        return Sought(text, kind)
    if work.fhir.reach("search", "Patient").nothing:
        return Sought(text, kind, refused=True)
    rows: list[Row] = []
    more = False
    try:
        for asked in _ways(kind, text):
            page = await work.fhir.find("Patient", _count=str(COUNT), **asked)
            known = {row.id for row in rows}
            rows += [row for row in await living(work, page.matches) if row.id not in known]
            more = more or page.next_token is not None
            if len(rows) >= COUNT:
                break
    except OutcomeError as refused:
        if refused.issues[0].key != MASKED_PARAMETER:
            raise
        return Sought(text, kind, refused=True)
    return Sought(text, kind, _people(work, rows[:COUNT], language), more or len(rows) > COUNT)


async def living(work: UnitOfWork, rows: Sequence[Row]) -> list[Row]:
    """Give each person once: a record that another one stands for gives way to that one, where the first of them stood.

    The FHIR search answers both, with their links (http://hl7.org/fhir/R4/patient.html#merging); a list of people does
    not, as a person is not two.
    """
    persons = work.executor.persons
    merged = {row.rid for row in rows if persons.canonical(row.rid) != row.rid}
    standing = {row.rid: row for row in rows if row.rid not in merged}
    away = [row for row in rows if row.rid in merged and persons.canonical(row.rid) not in standing]
    for _ in range(CHAIN_MOST):
        targets = {id for row in away if (id := _replaced_by(row))}
        if not targets:
            break
        page = await work.fhir.find("Patient", _id=",".join(sorted(targets)), _count=str(len(targets)))
        standing |= {row.rid: row for row in page.matches if persons.canonical(row.rid) == row.rid}
        away = [row for row in page.matches if row.rid not in standing]
    each: dict[int, Row] = {}
    for row in rows:
        rid = persons.canonical(row.rid)
        each.setdefault(rid, standing.get(rid, row))
    return list(each.values())


def _replaced_by(row: Row) -> str:
    links = document_of(row.body()).get("link") or ()
    found = (one["other"]["reference"] for one in links if one.get("type") == "replaced-by")
    return next((_patient(one) for one in found), "")


def _ways(kind: Kind, text: str) -> Iterator[dict[str, str]]:
    """Give the searches of a text, the likeliest first."""
    plain = escaped(re.sub(r"[\s-]", "", text) if kind not in {"name", "number"} else text)
    match kind:
        case "identity":
            yield {"identifier": searched(f"{IDENTITY_CARD}|{plain}")}
        case "record":
            yield {"identifier": f"{RECORD_NUMBER}|{plain}"}
        case "phone":
            yield {"phone": plain}
        case "number":
            yield {"identifier": plain}
            yield {"phone": plain}
            yield {"_id": text.replace(",", "")}
        case _:
            yield {"name": plain, "_sort": "name"}
            # Within a name only what is written in characters is looked for: letters would find half of a city.
            if has_han(text):
                yield {"name:contains": plain, "_sort": "name"}


async def recent(work: UnitOfWork, language: Language) -> tuple[Person, ...]:
    """Give whom the reader looked at lately, the last first, as far as they may still be seen."""
    if work.fhir.reach("search", "Patient").nothing:
        return ()
    since = work.now - timedelta(days=RECENT_DAYS)
    acts = await watching.acts(work.executor, since=since, who=work.principal.id, outcome="0", count=RECENT_ACTS)
    ids: dict[str, None] = {}
    for seen in acts:
        # A read, or a search for one person by id, is a look at a person; a list is not.
        looked = seen.act.what == "read" or (seen.act.what == "search" and seen.act.detail.startswith("_id"))
        if looked and seen.act.type == "Patient":
            ids |= {id: None for ref in seen.act.refs if (id := _patient(ref))}
    wanted = list(ids)[:RECENT]
    if not wanted:
        return ()
    # Asked by count first: showing this list is no look at each of them (above).
    page = await work.fhir.find("Patient", _count=str(RECENT), _id=",".join(wanted))
    found = {row.id: row for row in page.matches}
    return _people(work, await living(work, [found[id] for id in wanted if id in found]), language)


def _patient(ref: str) -> str:
    kind, _, rest = ref.partition("/")
    return rest.partition("/")[0] if kind == "Patient" else ""


def _people(work: UnitOfWork, rows: Sequence[Row], language: Language) -> tuple[Person, ...]:
    plainly = work.principal.purpose in TREATING
    today = work.now.astimezone(show.ZONE).date()
    return tuple(person(document_of(row.body()), today, language, plainly=plainly) for row in rows)


@cites("R7-034")
def person(patient: Mapping[str, Any], today: date, language: Language, *, plainly: bool) -> Person:
    """Say who a Patient is in a line. plainly: the reader treats them; else the name is covered as well."""
    name = named(patient)
    numbers = [one.get("value") for one in patient.get("identifier", ()) if one.get("system") == IDENTITY_CARD]
    phones = [one.get("value") for one in patient.get("telecom", ()) if one.get("system") == "phone"]
    gone = bool(patient.get("deceasedBoolean") or patient.get("deceasedDateTime"))
    facts = (
        code_name(str(patient["gender"]), language) if patient.get("gender") else "",
        "" if gone else show.age(str(patient.get("birthDate", "")), today, language),
        show.masked_number(str(numbers[0])) if numbers and numbers[0] else "",
        show.masked_phone(str(phones[0])) if phones and phones[0] else "",
        _place(patient),
    )
    shown = name if plainly else show.masked_name(name)
    return Person(str(patient.get("id", "")), shown or "—", tuple(fact for fact in facts if fact), alive=not gone)


def _place(patient: Mapping[str, Any]) -> str:
    """Say the district where somebody lives, which tells people of one name apart and finds no door."""
    return next((str(one["district"]) for one in patient.get("address", ()) if one.get("district")), "")
