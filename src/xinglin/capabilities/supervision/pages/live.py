"""Live figures of online care, and the list of uploads."""

from functools import partial
from typing import Any, Final

from xinglin.capabilities.internet_hospital.contract import desk_topic
from xinglin.capabilities.prescriptions.contract import queue_topic
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.operations.counting import City, Figures, everywhere
from xinglin.capabilities.supervision.rules import uploads
from xinglin.capabilities.supervision.rules.documents import nested, reference, value
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.asking import Counts
from xinglin.web.cards import Figure
from xinglin.web.format import moment, said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, View

TITLE: Final = Text("实时监管", "Live figures")
TONES: Final = {"waiting": "info", "held": "warning", "refused": "danger", "taken": "success"}


async def show(counts: Counts, work: UnitOfWork, _form: Form) -> View:
    """Show what goes on now; the page hears of visits, reviews and uploads of the institutions it shows."""
    city, rows = await everywhere(work, counts)
    topics = [topic(f"Organization/{one.id}") for one in rows for topic in (desk_topic, queue_topic, contract.topic)]
    values = {"city": city, "rows": rows, "figures": _figures(city, rows), "at": work.now.isoformat()}
    return View("supervision/live.html", values, live=tuple(topics))


def _figures(city: City, rows: tuple[Figures, ...]) -> list[Figure]:
    """Give the figures of everywhere, with what lies behind each."""

    def whole(name: str) -> int:
        return sum(getattr(one, name) for one in rows)

    open_visits = f"{contract.TRACED}?class=VR"
    held = f"{contract.UPLOADS}?business-status={contract.UPLOAD_STATES.system}|"
    return [
        Figure(Text("在线诊疗中", "Online, in progress"), whole("now"), open_visits),
        Figure(Text("等候中", "Waiting"), whole("waiting"), open_visits),
        Figure(Text("超过承诺时限", "Promise broken"), whole("overdue"), open_visits, "danger"),
        Figure(Text("待审处方", "To be reviewed"), whole("to_review"), contract.TRACED),
        Figure(Text("今日已审处方", "Reviewed today"), whole("reviewed"), contract.TRACED),
        Figure(Text("待上报", "Uploads waiting"), whole("uploads"), f"{held}waiting"),
        Figure(Text("上报受阻", "Uploads kept back"), whole("kept_back"), f"{held}refused", "danger"),
        Figure(Text("今日在线复诊", "Online visits today"), city.online, open_visits),
        Figure(Text("今日线下就诊", "Visits on site today"), city.on_site, f"{contract.TRACED}?class=AMB"),
        Figure(Text("今日用药医嘱", "Orders of medicine today"), city.prescriptions, contract.TRACED),
    ]


def shown(counts: Counts) -> Any:
    """Give the page with what it keeps."""
    return partial(show, counts)


# -- uploads ----------------------------------------------------------------------------------------------------------


def _act(found: Found) -> str:
    return said(contract.ACTS.codes[str(value(found.document, contract.ACT))], found.language)


def _state(found: Found) -> Cell:
    state = uploads.state_of(found.document)
    return Cell(said(contract.UPLOAD_STATES.codes[state], found.language), TONES[state])


def _told(found: Found) -> str:
    """Say what keeps it back, or the receipt."""
    faults = [one.get(found.language) or "" for one in nested(found.document, contract.FAULT)]
    return "；".join(map(str, faults)) or str(value(found.document, contract.RECEIPT) or "")


def _late(found: Found) -> Cell | str:
    timely = value(found.document, contract.TIMELY)
    if timely is None:
        return moment(str(found.document["restriction"]["period"]["end"]))
    return Cell(
        said(Text("及时", "In time") if timely else Text("逾期", "Late"), found.language), "" if timely else "danger"
    )


COLUMNS: Final = (
    Column(Text("登记时间", "Found"), cells.when("authoredOn"), sort="authored-on"),
    Column(Text("上报内容", "What is told"), _act),
    Column(Text("机构", "Institution"), cells.person("owner")),
    Column(Text("状态", "State"), _state),
    Column(Text("时限", "Due"), _late),
    Column(Text("回执或原因", "Receipt or reason"), _told),
)
STATES: Final = tuple(
    (f"{contract.UPLOAD_STATES.system}|{code}", text) for code, text in contract.UPLOAD_STATES.codes.items()
)
UPLOADS: Final = Listing(
    name="uploads",
    title=Text("监管上报", "Uploads to the province"),
    type="Task",
    where=(("code", f"{contract.TASKS.system}|upload"), ("_include", "Task:owner")),
    columns=COLUMNS,
    filters=(
        Filter("business-status", Text("状态", "State"), "choice", options=STATES),
        Filter("authored-on", Text("日期", "Day"), "days"),
    ),
    sort="-authored-on",
    href=lambda found: f"{contract.TRACED}?about={reference(found.document, 'focus')}",
    empty=Empty(
        "upload",
        Text("还没有上报记录", "Nothing told yet"),
        Text("在线诊疗结束后会自动上报。", "Online care is told by itself."),
    ),
)
OWN: Final = Listing(
    name="own-uploads",
    title=Text("监管上报", "Uploads to the province"),
    type="Task",
    where=UPLOADS.where,
    columns=COLUMNS,
    filters=UPLOADS.filters,
    sort="-authored-on",
    href=lambda found: f"{contract.OWN_UPLOADS}/{found.id}",
    empty=UPLOADS.empty,
)


async def show_uploads(work: UnitOfWork, form: Form) -> View | Download:
    """List what was told, or waits to be, everywhere."""
    return await show_list(work, form, UPLOADS)


async def show_own(work: UnitOfWork, form: Form) -> View | Download:
    """List what one's institution tells."""
    return await show_list(work, form, OWN)


async def show_own_one(work: UnitOfWork, form: Form) -> View:
    """Show one upload of one's institution, with what keeps it back."""
    task = document_of((await work.fhir.read("Task", form["id"])).body())
    state = uploads.state_of(task)
    values = {
        "id": form["id"],
        "act": said(contract.ACTS.codes[str(value(task, contract.ACT))], form.language),
        "said_state": said(contract.UPLOAD_STATES.codes[state], form.language),
        "tone": TONES[state],
        "faults": [one.get(form.language) for one in nested(task, contract.FAULT)],
        "focus": reference(task, "focus"),
        "due": task["restriction"]["period"]["end"],
        "attempts": uploads.attempts(task),
        "receipt": value(task, contract.RECEIPT) or "",
        "digest": value(task, contract.DIGEST) or "",
        "open": state in {"held", "refused"},
    }
    return View("supervision/upload.html", values)


async def send_own(work: UnitOfWork, form: Form) -> Redirect:
    """Have it sent again."""
    await work.fhir.operate(contract.RESEND, contract.One(form["id"]))
    return Redirect(f"{contract.OWN_UPLOADS}/{form['id']}")
