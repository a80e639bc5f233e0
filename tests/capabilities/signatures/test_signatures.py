"""A version is signed with one's own key, and whatever changes afterwards shows."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from xinglin.app import signatures_of
from xinglin.capabilities.records import capability as records
from xinglin.capabilities.signatures import capability, contract
from xinglin.capabilities.signatures.contract import SEALED, SIGNERS, Judgement, Sign, Verify
from xinglin.capabilities.signatures.gateways import BUILT_IN, VALID
from xinglin.capabilities.signatures.jobs import sweep
from xinglin.capabilities.signatures.operations.verify import page
from xinglin.capabilities.signatures.rules import rule_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Provenance
from xinglin.fhir.wire import plain, to_dict
from xinglin.registry import Capability, Registry
from xinglin.security import certificates
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.signatures import canonical, evidence_of
from xinglin.settings import Settings
from xinglin.store.body import cut
from xinglin.store.door import Door
from xinglin.store.identity import accounts, sessions
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.sessions import Beginning
from xinglin.store.store import Store
from xinglin.store.vault import signing
from xinglin.store.vault.signing import SigningKey

PHYSICIAN = Principal(
    "a1",
    frozenset({"physician"}),
    practitioner="Practitioner/d1",
    organization="Organization/h1",
    strong=True,
)
# Reading is for other capabilities to grant; here everybody may.
READING = Capability(
    "reading",
    Text("阅读", "Reading"),
    grants=tuple(Grant(role, INTERACTIONS - {"operate"}, "*") for role in ("physician", "resident", "receptionist")),
)
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "id": "r1",
    "status": "final",
    "code": {"text": "血常规"},
    "conclusion": "未见异常 1.50",
}
CONSENT: dict[str, Any] = {
    "resourceType": "Consent",
    "id": "c1",
    "status": "active",
    "scope": {"text": "x"},
    "category": [{"text": "x"}],
    "policyRule": {"text": "x"},
    "patient": {"reference": "Patient/p1"},
}


@pytest.fixture
async def door(store: Store) -> Door:
    registry = Registry((records.declare(Settings()), capability.declare(Settings()), READING))
    made = Door(store, registry.rulebook)
    await put(made, REPORT)
    return made


async def put(door: Door, document: dict[str, Any]) -> None:
    await door.auto(SYSTEM).update(json.dumps(document).encode(), type=document["resourceType"], id=document["id"])


async def signed_in(door: Door, who: Principal = PHYSICIAN, *, minutes: int = 5) -> Principal:
    """Give the principal with a session whose second factor counts for so many minutes more."""
    now = door.clock.now()
    async with door.work(SYSTEM) as work:
        account = Account(work.new_id(), "staff", "active", b"", now)
        await accounts.add(work.executor, account, {})
        given = Beginning(
            account=account.id,
            role=next(iter(who.roles)),
            purpose="TREAT",
            strong=True,
            strong_until=now + timedelta(minutes=minutes),
            now=now,
            expires=now + timedelta(hours=1),
            until=now + timedelta(hours=1),
        )
        cookie = await sessions.begin(work.executor, door.clock, given)
    return replace(who, id=account.id, session=cookie.partition(".")[0])


async def sign(
    door: Door, who: Principal, type_name: str = "DiagnosticReport", id: str = "r1", **how: Any
) -> Provenance:
    async with door.work(who) as work:
        made: Provenance = await work.fhir.operate(contract.SIGN[type_name], Sign(id, **how))
        return made


async def verify(door: Door, type_name: str = "DiagnosticReport", id: str = "r1") -> Judgement:
    async with door.work(PHYSICIAN) as work:
        found: Judgement = await work.fhir.operate(contract.VERIFY[type_name], Verify(id))
        return found


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    return [issue.key for issue in error.value.issues]


async def overwrite(door: Door, rt: str, id: str, change: Any) -> None:
    """Change a stored body where it lies, as somebody does who has the keys and the database."""
    row = await door.store.get(rt, id)
    assert row is not None
    document = plain(row.body())
    change(document)
    enc, body = door.store.records.bodies.seal(rt, id, cut(msgspec.json.encode(document), rt).tail)
    await door.store.fetch("UPDATE res SET enc = $2, body = $3 WHERE rid = $1 RETURNING rid", row.rid, enc, body)
    door.store.records.kept = type(door.store.records.kept)(0)


@pytest.mark.rule("R6-050")
@pytest.mark.rule("R6-051")
async def test_a_signed_version_is_verified_by_everything_that_was_kept(door: Door) -> None:
    made = await sign(door, await signed_in(door))
    found = await verify(door)
    assert found.signed
    (line,) = found.finding
    assert line.startswith(f"Provenance/{made.id} DiagnosticReport/r1/_history/1 valid signer=Practitioner/d1 time=")
    assert line.endswith(" test")
    assert (await verify(door, "Provenance", made.id or "")).signed


@pytest.mark.rule("R6-051")
async def test_what_is_kept_are_the_very_bytes(door: Door) -> None:
    document = to_dict(await sign(door, await signed_in(door)))
    evidence = evidence_of(document)
    assert evidence is not None
    row = await door.store.get("DiagnosticReport", "r1")
    assert row is not None
    assert evidence.content == canonical(row.body())
    assert b"versionId" not in evidence.content
    assert evidence.content.startswith(b'{"code":{"text":"')
    statement = json.loads(evidence.statement)
    assert statement["target"] == document["target"][0]["reference"] == "DiagnosticReport/r1/_history/1"
    assert statement["certificate"] == certificates.read(evidence.certificate).serial
    assert document["signature"][0]["type"][0]["code"] == "1.2.840.10065.1.12.1.1"


@pytest.mark.rule("R6-053")
async def test_a_certificate_of_the_built_in_authority_says_that_it_is_not_valid(door: Door) -> None:
    evidence = evidence_of(to_dict(await sign(door, await signed_in(door))))
    assert evidence is not None
    made = certificates.read(evidence.certificate)
    assert made.is_test
    assert "无法律效力".encode() in evidence.certificate
    assert made.subject == "Practitioner/d1"
    assert made.until - made.since == VALID


@pytest.mark.rule("R6-050")
async def test_without_a_fresh_second_factor_nothing_is_signed(door: Door) -> None:
    assert await refused(sign(door, await signed_in(door, minutes=-1))) == ["step-up"]
    assert await refused(sign(door, replace(await signed_in(door), session=""))) == ["step-up"]
    who = replace(await signed_in(door), strong=False)
    assert await refused(sign(door, who)) == ["forbidden"]
    assert not (await verify(door)).finding


@pytest.mark.rule("R6-050")
async def test_a_key_serves_its_account_alone_and_is_made_once(door: Door) -> None:
    one, other = await signed_in(door), await signed_in(door)
    first = evidence_of(to_dict(await sign(door, one)))
    again = evidence_of(to_dict(await sign(door, one)))
    another = evidence_of(to_dict(await sign(door, other)))
    assert first is not None
    assert again is not None
    assert another is not None
    assert first.certificate == again.certificate != another.certificate
    async with door.work(one) as work:
        key = await signing.key_of(work.executor, holder="Practitioner/d1", account=other.id)
        assert key is not None
        until = work.now + timedelta(minutes=1)
        call = signing.sign(work.executor, work.vault, key, b"x", account=one.id, strong_until=until)
        assert await refused(call) == ["not-your-key"]


@pytest.mark.rule("R6-050")
async def test_a_private_key_lies_sealed(door: Door) -> None:
    who = await signed_in(door)
    await sign(door, who)
    (found,) = await door.store.fetch("SELECT id, sealed FROM signing_key WHERE account = $1", who.id)
    plain_key = door.vault.open(f"signing_key/{found['id']}".encode(), found["sealed"])
    assert len(plain_key) == 32
    assert plain_key not in bytes(found["sealed"])


@pytest.mark.rule("R6-050")
async def test_a_new_version_is_not_signed_by_the_old_signature(door: Door) -> None:
    await sign(door, await signed_in(door))
    await put(door, {**REPORT, "conclusion": "异常"})
    found = await verify(door)
    assert not found.signed
    assert "/_history/1 valid" in found.finding[0]
    await sign(door, await signed_in(door))
    assert (await verify(door)).signed


@pytest.mark.rule("R6-050")
async def test_a_change_behind_the_door_shows(door: Door) -> None:
    await sign(door, await signed_in(door))
    await overwrite(door, "DiagnosticReport", "r1", lambda document: document.update(conclusion="异常"))
    found = await verify(door)
    assert not found.signed
    assert "/_history/1 changed signer" in found.finding[0]


def flipped(data: str) -> str:
    raw = bytearray(b64decode(data))
    raw[len(raw) // 2] ^= 1
    return b64encode(raw).decode()


@pytest.mark.rule("R6-050")
@pytest.mark.rule("R6-051")
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d["contained"][0].update(data=flipped(d["contained"][0]["data"])), "content"),
        (lambda d: d["contained"][1].update(data=b64encode(b64decode(d["contained"][1]["data"]).replace(
            b"DiagnosticReport/r1", b"DiagnosticReport/r2")).decode()), "statement"),
        (lambda d: d["contained"][2].update(data=flipped(d["contained"][2]["data"])), ""),
        (lambda d: d["contained"][3].update(data=flipped(d["contained"][3]["data"])), "time"),
        (lambda d: d["signature"][0].update(data=flipped(d["signature"][0]["data"])), "signature"),
        (lambda d: d["signature"][0]["who"].update(reference="Practitioner/d2"), "statement"),
        (lambda d: d["agent"][0]["who"].update(reference="Practitioner/d2"), "statement"),
        (lambda d: d["target"][0].update(reference="DiagnosticReport/r1/_history/2"), "statement"),
        (lambda d: (d["contained"].pop(1), d["entity"].pop(1)), "unreadable"),
    ],
)  # fmt: skip
async def test_a_changed_provenance_shows(door: Door, change: Any, fault: str) -> None:
    made = await sign(door, await signed_in(door))
    await overwrite(door, "Provenance", made.id or "", change)
    found = await verify(door, "Provenance", made.id or "")
    assert not found.signed
    assert " valid " not in found.finding[0]
    assert fault in found.finding[0].split(" ")[2]


@pytest.mark.rule("R6-050")
async def test_a_signature_is_never_changed_or_deleted_through_the_door(door: Door) -> None:
    made = to_dict(await sign(door, await signed_in(door)))
    changed = {**made, "agent": [{"who": {"reference": "Practitioner/d2"}}]}
    assert await refused(put(door, changed)) == ["signature-stays"]
    assert await refused(door.auto(SYSTEM).delete("Provenance", made["id"])) == ["signature-stays"]


@pytest.mark.rule("R6-051")
async def test_a_signature_that_somebody_brings_is_verified_at_write(door: Door) -> None:
    made = to_dict(await sign(door, await signed_in(door)))
    made["contained"][0]["data"] = flipped(made["contained"][0]["data"])
    assert await refused(put(door, {**made, "id": "brought"})) == ["signature-broken"]
    foreign = {**made, "id": "foreign", "contained": [], "entity": []}
    foreign["signature"] = [{**made["signature"][0], "sigFormat": "application/jose"}]
    del foreign["contained"], foreign["entity"]
    await put(door, foreign)


@pytest.mark.rule("R6-053")
async def test_a_certificate_of_a_stranger_is_not_believed(door: Door, keys: Any) -> None:
    made = await sign(door, await signed_in(door))
    evidence = evidence_of(to_dict(made))
    assert evidence is not None
    certificate = certificates.read(evidence.certificate)
    assert certificates.issued_by(certificate, BUILT_IN.authority(door.vault).trusted())
    assert not certificates.issued_by(certificate, [door.vault.public("time")])


async def later(door: Door, who: Principal) -> None:
    """Sign with a key that was looked up before it was revoked."""
    async with door.work(who) as work:
        (found,) = await work.executor.fetch("SELECT id FROM signing_key WHERE account = $1", who.id)
        key = SigningKey(found["id"], "Practitioner/d1", who.id, "", b"", work.now, None)
        until = work.now + timedelta(minutes=1)
        await signing.sign(work.executor, work.vault, key, b"x", account=who.id, strong_until=until)


@pytest.mark.rule("R6-050")
async def test_a_revoked_key_signs_no_more_and_what_it_signed_stays(door: Door) -> None:
    who = await signed_in(door)
    await sign(door, who)
    async with door.work(SYSTEM) as work:
        assert await signing.revoke(work.executor, holder="Practitioner/d1") > 0
    assert await refused(later(door, who)) == ["key-revoked"]
    assert (await verify(door)).signed
    await door.store.fetch("UPDATE signing_key SET revoked = revoked - interval '1 hour' RETURNING id")
    assert "revoked" in (await verify(door)).finding[0]


@pytest.mark.rule("R6-052")
@pytest.mark.parametrize(
    ("role", "type_name", "seal", "may"),
    [
        ("physician", "MedicationRequest", False, True),
        ("physician", "Condition", False, True),
        ("physician", "Consent", False, False),
        ("pharmacist", "MedicationRequest", False, True),
        ("pharmacist", "Condition", False, False),
        ("resident", "Consent", False, True),
        ("resident", "DiagnosticReport", False, False),
        ("receptionist", "DiagnosticReport", True, True),
        ("receptionist", "DiagnosticReport", False, False),
        ("nurse", "Composition", False, False),
    ],
)
def test_who_signs_what(role: str, type_name: str, seal: bool, may: bool) -> None:  # noqa: FBT001  a table
    assert (rule_of(frozenset({role}), type_name, seal=seal) is not None) is may


def test_every_rule_has_an_operation() -> None:
    assert {one for rule in (*SIGNERS, SEALED) for one in rule.types} == set(contract.SIGN)


@pytest.mark.rule("R6-052")
async def test_a_resident_signs_a_consent_and_an_institution_seals_a_report(door: Door) -> None:
    await put(door, CONSENT)
    resident = Principal("a2", frozenset({"resident"}), patient="Patient/p1", strong=True)
    made = to_dict(await sign(door, await signed_in(door, resident), "Consent", "c1"))
    assert made["signature"][0]["who"]["reference"] == "Patient/p1"
    assert made["signature"][0]["type"][0]["code"] == "1.2.840.10065.1.12.1.7"
    desk = Principal("a3", frozenset({"receptionist"}), organization="Organization/h1", strong=True)
    sealed = to_dict(await sign(door, await signed_in(door, desk), seal=True))
    assert sealed["signature"][0]["who"]["reference"] == "Organization/h1"
    homeless = replace(PHYSICIAN, practitioner=None)
    assert await refused(sign(door, await signed_in(door, homeless))) == ["may-not-sign"]


@pytest.mark.rule("R6-051")
async def test_everything_that_was_signed_is_verified_in_a_batch(door: Door) -> None:
    for _ in range(3):
        made = await sign(door, await signed_in(door))
    async with door.work(SYSTEM) as work:
        found, following = await page(work, None, BUILT_IN)
        assert (len(found), following) == (3, None)
        assert all(verdict.valid for _, verdict in found)
        await sweep(work, gateways=BUILT_IN)
    await overwrite(door, "Provenance", made.id or "", lambda d: (d["contained"].pop(3), d["entity"].pop(3)))
    async with door.work(SYSTEM) as work:
        broken = [of for of, verdict in (await page(work, None, BUILT_IN))[0] if not verdict.valid]
    assert broken == [f"Provenance/{made.id}"]


async def test_the_command_walks_through_all_pages(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinglin.capabilities.signatures.operations.verify.PAGE", 2)
    who = await signed_in(door)
    for _ in range(5):
        await sign(door, who)
    assert [verdict.valid async for _, verdict in signatures_of(door)] == [True] * 5
