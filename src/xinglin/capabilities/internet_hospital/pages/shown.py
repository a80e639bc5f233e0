"""What the pages of both sides show of a visit: head, conversation, evidence, note."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.billing import contract as billing
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.rules import asking, forms
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.capabilities.internet_hospital.rules.states import TALKING
from xinglin.care.money import yuan
from xinglin.care.revisit import refused
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Binary
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import ask
from xinglin.web.cells import named
from xinglin.web.format import said
from xinglin.web.view import Download, File, Form, Language

VOICE: Final = ("microphone",)  # a voice message is recorded in the page of a visit
TONES: Final = {
    "requested": "info",
    "accepted": "info",
    "waiting": "warning",
    "in-progress": "success",
    "interrupted": "warning",
    "finished": "neutral",
    "terminated": "danger",
    "no-answer": "danger",
    "cancelled": "neutral",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The facts of a visit, in the reader's language."""

    id: str
    state: str
    state_text: str
    tone: str
    hospital: str
    department: str
    doctor: str
    complaint: str
    medium: str
    medium_text: str
    fee: str
    promised: str
    follow_up: str
    talking: bool
    ended: Mapping[str, str]
    refund: str
    payment: str
    bill: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message. mine: said by whoever reads. picture, voice: address of the file."""

    id: str
    voice: str
    voice_text: str
    name: str
    at: str
    text: str
    mine: bool
    picture: str = ""
    sound: str = ""


async def head(work: UnitOfWork, encounter: Document, language: Language) -> Head:
    """Read what stands on top of the page of a visit."""
    state = forms.state_of(encounter)
    hospital = await named_of(work, encounter["serviceProvider"]["reference"])
    doctor = forms.doctor_of(encounter)
    medium = str(forms.value(encounter, contract.MEDIUM) or "text")
    follow_up = forms.moment(forms.value(encounter, contract.FOLLOW_UP))
    ended = {name: str(text or "") for name, text in forms.parts(encounter, contract.ENDED).items()}
    return Head(
        id=str(encounter["id"]),
        state=state,
        state_text=said(contract.STATES.codes[state], language),
        tone=TONES[state],
        hospital=hospital,
        department=str(encounter["serviceType"].get("text") or ""),
        doctor=await named_of(work, doctor) if doctor else "",
        complaint=str(encounter["reasonCode"][0].get("text") or ""),
        medium=medium,
        medium_text=said(contract.MEDIA.codes[medium], language),
        fee=yuan(int(forms.value(encounter, contract.FEE) or 0)),
        promised=str(forms.value(encounter, contract.PROMISED) or ""),
        follow_up=str(forms.value(encounter, contract.FOLLOW_UP) or ""),
        talking=state in TALKING or (state == "finished" and follow_up is not None and work.now <= follow_up),
        ended=ended | ({"reason": said(refused(ended["code"]), language)} if ended else {}),
        refund=str(forms.value(encounter, contract.REFUND) or ""),
        payment=forms.paid_of(encounter),
        bill=billing.OWN + str((forms.value(encounter, contract.BILL) or {}).get("reference", ""))[7:],
    )


async def named_of(work: UnitOfWork, reference: str) -> str:
    """Name somebody, or a hospital, by the reference."""
    type, _, id = reference.partition("/")
    return named(document_of((await work.fhir.read(type, id)).body()))


async def conversation(work: UnitOfWork, encounter: Document, base: str, language: Language) -> tuple[Line, ...]:
    """Give what was said, in order. base: path of the page."""
    found = await reading.messages(work, encounter)
    side = reading.side(work.principal, encounter)
    doctor = forms.doctor_of(encounter)
    name = await named_of(work, doctor) if doctor else ""
    return tuple(_line(one, base, side, name, language) for one in found)


def _line(message: Document, base: str, side: str, doctor: str, language: Language) -> Line:
    voice = str(message["category"][0]["coding"][0]["code"])
    payload = message["payload"][0]
    attachment = payload.get("contentAttachment", {})
    file = f"{base}/files/{message['id']}" if attachment else ""
    kind = str(attachment.get("contentType") or "").partition(";")[0]
    text = str(payload.get("contentString") or attachment.get("title") or "")
    if voice == "system":
        text = text.partition(" / ")[0 if language == "zh" else 2]
    return Line(
        id=str(message["id"]),
        voice=voice,
        voice_text=said(contract.VOICES.codes[voice], language),
        name=doctor if voice == "doctor" else "",
        at=str(message["sent"]),
        text=text,
        mine=voice == side,
        picture=file if kind in asking.PICTURES or kind == "application/pdf" else "",
        sound=file if kind in asking.VOICE else "",
    )


@dataclass(frozen=True, slots=True)
class Paper:
    """One evidence. sent: it came from the patient, and *file* is its address; else *record* is that of the visit."""

    id: str
    kind: str
    source: str
    on: str
    diagnoses: tuple[tuple[str, str], ...]  # value of a choice, text
    sent: bool
    picture: bool
    file: str
    record: str
    decision: str
    decision_text: str
    reason: str


async def papers(work: UnitOfWork, encounter: Document, base: str, language: Language) -> tuple[Paper, ...]:
    """Give the evidence of a visit as the reader may see it. base: path of the page."""
    return tuple(_paper(one, base, language) for one in await reading.evidence(work.fhir, encounter))


def _paper(one: Document, base: str, language: Language) -> Paper:
    sent = forms.value(one, contract.ORIGIN) == "patient-upload"
    decided = forms.parts(one, contract.DECISION)
    code = str(decided.get("code") or "")
    attachment = one["content"][0]["attachment"]
    codings = [each["valueCoding"] for each in forms.diagnoses(one)]
    custodian = one.get("custodian", {})
    related = next((each.get("reference", "") for each in one["context"].get("related", ())), "")
    return Paper(
        id=str(one["id"]),
        kind=said(contract.KINDS.codes[one["type"]["coding"][0]["code"]], language),
        source=str(custodian.get("display") or attachment.get("title", "").partition(" ")[2]),
        on=str(one["context"].get("period", {}).get("start", ""))[:10],
        diagnoses=tuple(
            (f"{each['system']}|{each['code']}|{each.get('display', '')}", f"{each['code']} {each.get('display', '')}")
            for each in codings
        ),
        sent=sent,
        picture=sent and str(attachment.get("contentType")) in asking.PICTURES,
        file=f"{base}/files/{one['id']}" if sent else "",
        record=related,
        decision=code,
        decision_text=said(contract.DECISIONS.codes[code], language) if code else "",
        reason=str(decided.get("reason") or ""),
    )


async def note(work: UnitOfWork, encounter: Document) -> tuple[tuple[str, str], ...]:
    """Give the sections of the doctor's note: title and text; none before there is one."""
    page = await ask(
        work,
        "Composition",
        ("encounter", f"Encounter/{encounter['id']}"),
        ("_profile", contract.NOTE.url),
        ("_count", "1"),
    )
    if not page.matches:
        return ()
    sections = document_of(page.matches[0].body()).get("section", ())
    return tuple((str(one.get("title") or ""), _plain(one["text"]["div"])) for one in sections)


def _plain(div: str) -> str:
    """Give the text of our own narrative: paragraphs without other elements."""
    inner = div.partition(">")[2].rpartition("</div>")[0]
    text = inner.replace("</p><p>", "\n").removeprefix("<p>").removesuffix("</p>")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


async def file(work: UnitOfWork, form: Form) -> Download:
    """Give a file of a visit: of a message, or of evidence, to whoever may read that."""
    encounter = await reading.visit(work, form["id"])
    reading.side(work.principal, encounter)
    found = [*await reading.messages(work, encounter), *await reading.evidence(work.fhir, encounter)]
    one = next((one for one in found if one["id"] == form["file"]), None)
    attachment = {} if one is None else _attachment(one)
    url = str(attachment.get("url") or "")
    if not url.startswith("Binary/"):
        raise OutcomeError(Issue("not-found", "no-file", text="There is no such file in this visit."), status=404)
    kept = document_of((await work.platform.read("Binary", url[7:])).body())
    work.note("read", type="Binary", refs=(encounter["subject"]["reference"], url))
    name = f"{form['file']}.{str(kept['contentType']).partition('/')[2].partition(';')[0]}"
    return Download(base64.b64decode(kept["data"]), str(kept["contentType"]), name, inline=True)


def _attachment(one: Mapping[str, Any]) -> Mapping[str, Any]:
    if one["resourceType"] == "Communication":
        return dict(one["payload"][0].get("contentAttachment", {}))
    return dict(one["content"][0]["attachment"])


def binaries(form: Form, field: str) -> tuple[Binary, ...]:
    """Read the files that a form brought; empty ones are none."""
    return tuple(_binary(one) for one in form.files if one.field == field and one.content)


def _binary(one: File) -> Binary:
    return Binary(
        contentType=asking.media_type(one.name) or "application/octet-stream",
        data=base64.b64encode(one.content).decode("ascii"),
    )
