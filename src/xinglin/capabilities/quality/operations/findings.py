"""Findings as DetectedIssue: one a rule and record, resolved when it is found no more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from xinglin.capabilities.quality.contract import (
    CODES,
    CORRECT,
    CORRECTING,
    DOMAIN_CODES,
    EXPLAIN,
    EXPLAINED,
    FINDING,
    OPEN,
    RESOLVED,
    RULES,
    SEVERITY_TAGS,
    STATE_CODES,
    STATES,
    Correcting,
    Explaining,
)
from xinglin.capabilities.quality.rules.case import ZONE, Finding, day
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import DetectedIssue
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.store.orders import Order
from xinglin.store.reading import not_found

PAGE: Final = 500
REASON_LEAST: Final = 4
WORDS_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """How many findings were opened (or opened again), and how many are resolved."""

    opened: int
    resolved: int


def id_of(rule: str, reference: str) -> str:
    """Give the id of the finding of a rule in a record: always the same."""
    return "q-" + blake2b(f"{rule} {reference}".encode(), digest_size=15).hexdigest()


def tag(document: Mapping[str, Any], system: str) -> str:
    """Give the tag of a finding in a system; empty when it has none."""
    tags = document.get("meta", {}).get("tag") or ()
    return next((str(one.get("code", "")) for one in tags if one.get("system") == system), "")


def state_of(document: Mapping[str, Any]) -> str:
    """Say how a finding stands: open, explained or resolved."""
    return tag(document, STATE_CODES.system)


def rule_of(document: Mapping[str, Any]) -> str:
    """Name the rule of a finding."""
    codings = document.get("code", {}).get("coding") or ()
    return next((str(one.get("code", "")) for one in codings if one.get("system") == CODES.system), "")


def _tags(rule: str, state: str) -> list[dict[str, str]]:
    return [
        {"system": DOMAIN_CODES.system, "code": RULES[rule].domain},
        {"system": SEVERITY_TAGS, "code": RULES[rule].severity},
        {"system": STATE_CODES.system, "code": state},
    ]


def made(reference: str, found: Finding, owner: str, at: str) -> dict[str, Any]:
    """Write a finding. reference: the record as ``Type/id``. owner: ``Organization/1`` or empty."""
    rule = RULES[found.rule]
    return {
        "resourceType": "DetectedIssue",
        "id": id_of(found.rule, reference),
        "meta": {"profile": [FINDING.url], "tag": _tags(found.rule, OPEN)},
        "status": "final",
        "code": {
            "coding": [{"system": CODES.system, "code": found.rule, "display": rule.title.zh}],
            "text": rule.title.zh,
        },
        "severity": rule.severity,
        "identifiedDateTime": at,
        "implicated": [{"reference": reference}] + ([{"reference": owner}] if owner else []),
    } | ({"detail": found.detail} if found.detail else {})


def resolved(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write that a finding is found no more."""
    rule = rule_of(document)
    meta = {"profile": [FINDING.url], "tag": _tags(rule, RESOLVED)}
    return {**document, "meta": meta, "status": "cancelled"}


async def standing(work: UnitOfWork, references: Iterable[str]) -> list[dict[str, Any]]:
    """Give the findings in records (``Type/id``), however they stand."""
    found: list[dict[str, Any]] = []
    asked = ",".join(sorted(set(references)))
    more: dict[str, str] = {}
    while asked:
        page = await work.platform.find(
            "DetectedIssue", implicated=asked, code=f"{CODES.system}|", _count=str(PAGE), **more
        )
        found += [document_of(row.body()) for row in page.matches]
        if page.next_token is None:
            break
        more = {TOKEN: page.next_token}
    return found


async def keep(work: UnitOfWork, found: Mapping[str, tuple[str, tuple[Finding, ...]]]) -> Kept:
    """Keep what was found in records. found: by ``Type/id``, who answers for it and the findings.

    What stands already and is the same stays as it is, explained, being corrected or open; what is found no more is
    resolved.
    """
    before = {str(one["id"]): one for one in await standing(work, found)}
    at = work.now.isoformat(timespec="milliseconds")
    fresh = {
        one["id"]: one
        for reference, (owner, findings) in found.items()
        for one in (made(reference, finding, owner, at) for finding in findings)
    }
    writes = [_kept(before.get(id), one) for id, one in fresh.items() if not _same(before.get(id), one)]
    past = [
        resolved(one)
        for id, one in before.items()
        if id not in fresh and state_of(one) != RESOLVED and one["implicated"][0]["reference"] in found
    ]
    orders = [Order("update", "DetectedIssue", bytes_of(one), one["id"]) for one in (*writes, *past)]
    if orders:
        await work.platform.write_many(orders)
    return Kept(len(writes), len(past))


def _kept(before: Mapping[str, Any] | None, fresh: dict[str, Any]) -> dict[str, Any]:
    """Keep what was said about a finding that comes back."""
    said = (before or {}).get("mitigation")
    return fresh | {"mitigation": said} if said else fresh


def _same(before: Mapping[str, Any] | None, fresh: Mapping[str, Any]) -> bool:
    """Tell whether a finding stands already as it was found now."""
    return (
        before is not None
        and state_of(before) != RESOLVED
        and all(before.get(name) == fresh.get(name) for name in ("detail", "implicated", "severity"))
    )


async def explain(work: UnitOfWork, given: Explaining) -> DetectedIssue:
    """Mark a finding as explained, with the reason; it no longer counts in the score while it stays the same."""
    reason = given.reason.strip()
    if len(reason) < REASON_LEAST:
        raise OutcomeError(Issue("required", "quality-reason", "reason", "Write why the record is right as it is."))
    return await _mark(work, given.id, EXPLAIN.code, EXPLAINED, reason)


async def correct(work: UnitOfWork, given: Correcting) -> DetectedIssue:
    """Mark a finding as being corrected; it is open again if it still stands after the next night."""
    return await _mark(work, given.id, CORRECT.code, CORRECTING, given.note.strip() or STATES[CORRECTING].zh)


async def _mark(work: UnitOfWork, id: str, what: str, state: str, text: str) -> DetectedIssue:
    """Write how an open finding stands, who said so, when, and in which words."""
    row = await work.fhir.read("DetectedIssue", id)
    document: dict[str, Any] = document_of(row.body())
    if rule_of(document) not in RULES:
        raise OutcomeError(not_found("DetectedIssue", id))
    if len(text) > WORDS_MOST:
        raise OutcomeError(
            Issue("too-long", "quality-words", "reason", f"At most {WORDS_MOST} characters."), status=400
        )
    if state_of(document) not in (OPEN, CORRECTING) or state_of(document) == state:
        raise OutcomeError(
            Issue("conflict", "quality-not-open", "DetectedIssue", "Only an open finding is marked."), status=409
        )
    who = {"reference": work.principal.practitioner, "display": work.principal.display}
    document["mitigation"] = [
        *(document.get("mitigation") or ()),
        {
            "action": {"text": text},
            "date": work.now.isoformat(timespec="milliseconds"),
            "author": {name: value for name, value in who.items() if value},
        },
    ]
    document["meta"] = {"profile": [FINDING.url], "tag": _tags(rule_of(document), state)}
    written = await work.platform.update(
        bytes_of(document), type="DetectedIssue", id=id, if_match=row.vid, must="exists"
    )
    work.note(what, type="DetectedIssue", refs=(f"DetectedIssue/{written.id}",))
    found = codec.decode((await work.platform.read("DetectedIssue", id)).body(), "DetectedIssue")
    if not isinstance(found, DetectedIssue):
        raise TypeError("a DetectedIssue is a DetectedIssue")
    return found


async def reopen(work: UnitOfWork) -> int:
    """Open findings again that were being corrected since an earlier day, and still stand; give how many.

    What was mended is resolved by then, as its record was looked at anew. At most a page at once, the oldest first.
    """
    today = work.now.astimezone(ZONE).date()
    asked = {"_tag": f"{STATE_CODES.system}|{CORRECTING}", "_sort": "_lastUpdated", "_count": str(PAGE)}
    page = await work.platform.find("DetectedIssue", code=f"{CODES.system}|", **asked)
    orders = []
    for document in (document_of(row.body()) for row in page.matches):
        marked = day(document["mitigation"][-1]["date"])
        if marked is not None and marked < today:
            document["meta"] = {"profile": [FINDING.url], "tag": _tags(rule_of(document), OPEN)}
            orders.append(Order("update", "DetectedIssue", bytes_of(document), document["id"]))
    if orders:
        await work.platform.write_many(orders)
    return len(orders)
