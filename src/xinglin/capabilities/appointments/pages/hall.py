"""What everybody may see: the call screen of a room (without names), and the log of numbers given back."""

from typing import Any

from xinglin.capabilities.appointments import contract, gateways
from xinglin.capabilities.appointments.contract import One
from xinglin.capabilities.appointments.operations import giving_back, queue, reading
from xinglin.capabilities.appointments.pages import shown
from xinglin.capabilities.appointments.rules.shapes import Session
from xinglin.care.booking import Policy
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said
from xinglin.web.view import Download, Form, Language, View

_ROOMS = 8  # of one screen
_NEXT = 6
_SOUND = contract.CALL_SOUND


async def show_screen(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Show whom a room calls, or the rooms of a place: ticket and covered name, and who comes next."""
    location = document_of((await work.platform.read("Location", form["id"])).body())
    today = shown.today(work, policy)
    here = f"Location/{location['id']}"
    found = await shown.sessions(work, policy, ("actor", here), since=today, until=today)
    if not found:
        found = await shown.sessions(work, policy, ("actor:Location.partof", here), since=today, until=today)
    open_ones = [one for one in found if one.open][:_ROOMS]
    return View(
        "appointments/screen.html",
        {
            "path": contract.SCREEN.replace("{id}", location["id"]),
            "title": location.get("name", ""),
            "rooms": [await _room(work, one, policy) for one in open_ones],
        },
        block="rooms",
        live=tuple(contract.topic(one.id) for one in open_ones),
    )


async def show_call(work: UnitOfWork, form: Form, *, policy: Policy) -> Download:
    """Speak the call of a room: what its screen says, as sound."""
    today = shown.today(work, policy)
    found = await shown.sessions(work, policy, ("actor", f"Location/{form['id']}"), since=today, until=today)
    for one in found:
        room = await _room(work, one, policy)
        if one.open and room["inside"]:
            sound = await gateways.speak(_said(room, form.language), form.language)
            return Download(sound, "audio/wav", "call.wav", inline=True)
    raise OutcomeError(Issue("not-found", "nobody-called", text="Nobody is called here."))


def _said(room: dict[str, Any], language: Language) -> str:
    words = said(contract.SPOKEN, language)
    return words.format(ticket=room["inside"]["ticket"], name=room["inside"]["name"], place=room["place"])


async def _room(work: UnitOfWork, one: Session, policy: Policy) -> dict[str, Any]:
    standing = (await queue.queue_of(work, one, policy)).standing
    names = await shown.names(work, shown.patients(standing), whole=False)
    inside = shown.somebody(standing.inside, names)
    return {
        "id": one.id,
        "place": one.place,
        "doctor": one.doctor,
        "inside": inside,
        "call": f"{inside['id']}-{inside['again']}" if inside else "",
        "sound": _SOUND.replace("{id}", one.room.rpartition("/")[2]) if inside and gateways.installed() else "",
        "next": [shown.turn(turn, names) for turn in standing.line[:_NEXT]],
        "waiting": len(standing.line),
        "code": queue.place_code(work, one, policy),
    }


async def show_log(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Show the log of a session: what came back, what became of it, and how anybody checks it."""
    session = await reading.session(work, form["id"])
    _, lines = await giving_back.log_of(work, session)
    checked = await work.fhir.operate(contract.VERIFY, One(session.id))
    return View(
        "appointments/log.html",
        {
            "session": shown.session(session, form.language, policy),
            "lines": lines,
            "checked": checked,
            "policy": policy,
        },
    )
