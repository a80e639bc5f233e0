"""AuditEvents as the pages read them, with the names of those who acted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from xinglin.capabilities.audit.rules import Seen
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.ledger import names
from xinglin.web.catalogue import LANGUAGES, texts
from xinglin.web.view import Language

PAGE: Final = 50
PACKAGE: Final = "xinglin.capabilities.audit"


def both(key: str) -> Text:
    """Give a text of these pages in both languages."""
    return Text(*(texts(PACKAGE)[language](f"audit.{key}") for language in LANGUAGES))


def word(key: str, other: str, language: Language) -> str:
    """Give a text of these pages, or *other* when there is none."""
    return texts(PACKAGE)[language].get(f"audit.{key}", other)


def event(document: Mapping[str, Any]) -> Seen:
    """Read one event that a list found."""
    return _seen(str(document["id"]), bytes_of(document))


def seen(row: Row) -> Seen:
    """Read one event."""
    return _seen(row.id, row.body())


def _seen(id: str, body: bytes) -> Seen:
    event: Any = codec.decode(body, "AuditEvent")
    who = event.agent[0]
    institutions = [one.who.reference for one in event.agent[1:] if one.who is not None and one.who.reference]
    refs = [entity.what.reference for entity in event.entity or () if entity.what and entity.what.reference]
    purposes = [coding.code for one in event.purposeOfEvent or () for coding in one.coding or ()]
    return Seen(
        id=id,
        at=event.recorded,
        who=(who.who.reference or "") or (who.altId or ""),
        role=" ".join(coding.code for one in who.role or () for coding in one.coding or ()),
        institution=institutions[0] if institutions else "",
        what=event.subtype[0].code,
        purpose=purposes[0] if purposes else "",
        outcome=event.outcome or "0",
        # The first is the patient, where the act is about one.
        types=tuple(dict.fromkeys(ref.partition("/")[0] for ref in refs if "/_history/" in ref)),
    )


async def named(work: UnitOfWork, events: Iterable[Seen]) -> dict[str, str]:
    """Give the names of the people and institutions of *events*, by reference."""
    return await names.of(work.executor, {ref for one in events for ref in (one.who, one.institution)})
