"""The registers of processing: what an entry must say, how long it stays, and what may be changed about it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from xinglin.capabilities.privacy.contract import ENDED, ENTRY, REGISTER, Entry
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.retention import TABLE, kept_until

FIELDS: Final = tuple(name for name in Entry.__slots__ if name != "kind")
# 个保法 Art. 55, 56 (assessments), 21 (entrusting), 23 (providing).
NEEDED: Final[Mapping[str, tuple[str, ...]]] = cites("R7-005", "R7-010", "R7-012")(
    {
        "impact-assessment": ("title", "purpose", "kinds", "risks", "measures", "result", "since"),
        "entrusted-processor": (
            *("title", "party", "contact", "purpose", "mode", "kinds", "measures", "duties", "since", "until"),
        ),
        "provision": ("title", "party", "contact", "purpose", "mode", "kinds", "duties", "since"),
    }
)
RETENTION: Final[Mapping[str, str]] = {
    "impact-assessment": "impact-assessment",
    "entrusted-processor": "provision-or-entrusting",
    "provision": "provision-or-entrusting",
}
TEXT_MOST: Final = 1_000
# An agreement that ends is told this long before.
SOON: Final = timedelta(days=30)


def day_of(text: str) -> date | None:
    """Read a day; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cites("R7-005", "R7-010", "R7-012")
def entry_faults(given: Entry) -> tuple[Issue, ...]:
    """Reasons why an entry cannot be made: what the law wants to be said must be said."""
    if given.kind not in NEEDED:
        return (Issue("code-invalid", "register-kind", "kind", "There is no such register."),)
    faults = [
        Issue("required", f"register-{name}", name, f"{name} is missing.")
        for name in NEEDED[given.kind]
        if not getattr(given, name).strip()
    ]
    since, until = day_of(given.since), day_of(given.until)
    if (given.since.strip() and since is None) or (given.until.strip() and until is None):
        faults.append(Issue("value", "register-day", "since", "Days are written as 2026-11-22."))
    elif since is not None and until is not None and until < since:
        faults.append(Issue("value", "register-order", "until", "The term ends before it begins."))
    if any(len(getattr(given, name)) > TEXT_MOST for name in FIELDS):
        faults.append(Issue("too-long", "register-long", "", f"A field holds at most {TEXT_MOST} characters."))
    return tuple(faults)


@cites("R7-010", "R7-012")
def stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """An entry is never deleted nor rewritten, so it outlives every term of the law; its end is added once."""
    if before is None:
        return ()
    if after is None:
        return (Issue("business-rule", "register-stays", "", "Entries of the registers are kept."),)
    if _parts(before, ENTRY) != _parts(after, ENTRY) or before.created != after.created:
        return (Issue("business-rule", "register-fixed", "Basic.extension", "What was recorded stays as it was."),)
    if _parts(before, ENDED) and _parts(before, ENDED) != _parts(after, ENDED):
        return (Issue("business-rule", "register-ended", "Basic.extension", "This processing has ended."),)
    return ()


@cites("R7-010", "R7-012")
def least_kept(kind: str, last: date) -> date:
    """Give the day until which the law keeps an entry. last: when the processing ended, or today while it goes on."""
    return kept_until(RETENTION[kind], last, {})


def law(kind: str) -> str:
    """Name the law that keeps an entry."""
    return TABLE[RETENTION[kind]].source


@cites("R7-005")
def ending_faults(kind: str, note: str, *, ended: bool) -> tuple[Issue, ...]:
    """Reasons why an entrusted processing cannot be ended."""
    faults = []
    if kind != "entrusted-processor":
        faults.append(Issue("business-rule", "register-endless", "", "Only an entrusted processing ends."))
    if ended:
        faults.append(Issue("conflict", "register-ended", "", "This processing has ended."))
    if len(note.strip()) < 5:
        text = "Say how the data was returned or deleted, and who checked it."
        faults.append(Issue("required", "register-returned", "note", text))
    return tuple(faults)


def running(kind: str, *, ended: bool) -> bool:
    """Tell whether somebody processes data by an entry."""
    return kind == "entrusted-processor" and not ended


def kind_of(document: Mapping[str, Any]) -> str:
    """Read the register that a Basic belongs to."""
    codings = document.get("code", {}).get("coding", ())
    return next((str(one.get("code")) for one in codings if one.get("system") == REGISTER.system), "")


def fields_of(document: Mapping[str, Any], url: str = ENTRY) -> dict[str, str]:
    """Read the fields of an entry, or of its end."""
    for one in document.get("extension", ()):
        if one.get("url") == url:
            return {
                str(part["url"]): str(next((value for name, value in part.items() if name.startswith("value")), ""))
                for part in one.get("extension", ())
            }
    return {}


def is_ended(document: Mapping[str, Any]) -> bool:
    """Tell whether an entrusted processing has ended."""
    return bool(fields_of(document, ENDED))


def _parts(resource: Any, url: str) -> Any:
    return [one for one in resource.extension or () if one.url == url]
