"""Saying something in a visit: words, pictures and voice, kept as they were said."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Saying
from xinglin.capabilities.internet_hospital.operations import asking, reading
from xinglin.capabilities.internet_hospital.rules import forms, states
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

MOST: Final = 2000  # characters of one message


@cites("R2-010", "R2-023", "R2-029")
async def say(work: UnitOfWork, given: Saying, *, terms: Terms) -> str:
    """Encounter/$say: one message of whoever asks, in their own name; gives the id of the Communication."""
    encounter = await reading.visit(work, given.id)
    who = reading.side(work.principal, encounter)
    asked = 0
    if forms.state_of(encounter) == "finished" and who == "patient":
        asked = await _asked_after(work, encounter)
        terms = await reading.terms_of(work, encounter["serviceProvider"]["reference"], terms)
    until = forms.moment(forms.value(encounter, contract.FOLLOW_UP))
    refuse(states.say_faults(forms.state_of(encounter), who, now=work.now, follow_up=until, asked=asked, terms=terms))
    payload = await _payload(work, encounter, given)
    sender = encounter["subject"] if who == "patient" else {"reference": work.principal.practitioner}
    return await _keep(work, encounter, "patient" if who == "patient" else "doctor", sender, payload)


async def system_says(work: UnitOfWork, encounter: Mapping[str, Any], what: str, text: Text) -> str:
    """Write down in the conversation what the system did, as the system's words (R2-010)."""
    payload = {"contentString": f"{text.zh} / {text.en}"}
    return await _keep(work, encounter, "system", forms.device(what, "系统"), payload)


async def _payload(work: UnitOfWork, encounter: Mapping[str, Any], given: Saying) -> dict[str, Any]:
    text = given.text.strip()
    if given.file is None:
        if not text:
            raise OutcomeError(Issue("required", "visit-message", "text", "Write something, or choose a file."))
        if len(text) > MOST:
            raise OutcomeError(Issue("too-long", "visit-message-long", "text", f"At most {MOST} characters."))
        return {"contentString": text}
    kept = await asking.keep_file(work, encounter["subject"]["reference"], given.file)
    attachment = {"contentType": given.file.contentType, "url": f"Binary/{kept}"}
    return {"contentAttachment": attachment | ({"title": text[:200]} if text else {})}


async def _keep(
    work: UnitOfWork, encounter: Mapping[str, Any], voice: str, sender: Mapping[str, Any], payload: Mapping[str, Any]
) -> str:
    made = forms.message(encounter, voice=voice, sender=sender, payload=payload, now=work.now)
    made["identifier"] = [{"system": contract.SEAL, "value": reading.seal(work, made)}]
    written = await work.platform.create(bytes_of(made), type="Communication")
    await work.announce(contract.topic(str(encounter["id"])))
    return written.id


async def _asked_after(work: UnitOfWork, encounter: Mapping[str, Any]) -> int:
    """Count what the patient asked since the visit was finished."""
    end = forms.moment(encounter.get("period", {}).get("end"))
    found = await reading.messages(work, encounter)
    return sum(
        1
        for one in found
        if one["sender"].get("reference", "").startswith("Patient/")
        and end is not None
        and (forms.moment(one["sent"]) or end) > end
    )
