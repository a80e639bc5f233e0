"""A clinical document of anybody as plain text blocks, for a page: no markup of it is taken over. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree.ElementTree import Element as Tag

from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.capabilities.health_records.rules.cda.values import TYPE, date_of
from xinglin.fhir.outcome import Issue, OutcomeError

MOST_BLOCKS: Final = 5000
_DEPTH: Final = 6
_OWN_LINE: Final = frozenset({"paragraph", "list", "table", "caption", "br"})
_SECTIONS: Final = "component/structuredBody/component/section"


@dataclass(frozen=True, slots=True)
class Block:
    """Text (one row of one cell), a list (a row of one cell each) or a table. heads: how many rows are its head."""

    kind: Literal["text", "list", "table"]
    rows: tuple[tuple[str, ...], ...]
    heads: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A section; deeper ones follow their parents. code: as it is written, of whatever system."""

    title: str
    code: str
    depth: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document to read. date: as FHIR writes it."""

    title: str
    date: str
    patient: str
    author: str
    custodian: str
    parts: tuple[Part, ...]


def rendered(xml: bytes) -> Rendered:
    """Read a CDA document of any template; OutcomeError (400) when it is none."""
    document = parse(xml)
    if document.tag != "ClinicalDocument":
        text = f"The document begins with {document.tag[:40]}."
        raise OutcomeError(Issue("structure", "cda-root", "ClinicalDocument", text), status=400)
    code = document.find("code")
    kind = "" if code is None else code.get("displayName") or ""
    time = document.find("effectiveTime")
    return Rendered(
        title=_flat(document.find("title")) or kind,
        date=date_of("" if time is None else time.get("value") or ""),
        patient=_first(document, "recordTarget/patientRole/patient/name"),
        author=_first(
            document, "author/assignedAuthor/assignedPerson/name", "author/assignedAuthor/representedOrganization/name"
        ),
        custodian=_first(document, "custodian/assignedCustodian/representedCustodianOrganization/name"),
        parts=tuple(part for one in document.iterfind(_SECTIONS) for part in _parts(one, 0)),
    )


def _parts(section: Tag, depth: int) -> Iterator[Part]:
    text, code = section.find("text"), section.find("code")
    blocks = list(_blocks(text))[:MOST_BLOCKS] if text is not None else []
    said = "" if code is None else code.get("displayName") or ""
    yield Part(
        title=_flat(section.find("title")) or said,
        code="" if code is None else code.get("code") or "",
        depth=depth,
        blocks=tuple(blocks) or tuple(_entries(section)),
    )
    for one in section.iterfind("component/section") if depth < _DEPTH else ():
        yield from _parts(one, depth + 1)


def _blocks(tag: Tag) -> Iterator[Block]:
    """Cut a narrative into blocks; whatever stands between them is a text of its own."""
    run = [tag.text or ""]
    for child in tag:
        if child.tag in _OWN_LINE or any(one.tag in _OWN_LINE for one in child.iter()):
            yield from _line(run)
            run = []
            yield from _block(child)
        else:
            run.append(_flat(child))
        run.append(child.tail or "")
    yield from _line(run)


def _block(tag: Tag) -> Iterator[Block]:
    match tag.tag:
        case "list":
            items = tuple((said,) for one in tag.iterfind("item") if (said := _flat(one)))
            yield from [Block("list", items)] if items else []
        case "table":
            yield from _table(tag)
        case "br":
            return
        case _:
            yield from _blocks(tag)


def _table(tag: Tag) -> Iterator[Block]:
    head = [_cells(one) for one in tag.iterfind("thead/tr")]
    body = [_cells(one) for path in ("tr", "tbody/tr", "tfoot/tr") for one in tag.iterfind(path)]
    rows = [one for one in (*head, *body) if one]
    if rows:
        wide = max(map(len, rows))
        yield Block("table", tuple(one + ("",) * (wide - len(one)) for one in rows), len([one for one in head if one]))


def _cells(row: Tag) -> tuple[str, ...]:
    return tuple(_flat(one) for one in row if one.tag in {"td", "th"})


def _line(run: list[str]) -> Iterator[Block]:
    said = " ".join("".join(run).split())
    if said:
        yield Block("text", ((said,),))


def _entries(section: Tag) -> Iterator[Block]:
    """Say the coded entries of a section without narrative: what is measured or found, and the value."""
    rows = []
    for one in section.iter("observation"):
        what, value = one.find("code"), one.find("value")
        called = "" if what is None else what.get("displayName") or what.get("code") or ""
        if called and value is not None:
            rows.append((called, _value(value)))
    if rows:
        yield Block("table", tuple(rows))


def _value(value: Tag) -> str:
    if value.get("nullFlavor") and not value.get("value"):
        return value.findtext("originalText") or "—"
    said = value.get("displayName") or value.get("code") or _flat(value)
    if value.get(TYPE) == "TS":
        return date_of(value.get("value") or "")
    return said or " ".join(part for part in (value.get("value"), value.get("unit")) if part)


def _first(document: Tag, *paths: str) -> str:
    return next((said for path in paths if (said := _flat(document.find(path)))), "")


def _flat(tag: Tag | None) -> str:
    """Give all text of an element in one line."""
    return "" if tag is None else " ".join(" ".join(tag.itertext()).split())
