"""What of a shared document becomes no entry of a record: sections and entries of elsewhere, texts alone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree.ElementTree import Element as Tag

from xinglin.capabilities.health_records.rules.cda.reading import template_in
from xinglin.capabilities.health_records.rules.cda.templates import LOINC_OID, Section
from xinglin.capabilities.health_records.rules.cda.tree import parse

# foreign: the template has no such section; unknown: entries that it does not know; text: nothing but words.
Why = Literal["foreign", "unknown", "text"]
_BODY: Final = "component/structuredBody/component/section"


@dataclass(frozen=True, slots=True)
class Unread:
    """A section, or entries of one, that stay in the document alone. count: of entries."""

    title: str
    code: str
    why: Why
    count: int


def unread(xml: bytes) -> tuple[Unread, ...]:
    """List what nothing is filed of; OutcomeError as of `reading.read`."""
    document = parse(xml)
    template = template_in(document)
    return tuple(one for tag in document.iterfind(_BODY) for one in _section(tag, template.section(_code(tag))))


def _section(tag: Tag, known: Section | None) -> Iterator[Unread]:
    code = _code(tag)
    found = tag.find("code")
    title = (tag.findtext("title") or "").strip() or ("" if found is None else found.get("displayName") or "") or code
    entries = tag.findall("entry")
    if known is None or (found is not None and found.get("codeSystem") != LOINC_OID):
        yield Unread(title, code, "foreign", len(entries))
        return
    strange = sum(not _is_known(one, known) for one in entries)
    if strange:
        yield Unread(title, code, "unknown", strange)
    if all(group.elements[0].text_of for group in known.groups):
        yield Unread(title, code, "text", len(entries))


def _is_known(entry: Tag, section: Section) -> bool:
    codes = (one.get("code") or "" for one in entry.iterfind("organizer/component/observation/code"))
    return any(section.group_of(code) is not None for code in codes)


def _code(section: Tag) -> str:
    found = section.find("code")
    return "" if found is None else found.get("code") or ""
