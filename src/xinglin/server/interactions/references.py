"""Conditional references: ``"reference": "Patient?identifier=…"`` means the one resource that the search finds.

In a transaction and outside of one; none or several refuse the write (412).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

from xinglin.fhir.links import is_conditional, references, relinked
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.store.door import Fhir

NOT_ONE: Final = 412


async def only_target(fhir: Fhir, reference: str, gone: Collection[tuple[str, str]] = ()) -> str:
    """Find what a conditional reference means, as ``Type/id``; *gone*: types and ids that do not count."""
    kind, _, criteria = reference.partition("?")
    asked = parse(kind, parse_qsl(criteria, keep_blank_values=True), strict=True, base_url=fhir.door.base_url)
    query = replace(asked, count=2 + len(gone), sort=(), includes=(), total="none", summary=None, token=None)
    matches = [row for row in (await fhir.search(query)).matches if (row.rt, row.id) not in gone]
    if len(matches) != 1:
        count = "nothing" if not matches else "more than one resource"
        code = "not-found" if not matches else "multiple-matches"
        text = f"The reference {reference} finds {count}."
        raise OutcomeError(Issue(code, "reference-conditional", text=text), status=NOT_ONE)
    return f"{kind}/{matches[0].id}"


async def targets_of(fhir: Fhir, asked: Mapping[str, str], gone: Collection[tuple[str, str]] = ()) -> dict[str, str]:
    """Find what conditional references mean; *asked* says where each stands, *gone* what the transaction deletes.

    All that find nothing or several are told together (412); any other refusal keeps its own status.
    """
    found: dict[str, str] = {}
    issues: list[Issue] = []
    for reference, where in asked.items():
        try:
            found[reference] = await only_target(fhir, reference, gone)
        except OutcomeError as refused:
            placed = [replace(issue, where=where) for issue in refused.issues]
            if refused.status != NOT_ONE:
                raise OutcomeError(*placed, status=refused.status) from refused
            issues += placed
    if issues:
        raise OutcomeError(*issues, status=NOT_ONE)
    return found


async def with_targets(fhir: Fhir, raw: bytes, type_name: str) -> bytes:
    """Replace the conditional references of a resource that is written by itself."""
    if b"?" not in raw:
        return raw
    asked = {reference for reference in references(raw) if is_conditional(reference)}
    return relinked(raw, await targets_of(fhir, dict.fromkeys(sorted(asked), type_name)))
