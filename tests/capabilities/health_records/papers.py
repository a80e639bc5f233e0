"""Documents made of a generated city, without a store."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import msgspec

from xinglin.capabilities.health_records.rules.bundling import bundle, references
from xinglin.capabilities.health_records.rules.cda.composing import compose, fits
from xinglin.capabilities.health_records.rules.cda.templates import Template, templates
from xinglin.city.generate import generate
from xinglin.city.spec import CitySpec
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of

Json = dict[str, Any]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def city() -> dict[str, Json]:
    """Give the resources of a small city by ``Type/id``."""
    spec = CitySpec(residents=150, seed=3, years=2, until=date(2026, 11, 1))
    read = (msgspec.json.decode(raw) for raw in generate(spec))
    skipped = {"Slot", "Schedule", "HealthcareService", "PractitionerRole"}
    return {f"{one['resourceType']}/{one['id']}": one for one in read if one["resourceType"] not in skipped}


@cache
def records() -> dict[str, list[Json]]:
    """Give the record of each person by the reference to the Patient."""
    found: dict[str, list[Json]] = {}
    for one in city().values():
        whose = one.get("subject") or one.get("patient") or one.get("beneficiary") or {}
        found.setdefault(str(whose.get("reference", "")), []).append(one)
    return found


def foci(template: Template, most: int) -> Iterator[Json]:
    """Give what documents of a template can be about."""
    made = 0
    for one in city().values():
        if made < most and one["resourceType"] == template.focus and not fits(template, one):
            made += 1
            yield one


def content(template: Template, focus: Json, subject: str) -> list[Json]:
    """Find what the searches of the template would find in a store."""
    found = []
    name = f"{focus['resourceType']}/{focus['id']}"
    visit = (focus.get("encounter") or {}).get("reference", name)
    results = {one["reference"] for one in focus.get("result", ())}
    for one in records().get(subject, []):
        pairs = template.wanted.get(one["resourceType"])
        if pairs is None:
            continue
        by_visit = any(key == "encounter" for key, _ in pairs)
        by_id = any(key == "_id" for key, _ in pairs)
        if by_id and f"{one['resourceType']}/{one['id']}" not in results:
            continue
        if not by_visit or (one.get("encounter") or {}).get("reference") == visit:
            found.append(one)
    return found


def document(template: Template, focus: Json, texts: dict[str, str] | None = None, version: int = 1) -> Any:
    """Make the document Bundle of a template about a focus, as a Struct."""
    subject = str((focus.get("subject") or {"reference": f"Patient/{focus['id']}"})["reference"])
    whole = city()
    visit = whole.get(str((focus.get("encounter") or {}).get("reference", ""))) or focus
    staff = visit.get("participant") or [{"individual": {"reference": "Practitioner/jz-renmin-02-physician-1"}}]
    keeper = (
        visit.get("serviceProvider") or visit.get("managingOrganization") or {"reference": "Organization/jz-renmin"}
    )
    made = compose(
        template,
        focus,
        content(template, focus, subject),
        subject=subject,
        author=staff[0]["individual"],
        custodian=keeper,
        texts=texts or {},
        now=NOW,
    )
    made |= {"id": "paper", "meta": {"versionId": str(version)}}
    names = dict.fromkeys(references(made))
    named = [whole[one] for one in names if one in whole]
    at = "2026-11-22T08:00:00+08:00"
    raw = bundle(made, named, base="https://xinglin.health/fhir", number="paper", at=at)
    return codec.decode(bytes_of(raw), "Bundle")


EVERY = templates()
