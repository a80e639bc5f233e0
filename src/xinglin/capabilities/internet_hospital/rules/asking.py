"""What a request for a visit must say, which files are taken, and what a visit of the record shows. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from xinglin.capabilities.internet_hospital.contract import KINDS, MEDIA, Request
from xinglin.capabilities.internet_hospital.rules.forms import ICD10, TCM, Shown
from xinglin.care.revisit import DEFAULT, Policy
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD as CARD
from xinglin.security.identifiers import normal, person_number

COMPLAINT_MOST: Final = 2000
FILES_MOST: Final = 6
FILE_MOST: Final = 5 * 2**20
# How a file of each type begins: what it says it is, it is.
_MAGIC: Final[Mapping[str, tuple[bytes, ...]]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
    "audio/webm": (b"\x1aE\xdf\xa3",),
    "audio/ogg": (b"OggS",),
    "audio/mp4": (b"\x00\x00\x00",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3"),
    "audio/wav": (b"RIFF",),
}
VOICE: Final = frozenset(one for one in _MAGIC if one.startswith("audio/"))
PICTURES: Final = frozenset(one for one in _MAGIC if one.startswith("image/"))
_ENDINGS: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "webm": "audio/webm",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}


def request_faults(given: Request, today: date) -> Iterator[Issue]:
    """Reasons why a request is not complete."""
    if not given.complaint.strip():
        yield Issue("required", "visit-complaint", "complaint", "Say what it is about.")
    if len(given.complaint) > COMPLAINT_MOST:
        yield Issue("too-long", "visit-complaint-long", "complaint", f"At most {COMPLAINT_MOST} characters.")
    if given.medium not in MEDIA.codes or given.medium == "call-back":
        yield Issue("value", "visit-medium", "medium", "Choose text, voice or video.")
    if given.kind not in KINDS.codes:
        yield Issue("value", "evidence-kind", "kind", "Choose what kind of paper it is.")
    if len(given.files) > FILES_MOST:
        yield Issue("too-many", "evidence-files", "files", f"At most {FILES_MOST} files.")
    if given.guardian_number and isinstance(person_number(given.guardian_number.strip(), today), tuple):
        yield Issue("value", "guardian-number", "guardian_number", "The identity number of the guardian is not one.")


@cites("R2-004", "R5-010")
def service_of(level: str) -> str:
    """Give the code of a re-visit in the catalogue of services, by the level of the hospital."""
    return {"3": "F0023", "2": "F0024"}.get(level[:1], "F0025")


def departments_for(code: str, offered: Mapping[str, str]) -> dict[str, str]:
    """Give the departments that serve one of the list (03.04 is served by 03.04, else by 03); all without a code."""
    if not code:
        return dict(offered)
    exact = {one: name for one, name in offered.items() if one == code}
    return exact or {
        one: name for one, name in offered.items() if code.startswith(f"{one}.") or one.startswith(f"{code}.")
    }


def media_type(name: str) -> str:
    """Give the media type of a file by its name's ending; empty when it is none of those taken."""
    return _ENDINGS.get(name.rpartition(".")[2].lower(), "")


@cites("R1-055")
def is_person(patient: Mapping[str, Any], name: str, number: str) -> bool:
    """Tell whether a name and an identity number are those of a record."""
    numbers = {normal(str(one.get("value"))) for one in patient.get("identifier", ()) if one.get("system") == CARD}
    names = {str(one.get("text") or "") for one in patient.get("name", ())}
    return normal(number) in numbers and name.strip() in names


def file_faults(declared: str, content: bytes) -> tuple[Issue, ...]:
    """Reasons why a file is not taken: pictures, PDF and sound of at most 5 MiB, that are what they say."""
    base = declared.partition(";")[0].strip().lower()
    begins = _MAGIC.get(base)
    if begins is None or not content.startswith(begins):
        return (Issue("value", "visit-file-type", "file", "Pictures, PDF files and voice recordings are taken."),)
    if len(content) > FILE_MOST:
        return (Issue("too-long", "visit-file-large", "file", "A file may have 5 MB at most."),)
    return ()


@cites("R1-044")
def fresh(found: Sequence[Shown], today: date, *, insured: bool, policy: Policy = DEFAULT) -> tuple[Shown, ...]:
    """Give the visits that may show a diagnosis today: of physical institutions, not too old."""
    days = timedelta(days=policy.age_days_insured if insured else policy.age_days)
    return tuple(one for one in found if one.physical and one.on is not None and today - one.on <= days)


def kind_of(encounter: Mapping[str, Any]) -> str:
    """Give what kind of evidence a visit of the record is; empty when it is none: not ended, or online."""
    if encounter.get("status") != "finished":
        return ""
    code = encounter.get("class", {}).get("code", "")
    return {"AMB": "outpatient-record", "EMER": "outpatient-record", "IMP": "inpatient-record"}.get(code, "")


def day_of(encounter: Mapping[str, Any]) -> date | None:
    """Give the day of a visit: its end where it is known."""
    period = encounter.get("period", {})
    text = str(period.get("end") or period.get("start") or "")[:10]
    return date.fromisoformat(text) if len(text) == len("2026-11-22") else None


def coded(condition: Mapping[str, Any]) -> tuple[str, str, str]:
    """Give system, code and name of a diagnosis; ICD-10 before Chinese medicine; empty ones when it has neither."""
    codings = condition.get("code", {}).get("coding", ())
    for system in (ICD10, TCM):
        for one in codings:
            if one.get("system") == system and one.get("code"):
                return system, str(one["code"]), str(one.get("display") or condition["code"].get("text") or "")
    return "", "", ""
