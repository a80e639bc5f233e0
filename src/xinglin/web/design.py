"""The page /design: every component in every state, with invented people."""

from dataclasses import replace
from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.web import cards
from xinglin.web.banner import Banner
from xinglin.web.cards import Bar, Figure, Line, Link
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Listing
from xinglin.web.tree import tree
from xinglin.web.view import Form, Language, View

TONES: Final = ("neutral", "success", "info", "warning", "danger")
ICONS: Final = (
    *("user", "stethoscope", "pill", "test-pipe"),
    *("report-medical", "vaccine", "heartbeat", "building-hospital"),
)
# x and y of a trend in per cent of the chart, what the point says, and whether it is normal
POINTS: Final = (
    (0, 40, "6.1", True),
    (25, 55, "6.8", True),
    (50, 62, "7.0", True),
    (75, 88, "9.4", False),
    (100, 58, "6.9", True),
)
PATIENT: Final = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "张", "given": ["小梅"]}],
    "gender": "female",
    "birthDate": "1999-03-08",
    "generalPractitioner": [{"reference": "Practitioner/17", "display": "王建国"}],
    "contact": [{"relationship": [{"text": "母亲"}], "name": {"text": "李秀英"}}],
}


NAME: Final = Text("张小梅", "Zhang Xiaomei")
HERE: Final = "#lists"
LISTING: Final = Listing(
    name="design",
    title=Text("在诊患者", "Patients in care"),
    type="Encounter",
    columns=(
        Column(Text("患者", "Patient"), lambda _: ""),
        Column(Text("时间", "When"), lambda _: "", sort="date"),
        Column(Text("状态", "State"), lambda _: ""),
    ),
    filters=(
        Filter("patient", Text("姓名", "Name")),
        Filter("state", Text("状态", "State"), "choice", options=(("open", Text("在诊", "In care")),)),
        Filter("visited", Text("日期", "Date"), "days"),
    ),
    empty=Empty(
        "stethoscope",
        Text("还没有在诊患者", "Nobody in care"),
        Text("接诊后患者会出现在这里。", "Whom you receive appears here."),
        (Text("查找患者", "Find a patient"), HERE),
    ),
)
FIGURES: Final = (
    Figure(Text("今日预约", "Appointments today"), 30, "#cards"),
    Figure(Text("资质 30 天内到期", "Credentials ending in 30 days"), 2, "#cards", "warning"),
    Figure(Text("资质失效", "Credentials no longer valid"), 1, "#cards", "danger"),
    Figure(Text("待办", "To do"), 0, "#cards", "danger"),
)
MORE: Final = Link(Text("全部", "All"), "#cards")
NOTHING: Final = Text("今天没有后续预约。", "No more appointments today.")
VISITS: Final = Text("近 6 个月就诊人次", "Visits of six months")
MONTHS: Final = ((6, 607), (7, 649), (8, 593), (9, 0), (10, 692), (11, 477))


def page(form: Form) -> View:
    """Show the design system; it needs no data."""
    nodes = tree(PATIENT, form.language, {}, lambda _reference: "#tree")
    values = {"tones": TONES, "icons": ICONS, "points": POINTS, "nodes": nodes}
    return View("design.html", values | _banners(form.language) | _lists(form.language) | _cards(form.language))


def _banners(language: Language) -> dict[str, object]:
    """Give the banner as it usually is, in an emergency, masked, and by the role alone."""

    def say(zh: str, en: str) -> str:
        return said(Text(zh, en), language)

    facts = (say("女", "female"), say("27 岁", "27 y"), "1999-03-08", "410802********1221")
    risks = (say("青霉素（高危）", "Penicillin (high risk)"), say("孕产妇", "Pregnancy"))
    calm = (say("高血压管理", "Hypertension care"), say("职工医保", "Employee insurance"))
    name = said(NAME, language)
    usual = Banner(
        "1", name, facts, risks, calm, say("因就诊可见", "Visible by a visit"), urgent=False, masked=False, document={}
    )
    until = say("紧急访问，至 14:05", "Emergency access until 14:05")
    unknown = (say("过敏史未记录", "Allergies not recorded"),)
    urgent = replace(usual, risks=(), calm=unknown, why=until, urgent=True)
    masked = replace(usual, name="1", facts=facts[:1], risks=(), calm=(), why="", masked=True)
    return {"banners": (usual, urgent, masked)}


def _lists(language: Language) -> dict[str, object]:
    """Give a list with rows, and what the three empty states need."""
    columns = [
        {
            "title": said(one.title, language),
            "order": "descending" if one.sort else "",
            "sort": HERE if one.sort else "",
        }
        for one in LISTING.columns
    ]
    filters = [
        {
            "code": one.code,
            "kind": one.kind,
            "title": said(one.title, language),
            "hint": "",
            "options": [(value, said(text, language)) for value, text in one.options],
            "values": ["", ""],
        }
        for one in LISTING.filters
    ]
    row = {
        "href": HERE,
        "masked": False,
        "cells": (
            Cell(said(NAME, language), note=said(Text("女 · 27 岁", "female · 27 y"), language)),
            Cell("2026-11-22 09:05"),
            Cell(said(Text("就诊中", "In progress"), language), tone="info"),
        ),
    }
    covered = row | {"masked": True, "cells": (Cell("张*"), Cell("2026-11-21 16:00"), Cell(""))}
    shown = {
        "rows": (row, covered),
        "total": 42,
        "columns": columns,
        "sorts": [("date", LISTING.columns[1].title)],
        "order": "-date",
        "filters": [one | {"tabs": ()} for one in filters],
        "tabs": (),
        "headed": LISTING.headed,
        "searched": False,
        "previous": HERE,
        "first": HERE,
        "next": HERE,
        "exports": [("xlsx", HERE), ("csv", HERE)],
    }
    return {
        "listing": LISTING,
        "listed": shown,
        "unlisted": shown | {"rows": ()},
        "unfound": shown | {"rows": (), "searched": True},
        "issues": [{"key": "masked-parameter", "text": ""}],
    }


def _cards(language: Language) -> dict[str, object]:
    """Give cards of figures, lines, an empty one, bars, and one that failed."""
    visit = said(Text("门诊 · 咳嗽", "Outpatient · cough"), language)
    late = said(Text("已超时", "Overdue"), language)
    lines = (
        Line("#cards", said(NAME, language), visit, end="09:05", icon="user"),
        Line("#cards", said(NAME, language), visit, state=late, tone="danger", icon="user"),
    )
    months = tuple(Bar(f"{month} 月" if language == "zh" else str(month), n, "#cards") for month, n in MONTHS)
    return {
        "cards": (
            cards.figures(FIGURES),
            cards.lines(lines, more=MORE),
            cards.lines((), empty=NOTHING),
            cards.bars(months, VISITS),
            View("kit/card-fault.html"),
        )
    }
