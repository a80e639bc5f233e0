"""The line: when it falls, how TURN is told, and what of it is kept."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door
from tests.capabilities.internet_hospital import clinic
from tests.capabilities.internet_hospital.clinic import BO, DOCTOR, MEI, OTHER, asking, put
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Inviting, Judging, Recording, Saying, Visit
from xinglin.capabilities.internet_hospital.operations import lining, reading
from xinglin.capabilities.internet_hospital.rules import forms, line
from xinglin.capabilities.internet_hospital.rules.line import Sample, falls_to
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Binary
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

GOOD, SLOW = Sample(60, 0, 20), Sample(60, 0, 2)
WEBM = b"\x1aE\xdf\xa3 a piece"


@pytest.mark.rule("R2-029", "R1-046")
@pytest.mark.parametrize(
    ("medium", "measured", "wanted"),
    [
        ("video", (GOOD, GOOD, GOOD), ""),
        ("video", (SLOW, SLOW), ""),
        ("video", (SLOW, GOOD, SLOW), ""),
        ("video", (SLOW, SLOW, SLOW), "audio"),
        ("video", (Sample(900, 0), Sample(100, 13), Sample(100, 0, 3)), "audio"),
        ("audio", (Sample(900, 13),) * 3, ""),  # what breaks a picture still carries speech
        ("audio", (Sample(100, 30),) * 3, "text"),
        ("text", (Sample(9000, 90),) * 3, ""),
    ],
)
def test_a_line_falls_after_three_bad_samples(medium: str, measured: tuple[Sample, ...], wanted: str) -> None:
    assert falls_to(medium, measured) == wanted


@pytest.mark.parametrize(
    "said", [None, 7, {}, {"samples": "x"}, {"samples": [1, "x", None]}, {"samples": [{"rtt": "x", "loss": -1}]}]
)
def test_nonsense_measures_nothing_bad(said: Any) -> None:
    assert falls_to("video", line.samples(said)) == ""


def test_credentials_of_turn_end_by_themselves() -> None:
    now = datetime(2026, 11, 22, 8, tzinfo=UTC)
    stun, turn = line.ice(["stun:s.example:3478", "turn:t.example:3478"], "secret", "mei", now)
    assert stun == {"urls": ["stun:s.example:3478"]}
    assert turn["username"] == f"{int(now.timestamp()) + 12 * 3600}:mei"
    assert len(base64.b64decode(turn["credential"])) == 20
    assert line.ice([], "", "mei", now) == []


@pytest.fixture
async def door(store: Store) -> Door:
    made, clock = open_door(store)
    assert isinstance(clock, Stopped)
    await put(made, *clinic.documents(clock.moment))
    return made


async def do(door: Door, who: Principal, operation: Any, given: Any) -> Any:
    async with door.work(who) as work:
        return await work.fhir.operate(operation, given)


async def visit_of(door: Door) -> str:
    """Bring a visit by video so far that the two talk."""
    id = str((await do(door, MEI, contract.REQUEST, asking(medium="video"))).id)
    async with door.work(DOCTOR) as work:
        await work.fhir.operate(contract.ACCEPT, Visit(id))
        for one in await reading.evidence(work.platform, await reading.visit(work, id)):
            await work.fhir.operate(contract.JUDGE, Judging(one["id"], "reviewed"))
        await work.fhir.operate(contract.START, Visit(id))
    return id


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(OutcomeError) as error:
        await call
    return error.value.status, error.value.issues[0].key


async def join(door: Door, who: Principal, id: str) -> Any:
    async with door.work(who) as work:
        return await lining.join(work, id)


@pytest.mark.rule("R2-029", "R1-034")
async def test_the_sides_join_and_a_line_that_does_not_hold_falls(door: Door) -> None:
    waiting = str((await do(door, MEI, contract.REQUEST, asking(medium="video"))).id)
    assert await refused(join(door, MEI, waiting)) == (409, "visit-state")
    await do(door, MEI, contract.CANCEL, Visit(waiting))
    id = await visit_of(door)
    seat = await join(door, MEI, id)
    assert (seat.line, seat.side, seat.now) == (f"visit/{id}", "patient", {"medium": "video", "state": "in-progress"})
    son = replace(MEI, id="son", patient="Patient/bo", patients=("Patient/bo", "Patient/mei"))
    assert (await join(door, son, id)).side == "family"
    assert (await join(door, DOCTOR, id)).side == "doctor"
    assert (await refused(join(door, BO, id)))[0] == 404
    assert (await refused(join(door, OTHER, id)))[0] in {403, 404}

    # A colleague joins by the doctor's invitation, and decides nothing.
    assert (await refused(do(door, OTHER, contract.INVITE, Inviting(id, "Practitioner/d2"))))[0] in {403, 404}
    await do(door, DOCTOR, contract.INVITE, Inviting(id, "Practitioner/d2"))
    assert await refused(do(door, DOCTOR, contract.INVITE, Inviting(id, "Practitioner/d2"))) == (409, "doctor-there")
    assert (await join(door, OTHER, id)).side == "colleague"
    await do(door, OTHER, contract.SAY, Saying(id, "同意王医生的意见"))
    assert await refused(do(door, OTHER, contract.FINISH, contract.Noting(id, "", "", (), ""))) == (
        403,
        "visit-not-yours",
    )

    async with door.work(MEI) as work:
        await lining.told(work, id, {"medium": "audio", "samples": [{"rtt": 1, "loss": 99}] * 3})  # of another medium
        await lining.told(work, id, {"medium": "video", "samples": [{"rtt": 70, "loss": 40, "fps": 9}] * 3})
        await lining.told(work, id, {"medium": "audio", "samples": [{"rtt": 70, "loss": 2}], "over": True})
        encounter = await reading.visit(work, id)
    assert forms.value(encounter, contract.MEDIUM) == "audio"
    said = [
        {part["url"]: part["valueString"] for part in one["extension"]}
        for one in encounter["extension"]
        if one["url"] == contract.LINE
    ]
    assert [(one["medium"], one["reason"], one["quality"]) for one in said] == [
        ("audio", "line", "rtt=70 loss=40 fps=9"),
        ("audio", "hang-up", "rtt=70 loss=2"),
    ]


@pytest.mark.rule("R2-023", "A9-03")
async def test_what_was_recorded_is_kept_with_its_hash(door: Door) -> None:
    id = await visit_of(door)
    piece = Recording(id, "abcdefgh12", 0, Binary(contentType="video/webm", data=base64.b64encode(WEBM).decode()))
    kept = await do(door, MEI, contract.KEEP, piece)
    assert await do(door, MEI, contract.KEEP, piece) == kept  # a piece that came twice
    more = Binary(contentType="video/webm", data=base64.b64encode(b"more").decode())
    await do(door, MEI, contract.KEEP, replace(piece, number=1, file=more))
    assert await refused(do(door, MEI, contract.KEEP, replace(piece, series="x"))) == (400, "recording-number")
    assert await refused(do(door, MEI, contract.KEEP, replace(piece, series="another12", file=more))) == (
        400,
        "visit-file-type",
    )
    assert (await refused(do(door, BO, contract.KEEP, piece)))[0] == 404
    media = document_of((await door.auto(SYSTEM).read("Media", kept)).body())
    assert (media["content"]["size"], len(forms.value(media, contract.HASH))) == (len(WEBM), 64)
    assert forms.value(media, contract.KEPT) > media["createdDateTime"][:10]
    assert await refused(door.auto(SYSTEM).delete("Media", kept)) == (422, "message-fixed")
    async with door.work(DOCTOR) as work:
        found = await lining.recordings(work, await reading.visit(work, id))
    assert [[one["content"]["size"] for one in pieces] for pieces in found.values()] == [[len(WEBM), 4]]
