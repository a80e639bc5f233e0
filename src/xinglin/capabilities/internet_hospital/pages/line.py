"""The page of the line: picture and sound of a visit, on a page of its own, so that nothing else breaks it off."""

import base64
from dataclasses import dataclass
from typing import Final

import msgspec

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Interruption, Recording
from xinglin.capabilities.internet_hospital.operations import lining, reading
from xinglin.capabilities.internet_hospital.pages import shown
from xinglin.capabilities.internet_hospital.rules import forms, line, states
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Binary
from xinglin.setting_forms import Secret
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said
from xinglin.web.view import Download, Form, Redirect, Rejected, View

DEVICES: Final = ("camera", "microphone")
TYPE: Final = "video/webm"


@dataclass(frozen=True, slots=True)
class Way:
    """Where browsers find a way to each other. servers: STUN and TURN, between spaces. secret: of TURN."""

    servers: str = ""
    secret: Secret | None = None


async def show_mine(way: Way, work: UnitOfWork, form: Form) -> View:
    """Show the line to the patient, or to whoever acts for the patient."""
    return await _page(way, work, form, contract.MINE)


async def show_clinic(way: Way, work: UnitOfWork, form: Form) -> View:
    """Show the line to the doctor, or to a colleague."""
    return await _page(way, work, form, contract.DESK)


async def _page(
    way: Way, work: UnitOfWork, form: Form, above: str, issues: tuple[Issue, ...] = (), status: int = 200
) -> View:
    encounter = await reading.visit(work, form["id"])
    side = reading.side(work.principal, encounter)
    base = f"{above}/{form['id']}"
    visit = await shown.head(work, encounter, form.language)
    secret = way.secret.reveal() if way.secret else ""
    values = {
        "visit": visit,
        "base": base,
        "side": side,
        "issues": issues,
        "open": not states.line_faults(visit.state),
        "socket": contract.LINE_SOCKET.replace("{id}", form["id"]),
        "ice": msgspec.json.encode(line.ice(way.servers.split(), secret, work.principal.id, work.now)).decode(),
        "ladder": tuple((code, said(contract.MEDIA.codes[code], form.language)) for code in states.LADDER),
    }
    live = (contract.topic(form["id"]),)
    return View("internet_hospital/line.html", values, block="now", status=status, live=live, devices=DEVICES)


async def send_mine(way: Way, work: UnitOfWork, form: Form) -> Redirect:
    """Change the line, or keep a piece of the recording."""
    return await _send(way, work, form, contract.MINE)


async def send_clinic(way: Way, work: UnitOfWork, form: Form) -> Redirect:
    """Change the line, or keep a piece of the recording."""
    return await _send(way, work, form, contract.DESK)


async def _send(way: Way, work: UnitOfWork, form: Form, above: str) -> Redirect:
    id = form["id"]
    try:
        if form["act"] == "keep":
            await _keep(work, form)
        else:
            given = Interruption(id, form["reason"] or "by-hand", form["medium"], form["quality"])
            await work.fhir.operate(contract.DEGRADE, given)
    except OutcomeError as refused:
        if refused.status not in {400, 409, 422}:
            raise
        raise Rejected(await _page(way, work, form, above, refused.issues, 422)) from refused
    # To speak by text, or to wait for a call, one goes back to the conversation.
    return Redirect(f"{above}/{id}" if form["medium"] in {"text", "call-back"} else f"{above}/{id}/line")


async def _keep(work: UnitOfWork, form: Form) -> None:
    file = form.file("file")
    number = int(form["number"]) if form["number"].isdecimal() and len(form["number"]) < 6 else -1
    body = base64.b64encode(file.content if file else b"").decode("ascii")
    given = Recording(form["id"], form["series"], number, Binary(contentType=TYPE, data=body))
    await work.fhir.operate(contract.KEEP, given)


async def recording(work: UnitOfWork, form: Form) -> Download:
    """Give a recording as one file; the pieces follow each other as they were recorded."""
    encounter = await reading.visit(work, form["id"])
    reading.side(work.principal, encounter)
    pieces = (await lining.recordings(work, encounter)).get(form["series"], [])
    if not pieces:
        raise OutcomeError(Issue("not-found", "no-file", text="There is no such recording."), status=404)
    body = bytearray()
    for one in pieces:
        id = str(one["content"]["url"])[7:]
        body += base64.b64decode(document_of((await work.platform.read("Binary", id)).body())["data"])
    work.note("read", type="Media", refs=(encounter["subject"]["reference"], f"Encounter/{form['id']}"))
    day = str(forms.moves(encounter)[0].get("at", ""))[:10]
    return Download(bytes(body), TYPE, f"{day}-{form['series']}.webm", inline=True)
