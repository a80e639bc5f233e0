"""Labels: special classes from contents, levels and classes from types, stamped without touching anything else."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.codec import decode
from xinglin.security import labels, wordings

ICD = "http://hl7.org/fhir/sid/icd-10-cn"
HEAD = b'{"resourceType":"Condition","id":"1","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z"'


def tail(code: str, *, system: str = ICD, meta: str = "") -> bytes:
    coding = json.dumps({"coding": [{"system": system, "code": code}]})
    return f'{meta}}},"code":{coding},"subject":{{"reference":"Patient/1"}}}}'.encode()


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("F32.100", "mental"),
        ("B20.x01", "hiv"),
        ("Z21", "hiv"),
        ("A53.9", "std"),
        ("O04.900", "reproductive"),
        ("Z15.0", "gene"),
    ],
)
def test_a_code_of_a_special_class_is_found(code: str, label: str) -> None:
    assert labels.labels("Condition", tail(code)) == {label}


OURS = "https://xinglin.health/fhir/CodeSystem"


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize(
    ("system", "code", "label"),
    [
        ("drug", "D0408", "mental"),  # 氯丙嗪, N05AA01
        ("drug", "D0433", "mental"),  # 氟西汀, N06AB03
        ("drug", "D0292", "hiv"),  # 依非韦伦, J05AG03
        ("laboratory-item", "HIVRNA", "hiv"),
        ("service-item", "F0197", "reproductive"),
        ("episode", "severe-mental", "mental"),
        ("department", "05.05", "reproductive"),
    ],
)
def test_codes_of_our_own_catalogues_are_found(system: str, code: str, label: str) -> None:
    assert labels.labels("ChargeItem", tail(code, system=f"{OURS}/{system}")) == {label}


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize(
    ("system", "code"),
    [
        (f"{OURS}/drug", "D0285"),  # 恩替卡韦, of hepatitis B
        ("http://www.whocc.no/atc", "J05AF10"),
        (f"{OURS}/drug", "D0001"),
        (f"{OURS}/department", "05.06"),
    ],
)
def test_a_code_that_tells_of_no_special_class_has_no_label(system: str, code: str) -> None:
    assert labels.labels("ChargeItem", tail(code, system=system)) == frozenset()


@pytest.mark.parametrize("code", ["I10", "E11.9", "J06.9", "A09", "Z00"])
def test_an_ordinary_code_has_no_label(code: str) -> None:
    assert labels.labels("Condition", tail(code)) == frozenset()


def test_the_same_code_of_another_system_is_another_thing() -> None:
    assert labels.labels("Condition", tail("F32", system="http://example.org/rooms")) == frozenset()


def test_an_escaped_code_is_found_too() -> None:
    assert labels.labels("Condition", tail("F32").replace(b'"F32"', b'"\\u004632"')) == {"mental"}


@pytest.mark.rule("R7-022")
def test_sequences_are_genetic_whatever_they_say() -> None:
    assert labels.labels("MolecularSequence", b"}}") == {"gene"}


@pytest.mark.rule("R7-001", "R7-003")
@pytest.mark.parametrize(
    ("born", "minor"),
    [("2012-11-23", True), ("2012-11-22", False), ("2012", True), ("2011", False), ("2012-11", True), ("1980", False)],
)
def test_under_14_counts_to_the_day(born: str, *, minor: bool) -> None:
    assert labels.is_minor(born, date(2026, 11, 22)) is minor


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize(
    ("type", "level"), [("Organization", 1), ("Practitioner", 3), ("Observation", 4), ("Patient", 4)]
)
def test_the_level_follows_from_the_type(type: str, level: int) -> None:
    assert labels.level_of(type) == level


@pytest.mark.rule("R7-030")
def test_the_class_follows_from_the_type() -> None:
    types = ("Patient", "Observation", "MedicationRequest", "Claim", "Location", "Immunization")
    assert [labels.class_of(type) for type in types] == [
        "personal",
        "status",
        "application",
        "payment",
        "resource",
        "public-health",
    ]


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("既往抑郁症病史10年", {"mental"}),
        ("HIV阴性", {"hiv"}),
        ("梅毒螺旋体抗体 阴性", {"std"}),
        ("人工流产术后", {"reproductive"}),
        ("外显子组测序", {"gene"}),
        ("Schizophrenia, denies fever", {"mental"}),
        ("否认精神分裂病史、梅毒史", set()),
        ("否认肝炎、结核、艾滋病等传染病史", set()),
        ("无抑郁症病史", set()),
        ("无明显诱因出现抑郁发作", {"mental"}),
        ("高血压病3级", set()),
    ],
)
def test_words_of_free_text_make_data_special(text: str, found: set[str]) -> None:
    for note in (
        {"note": [{"text": text}]},
        {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'}},
    ):
        for raw in (json.dumps(note, ensure_ascii=False), json.dumps(note)):
            assert labels.labels("Condition", b"}," + raw[1:].encode()) == found


@pytest.mark.rule("R7-031")
@pytest.mark.parametrize("type", ["Questionnaire", "Consent", "Communication", "Task"])
def test_what_speaks_of_diseases_without_telling_of_one_is_not_raised(type: str) -> None:
    assert labels.labels(type, '},"description":"HIV 与抑郁症"}'.encode()) == frozenset()


def test_the_quick_look_misses_no_word() -> None:
    for row in wordings.TABLE:
        assert row.source
        for word in row.words:
            assert wordings.suspect(f'}},"a":"x{word}y"}}'.encode()), word
            assert wordings.classes(f"有{word}。") == {row.label}


@pytest.mark.rule("R7-030", "R7-031")
@given(st.sampled_from(["Condition", "Location", "Practitioner"]), st.sampled_from(["", "1", "4", "5"]), st.booleans())
def test_an_answer_has_one_level_and_one_class_and_keeping_takes_them_out(
    type: str,
    level: str,
    more: bool,  # noqa: FBT001  drawn
) -> None:
    security = [{"system": labels.LEVEL, "code": level}] if level else []
    security += [{"system": "a", "code": "b"}] if more else []
    before = (f',"security":{json.dumps(security)}' if security else "").encode() + b',"tag":[{"code":"t"}]},"id":"x"}'
    meta = json.loads(b'{"meta":{"lastUpdated":""' + before)["meta"]
    kept = labels.without_implied(before, type) if security else before
    at, added = labels.addition(type, kept)
    shown = json.loads(b'{"meta":{"lastUpdated":""' + kept[:at] + added + kept[at:])["meta"]
    systems = [one["system"] for one in shown["security"]]
    assert systems.count(labels.LEVEL) == systems.count(labels.CLASS) == 1
    highest = max(int(level or 0), labels.level_of(type))
    assert {"system": labels.LEVEL, "code": str(highest)} in shown["security"]
    assert ("a" in systems) == more
    assert shown["tag"] == meta["tag"]


def test_what_is_named_is_found_beside_escapes_and_only_of_patients() -> None:
    raw = '{"resourceType":"List","status":"current","mode":"working","title":"a \\"b\\" \\u4e2d","entry":[%s]}'
    refs = ["Condition/c", "http://h/fhir/Condition/c", "Organization/o", "Observation/x/_history/2", "Nothing/n"]
    items = ",".join(f'{{"item":{{"reference":"{ref}"}}}}' for ref in refs)
    found = labels.gathered(decode((raw % items).encode(), "List"))
    assert found == [labels.gathers_key("Condition", "c"), labels.gathers_key("Observation", "x")]


METAS = st.sampled_from(
    [
        "",
        ',"profile":["http://example.org/p"]',
        ',"security":[{"system":"http://example.org/s","code":"x \\"]} y"}]',
        ',"tag":[{"code":"security"}], "security" : [ {"system":"a","code":"b"} ] ,"source":"#1"',
    ]
)


@given(METAS, st.sets(st.sampled_from(["mental", "hiv", "5", "minor"]), min_size=1))
def test_a_stamp_adds_labels_and_changes_nothing_else(meta: str, wanted: set[str]) -> None:
    before = tail("I10", meta=meta)
    struct = decode(HEAD + before, "Condition")
    after = labels.stamped(before, struct.meta, frozenset(wanted))
    made = json.loads(HEAD + after)
    old = json.loads(HEAD + before)
    security = made["meta"].pop("security")
    kept = old["meta"].pop("security", [])
    assert security[: len(kept)] == kept
    assert made == old
    assert labels.stated(decode(HEAD + after, "Condition").meta) == wanted
    assert labels.stamped(after, decode(HEAD + after, "Condition").meta, frozenset(wanted)) == after


def test_level_5_comes_with_the_classes_of_few_hands() -> None:
    assert labels.complete({"hiv"}) == {"hiv", "5"}
    assert labels.complete({"minor"}) == {"minor"}
