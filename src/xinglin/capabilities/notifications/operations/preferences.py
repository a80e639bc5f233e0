"""Communication/$refuse-notices: which optional kinds of messages one does not want to be sent, and by what not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from xinglin.capabilities.notifications.contract import PREFERENCE, PREFERENCES, REFUSED, REFUSED_CHANNEL, Refusing
from xinglin.capabilities.notifications.rules.messages import CHOICES
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork


@dataclass(frozen=True, slots=True)
class Refusals:
    """What somebody does not want: kinds, and channels."""

    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


async def refuse_kinds(work: UnitOfWork, given: Refusing) -> bool:
    """Keep what a resident does not want; kinds that the law asks for cannot be refused, nor text messages."""
    person = work.principal.patient
    if person is None:
        raise OutcomeError(Issue("forbidden", "no-record", text="There is no record to keep it with."), status=403)
    for code in given.kinds:
        kind = work.door.rulebook.notices.get(code)
        if kind is None or not kind.optional:
            raise OutcomeError(Issue("business-rule", "notice-not-optional", "kinds", f"{code} cannot be refused."))
    for channel in given.channels:
        if channel not in CHOICES:
            raise OutcomeError(Issue("business-rule", "channel-not-optional", "channels", f"{channel} stays."))
    await work.lock(f"messages of {person}")
    coding = {"system": PREFERENCES.system, "code": "messages"}
    extensions = [
        *({"url": REFUSED, "valueCode": code} for code in sorted(set(given.kinds))),
        *({"url": REFUSED_CHANNEL, "valueCode": channel} for channel in sorted(set(given.channels))),
    ]
    document: dict[str, Any] = {
        "resourceType": "Basic",
        "meta": {"profile": [PREFERENCE.url]},
        "extension": extensions,
        "code": {"coding": [coding]},
        "subject": {"reference": person},
    }
    if not extensions:
        del document["extension"]
    await work.platform.update_where(
        msgspec.json.encode(document), type="Basic", criteria=f"subject={person}&code={PREFERENCES.system}|messages"
    )
    return True


async def refused_by(work: UnitOfWork, person: str) -> Refusals:
    """Give what somebody does not want."""
    page = await work.platform.find("Basic", subject=person, code=f"{PREFERENCES.system}|messages", _count="1")
    documents = [document_of(row.body()) for row in page.matches]
    return Refusals(
        frozenset(code for one in documents for code in _codes(one, REFUSED)),
        frozenset(code for one in documents for code in _codes(one, REFUSED_CHANNEL)),
    )


def _codes(document: Mapping[str, Any], url: str) -> Iterator[str]:
    return (str(one["valueCode"]) for one in document.get("extension", ()) if one.get("url") == url)
