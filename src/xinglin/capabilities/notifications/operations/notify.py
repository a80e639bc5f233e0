"""Communication/$notify: put a message into the outbox, in the transaction of what it tells about."""

from typing import Any, Final

import msgspec

from xinglin.capabilities.notifications.contract import (
    DELIVER,
    KEYS,
    MESSAGE,
    NOTICES,
    NOTIFY,
    SHORT,
    Notice,
    RoleNotice,
)
from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts
from xinglin.web.cells import named
from xinglin.web.format import masked_name

ROLE_MOST: Final = 100


async def notify_role(work: UnitOfWork, given: RoleNotice) -> int:
    """Send a message to whoever may act in a role; at most `ROLE_MOST`. Gives how many are told."""
    who = await accounts.holders(work.executor, given.role, given.organization or None, work.now, ROLE_MOST)
    key = given.key or work.new_id()
    sender = given.sender or given.organization
    for person in who:
        one = Notice(given.kind, person, given.parameters, given.about, f"{key} {person}", sender)
        await work.platform.operate(NOTIFY, one)
    return len(who)


async def notify(work: UnitOfWork, given: Notice) -> str:
    """Make a message and have it delivered; the same key makes no second one. Gives the id of the Communication."""
    kind = work.door.rulebook.notices.get(given.kind)
    refuse(rules.notice_faults(kind, given.parameters, given.recipient))
    if kind is None:
        raise OutcomeError(Issue("code-invalid", "notice-kind", "kind"))
    type_name, _, id = given.recipient.partition("/")
    person = document_of((await work.platform.read(type_name, id)).body())
    language, values = rules.language_of(person), rules.values_of(kind, given.parameters)
    key = given.key or work.new_id()
    sender = given.sender or work.principal.organization
    name = masked_name(named(person))
    recipient = {"reference": given.recipient} | ({"display": name} if name else {})
    document: dict[str, Any] = {
        "resourceType": "Communication",
        "meta": {"profile": [MESSAGE.url]},
        "language": language,
        "identifier": [{"system": KEYS, "value": key}],
        "status": "preparation",
        "category": [{"coding": [{"system": NOTICES, "code": kind.code}]}],
        "priority": "urgent" if kind.urgent else "routine",
        "medium": rules.medium("page"),
        "recipient": [recipient],
        "sent": work.now.isoformat(),
        "payload": [{"contentString": rules.rendered(kind.text, language, values)}],
    }
    if type_name == "Patient":
        document["subject"] = {"reference": given.recipient}
    if given.about:
        document["about"] = [{"reference": given.about}]
    if sender:
        document["sender"] = {"reference": sender}
    if kind.sms is not None:
        document["extension"] = [{"url": SHORT, "valueString": rules.rendered(kind.sms, language, values)}]
    made = await work.platform.create(
        msgspec.json.encode(document), type="Communication", if_none_exist=f"identifier={KEYS}|{key}"
    )
    if made.created:
        await work.defer(DELIVER, message=made.id)
    return made.id
