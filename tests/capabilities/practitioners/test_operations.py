"""Verification against the simulated register, on a real store: written down, and in effect at once."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from tests.capabilities.practitioners import people
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.practitioners import capability, contract, jobs
from xinglin.capabilities.practitioners.contract import Opening, Verify
from xinglin.capabilities.practitioners.gateways import Asked, HttpRegister, NoRegister, RegisterSilent
from xinglin.capabilities.practitioners.operations import effects, institutions
from xinglin.capabilities.practitioners.operations import verify as verifying
from xinglin.capabilities.practitioners.operations.people import today
from xinglin.capabilities.practitioners.rules import results
from xinglin.capabilities.records import capability as records
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import VerificationResult
from xinglin.registry import Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.simulators import practitioners as simulator
from xinglin.store.door import Door
from xinglin.store.identity import accounts, sessions
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.identity.sessions import Beginning
from xinglin.store.store import Store

ADMINISTRATOR = Principal("a1", frozenset({"system-admin"}), organization="Organization/h1")
STRANGER = Principal("a2", frozenset({"system-admin"}), organization="Organization/h2")
PHYSICIAN = Principal("p1", frozenset({"physician"}), practitioner="Practitioner/d1", organization="Organization/h1")
HOUR = timedelta(hours=1)


@pytest.fixture
async def door(store: Store) -> Door:
    registry = Registry(
        (records.declare(Settings()), notifications.declare(Settings()), capability.declare(Settings()))
    )
    made = Door(store, registry.rulebook)
    for document in (people.organization(), people.physician(), people.place()):
        await put(made, document)
    return made


@pytest.fixture
async def line() -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the simulated register."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(simulator.application()), base_url="http://register"
    ) as made:
        yield made


@pytest.fixture
def register(line: httpx.AsyncClient) -> HttpRegister:
    return HttpRegister("http://register", "secret", transport=line._transport)


async def put(door: Door, document: dict[str, Any]) -> None:
    await door.auto(SYSTEM).update(json.dumps(document).encode(), type=document["resourceType"], id=document["id"])


async def read(door: Door, type: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await door.auto(SYSTEM).read(type, id)).body())
    return found


async def verify(door: Door, register: HttpRegister, who: Principal = ADMINISTRATOR) -> VerificationResult:
    async with door.work(who) as work:
        return await verifying.verify(work, Verify("d1"), register=register)


async def signed_in(door: Door) -> str:
    """Make an account of the physician with a session, and give its cookie."""
    now = door.clock.now()
    async with door.work(SYSTEM) as work:
        account = Account(work.new_id(), "staff", "active", b"", now, person="Practitioner/d1")
        await accounts.add(work.executor, account, {})
        for role, place in (("physician", "h1"), ("nurse", "h2"), ("system-admin", "h1")):
            one = Assignment(account.id, work.new_id(), role, now, "a1", organization=f"Organization/{place}")
            await accounts.assign(work.executor, one)
        until = now + 8 * HOUR
        given = Beginning(
            account=account.id, role="physician", purpose="TREAT", strong=True, now=now, expires=until, until=until
        )
        return await sessions.begin(work.executor, door.clock, given)


async def forget_accounts(door: Door) -> None:
    await door.store.fetch("DELETE FROM session")
    await door.store.fetch("DELETE FROM assignment")
    await door.store.fetch("DELETE FROM account")


async def roles(door: Door) -> set[str]:
    """Name the roles that the physician may sign in to."""
    found = await accounts.of_person(door.store, "Practitioner/d1")
    held = await accounts.assignments(door.store, found[-1].id, door.clock.now())
    return {one.role for one in held}


async def tell(line: httpx.AsyncClient, **entry: Any) -> None:
    await line.put(f"/v1/certificates/{people.NUMBER}", json={"status": "1"} | entry)


def opening(work_now: str, **changes: Any) -> Opening:
    made = Opening("d1", "Organization/h1", "face-1", "face", passed=True, at=work_now, department="03.04")
    return replace(made, **changes)


async def open_session(
    door: Door, register: HttpRegister | NoRegister, who: Principal = PHYSICIAN, **changes: Any
) -> VerificationResult:
    async with door.work(who) as work:
        given = opening(work.now.isoformat(), **changes)
        return await verifying.open_session(work, given, register=register, grace=24 * HOUR, minutes=10)


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    return [issue.key for issue in error.value.issues]


@pytest.mark.rule("R1-030", "R0-004")
async def test_a_verification_is_written_down_with_question_answer_time_and_operator(
    door: Door, register: HttpRegister
) -> None:
    found = await verify(door, register)
    assert results.state_of(found) == "valid"
    kept = await read(door, "VerificationResult", found.id or "")
    extensions = {one["url"]: one["valueString"] for one in kept["extension"]}
    assert extensions[contract.QUERY] == f"qualification:{people.QUALIFICATION} practising:{people.NUMBER}"
    assert extensions[contract.OPERATOR] == "a1"
    assert (results.occasion_of(found), results.operator_of(found), results.reasons_of(found)) == ("entry", "a1", [])
    assert results.occasion_of(await verify(door, register)) == "demand"
    assert (await read(door, "Practitioner", "d1"))["active"] is True


@pytest.mark.rule("R6-036")
@pytest.mark.parametrize(
    ("entry", "state"),
    [
        ({"status": "3"}, "revoked"),
        ({"status": "2"}, "suspended"),
        ({"status": "5"}, "expired"),
        ({"validUntil": "2020-01-01"}, "expired"),
        ({"status": "0"}, "not-found"),
    ],
)
async def test_a_credential_that_ended_takes_effect_in_the_same_transaction(
    door: Door, line: httpx.AsyncClient, register: HttpRegister, entry: dict[str, str], state: str
) -> None:
    await tell(line, **entry)
    found = await verify(door, register)
    assert results.state_of(found) == state
    assert results.reasons_of(found)
    assert (await read(door, "Practitioner", "d1"))["active"] is False
    assert (await read(door, "PractitionerRole", "r1"))["active"] is False
    waiting = await door.store.fetch("SELECT args FROM procrastinate_jobs WHERE task_name = $1", contract.FREEZE)
    assert [json.loads(row["args"]) for row in waiting] == [{"practitioner": "Practitioner/d1"}]


@pytest.mark.rule("R6-036")
@pytest.mark.parametrize(
    ("entry", "alive", "left"),
    [
        ({}, True, {"physician", "nurse", "system-admin"}),
        ({"status": "3"}, False, {"system-admin"}),
        ({"institutions": ["410802000112"]}, False, {"nurse", "system-admin"}),
    ],
)
async def test_sessions_end_and_a_new_login_finds_no_role_at_the_bedside(
    door: Door, line: httpx.AsyncClient, register: HttpRegister, entry: dict[str, Any], *, alive: bool, left: set[str]
) -> None:
    await forget_accounts(door)
    cookie = await signed_in(door)
    await tell(line, **entry)
    await verify(door, register)
    found = await sessions.find(door.store, cookie, door.clock.now())
    assert (found is not None) == alive
    assert await roles(door) == left


@pytest.mark.rule("R6-036")
async def test_who_moved_loses_that_place_of_work_only(
    door: Door, line: httpx.AsyncClient, register: HttpRegister
) -> None:
    await put(door, people.organization("h2", "410802000112"))
    await put(door, people.place("r2", organization="h2", kind="other"))
    await tell(line, institutions=["410802000112"])
    assert results.state_of(await verify(door, register)) == "moved"
    assert (await read(door, "PractitionerRole", "r1"))["active"] is False
    assert (await read(door, "PractitionerRole", "r2"))["active"] is True
    assert (await read(door, "Practitioner", "d1"))["active"] is True


@pytest.mark.parametrize("kind", ["down", "refuse"])
async def test_a_silent_register_changes_nothing(
    door: Door, line: httpx.AsyncClient, register: HttpRegister, kind: str
) -> None:
    await line.post("/faults", json={"kind": kind, "times": 1})
    assert results.state_of(await verify(door, register)) == "unknown"
    assert (await read(door, "Practitioner", "d1"))["active"] is True
    assert results.state_of(await verify(door, register)) == "valid"


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b'{"code": "E1"}',
        b'{"code": "0", "certificates": [{"certificateNo": "1", "status": "9"}]}',
        b'{"code": "0", "certificates": [{"status": "1"}]}',
    ],
)
async def test_an_answer_that_cannot_be_understood_is_silence(answer: bytes) -> None:
    strange = httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    with pytest.raises(RegisterSilent):
        await HttpRegister("http://register", transport=strange).entries([Asked("practising", "1", "")], query="q")


async def test_the_register_is_asked_in_parts_with_the_token() -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        asked.append(json.loads(request.content))
        found = [{"certificateNo": one["certificateNo"], "status": "1"} for one in asked[-1]["certificates"]]
        return httpx.Response(200, json={"code": "0", "certificates": found})

    register = HttpRegister("http://register", "secret", transport=httpx.MockTransport(answer))
    entries = await register.entries([Asked("practising", str(number), "") for number in range(450)], query="q")
    assert len(entries) == 450
    assert [(one["queryNo"], len(one["certificates"])) for one in asked] == [("q-0", 200), ("q-1", 200), ("q-2", 50)]


async def test_the_administrator_of_another_institution_verifies_nobody_here(
    door: Door, register: HttpRegister
) -> None:
    assert await refused(verify(door, register, STRANGER)) == ["not-found"]


@pytest.mark.rule("R1-033", "R2-010")
async def test_a_reception_opens_after_a_verification_in_person(door: Door, register: HttpRegister) -> None:
    found = await open_session(door, register)
    assert (results.state_of(found), results.occasion_of(found)) == ("valid", "session")
    assert any(one.valueString == "face-1" for one in found.extension or () if one.url == contract.PRESENCE)


@pytest.mark.rule("R1-033", "R2-010", "R1-034")
@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"passed": False}, ["presence-failed"]),
        ({"kind": "software"}, ["presence-kind"]),
        ({"at": "2020-01-01T00:00:00Z"}, ["presence-old"]),
        ({"at": "yesterday"}, ["instant"]),
        ({"at": "2026-11-22T10:00:00"}, ["instant"]),
        ({"organization": "Organization/h2"}, ["site-missing"]),
        ({"department": "04"}, ["practice-scope", "consent-scope", "department-elsewhere"]),
        ({"id": "d2"}, ["not-oneself"]),
    ],
)
async def test_a_reception_that_may_not_open_is_refused_with_all_reasons(
    door: Door, register: HttpRegister, changes: dict[str, Any], faults: list[str]
) -> None:
    assert sorted(await refused(open_session(door, register, **changes))) == sorted(faults)


@pytest.mark.rule("R1-033")
async def test_a_revoked_physician_opens_no_reception(
    door: Door, line: httpx.AsyncClient, register: HttpRegister
) -> None:
    await tell(line, status="3")
    assert await refused(open_session(door, register)) == ["register-revoked"]
    # The refusal does not undo what the register said.
    assert (await read(door, "Practitioner", "d1"))["active"] is False
    assert await door.auto(SYSTEM).count("VerificationResult") == 1


@pytest.mark.rule("R1-033")
async def test_a_good_verification_carries_a_session_while_the_register_is_silent(
    door: Door, register: HttpRegister
) -> None:
    assert await refused(open_session(door, NoRegister())) == ["never-verified"]
    await verify(door, register)
    assert results.state_of(await open_session(door, NoRegister())) == "unknown"


@pytest.mark.rule("R6-036", "R0-004")
async def test_the_sweep_verifies_everybody_once_page_by_page(
    door: Door, line: httpx.AsyncClient, register: HttpRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAGE", 2)
    for number in range(2, 6):
        await put(door, people.physician(f"d{number}", f"11041080200012{number}"))
    await line.put("/v1/certificates/110410802000124", json={"status": "3"})
    async with door.work(SYSTEM) as work:
        await jobs.sweep(work)
    runs: dict[str, Callable[..., Awaitable[None]]] = {
        contract.SWEEP: jobs.sweep,
        contract.VERIFY_BATCH: partial(jobs.verify, register=register),
    }
    for _ in range(10):
        waiting = await door.store.fetch("DELETE FROM procrastinate_jobs RETURNING task_name, args::text")
        for row in waiting:
            run = runs.get(row["task_name"])
            # A job may run twice: its worker may have died after the commit.
            for _twice in range(2):
                if run is not None:
                    async with door.work(SYSTEM) as work:
                        await run(work, **json.loads(row["args"]))
    assert await door.auto(SYSTEM).count("VerificationResult") == 5
    assert await door.auto(SYSTEM).count("Practitioner", active="false") == 1
    assert (await read(door, "Practitioner", "d4"))["active"] is False


async def test_the_sweep_comes_again_when_the_register_is_silent(
    door: Door, line: httpx.AsyncClient, register: HttpRegister
) -> None:
    await line.post("/faults", json={"kind": "down", "times": 1})
    with pytest.raises(RegisterSilent):
        async with door.work(SYSTEM) as work:
            await jobs.verify(work, ["d1"], "2026-11", register=register)
    assert await door.auto(SYSTEM).count("VerificationResult") == 0


@pytest.mark.rule("R6-036", "R0-004")
async def test_an_institution_that_lost_its_licence_closes_with_its_places_of_work(
    door: Door, line: httpx.AsyncClient, register: HttpRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(institutions, "PAGE", 1)
    await forget_accounts(door)
    cookie = await signed_in(door)
    await put(door, people.organization("h2", "410802000112"))
    await put(door, {"resourceType": "Organization", "id": "foreign", "name": "no licence"})
    await put(door, people.place("r2", "d2"))
    await put(door, people.place("r3", organization="h2"))
    await line.put(f"/v1/certificates/{people.LICENCE}", json={"status": "3"})
    async with door.work(SYSTEM) as work:
        await jobs.sweep_institutions(work)
    runs: dict[str, Callable[..., Awaitable[None]]] = {
        contract.VERIFY_INSTITUTIONS: partial(jobs.verify_institutions, register=register),
        contract.CLOSE_INSTITUTION: jobs.close_institution,
    }
    for _ in range(6):
        for row in await door.store.fetch("DELETE FROM procrastinate_jobs RETURNING task_name, args::text"):
            for _twice in range(2):
                async with door.work(SYSTEM) as work:
                    await runs[row["task_name"]](work, **json.loads(row["args"]))
    active = {id: (await read(door, "Organization", id)).get("active") for id in ("h1", "h2", "foreign")}
    assert active == {"h1": False, "h2": None, "foreign": None}
    open_ = {id: (await read(door, "PractitionerRole", id))["active"] for id in ("r1", "r2", "r3")}
    assert open_ == {"r1": False, "r2": False, "r3": True}
    assert await door.auto(SYSTEM).count("VerificationResult", target="Organization/h1") == 1
    assert await sessions.find(door.store, cookie, door.clock.now()) is None
    assert await roles(door) == {"nurse", "system-admin"}


@pytest.mark.rule("R6-036")
async def test_a_practitioner_from_elsewhere_without_certificates_is_not_stopped(
    door: Door, register: HttpRegister
) -> None:
    await put(door, {"resourceType": "Practitioner", "id": "foreign", "active": True, "name": [{"text": "Dr. Who"}]})
    async with door.work(SYSTEM) as work:
        await jobs.verify(work, ["foreign", "d1"], "2026-11", register=register)
    found = await read(door, "Practitioner", "foreign")
    assert (found["active"], found["meta"]["versionId"]) == (True, "1")
    assert mark(await read(door, "Practitioner", "d1")) == ["valid"]


def draft(id: str, status: str = "draft") -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": id,
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": "阿司匹林"},
        "subject": {"reference": "Patient/1"},
        "requester": {"reference": "Practitioner/d1"},
    }


def mark(document: dict[str, Any]) -> list[str]:
    tags = document["meta"].get("tag", [])
    return [tag["code"] for tag in tags if tag["system"] == contract.STANDINGS.system]


@pytest.mark.rule("R1-030", "R6-036")
async def test_how_one_stands_is_a_tag_that_lists_can_ask_for(
    door: Door, line: httpx.AsyncClient, register: HttpRegister
) -> None:
    await verify(door, register)
    await verify(door, register)
    found = await read(door, "Practitioner", "d1")
    assert (mark(found), found["meta"]["versionId"]) == (["valid"], "2")
    await line.post("/faults", json={"kind": "down", "times": 1})
    await verify(door, register)
    assert mark(await read(door, "Practitioner", "d1")) == ["valid"]
    await tell(line, name="李杏")
    await verify(door, register)
    assert mark(await read(door, "Practitioner", "d1")) == ["mismatch"]


@pytest.mark.rule("R6-033", "R6-036")
@pytest.mark.parametrize(
    ("days", "code", "active"),
    [(61, "valid", True), (60, "expiring-60", True), (30, "expiring-30", True), (-1, "expired", False)],
)
async def test_every_day_certificates_are_told_before_they_end_and_stop_their_holder_after(
    door: Door, register: HttpRegister, days: int, code: str, *, active: bool
) -> None:
    await verify(door, register)
    document = await read(door, "Practitioner", "d1")
    until = today(door.clock.now()) + timedelta(days=days)
    document["qualification"][1]["period"]["end"] = until.isoformat()
    await put(door, document)
    for _ in range(2):
        async with door.work(SYSTEM) as work:
            await jobs.remind(work)
    document = await read(door, "Practitioner", "d1")
    assert (mark(document), document["active"]) == ([code], active)
    assert (await read(door, "PractitionerRole", "r1"))["active"] is active


@pytest.mark.rule("R1-030")
async def test_who_enters_service_is_verified_and_asked_about_until_there_is_an_answer(
    door: Door, line: httpx.AsyncClient, register: HttpRegister
) -> None:
    await line.post("/faults", json={"kind": "down", "times": 1})
    async with door.work(SYSTEM) as work:
        await jobs.verify_new(work, "d1", register=register)
    assert mark(await read(door, "Practitioner", "d1")) == []
    assert await door.auto(SYSTEM).count("VerificationResult") == 1
    async with door.work(SYSTEM) as work:
        await jobs.remind(work, asks=True)
    (row,) = await door.store.fetch("SELECT task_name, args::text FROM procrastinate_jobs")
    assert (row["task_name"], json.loads(row["args"])["practitioners"]) == (contract.VERIFY_BATCH, ["d1"])
    async with door.work(SYSTEM) as work:
        await jobs.verify_new(work, "d1", register=register)
    assert mark(await read(door, "Practitioner", "d1")) == ["valid"]


@pytest.mark.rule("R6-036")
async def test_drafts_freeze_and_signed_acts_stay(door: Door) -> None:
    await put(door, draft("open"))
    await put(door, draft("signed", "active"))
    async with door.work(SYSTEM) as work:
        assert await effects.freeze(work, "Practitioner/d1") == 1
    async with door.work(SYSTEM) as work:
        assert await effects.freeze(work, "Practitioner/d1") == 0
    frozen = await read(door, "MedicationRequest", "open")
    assert (await read(door, "MedicationRequest", "signed"))["meta"]["versionId"] == "1"
    wishes: list[dict[str, Any]] = [
        {"status": "active"},
        {"medicationCodeableConcept": {"text": "吗啡"}},
        {"meta": {"tag": [{"code": "other"}]}},
    ]
    for wish in wishes:
        assert await refused(put(door, frozen | wish)) == ["draft-frozen"]
    assert await refused(door.auto(SYSTEM).delete("MedicationRequest", "open")) == ["draft-frozen"]
    await put(door, frozen | {"status": "cancelled"})
    await put(door, draft("signed", "completed"))


@pytest.mark.rule("R6-001", "R6-004", "R6-022")
@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, []),
        ({"gender": "female"}, ["person-number-sex"]),
        ({"birthDate": "1990-03-08"}, ["person-number-birth"]),
        (
            {"identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "410802199003071238"}]},
            ["person-number-check"],
        ),
        ({"identifier": [{"system": "http://example.org/mrn", "value": "410802199003071238"}]}, []),
        ({"identifier": [{"value": "410802199003071238"}, {"system": "urn:oid:2.16.156.10011.1.3"}]}, []),
    ],
)
async def test_a_wrong_number_of_ours_is_refused_and_a_foreign_one_is_not_judged(
    door: Door, changes: dict[str, Any], faults: list[str]
) -> None:
    number = {"system": "urn:oid:2.16.156.10011.1.3", "value": people.PERSON}
    sound = {"resourceType": "Patient", "id": "1", "gender": "male", "birthDate": "1990-03-07", "identifier": [number]}
    if faults:
        assert await refused(put(door, sound | changes)) == faults
    else:
        await put(door, sound | changes)


@pytest.mark.rule("R6-001")
@pytest.mark.parametrize("value", ["41082319580715456x", "４１０８２３１９５８０７１５４５６X", "410823 19580715 456X"])
async def test_a_number_is_kept_in_the_spelling_that_searches_find(door: Door, value: str) -> None:
    number = {"system": "urn:oid:2.16.156.10011.1.3", "value": value}
    with pytest.raises(OutcomeError) as refused_:
        await put(door, {"resourceType": "Patient", "id": "3", "identifier": [number]})
    (issue,) = refused_.value.issues
    assert issue.key == "number-spelling"
    assert "41082319580715456X" in issue.text


@pytest.mark.rule("R6-010", "R6-020", "R6-031")
async def test_institutions_and_certificates_are_judged_where_they_stand(door: Door) -> None:
    assert await refused(put(door, people.organization("h3", "12345"))) == ["licence-form"]
    with pytest.raises(OutcomeError) as error:
        await put(door, people.physician("d9", "31041080200012X"))
    assert [issue.where for issue in error.value.issues] == ["Practitioner.qualification[1].identifier[0].value"]


async def test_an_old_fault_does_not_stop_a_correction_elsewhere(door: Door) -> None:
    bad = {"resourceType": "Patient", "id": "2", "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "1"}]}
    await (
        Door(door.store, Registry((records.declare(Settings()),)).rulebook)
        .auto(SYSTEM)
        .update(json.dumps(bad).encode(), type="Patient", id="2")
    )
    await put(door, bad | {"active": True})
    assert await refused(put(door, bad | {"identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "2"}]})) == [
        "person-number-form"
    ]


@pytest.mark.rule("R6-033")
async def test_who_has_a_certificate_that_ends_is_told_once_sixty_and_once_thirty_days_before(
    door: Door, register: HttpRegister
) -> None:
    await verify(door, register)
    for days, messages in ((61, 0), (60, 1), (45, 2), (30, 3)):  # each new day of its end is another certificate's
        document = await read(door, "Practitioner", "d1")
        until = today(door.clock.now()) + timedelta(days=days)
        document["qualification"][1]["period"]["end"] = until.isoformat()
        await put(door, document)
        for _ in range(2):
            async with door.work(SYSTEM) as work:
                await jobs.remind(work)
        assert await door.auto(SYSTEM).count("Communication", recipient="Practitioner/d1") == messages
    assert await door.auto(SYSTEM).count("Communication", sender="Organization/h1") == messages
