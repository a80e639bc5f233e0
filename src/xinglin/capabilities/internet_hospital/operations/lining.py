"""The line of sound and picture: who may be on it, what is told of its quality, a third person, and the recording."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Interruption, Inviting, Recording
from xinglin.capabilities.internet_hospital.operations import moving, reading
from xinglin.capabilities.internet_hospital.rules import forms, line, states
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Encounter
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import ask
from xinglin.web.view import Seat

MOST: Final = 2000  # pieces of all recordings of a visit that are listed


async def join(work: UnitOfWork, id: str) -> Seat:
    """Say whether whoever asks may be on the line of a visit: its sides, while they speak with each other."""
    encounter = await reading.visit(work, id)
    side = reading.side(work.principal, encounter)
    state = forms.state_of(encounter)
    refuse(states.line_faults(state))
    medium = str(forms.value(encounter, contract.MEDIUM) or "text")
    who = "family" if side == "patient" and work.principal.patient != encounter["subject"]["reference"] else side
    return Seat(contract.topic(id), who, {"medium": medium, "state": state}, (contract.topic(id),))


@cites("R2-029")
async def told(work: UnitOfWork, id: str, said: Any) -> None:
    """Hear of the quality of a line: one that does not hold is made simpler; the end of it is written down."""
    encounter = await reading.visit(work, id)
    reading.side(work.principal, encounter)
    medium = str(forms.value(encounter, contract.MEDIUM) or "text")
    measured = line.samples(said)
    # What was measured under another medium says nothing of this one.
    if not measured or not isinstance(said, Mapping) or said.get("medium") != medium:
        return
    if said.get("over") is True:
        await moving.note_line(work, Interruption(id, "hang-up", medium, measured[-1].text))
    elif wanted := line.falls_to(medium, measured):
        given = Interruption(id, "line", wanted, measured[-1].text)
        await work.fhir.operate(contract.DEGRADE, given)


@cites("R1-034", "R2-010")
async def invite(work: UnitOfWork, given: Inviting) -> Encounter:
    """Encounter/$invite-doctor: the doctor brings a colleague to the visit, who may see patients online here too."""
    encounter = await moving.locked(work, given.id)
    if reading.side(work.principal, encounter) != "doctor":
        raise OutcomeError(Issue("forbidden", "visit-not-yours", text="The receiving doctor invites."), status=403)
    refuse(states.line_faults(forms.state_of(encounter)))
    at = await reading.hospital(work, encounter["serviceProvider"]["reference"])
    refuse((await reading.doctor(work, given.doctor, at)).faults)
    if given.doctor in {forms.doctor_of(encounter), *forms.colleagues_of(encounter)}:
        raise OutcomeError(Issue("conflict", "doctor-there", text="This doctor is part of the visit already."))
    await moving.write(work, forms.with_colleague(encounter, given.doctor))
    about = f"Encounter/{given.id}"
    notice = Notice(contract.INVITED.code, given.doctor, (), about, f"invited {given.id} {given.doctor}")
    await work.platform.operate(NOTIFY, notice)
    return await reading.typed(work, given.id)


@cites("R2-023", "A9-03")
async def keep_recording(work: UnitOfWork, given: Recording) -> str:
    """Encounter/$keep-recording: one piece of what a side's browser recorded, with its hash; gives the id of Media.

    A piece that was kept before is answered the same.
    """
    encounter = await reading.visit(work, given.id)
    side = reading.side(work.principal, encounter)
    # The last piece may come when the visit has just been finished.
    refuse(states.line_faults(forms.state_of(encounter), over=True))
    body, type = b64decode(given.file.data or ""), given.file.contentType or ""
    refuse(line.recording_faults(given, type, body))
    named = f"{contract.RECORDINGS}|{line.piece(given.id, given.series, given.number)}"
    await work.lock(f"recording {named}")
    before = await work.platform.find("Media", identifier=named, _count="1")
    if before.matches:
        return before.matches[0].id
    document = {
        "resourceType": "Binary",
        "contentType": type,
        "securityContext": encounter["subject"],
        "data": given.file.data,
    }
    binary = (await work.platform.create(bytes_of(document), type="Binary")).id
    by = encounter["subject"]["reference"] if side == "patient" else work.principal.practitioner or ""
    digest = hashlib.sha256(body).hexdigest()
    made = line.recorded(
        encounter, given, binary=binary, media_type=type, size=len(body), digest=digest, by=by, now=work.now
    )
    return (await work.platform.create(bytes_of(made), type="Media")).id


async def recordings(work: UnitOfWork, encounter: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Give the recordings of a visit as whoever asks may read them: pieces in order, by series, the first one first."""
    page = await ask(
        work,
        "Media",
        ("encounter", f"Encounter/{encounter['id']}"),
        ("_profile", contract.RECORDING.url),
        ("_sort", "created"),
        ("_count", str(MOST)),
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in page.matches:
        one = document_of(row.body())
        found.setdefault(one["identifier"][0]["value"].split("/")[1], []).append(one)
    return {
        series: sorted(pieces, key=lambda one: str(one["identifier"][0]["value"])) for series, pieces in found.items()
    }
