"""The page of a record says what was signed, by whom, and whether it holds."""

from typing import Any

import pytest

from tests.capabilities.signatures.test_signatures import door, overwrite, sign, signed_in
from xinglin.capabilities.records.pages import record
from xinglin.security.principal import Principal
from xinglin.security.signatures import Verdict, read_line
from xinglin.store.door import Door
from xinglin.web.view import Form

__all__ = ["door"]

DEVELOPER = Principal("dev", frozenset({"developer"}))


async def shown(door: Door) -> list[dict[str, Any]]:
    async with door.work(DEVELOPER) as work:
        view = await record.show(work, Form(path={"type": "DiagnosticReport", "id": "r1"}))
    found: Any = view.values["signatures"]
    return list(found)


@pytest.mark.rule("R6-051")
@pytest.mark.rule("R6-053")
async def test_a_record_shows_its_signatures(door: Door) -> None:
    assert await shown(door) == []
    await sign(door, await signed_in(door))
    (one,) = await shown(door)
    assert (one["valid"], one["test"], one["what"]) == (True, True, "DiagnosticReport/r1/_history/1")
    assert one["who"] == "Practitioner/d1"
    await overwrite(door, "DiagnosticReport", "r1", lambda document: document.update(conclusion="异常"))
    (one,) = await shown(door)
    assert (one["valid"], one["faults"]) == (False, ("changed",))


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict((), "Task/1/_history/2", "Practitioner/1", "2026-11-22T05:00:00.000Z", "2f", test=True),
        Verdict(("changed", "time"), "Task/1/_history/2", "Practitioner/1", "2026-11-22T05:00:00.000Z", "2f"),
        Verdict(("unreadable",), "", ""),
    ],
)
def test_a_line_says_all_of_a_verdict(verdict: Verdict) -> None:
    assert read_line(verdict.line("Provenance/1")) == ("Provenance/1", verdict)
