"""Communication/$refuse-notices: which optional kinds of messages one does not want to be sent."""

from typing import Any

import msgspec

from xinglin.capabilities.notifications.contract import PREFERENCE, PREFERENCES, REFUSED, Refusing
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork


async def refuse_kinds(work: UnitOfWork, given: Refusing) -> bool:
    """Keep what a resident does not want to be sent; kinds that the law asks for cannot be refused."""
    person = work.principal.patient
    if person is None:
        raise OutcomeError(Issue("forbidden", "no-record", text="There is no record to keep it with."), status=403)
    for code in given.kinds:
        kind = work.door.rulebook.notices.get(code)
        if kind is None or not kind.optional:
            raise OutcomeError(Issue("business-rule", "notice-not-optional", "kinds", f"{code} cannot be refused."))
    await work.lock(f"messages of {person}")
    coding = {"system": PREFERENCES.system, "code": "messages"}
    document: dict[str, Any] = {
        "resourceType": "Basic",
        "meta": {"profile": [PREFERENCE.url]},
        "extension": [{"url": REFUSED, "valueCode": code} for code in sorted(set(given.kinds))],
        "code": {"coding": [coding]},
        "subject": {"reference": person},
    }
    if not given.kinds:
        del document["extension"]
    await work.platform.update_where(
        msgspec.json.encode(document), type="Basic", criteria=f"subject={person}&code={PREFERENCES.system}|messages"
    )
    return True


async def refused_by(work: UnitOfWork, person: str) -> frozenset[str]:
    """Give the kinds that somebody does not want to be sent."""
    page = await work.platform.find("Basic", subject=person, code=f"{PREFERENCES.system}|messages", _count="1")
    return frozenset(
        str(one["valueCode"])
        for row in page.matches
        for one in document_of(row.body()).get("extension", ())
        if one.get("url") == REFUSED
    )
