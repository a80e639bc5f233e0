"""Online visits on a real store, from the request to the note, and everything that stands against one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door
from tests.capabilities.internet_hospital import clinic
from tests.capabilities.internet_hospital.clinic import BO, DOCTOR, HOSPITAL, MEI, OTHER, asking, picture, put
from tests.capabilities.residents.people import number
from xinglin.capabilities.consents.contract import WITHDRAW, Withdraw
from xinglin.capabilities.internet_hospital import contract, jobs
from xinglin.capabilities.internet_hospital.contract import (
    Ending,
    Gating,
    Interruption,
    Judging,
    Noting,
    Saying,
    Visit,
)
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.rules import forms, wording
from xinglin.capabilities.signatures.contract import VERIFY, Verify
from xinglin.fhir.declarations import Operation
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.institution_forms import SUSPENDED
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

NOTE = Noting("", "复诊，续药", "高血压两年，血压平稳", (f"{clinic.ICD10}|I10.x00|高血压",), "继续服药，三个月后复查")


@pytest.fixture
async def clock_and_door(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *clinic.documents(clock.moment))
    return door, clock


@pytest.fixture
def door(clock_and_door: tuple[Door, Stopped]) -> Door:
    return clock_and_door[0]


@pytest.fixture
def clock(clock_and_door: tuple[Door, Stopped]) -> Stopped:
    return clock_and_door[1]


@pytest.fixture
async def doctor(door: Door) -> Principal:
    return await clinic.signed_in(door, DOCTOR)


async def do(door: Door, who: Principal, operation: Operation[Any, Any], given: Any) -> Any:
    async with door.work(who) as work:
        return await work.fhir.operate(operation, given)


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    return [issue.key for issue in error.value.issues]


async def read(door: Door, type: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await door.auto(SYSTEM).read(type, id)).body())
    return found


async def asked(door: Door, **more: Any) -> str:
    return str((await do(door, MEI, contract.REQUEST, asking(**more))).id)


async def papers(door: Door, visit: str) -> tuple[dict[str, Any], ...]:
    return await reading.evidence(door.auto(SYSTEM), await read(door, "Encounter", visit))


async def begun(door: Door, doctor: Principal) -> str:
    """Bring a visit so far that the two talk."""
    id = await asked(door)
    await do(door, doctor, contract.ACCEPT, Visit(id))
    for one in await papers(door, id):
        await do(door, doctor, contract.JUDGE, Judging(one["id"], "reviewed"))
    await do(door, doctor, contract.START, Visit(id))
    return id


@pytest.mark.rule("R1-042", "R1-043", "R1-057", "R1-060", "R2-021", "R2-029")
async def test_a_visit_from_the_request_to_the_signed_note(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    one = await read(door, "Encounter", id)
    assert (one["status"], forms.state_of(one), forms.value(one, contract.FEE)) == ("planned", "requested", 0)
    (paper,) = await papers(door, id)
    assert paper["context"]["related"] == [{"reference": "Encounter/e1"}]
    assert [each["valueCoding"]["code"] for each in forms.diagnoses(paper)] == ["I10.x00"]
    assert len(str(forms.value(paper, contract.HASH))) == 64

    await do(door, doctor, contract.ACCEPT, Visit(id))
    assert await refused(do(door, doctor, contract.START, Visit(id))) == ["gate-evidence-unreviewed"]
    await do(door, doctor, contract.JUDGE, Judging(paper["id"], "reviewed"))
    await do(door, MEI, contract.ENTER, Visit(id))
    await do(door, doctor, contract.START, Visit(id))
    await do(door, MEI, contract.SAY, Saying(id, "最近血压 128/80"))
    await do(door, doctor, contract.SAY, Saying(id, "好的，继续原方案"))
    note = await do(door, doctor, contract.FINISH, replace(NOTE, id=id))

    over = await read(door, "Encounter", id)
    assert [each["state"] for each in forms.moves(over)] == [
        "requested",
        "accepted",
        "waiting",
        "in-progress",
        "finished",
    ]
    condition = await read(door, "Condition", over["diagnosis"][0]["condition"]["reference"][10:])
    assert condition["code"]["coding"][0]["code"] == "I10.x00"
    assert note.section[2].entry[0].reference == f"Condition/{condition['id']}"
    signed = await do(door, doctor, VERIFY["Composition"], Verify(note.id))
    assert signed.signed


@pytest.mark.rule("R1-040", "R1-043")
async def test_a_first_visit_is_refused_with_the_reason(door: Door) -> None:
    assert await refused(do(door, BO, contract.REQUEST, asking("bo"))) == ["gate-no-record"]
    assert await refused(do(door, MEI, contract.REQUEST, asking(encounters=()))) == ["gate-no-record"]


@pytest.mark.rule("R1-044")
async def test_a_diagnosis_of_two_years_ago_does_not_do(door: Door) -> None:
    assert await refused(do(door, MEI, contract.REQUEST, asking(encounters=("e0",)))) == ["gate-no-record"]


@pytest.mark.rule("R1-044")
async def test_who_is_insured_needs_a_diagnosis_of_half_a_year(door: Door, clock: Stopped) -> None:
    await put(door, *clinic.seen_before("e9", "bo", clock.moment - timedelta(days=200), ("I10.x00", "高血压")))
    old = asking("bo", encounters=("e9",))
    coverage = {
        "resourceType": "Coverage",
        "id": "bo-insured",
        "status": "active",
        "beneficiary": {"reference": "Patient/bo"},
        "payor": [{"reference": "Organization/h1"}],
    }
    await put(door, coverage)
    assert await refused(do(door, BO, contract.REQUEST, old)) == ["gate-no-record"]
    await put(door, coverage | {"status": "cancelled"})
    assert (await do(door, BO, contract.REQUEST, old)).status == "planned"


async def test_evidence_of_somebody_else_is_none(door: Door) -> None:
    assert await refused(do(door, BO, contract.REQUEST, asking("bo", encounters=("e1",)))) == ["gate-no-record"]


@pytest.mark.rule("R1-043", "R1-041")
async def test_a_note_with_another_diagnosis_is_refused(door: Door, doctor: Principal) -> None:
    id = await begun(door, doctor)
    wrong = replace(NOTE, id=id, diagnoses=(f"{clinic.ICD10}|E11.900|2型糖尿病",))
    assert await refused(do(door, doctor, contract.FINISH, wrong)) == ["gate-diagnosis-mismatch"]
    answer = await do(door, doctor, contract.GATE, Gating(id, ("E11.900",)))
    assert (answer.passed, answer.code) == (False, "FIRST_VISIT")
    assert (await do(door, doctor, contract.GATE, Gating(id, ("I10",)))).passed


@pytest.mark.rule("R1-046", "R1-047", "R2-022")
async def test_a_visit_is_ended_early_with_code_and_the_way_to_a_hospital(door: Door, doctor: Principal) -> None:
    id = await begun(door, doctor)
    assert await refused(do(door, doctor, contract.TERMINATE, Ending(id, "TIRED", " "))) == [
        "termination-code",
        "termination-advice",
    ]
    await do(door, doctor, contract.TERMINATE, Ending(id, "CONDITION_CHANGED", "请到心内科就诊", "焦作市示范医院"))
    over = await read(door, "Encounter", id)
    assert (over["status"], forms.parts(over, contract.ENDED)["code"]) == ("finished", "CONDITION_CHANGED")
    assert await refused(do(door, doctor, contract.SAY, Saying(id, "还有"))) == ["visit-over"]
    assert await refused(do(door, doctor, contract.FINISH, replace(NOTE, id=id))) == ["visit-state"]


@pytest.mark.rule("R1-046")
async def test_a_visit_that_is_refused_before_it_began_costs_nothing(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    await do(door, doctor, contract.ACCEPT, Visit(id))
    await do(door, doctor, contract.REFUSE, Ending(id, "FIRST_VISIT", "请到心内科门诊就诊"))
    over = await read(door, "Encounter", id)
    assert (over["status"], forms.value(over, contract.REFUND)) == ("cancelled", "full")
    told = await door.auto(MEI).find("Communication", patient="Patient/mei", category="visit-ended")
    assert "属于首诊" in told.matches[0].body().decode()


@pytest.mark.rule("R1-070", "R1-072")
async def test_without_consent_there_is_no_visit_and_research_may_be_refused(door: Door) -> None:
    assert await refused(do(door, MEI, contract.REQUEST, asking(agreed=()))) == ["consent-needed"]
    assert await refused(do(door, MEI, contract.REQUEST, asking(agreed=("care", "research")))) == ["consent-needed"]
    assert await refused(do(door, MEI, contract.REQUEST, asking(version="2020"))) == ["consent-version"]
    first = await asked(door, agreed=("care", "sensitive"))
    # The same twice, at once or after a lost answer, is not two visits.
    assert await refused(asked(door, agreed=())) == ["visit-stands"]
    await do(door, MEI, contract.CANCEL, Visit(first))
    # What was agreed to is asked once, as long as the wording stays.
    await asked(door, agreed=())


@pytest.mark.rule("R1-072", "R1-073")
async def test_four_consents_are_four_objects_and_say_what_was_agreed_to(door: Door) -> None:
    await asked(door, agreed=contract.AGREEMENTS)
    page = await door.auto(MEI).find("Consent", patient="Patient/mei")
    kept = {one["category"][0]["coding"][0]["code"]: one for row in page.matches if (one := json.loads(row.body()))}
    assert kept.keys() == set(contract.AGREEMENTS)
    said = forms.parts(kept["care"], contract.WORDING)
    assert said["version"] == wording.current().version
    assert said["hash"] == wording.current().digest("care", "zh")
    assert (said["account"], said["level"], said["device"]) == ("mei", "L2", "phone")


@pytest.mark.rule("R1-070")
async def test_a_consent_that_was_withdrawn_keeps_the_visit_from_beginning(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    await do(door, doctor, contract.ACCEPT, Visit(id))
    for one in await papers(door, id):
        await do(door, doctor, contract.JUDGE, Judging(one["id"], "reviewed"))
    page = await door.auto(MEI).find("Consent", patient="Patient/mei")
    care = next(row.id for row in page.matches if b'"care"' in row.body())
    await do(door, MEI, WITHDRAW, Withdraw("mei", care))
    assert await refused(do(door, doctor, contract.START, Visit(id))) == ["gate-no-consent"]


@pytest.mark.rule("R1-043")
async def test_nobody_writes_a_visit_past_the_gate(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    waiting = await read(door, "Encounter", id)
    await do(door, doctor, contract.ACCEPT, Visit(id))
    begun = forms.with_move(await read(door, "Encounter", id), "in-progress", now=door.store.clock.now(), by="d1")
    clerk = Principal("c", frozenset({"receptionist"}), organization=HOSPITAL, strong=True, purpose="HMGT")
    for who in (doctor, clerk):
        assert await refused(door.auto(who).update(json.dumps(begun).encode(), type="Encounter", id=id)) == [
            "not-found"
        ], who.id
    assert await refused(door.auto(clerk).create(json.dumps(waiting).encode(), type="Encounter")) == ["outside-reach"]


@pytest.mark.rule("R1-042", "R1-043", "R2-021")
async def test_a_picture_is_evidence_once_the_doctor_has_read_it(door: Door, doctor: Principal) -> None:
    made = await do(door, BO, contract.REQUEST, asking("bo", files=(picture(),)))
    await do(door, doctor, contract.ACCEPT, Visit(made.id))
    (paper,) = await papers(door, made.id)
    assert await refused(do(door, doctor, contract.JUDGE, Judging(paper["id"], "reviewed"))) == [
        "evidence-source",
        "evidence-diagnosis",
        "evidence-date",
    ]
    read_it = Judging(
        paper["id"],
        "reviewed",
        diagnoses=("I10.x00",),
        dated="2026-10-01",
        source="修武县人民医院",
        physical=True,
    )
    assert await refused(do(door, BO, contract.JUDGE, read_it)) == ["forbidden"]
    await do(door, doctor, contract.JUDGE, read_it)
    await do(door, doctor, contract.START, Visit(made.id))
    await do(door, doctor, contract.FINISH, replace(NOTE, id=made.id))


async def test_a_file_that_is_not_what_it_says_is_refused(door: Door) -> None:
    for file in (picture(b"<html>"), picture(type="text/html"), picture(b"\x89PNG\r\n\x1a\n" + bytes(6_000_000))):
        assert len(await refused(do(door, BO, contract.REQUEST, asking("bo", files=(file,))))) == 1


@pytest.mark.rule("R1-055")
async def test_a_small_child_comes_with_a_guardian_and_meets_a_paediatrician(door: Door, doctor: Principal) -> None:
    child = asking("child", encounters=("e2",))
    assert await refused(do(door, MEI, contract.REQUEST, child)) == ["gate-child-no-guardian"]
    of_mother = number("1964-03-08", 124)
    with_mother = replace(child, guardian_name="张小梅", guardian_relation="母亲", guardian_number=of_mother)
    # Whoever asks is the guardian that is named: the account was proved as that person.
    for other in (
        replace(with_mother, guardian_name="张大梅"),
        replace(with_mother, guardian_number=number("1964-03-08", 128)),
    ):
        assert await refused(do(door, MEI, contract.REQUEST, other)) == ["gate-child-no-guardian"]
    made = await do(door, MEI, contract.REQUEST, with_mother)
    await do(door, doctor, contract.ACCEPT, Visit(made.id))
    for one in await papers(door, made.id):
        await do(door, doctor, contract.JUDGE, Judging(one["id"], "reviewed"))
    assert await refused(do(door, doctor, contract.START, Visit(made.id))) == ["gate-child-no-paediatric"]


@pytest.mark.rule("R1-033", "R2-010")
async def test_a_doctor_is_verified_in_person_before_each_reception(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    assert await refused(do(door, replace(doctor, session="gone"), contract.ACCEPT, Visit(id))) == ["presence-failed"]
    await do(door, doctor, contract.ACCEPT, Visit(id))
    proof = forms.value(await read(door, "Encounter", id), contract.VERIFIED)["reference"]
    kept = await read(door, "VerificationResult", proof.rpartition("/")[2])
    assert kept["validationProcess"][0]["coding"][0]["code"] == "session"


@pytest.mark.rule("R1-002", "R2-003")
async def test_an_internet_hospital_that_was_suspended_takes_no_visit(door: Door) -> None:
    document = await read(door, "Organization", "i1")
    await put(
        door,
        document
        | {
            "active": False,
            "extension": [
                *document["extension"],
                {"url": SUSPENDED, "extension": [{"url": "reason", "valueString": "x"}]},
            ],
        },
    )
    assert "gate-out-of-scope-dept" in await refused(do(door, MEI, contract.REQUEST, asking()))


async def test_two_doctors_cannot_both_take_a_visit(door: Door, doctor: Principal) -> None:
    id = await asked(door)
    await do(door, doctor, contract.ACCEPT, Visit(id))
    other = await clinic.signed_in(door, OTHER)
    assert set(await refused(do(door, other, contract.ACCEPT, Visit(id)))) <= {
        "not-found",
        "visit-of-another",
        "visit-state",
    }
    assert set(await refused(do(door, doctor, contract.ACCEPT, Visit(id)))) == {"visit-state"}


async def test_who_is_on_neither_side_sees_and_does_nothing(door: Door, doctor: Principal) -> None:
    id = await begun(door, doctor)
    other = await clinic.signed_in(door, OTHER)
    for who in (BO, other):
        assert (await refused(do(door, who, contract.SAY, Saying(id, "x"))))[0] in {"not-found", "visit-not-yours"}
        assert (await door.auto(who).find("Communication", encounter=f"Encounter/{id}")).matches == []


async def test_a_promise_that_was_broken_closes_the_visit_and_gives_the_fee_back(
    door: Door, clock: Stopped, doctor: Principal
) -> None:
    id = await asked(door)
    await do(door, doctor, contract.ACCEPT, Visit(id))  # taking it is not beginning
    async with door.work(SYSTEM) as work:
        await jobs.expire(work, id)
    assert forms.state_of(await read(door, "Encounter", id)) == "accepted"
    clock.pass_(minutes=61)
    for _ in range(2):
        async with door.work(SYSTEM) as work:
            await jobs.expire(work, id)
    over = await read(door, "Encounter", id)
    assert (forms.state_of(over), forms.value(over, contract.REFUND)) == ("no-answer", "full")
    told = await door.auto(MEI).find("Communication", patient="Patient/mei", category="visit-unanswered")
    assert len(told.matches) == 1


async def test_a_visit_that_began_keeps_its_promise(door: Door, clock: Stopped, doctor: Principal) -> None:
    id = await begun(door, doctor)
    clock.pass_(minutes=90)
    async with door.work(SYSTEM) as work:
        await jobs.expire(work, id)
    assert forms.state_of(await read(door, "Encounter", id)) == "in-progress"


@pytest.mark.rule("R2-010", "R2-023", "A9-03")
async def test_what_was_said_is_kept_as_it_was_said_and_by_whom(door: Door, doctor: Principal) -> None:
    id = await begun(door, doctor)
    said = await do(door, MEI, contract.SAY, Saying(id, file=picture()))
    message = await read(door, "Communication", said)
    assert forms.value(message, contract.KEPT) == "2029-11-20"
    assert await refused(door.auto(SYSTEM).delete("Communication", said)) == ["message-kept"]
    changed = json.dumps(message | {"sender": {"reference": "Practitioner/d1"}}).encode()
    assert await refused(door.auto(SYSTEM).update(changed, type="Communication", id=said)) == ["message-fixed"]
    # A system's words cannot stand as the doctor's; and what nobody said by $say is shown to nobody.
    del message["id"]
    as_doctor = message | {"category": [{"coding": [{"system": contract.VOICES.system, "code": "doctor"}]}]}
    assert await refused(door.auto(SYSTEM).create(json.dumps(as_doctor).encode(), type="Communication")) == [
        "visit-voice"
    ]
    forged = message | {"payload": [{"contentString": "停药"}]}
    await door.auto(SYSTEM).create(json.dumps(forged).encode(), type="Communication")
    async with door.work(MEI) as work:
        shown = await reading.messages(work, await reading.visit(work, id))
    assert [one["id"] for one in shown] == [said]


@pytest.mark.rule("R2-029")
async def test_a_line_that_gets_worse_is_written_down(door: Door, doctor: Principal) -> None:
    id = await asked(door, medium="video")
    await do(door, doctor, contract.ACCEPT, Visit(id))
    await do(door, MEI, contract.DEGRADE, Interruption(id, "no picture", "audio", "rtt=900 loss=20"))
    await do(door, doctor, contract.DEGRADE, Interruption(id, "no sound", "text"))
    assert await refused(do(door, doctor, contract.DEGRADE, Interruption(id, "", "text"))) == ["visit-medium-same"]
    one = await read(door, "Encounter", id)
    lines = [each for each in one["extension"] if each["url"] == contract.LINE]
    assert len(lines) == 2
    assert forms.value(one, contract.MEDIUM) == "text"


async def test_questions_afterwards_have_a_number_and_an_end(door: Door, clock: Stopped, doctor: Principal) -> None:
    id = await begun(door, doctor)
    await do(door, doctor, contract.FINISH, replace(NOTE, id=id))
    for minute in range(3):
        clock.pass_(minutes=1 + minute)
        await do(door, MEI, contract.SAY, Saying(id, "饭前还是饭后服用？"))
    assert await refused(do(door, MEI, contract.SAY, Saying(id, "还有"))) == ["visit-questions"]
    await do(door, doctor, contract.SAY, Saying(id, "饭后"))
    clock.pass_(hours=25)
    assert await refused(do(door, doctor, contract.SAY, Saying(id, "还有"))) == ["visit-over"]


async def test_a_patient_may_cancel_until_the_doctor_begins(door: Door, doctor: Principal) -> None:
    first = await asked(door)
    await do(door, MEI, contract.CANCEL, Visit(first))
    assert forms.state_of(await read(door, "Encounter", first)) == "cancelled"
    second = await begun(door, doctor)
    assert await refused(do(door, MEI, contract.CANCEL, Visit(second))) == ["visit-state"]


async def test_what_waits_is_seen_by_the_doctors_of_the_hospital_only(door: Door) -> None:
    id = await asked(door)
    seen = await door.auto(DOCTOR).find("Encounter", _profile=contract.VISIT.url)
    assert [row.id for row in seen.matches] == [id]
    stranger = replace(OTHER, practitioner="Practitioner/d7", organization="Organization/h7")
    assert (await door.auto(stranger).find("Encounter", _profile=contract.VISIT.url)).matches == []
    # Who it is stays hidden until somebody has accepted it.
    assert await refused(door.auto(DOCTOR).read("Patient", "mei")) == ["not-found"]


def test_the_hospital_of_the_tests_is_one() -> None:
    assert HOSPITAL == "Organization/i1"
