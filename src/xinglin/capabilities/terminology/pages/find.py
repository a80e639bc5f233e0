"""The dictionary: find a code in all systems or one, by Chinese, pinyin, initials, English or the code itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.terminology import contract
from xinglin.capabilities.terminology.operations.given import day
from xinglin.fhir.declarations import BASE
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.concepts import MOST_COUNTED, Found, find, number
from xinglin.store.terminology.systems import System, newest, systems
from xinglin.tables.codes import by_url
from xinglin.web.export import FORMATS, table_of
from xinglin.web.view import Download, Form, Language, View

COUNT: Final = 20
EXPORTED: Final = 5_000
TOP: Final = "c.parents = '{}'"


@dataclass(frozen=True, slots=True)
class Row:
    """One concept of a list."""

    code: str
    name: str
    other: str
    system: str
    href: str
    retired: bool
    abstract: bool


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """Show what is found; without a question the systems, of one system its top."""
    every = newest(await systems(work.executor))
    chosen = next((one for one in every if one.url == form["system"]), None)
    text = form["q"].strip()[:200]
    within = [chosen] if chosen is not None else every
    condition = "true" if text else TOP
    if form["_format"] in FORMATS and (text or chosen):
        return await _export(work, form, text, within, condition)
    offset = _offset(form["from"])
    found: list[Found] = []
    total = 0
    if text or chosen is not None:
        found = await find(work.executor, text, within, condition=condition, count=COUNT, offset=offset)
        total = await number(work.executor, text, within, condition=condition)
    today = day(work, "")
    kept = {"q": text, "system": chosen.url if chosen is not None else ""}
    return View(
        "terminology/find.html",
        {
            "filled": kept,
            "systems": [(one.named(form.language), one) for one in sorted(every, key=_weight)],
            "chosen": chosen,
            "rows": [row_of(one, form.language, today) for one in found],
            "total": total,
            "many": total >= MOST_COUNTED,
            "first": offset + 1,
            "last": offset + len(found),
            "previous": _address(kept, max(0, offset - COUNT)) if offset else "",
            "next": _address(kept, offset + COUNT) if offset + len(found) < total and found else "",
            "exports": [(kind, f"{contract.DICTIONARY}?{urlencode(kept | {'_format': kind})}") for kind in FORMATS],
            "exported": EXPORTED,
        },
        block="results",
    )


def row_of(one: Found, language: Language, today: date) -> Row:
    """Make a line of a list of a concept."""
    name = one.named(language)
    return Row(
        code=one.code,
        name=name,
        other=next((other for other in one.names if other != name), ""),
        system=one.system.named(language),
        href=contract.concept_address(one.system.url, one.code),
        retired=not one.counts_on(today),
        abstract=one.abstract,
    )


async def _export(work: UnitOfWork, form: Form, text: str, within: Sequence[System], condition: str) -> Download:
    heads = {
        "zh": ("代码", "名称", "其他名称", "代码系统", "系统地址", "版本", "停用日期"),
        "en": ("Code", "Name", "Other names", "Code system", "Address", "Version", "Retired"),
    }[form.language]
    kind = form["_format"]
    table = table_of(kind, "terminology", heads)
    for one in await find(work.executor, text, within, condition=condition, count=EXPORTED):
        table.add(
            (
                *(one.code, one.display, "; ".join(one.names[1:]), one.system.named(form.language), one.system.url),
                *(one.system.version, one.until.isoformat() if one.until else ""),
            )
        )
    return Download(table.done(), FORMATS[kind], f"terminology.{kind}")


def _weight(one: System) -> tuple[bool, int, str]:
    """Put large national tables first, and the platform's own sets of codes last."""
    return one.url not in by_url() and one.url.startswith(BASE), -one.concepts, one.url


def _offset(text: str) -> int:
    return min(int(text), MOST_COUNTED) if text.isdecimal() and len(text) < 7 else 0


def _address(kept: dict[str, str], offset: int) -> str:
    more = {"from": str(offset)} if offset else {}
    return f"{contract.DICTIONARY}?{urlencode({name: value for name, value in kept.items() if value} | more)}"
