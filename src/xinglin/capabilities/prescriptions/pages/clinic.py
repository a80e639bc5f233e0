"""The physician's prescriptions: the list, one as it stands, its paper, taking it back."""

import asyncio
from dataclasses import replace
from typing import Final

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Cancelling
from xinglin.capabilities.prescriptions.pages import shown
from xinglin.capabilities.prescriptions.rules import reading
from xinglin.capabilities.prescriptions.rules.states import MOVES
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web import format as show_as
from xinglin.web.banner import banner_of
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.pdf import pdf
from xinglin.web.view import Download, Form, Redirect, Rejected, View

TITLE: Final = Text("电子处方", "Prescriptions")


def _state(found: Found) -> Cell:
    state = contract.state_of(codec.decode(bytes_of(dict(found.document)), "RequestGroup"))  # type: ignore[arg-type]
    text = contract.STATES.codes.get(state)
    return Cell(show_as.said(text, found.language) if text else "", shown.TONES.get(state, "neutral"))


def _number(found: Found) -> Cell:
    number = next((one.get("value", "") for one in found.document.get("identifier", ())), found.id)
    return Cell(number, href=f"{contract.ONE}/{found.id}")


def _kind(found: Found) -> Cell:
    header = codec.decode(bytes_of(dict(found.document)), "RequestGroup")
    tag = shown.TAGS.get(reading.value(header, contract.KIND, "ordinary"), shown.TAGS["ordinary"])[0]
    return Cell(show_as.said(tag, found.language))


LIST: Final = Listing(
    name="prescriptions",
    title=TITLE,
    type="RequestGroup",
    columns=(
        Column(Text("编号", "Number"), _number),
        Column(Text("患者", "Patient"), cells.person("subject")),
        Column(Text("类别", "Kind"), _kind),
        Column(Text("开具时间", "Written"), cells.when("authoredOn"), sort="authored"),
        Column(Text("状态", "State"), _state),
    ),
    where=(("_include", "RequestGroup:patient"),),
    filters=(
        Filter(
            "status",
            Text("状态", "State"),
            "choice",
            options=(
                ("draft", Text("草稿", "Draft")),
                ("on-hold", Text("待审核或未通过", "Waiting for review or returned")),
                ("active", Text("有效", "Effective")),
                ("revoked", Text("已作废、重开或过期", "Cancelled, written anew or expired")),
            ),
        ),
        Filter("name", Text("患者", "Patient"), parameter="patient.name"),
        Filter("authored", Text("开具时间", "Written"), "days"),
    ),
    sort="-authored",
    empty=Empty(
        "pill",
        Text("没有这样的处方", "No such prescriptions"),
        Text("点「开处方」，从今天的就诊中选择患者。", "Choose “Write a prescription” and one of today's visits."),
    ),
    template="prescriptions/list.html",
)


async def show_own(work: UnitOfWork, form: Form) -> View | Download:
    """List what the reader wrote."""
    own = (*LIST.where, ("author", work.principal.practitioner or "Practitioner/none"))
    return await show_list(work, form, replace(LIST, where=own), {"new": contract.NEW})


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one prescription."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Take a prescription back."""
    try:
        await work.fhir.operate(contract.CANCEL, Cancelling(form["id"], form["reason"].strip()[:500]))
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{contract.ONE}/{form['id']}")


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    one = await shown.read(work, form["id"], form.language)
    mine = one.author == work.principal.practitioner
    after = MOVES.get(one.state, frozenset())
    return View(
        "prescriptions/one.html",
        {
            "one": one,
            "banner": await banner_of(work, one.patient, form.language),
            "tone": shown.TONES.get(one.state, "info"),
            "state": _said_state(one.state, form),
            "cancels": mine and "cancelled" in after,
            "revises": mine and "revised" in after,
            "revise": f"{contract.NEW}?patient={one.patient}&encounter={one.encounter}&revise={one.id}"
            f"{'&kind=tcm' if one.tcm else ''}",
            "issues": issues,
            "href": f"{contract.ONE}/{one.id}",
        },
        live=(contract.topic(one.id),),
        block="state",
    )


def _said_state(state: str, form: Form) -> str:
    text = contract.STATES.codes.get(state)
    return show_as.said(text, form.language) if text else state


async def show_paper(work: UnitOfWork, form: Form) -> View:
    """Show a prescription as it is printed."""
    one = await shown.read(work, form["id"], form.language)
    made = shown.sheet(one, form.language, show_as.stamp(work.now)[:16])
    resident = bool(work.principal.roles & {"resident", "guardian"})
    reviews = "pharmacist" in work.principal.roles
    back = contract.MINE if resident else f"{contract.QUEUE if reviews else contract.ONE}/{one.id}"
    base = contract.MINE if resident else contract.ONE
    return View(
        "prescriptions/paper.html",
        {
            "sheet": made,
            "one": one,
            "back": back,
            "pdf": f"{base}/{one.id}/pdf",
            "state": _said_state(one.state, form),
        },
    )


async def show_pdf(work: UnitOfWork, form: Form) -> Download:
    """Give the paper as PDF."""
    one = await shown.read(work, form["id"], form.language)
    made = shown.sheet(one, form.language, show_as.stamp(work.now)[:16])
    body = await asyncio.to_thread(pdf, made)
    return Download(body, "application/pdf", f"{one.number}.pdf", inline=True)
