import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.scopes import resource_scopes, scopes
from xinglin.fhir.declarations import Operation
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.search.names import criteria
from xinglin.security.grants import ALL, NOTHING, Grant, Reach
from xinglin.security.principal import Principal
from xinglin.security.scopes import Scope, asked, bound_to, common, may_call, narrow, of_context, parse
from xinglin.store.rulebook import Rulebook

INTERACTIONS = ("create", "read", "vread", "update", "patch", "delete", "search", "history")


def app(*spelled: str, patient: str | None = "Patient/1") -> Principal:
    return Principal("p", frozenset({"resident"}), scopes=frozenset(spelled), launch_patient=patient)


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        ("patient/*.read", Scope("patient", "*", "rs")),
        ("user/Observation.write", Scope("user", "Observation", "cud")),
        ("user/*.*", Scope("user", "*", "cruds")),
        ("system/*.cruds", Scope("system", "*", "cruds")),
        ("patient/Observation.rs?category=laboratory", Scope("patient", "Observation", "rs", "category=laboratory")),
        ("user/Patient.s", Scope("user", "Patient", "s")),
    ],
)
def test_scopes_of_both_versions_are_read(spelled: str, read: Scope) -> None:
    assert parse(spelled) == read


@pytest.mark.parametrize(
    "spelled",
    [
        *("", "patient", "patient/", "patient/*", "patient/*.", "patient/*.sr", "patient/*.rr", "patient/*.x"),
        *("Patient/*.read", "patient/patient.read", "patient/Nothing.rs", "patients/*.read", "user/*.Read"),
        "patient/Observation.read?category=laboratory",  # version 1 knows no clauses
        "patient/*.rs?category=laboratory",  # a clause needs a type
        *("patient/Observation.rs?", "patient/Observation.rs?category", "patient/Observation.rs?unknown=1"),
        *("patient/Observation.rs?_sort=date", "patient/Observation.rs?_include=Observation:subject"),
        "patient/Observation.rs?_relation=encounter",  # for reaches of grants only
        "patient/Observation.rs?_count=5",
        # by what they let through they would answer guesses
        *(
            "user/Patient.rs?identifier=410802199903081234",
            "user/Patient.rs?name=x",
            "user/Patient.rs?phone=13800000000",
        ),
        *("user/Patient.rs?_has:Observation:subject:code=x", "user/Observation.rs?subject:Patient.name=x"),
    ],
)
def test_what_is_no_scope_is_refused(spelled: str) -> None:
    assert parse(spelled) is None


def test_faults_drop_out_alone() -> None:
    found = asked("openid  patient/*.read nonsense patient/*.read launch/patient user/Nothing.rs")
    assert found.scopes == ("openid", "patient/*.read", "launch/patient")
    assert found.faults == ("nonsense", "user/Nothing.rs")
    assert asked("x" * 5000).faults


@given(st.text(max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    found = asked(text)
    assert all(one in text for one in found.scopes)


@given(st.lists(scopes, max_size=6))
def test_what_is_understood_is_read_back(spelled: list[str]) -> None:
    found = asked(" ".join(spelled))
    assert found.scopes == tuple(dict.fromkeys(spelled))
    assert not found.faults
    assert all(parse(str(scope)) == scope for scope in found.resources)


@given(st.lists(scopes, max_size=5), st.lists(scopes, max_size=5), st.sampled_from(INTERACTIONS))
def test_the_common_scopes_allow_what_both_allow(wanted: list[str], allowed: list[str], interaction: str) -> None:
    both = common(wanted, allowed)
    for type in ("Patient", "Observation", "Practitioner"):

        def says(spelled: list[str] | tuple[str, ...], type: str = type) -> dict[str, bool]:
            found = [scope for one in spelled if (scope := parse(one)) is not None]
            return {
                context: any(scope.context == context and scope.allows(interaction, type) for scope in found)
                for context in ("patient", "user", "system")
            }

        for context, given_both in says(both).items():
            if given_both:
                assert says(wanted)[context]
                assert says(allowed)[context]
    assert set(common(both, allowed)) == set(both)
    assert common(wanted, wanted) == tuple(dict.fromkeys(wanted)) or len(wanted) > 1


def test_a_too_wide_scope_becomes_what_is_allowed() -> None:
    assert common(["user/*.*", "openid"], ["user/*.rs", "openid"]) == ("user/*.rs", "openid")
    assert common(["user/*.*"], ["user/Patient.rs", "user/Observation.cruds"]) == (
        "user/Patient.rs",
        "user/Observation.cruds",
    )
    assert common(["patient/*.read"], ["patient/*.rs"]) == ("patient/*.read",)
    assert common(["user/*.read"], ["patient/*.rs"]) == ()
    assert common(["patient/Observation.rs"], ["patient/Observation.r?status=final"]) == (
        "patient/Observation.r?status=final",
    )
    assert common(["offline_access"], ["openid"]) == ()


def test_contexts_are_kept_apart() -> None:
    both = ("openid", "system/*.rs", "user/*.rs")
    assert of_context(both, frozenset({"user"})) == ("openid", "user/*.rs")


def test_without_scopes_nothing_is_narrowed() -> None:
    reach = Reach(("patient=Patient/1",))
    assert narrow(reach, Principal("p", frozenset()), "read", "Observation") is reach


def test_no_scope_of_the_type_reaches_nothing() -> None:
    assert narrow(ALL, app("patient/Encounter.rs"), "read", "Observation") == NOTHING
    assert narrow(ALL, app("patient/Observation.s"), "read", "Observation") == NOTHING
    assert narrow(ALL, app("patient/Observation.r"), "search", "Observation") == NOTHING
    assert narrow(ALL, app("openid"), "read", "Observation") == NOTHING


def test_scopes_never_widen() -> None:
    assert narrow(NOTHING, app("user/*.cruds"), "read", "Patient") == NOTHING
    mine = Reach(("patient=Patient/1",))
    assert narrow(mine, app("user/*.cruds"), "read", "Observation") == mine


def test_clauses_stand_beside_the_reach_and_add_up() -> None:
    reach = narrow(
        ALL, app("user/Observation.rs?category=laboratory", "user/Observation.rs?status=final"), "search", "Observation"
    )
    assert reach.everything
    assert reach.also == (("category=laboratory", "status=final"),)
    wide = narrow(ALL, app("user/Observation.rs?category=laboratory", "user/*.rs"), "search", "Observation")
    assert wide == ALL


def test_patient_scopes_are_bound_to_the_patient_of_the_launch() -> None:
    reach = narrow(ALL, app("patient/*.rs"), "read", "Condition")
    assert reach.also == (("patient=Patient/1", "asserter=Patient/1"),)
    assert narrow(ALL, app("patient/*.rs"), "read", "Patient").also == (("_id=1",),)
    assert narrow(ALL, app("patient/*.rs", patient=None), "read", "Condition") == NOTHING
    assert narrow(ALL, app("patient/*.rs"), "read", "Practitioner") == ALL
    assert narrow(ALL, app("patient/*.rs"), "read", "Library") == NOTHING
    clause = narrow(ALL, app("patient/Observation.rs?category=laboratory"), "read", "Observation")
    assert "subject=Patient/1&category=laboratory" in clause.also[0]


def test_patient_scopes_write_only_about_the_patient() -> None:
    reach = narrow(ALL, app("patient/*.write"), "create", "Observation")
    assert reach.also == (("patient=Patient/1",),)
    assert narrow(ALL, app("patient/*.write"), "create", "Patient") == NOTHING
    assert narrow(ALL, app("patient/*.write"), "update", "Patient").also == (("_id=1",),)
    assert narrow(ALL, app("patient/*.write"), "create", "Practitioner") == NOTHING


def test_history_asks_for_read_and_search() -> None:
    assert narrow(ALL, app("user/*.r"), "history", "Patient") == NOTHING
    assert narrow(ALL, app("user/*.rs"), "history", "Patient") == ALL


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("type", sorted(RESOURCES))
def test_every_bound_is_a_search(type: str, *, writes: bool) -> None:
    for search in bound_to("Patient/1", type, writes=writes):
        criteria(type, search)


def test_operations_ask_for_whole_scopes() -> None:
    assert may_call(Principal("p", frozenset()), "Patient", affects_state=True)
    assert may_call(app("patient/*.rs"), "Patient", affects_state=False)
    assert not may_call(app("patient/*.cruds"), "Patient", affects_state=True)
    assert may_call(app("user/*.cruds"), "Patient", affects_state=True)
    assert not may_call(app("user/Observation.cruds"), "Patient", affects_state=True)
    assert not may_call(app("user/Observation.rs?status=final"), "Observation", affects_state=False)


@given(resource_scopes(), st.sampled_from(INTERACTIONS), st.sampled_from(["Patient", "Observation", "Practitioner"]))
def test_narrowing_keeps_the_reach_inside(spelled: str, interaction: str, type: str) -> None:
    reach = Reach(("_lastUpdated=gt2020",))
    made = narrow(reach, app(spelled), interaction, type)
    assert made.nothing or (made.searches == reach.searches and made.also[: len(reach.also)] == reach.also)


def test_an_app_calls_no_operation_by_reading_scopes() -> None:
    breaks = Operation("break-glass", "Patient", str, str)
    reads = Operation("summary", "Patient", str, str, affects_state=False)
    book = Rulebook(
        grants=(Grant("resident", frozenset({"operate"}), "Patient", operations=frozenset({"*"})),),
        operations={("Patient", one.code): (one, _never) for one in (breaks, reads)},
    )
    assert book.may_operate(Principal("p", frozenset({"resident"})), "break-glass", "Patient")
    assert not book.may_operate(app("patient/*.cruds", "user/*.rs"), "break-glass", "Patient")
    assert book.may_operate(app("patient/*.rs"), "summary", "Patient")
    assert not book.may_operate(app("openid"), "summary", "Patient")


async def _never(*_: object) -> None:
    raise AssertionError
