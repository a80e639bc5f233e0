"""What answers of the register mean, and what opens a reception."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from xinglin.security.credentials import Credential, Site, Standing
from xinglin.security.verification import Entry, Presence, institution_verdict, presence_faults, still_serves, verdict

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
NUMBER = "110410802000123"
HOSPITAL = frozenset({"41574321X41080211A1001", "1241080041574321XC"})
CLINIC = frozenset({"410802000112"})
STANDING = Standing(
    "Practitioner/1",
    name="王杏",
    credentials=(Credential("practising", NUMBER, "physician", "clinical", ("03",)),),
)
SITES = ((Site("PractitionerRole/1", "Organization/1", main=True), HOSPITAL),)
ENTRY = Entry(NUMBER, "valid", "王杏", "physician", "clinical", ("03", "04"), ("41574321X41080211A1001",), TODAY)


@pytest.mark.rule("R1-030", "R6-036")
@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "valid"),
        ({"until": None, "institutions": (), "scope": ()}, "valid"),
        ({"status": "revoked"}, "revoked"),
        ({"status": "cancelled"}, "revoked"),
        ({"status": "suspended"}, "suspended"),
        ({"status": "expired"}, "expired"),
        ({"status": "not-found"}, "not-found"),
        ({"until": TODAY - timedelta(days=1)}, "expired"),
        ({"name": "李杏"}, "mismatch"),
        ({"level": "assistant-physician"}, "mismatch"),
        ({"category": "tcm"}, "mismatch"),
        ({"scope": ("04",)}, "mismatch"),
        ({"institutions": ("410802000112",)}, "moved"),
    ],
)
def test_the_register_is_compared_with_the_record(changes: dict[str, object], state: str) -> None:
    found = verdict(STANDING, SITES, (replace(ENTRY, **changes),), TODAY)  # type: ignore[arg-type]
    assert found.state == state
    assert found.stops == (state in {"revoked", "suspended", "expired", "not-found"})
    assert bool(found.reasons) == (state != "valid")


@pytest.mark.rule("R1-030")
def test_no_entry_at_all_is_not_found() -> None:
    assert verdict(STANDING, SITES, (), TODAY).state == "not-found"


@pytest.mark.rule("R6-036")
def test_only_the_place_of_work_that_the_register_dropped_goes() -> None:
    filed = (Site("PractitionerRole/2", "Organization/2"), CLINIC)
    ended = (Site("PractitionerRole/3", "Organization/3", active=False), frozenset({"x"}))
    assert verdict(STANDING, (*SITES, filed, ended), (ENTRY,), TODAY).gone == ("PractitionerRole/2",)


@pytest.mark.rule("R6-036")
def test_the_worst_certificate_counts() -> None:
    assert verdict(STANDING, SITES, (ENTRY, Entry("2", "revoked")), TODAY).state == "revoked"


@pytest.mark.rule("R1-033")
@pytest.mark.parametrize(
    ("state", "hours", "fine"), [("valid", 24, True), ("valid", 25, False), ("mismatch", 1, False), (None, 0, False)]
)
def test_while_the_register_is_silent_a_fresh_verification_serves(state: str | None, hours: int, *, fine: bool) -> None:
    checked = None if state is None else NOW - timedelta(hours=hours)
    found = still_serves(state, checked, NOW, timedelta(hours=24))  # type: ignore[arg-type]
    assert (found == ()) == fine


@pytest.mark.rule("R2-010")
@pytest.mark.parametrize(
    ("presence", "fault"),
    [
        (Presence("e1", "face", passed=True, at=NOW), None),
        (Presence("e1", "certificate", passed=True, at=NOW - timedelta(minutes=10)), None),
        (None, "presence-missing"),
        (Presence("", "face", passed=True, at=NOW), "presence-missing"),
        (Presence("e1", "software", passed=True, at=NOW), "presence-kind"),
        (Presence("e1", "liveness", passed=False, at=NOW), "presence-failed"),
        (Presence("e1", "face", passed=True, at=NOW - timedelta(minutes=10, seconds=1)), "presence-old"),
        (Presence("e1", "face", passed=True, at=NOW + timedelta(seconds=1)), "presence-old"),
    ],
)
def test_the_physician_in_person_opens_a_reception(presence: Presence | None, fault: str | None) -> None:
    assert [issue.key for issue in presence_faults(presence, NOW, minutes=10)] == ([fault] if fault else [])


@pytest.mark.rule("R6-036", "R0-004")
@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (Entry("1", "valid", "焦作市示范医院", until=TODAY), "valid"),
        (Entry("1", "valid", "别的医院"), "mismatch"),
        (Entry("1", "valid", until=TODAY - timedelta(days=1)), "expired"),
        (Entry("1", "cancelled"), "revoked"),
        (None, "not-found"),
    ],
)
def test_a_licence_is_compared_with_the_register(entry: Entry | None, state: str) -> None:
    assert institution_verdict("焦作市示范医院", entry, TODAY).state == state
