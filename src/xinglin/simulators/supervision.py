"""The supervision port of the province, simulated: takes records of online care, refuses what lacks a field.

``POST /records`` as in `capabilities/supervision/gateways.py`; ``GET /records`` gives what was taken, ``GET /`` shows
it. Faults by ``POST /faults``: time-out after the effect, duplicate, refuse, slow, down.
"""

from collections import Counter
from html import escape
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from xinglin.care.upload.records import TABLES, Record, fields
from xinglin.simulators.faults import Faults

SHOWN: Final = 100


class Refused(ValueError):
    """What is wrong with records; a reason each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("；".join(reasons))


class Province:
    """What was taken: by composite key the last version, by act its receipt."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.records: dict[str, Record] = {}
        self.corrected = 0
        self._receipts: dict[str, tuple[str, str]] = {}

    def take(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take the records of one act; the same again has the same receipt and no effect."""
        key, digest = str(asked["key"]), str(asked["digest"])
        known, receipt = self._receipts.get(key, ("", ""))
        if known == digest:
            return {"receipt": receipt, "duplicate": True}
        records = [Record(one["table"], one["values"]) for one in asked["records"]]
        if reasons := [reason for one in records for reason in _faults(one)]:
            raise Refused(reasons)
        for one in records:
            self.corrected += one.key in self.records
            self.records[one.key] = one
        receipt = f"JG{len(self._receipts) + 1:010d}" if not known else f"{receipt}-X"
        self._receipts[key] = (digest, receipt)
        return {"receipt": receipt}

    async def listed(self, _request: Request) -> Response:
        """Give every record that was taken."""
        return JSONResponse([{"key": key, "values": one.values} for key, one in self.records.items()])

    async def shown(self, _request: Request) -> Response:
        """Show how many records of each table there are, and the last."""
        counts = Counter(one.table for one in self.records.values())
        head = " ".join(f"{table} {counts[table]}" for table in TABLES)
        lines = "".join(f"<li>{escape(key)}</li>" for key in list(self.records)[-SHOWN:])
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><title>Province</title><h1>省监管平台模拟器</h1><p>{head}，"
            f"更正 {self.corrected} 次</p><ol>{lines}</ol>"
        )


def _faults(one: Record) -> list[str]:
    known = {field.name for field in fields(one.table)} if one.table in TABLES else set()
    if not known:
        return [f"没有 {one.table} 表"]
    strange = sorted(set(one.values) - known)
    return [f"{one.table} 缺少{title}" for title in one.missing] + [f"{one.table} 不收 {name}" for name in strange]


def _refused(why: str) -> Response:
    return JSONResponse({"reasons": why.split("；")}, status_code=422)


def application() -> Starlette:
    """Make a province."""
    province = Province()
    return Starlette(
        routes=[
            Route("/", province.shown, methods=["GET"]),
            Route("/records", province.listed, methods=["GET"]),
            Route("/records", province.faults.around(province.take, refused=_refused), methods=["POST"]),
            Route("/faults", province.faults.set, methods=["POST"]),
        ]
    )
