"""The national tables in the store: CodeSystem, ValueSet and ConceptMap resources, and their concepts.

Filled when the database is brought to this version. A table whose file has not changed since is left alone, so that a
second start costs one statement.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from xinglin.fhir.declarations import BASE, CodeSet
from xinglin.fhir.document import bytes_of
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.terminology.keeping import CODE_SYSTEM, MOST_INLINE, SEARCHED, Kept, keep, mark
from xinglin.tables.codes import Concept, Map, Table, concepts, content, maps, tables

# Changes when what is made of a table changes.
FORM: Final = b"3"
PUBLISHER: Final = "Xinglin 杏林"
ABSTRACT: Final = "abstract"
_VERSION: Final = re.compile(r"[\w.\-]{1,32}")
_FILLED: Final = "tables"


async def fill(door: Door) -> tuple[str, ...]:
    """Write what is new or has changed of the national tables, and of the code sets of capabilities; give the names."""
    known = {row["id"]: row["digest"] for row in await door.store.fetch("SELECT s.id, s.digest FROM code_system s")}
    done = []
    for table in tables():
        digest = digest_of(table)
        if table.url and known.get(id_of(table.url)) != digest:
            async with door.work(SYSTEM) as work:
                if await _is_open(work, id_of(table.url), digest):
                    await _write_table(work, table, digest)
                    done.append(f"code system {id_of(table.url)}")
    for each in _by_system(door.rulebook.code_sets.values()):
        made = hashlib.sha256(FORM + repr(each).encode()).hexdigest()
        if known.get(id_of(each[0].system)) != made:
            async with door.work(SYSTEM) as work:
                if await _is_open(work, id_of(each[0].system), made):
                    await _write_code_sets(work, each, made)
                    done.append(f"code system {id_of(each[0].system)}")
    digest = hashlib.sha256(FORM + content("concept_maps.csv") + content("concept_map_rows.csv")).hexdigest()[:32]
    if not await _maps_are_there(door, digest):
        async with door.work(SYSTEM) as work:
            await work.lock(_FILLED)
            for one in maps():
                await _put(work, "ConceptMap", map_resource(one, digest))
        done.append("concept maps")
    return tuple(done)


def digest_of(table: Table) -> str:
    """Say what a table's concepts and its resource are made of."""
    return hashlib.sha256(FORM + repr(table).encode() + content(f"{table.name}.csv")).hexdigest()


def id_of(url: str) -> str:
    """Make the id of a definition from its address: the last part of it."""
    return re.sub(r"[^A-Za-z0-9.\-]", "-", url.rstrip("/").rpartition("/")[2])[:64]


def kept(concept: Concept) -> Kept:
    """Make a concept of a table as it is kept."""
    properties = [
        {"code": name, "valueString": value} for name, value in concept.properties.items() if name != ABSTRACT
    ]
    return Kept(
        code=concept.code,
        display=concept.name,
        parents=concept.parents,
        designations=[
            *([{"language": "en", "value": concept.en}] if concept.en else []),
            *({"language": "zh", "use": SEARCHED, "value": alias} for alias in concept.aliases),
        ],
        properties=properties,
        abstract=concept.properties.get(ABSTRACT) == "true",
        since=date.fromisoformat(concept.since) if concept.since else None,
        until=date.fromisoformat(concept.until) if concept.until else None,
    )


def version_of(table: Table) -> str:
    """Give the version: the edition when it is one word, else the day."""
    return table.edition if _VERSION.fullmatch(table.edition) else table.since or "1"


def system_resource(table: Table, concepts_: Iterable[Kept]) -> dict[str, Any]:
    """Make the CodeSystem of a table; it holds its concepts when they are few."""
    all_ = tuple(concepts_)
    inline = len(all_) <= MOST_INLINE
    names = sorted({one["code"] for concept in all_ for one in concept.properties})
    made: dict[str, Any] = {
        "resourceType": CODE_SYSTEM,
        "id": id_of(table.url),
        "language": "zh",
        "url": table.url,
        **({"identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{table.oid}"}]} if table.oid else {}),
        "version": version_of(table),
        "name": _name(table.name),
        "title": table.title_zh,
        "status": "active",
        "experimental": False,
        **({"date": table.since} if table.since else {}),
        "publisher": PUBLISHER,
        "description": f"{table.title_en}. {table.edition}".rstrip(". "),
        "copyright": f"Restated from: {table.source}",
        "caseSensitive": True,
        "valueSet": f"{BASE}/ValueSet/{id_of(table.url)}",
        "hierarchyMeaning": "is-a",
        "content": "complete" if inline else "not-present",
        "count": len(all_),
        "property": [
            {"code": "parent", "type": "code"},
            *({"code": name, "type": "string"} for name in names),
            *([{"code": "notSelectable", "type": "boolean"}] if any(one.abstract for one in all_) else []),
        ],
    }
    if inline:
        made["concept"] = [_concept(one) for one in all_]
    return made


def value_set_resource(url: str, system: str, *, name: str, title: str, codes: Iterable[str] = ()) -> dict[str, Any]:
    """Make the ValueSet of a whole system, or of some of its codes."""
    include: dict[str, Any] = {"system": system}
    if listed := [{"code": code} for code in codes]:
        include["concept"] = listed
    return {
        "resourceType": "ValueSet",
        "id": id_of(url),
        "url": url,
        "name": name,
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "compose": {"include": [include]},
    }


def map_resource(one: Map, digest: str) -> dict[str, Any]:
    """Make the ConceptMap of a map between two systems."""
    elements: dict[str, list[dict[str, Any]]] = {}
    for link in one.links:
        target = {"code": link.target, "equivalence": link.equivalence}
        if link.equivalence in {"narrower", "inexact"}:
            target["comment"] = "The two lists draw the line elsewhere. 两表划分不同。"
        elements.setdefault(link.source, []).append(target)
    return {
        "resourceType": "ConceptMap",
        "id": one.name,
        "meta": {"tag": [{"system": f"{BASE}/CodeSystem/{_FILLED}", "code": digest}]},
        "url": f"{BASE}/ConceptMap/{one.name}",
        "name": _name(one.name),
        "title": one.title_zh,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "description": one.title_en,
        "sourceUri": f"{BASE}/ValueSet/{id_of(one.source)}",
        "targetUri": f"{BASE}/ValueSet/{id_of(one.target)}",
        "group": [
            {
                "source": one.source,
                "target": one.target,
                "element": [{"code": code, "target": targets} for code, targets in elements.items()],
            }
        ],
    }


async def _is_open(work: UnitOfWork, id: str, digest: str) -> bool:
    """Tell whether nobody has written a system meanwhile, who was filling in too."""
    await work.lock(_FILLED)
    found = await work.executor.fetch("SELECT s.digest FROM code_system s WHERE s.id = $1", id)
    return not found or found[0]["digest"] != digest


async def _write_table(work: UnitOfWork, table: Table, digest: str) -> None:
    made = [kept(one) for one in concepts(table.name)]
    resource = system_resource(table, made)
    await _put(work, CODE_SYSTEM, resource)
    if "concept" in resource:
        await mark(work.executor, resource["id"], digest)
    else:
        await keep(work.executor, resource["id"], made, digest)
    url = resource["valueSet"]
    await _put(work, "ValueSet", value_set_resource(url, table.url, name=_name(table.name), title=table.title_zh))


def _by_system(sets: Iterable[CodeSet]) -> list[tuple[CodeSet, ...]]:
    """Put the code sets of capabilities together by system; those whose system is a table or R4's are left out."""
    ours = {table.url for table in tables()}
    each: dict[str, list[CodeSet]] = {}
    for one in sets:
        if one.system.startswith(BASE) and one.system not in ours:
            each.setdefault(one.system, []).append(one)
    return [tuple(each[system]) for system in sorted(each)]


async def _write_code_sets(work: UnitOfWork, sets: tuple[CodeSet, ...], digest: str) -> None:
    system = sets[0].system
    codes = {code: text for one in sets for code, text in one.codes.items()}
    name = id_of(system)
    resource = {
        "resourceType": CODE_SYSTEM,
        "id": name,
        "language": "zh",
        "url": system,
        "version": "1",
        "name": _name(name),
        "title": name,
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "caseSensitive": True,
        "content": "complete",
        "count": len(codes),
        "concept": [
            {"code": code, "display": text.zh, "designation": [{"language": "en", "value": text.en}]}
            for code, text in codes.items()
        ],
    }
    await _put(work, CODE_SYSTEM, resource)
    await mark(work.executor, name, digest)
    for one in sets:
        await _put(
            work,
            "ValueSet",
            value_set_resource(one.url, system, name=_name(id_of(one.url)), title=id_of(one.url), codes=one.codes),
        )


async def _maps_are_there(door: Door, digest: str) -> bool:
    rows = await door.store.get_many([("ConceptMap", one.name) for one in maps()])
    return all(row is not None and not row.deleted and digest.encode() in row.body() for row in rows)


async def _put(work: UnitOfWork, type: str, resource: Mapping[str, Any]) -> None:
    await work.fhir.update(bytes_of(dict(resource)), type=type, id=resource["id"])


def _concept(one: Kept) -> dict[str, Any]:
    properties = [
        *({"code": "parent", "valueCode": code} for code in one.parents),
        *one.properties,
        *([{"code": "notSelectable", "valueBoolean": True}] if one.abstract else []),
        *([{"code": "effectiveDate", "valueDateTime": one.since.isoformat()}] if one.since else []),
        *([{"code": "retirementDate", "valueDateTime": one.until.isoformat()}] if one.until else []),
    ]
    return {
        "code": one.code,
        "display": one.display,
        **({"designation": list(one.designations)} if one.designations else {}),
        **({"property": properties} if properties else {}),
    }


def _name(text: str) -> str:
    """Make a name that programs can use: ``icd10`` gives ``Icd10``."""
    return "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", text))
