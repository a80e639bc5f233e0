"""Search values on real PostgreSQL: lines 3 to 11 of the behaviours that servers get wrong."""

from typing import Any

import pytest

from tests.store.search.shelf import BASE, Shelf, observation, patient, quantity
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.store import Store


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    return Shelf(store)


def concept(system: str | None, code: str, display: str | None = None, text: str | None = None) -> dict[str, Any]:
    coding = {k: v for k, v in (("system", system), ("code", code), ("display", display)) if v}
    return {"coding": [coding], **({"text": text} if text else {})}


async def test_token_spellings_not_and_missing(shelf: Shelf) -> None:
    await shelf.put(
        observation("a", "1"),
        observation("b", "2", interpretation=[concept("s", "H"), concept(None, "X")]),
        observation("c", concept(None, "1"), interpretation=[concept("t", "H", text="High")]),
        observation("d", "2", status="preliminary"),
    )
    assert await shelf.found("Observation?code=1") == {"a", "c"}
    assert await shelf.found("Observation?code=http://loinc.org|1") == {"a"}
    assert await shelf.found("Observation?code=|1") == {"c"}
    assert await shelf.found("Observation?code=http://loinc.org|") == {"a", "b", "d"}
    assert await shelf.found("Observation?code=other|1") == set()
    assert await shelf.found("Observation?code:not=http://loinc.org|1") == {"b", "c", "d"}
    assert await shelf.found("Observation?code:not=1,2") == set()
    assert await shelf.found("Observation?value-concept:missing=true") == {"a", "b", "c", "d"}
    assert await shelf.found("Observation?code:missing=true") == set()
    assert await shelf.found("Observation?code:missing=false") == {"a", "b", "c", "d"}
    assert await shelf.found("Observation?status=final&code=2") == {"b"}
    assert await shelf.found("Observation?status=http://hl7.org/fhir/observation-status|final") == {"a", "b", "c"}
    assert await shelf.found("Observation?status=http://hl7.org/fhir/other|final") == set()
    assert await shelf.found("Observation?status:not=final") == {"d"}


async def test_codes_are_case_sensitive(shelf: Shelf) -> None:
    await shelf.put(observation("a", "ab"), observation("b", "AB"))
    assert await shelf.found("Observation?code=ab") == {"a"}


async def test_text_of_a_token_is_that_of_the_resource_itself(shelf: Shelf) -> None:
    await shelf.put(
        observation("a", code=concept("s", "1", display="Headache")),
        observation("b", code=concept("s", "1", display="头痛")),
        observation("c", code={"text": "Head ache, strong"}),
        observation("d", code=concept("s", "1", text="HEAD injury")),
    )
    assert await shelf.found("Observation?code:text=headache") == {"a"}
    assert await shelf.found("Observation?code:text=头") == {"b"}
    assert await shelf.found("Observation?code:text=head") == {"a", "c", "d"}
    assert await shelf.found("Observation?code:text=nothing") == set()


async def test_identifier_boolean_and_contact_tokens(shelf: Shelf) -> None:
    mr = {"coding": [{"system": "http://t", "code": "MR", "display": "Record number"}]}
    await shelf.put(
        patient("a", active=True, identifier=[{"system": "urn:s", "value": "77", "type": mr}], gender="male"),
        patient("b", active=False, identifier=[{"value": "77"}], telecom=[{"system": "phone", "value": "+86 10-1234"}]),
        patient("c", identifier=[{"system": "urn:t", "value": "77"}], telecom=[{"system": "email", "value": "A@x.CN"}]),
        patient("d", deceasedDateTime="2020-01-01"),
    )
    assert await shelf.found("Patient?identifier=77") == {"a", "b", "c"}
    assert await shelf.found("Patient?identifier=urn:s|77") == {"a"}
    assert await shelf.found("Patient?identifier=|77") == {"b"}
    assert await shelf.found("Patient?identifier=urn:s|") == {"a"}
    assert await shelf.found("Patient?identifier:of-type=http://t|MR|77") == {"a"}
    assert await shelf.found("Patient?identifier:of-type=http://t|XX|77") == set()
    assert await shelf.found("Patient?identifier:text=record") == {"a"}
    assert await shelf.found("Patient?identifier:not=77") == {"d"}
    assert await shelf.found("Patient?active=true") == {"a"}
    assert await shelf.found("Patient?deceased=true") == {"d"}
    assert await shelf.found("Patient?deceased=false") == {"a", "b", "c"}
    assert await shelf.found("Patient?phone=+86101234".replace("+", "%2B")) == {"b"}
    assert await shelf.found("Patient?email=a@X.cn") == {"c"}
    assert await shelf.found("Patient?telecom=email|a@x.cn") == {"c"}
    assert await shelf.found("Patient?telecom=phone|a@x.cn") == set()
    assert await shelf.found("Patient?gender=male,female") == {"a"}


async def test_long_codes_are_told_apart(shelf: Shelf) -> None:
    long = "x" * 2_000
    await shelf.put(observation("a", long + "1"), observation("b", long + "2"))
    assert await shelf.found(f"Observation?code=http://loinc.org|{long}1") == {"a"}


async def test_meta_parameters(shelf: Shelf) -> None:
    tagged = {"tag": [{"system": "t", "code": "x"}], "security": [{"system": "s", "code": "R"}]}
    await shelf.put(
        patient("a", meta={**tagged, "profile": ["http://p/one|1.0"], "source": "http://from/a"}),
        patient("b", meta={"profile": ["http://p/two"]}),
    )
    assert await shelf.found("Patient?_tag=t|x") == {"a"}
    assert await shelf.found("Patient?_tag:not=x") == {"b"}
    assert await shelf.found("Patient?_security=R") == {"a"}
    assert await shelf.found("Patient?_profile=http://p/one") == {"a"}
    assert await shelf.found("Patient?_profile=http://p/one|1.0") == {"a"}
    assert await shelf.found("Patient?_profile:below=http://p/") == {"a", "b"}
    assert await shelf.found("Patient?_profile:missing=true") == set()
    assert await shelf.found("Patient?_source=http://from/a") == {"a"}
    assert await shelf.found("Patient?_id=a,zz") == {"a"}
    assert await shelf.found("Patient?_lastUpdated=gt2020-01-01") == {"a", "b"}
    assert await shelf.found("Patient?_lastUpdated=lt2020-01-01") == set()
    assert await shelf.found("Patient?_lastUpdated=gt2020-01-01&_sort=-_lastUpdated") == {"a", "b"}


async def test_strings_fold_case_accents_and_width_both_ways(shelf: Shelf) -> None:
    await shelf.put(
        patient("a", family="Müller", given="Zoë"),
        patient("b", family="Muller"),
        patient("c", family="Kaśka"),
        patient("d", family="Ａｎｎａ"),
        patient("e", family="O'Brien-Smith"),
    )
    assert await shelf.found("Patient?family=muller") == {"a", "b"}
    assert await shelf.found("Patient?family=MÜL") == {"a", "b"}
    assert await shelf.found("Patient?family=kaska") == {"c"}
    assert await shelf.found("Patient?family=kaś") == {"c"}
    assert await shelf.found("Patient?family=anna") == {"d"}
    assert await shelf.found("Patient?family=o brien") == {"e"}
    assert await shelf.found("Patient?family:contains=RIEN") == {"e"}
    assert await shelf.found("Patient?family:exact=Müller") == {"a"}
    assert await shelf.found("Patient?family:exact=müller") == set()
    assert await shelf.found("Patient?family:exact=Mülle") == set()
    assert await shelf.found("Patient?name=zoe") == {"a"}
    assert await shelf.found("Patient?phonetic=zoe") == {"a"}
    assert await shelf.found("Patient?family=ul") == set()
    assert await shelf.found("Patient?family=%25") == set()


async def test_chinese_names_by_prefix_pinyin_and_initials(shelf: Shelf) -> None:
    await shelf.put(
        patient("a", name=[{"text": "张三丰"}]),
        patient("b", family="曾", given="国强"),
        patient("c", name=[{"text": "章三"}]),
        {"resourceType": "Organization", "id": "o", "name": "焦作市人民医院"},
    )
    assert await shelf.found("Patient?name=张") == {"a"}
    assert await shelf.found("Patient?name=张三") == {"a"}
    assert await shelf.found("Patient?name=zhangsan") == {"a", "c"}
    assert await shelf.found("Patient?name=Zhang San") == {"a", "c"}
    assert await shelf.found("Patient?name=zsf") == {"a"}
    assert await shelf.found("Patient?name=zengguoqiang") == {"b"}
    assert await shelf.found("Patient?name=cengguoqiang") == set()
    assert await shelf.found("Patient?name=曾国强") == {"b"}
    assert await shelf.found("Patient?given=guoq") == {"b"}
    assert await shelf.found("Patient?name:contains=三") == {"a", "c"}
    assert await shelf.found("Patient?name:contains=国强") == {"b"}
    assert await shelf.found("Patient?name:contains=三丰") == {"a"}
    assert await shelf.found("Patient?name:contains=丰三") == set()
    assert await shelf.found("Organization?name:contains=人民") == {"o"}
    assert await shelf.found("Organization?name=jzs") == {"o"}
    assert await shelf.found("Organization?name=jiaozuo") == {"o"}


async def test_names_in_characters_come_first_and_by_pinyin(shelf: Shelf) -> None:
    names = {"a": "Adcare Hospital", "b": "中山医院", "c": "博爱县医院", "d": "Zürich", "e": "安阳医院"}
    await shelf.put(*({"resourceType": "Organization", "id": id, "name": name} for id, name in names.items()))
    assert await shelf.ids("Organization?_sort=name") == ["e", "c", "b", "a", "d"]
    assert await shelf.ids("Organization?_sort=-name") == ["d", "a", "b", "c", "e"]
    assert await shelf.ids("Organization?_sort=name&_count=2") == ["e", "c"]


async def test_uris_are_exact_below_and_above(shelf: Shelf) -> None:
    def valueset(id: str, url: str) -> dict[str, Any]:
        return {"resourceType": "ValueSet", "id": id, "url": url, "status": "active"}

    await shelf.put(valueset("a", "http://x.org/a"), valueset("b", "http://x.org/a/b"), valueset("c", "urn:oid:1.2"))
    assert await shelf.found("ValueSet?url=http://x.org/a") == {"a"}
    assert await shelf.found("ValueSet?url=http://X.org/a") == set()
    assert await shelf.found("ValueSet?url:below=http://x.org/a") == {"a", "b"}
    assert await shelf.found("ValueSet?url:above=http://x.org/a/b/c") == {"a", "b"}
    assert await shelf.found("ValueSet?url=urn:oid:1.2,http://x.org/a") == {"a", "c"}


DATES: dict[str, dict[str, Any]] = {
    "day": {"effectiveDateTime": "2020-03-15"},
    "start": {"effectiveDateTime": "2020-03-15T00:00:00+08:00"},
    "late": {"effectiveDateTime": "2020-03-15T23:59:59.999+08:00"},
    "after": {"effectiveDateTime": "2020-03-16T00:00:00+08:00"},
    "utc": {"effectiveDateTime": "2020-03-14T16:30:00Z"},
    "month": {"effectiveDateTime": "2020-03"},
    "year": {"effectiveDateTime": "2020"},
    "open": {"effectivePeriod": {"start": "2020-03-10"}},
    "until": {"effectivePeriod": {"end": "2020-03-10"}},
    "within": {"effectivePeriod": {"start": "2020-03-15T08:00:00+08:00", "end": "2020-03-15T09:00:00+08:00"}},
    "timing": {"effectiveTiming": {"event": ["2020-03-15", "2020-03-20"]}},
    "none": {},
}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("2020-03-15", "day start late utc within"),
        ("eq2020-03", "day start late after utc month within timing"),
        ("2020", "day start late after utc month year within timing"),
        ("gt2020-03-15", "after month year open timing"),
        ("lt2020-03-15", "month year open until"),
        ("ge2020-03-15", "day start late after utc month year open within timing"),
        ("le2020-03-15", "day start late utc month year open until within"),
        ("sa2020-03-15", "after"),
        ("eb2020-03-15", "until"),
        ("ap2020-03-15", "day start late after utc month year open within timing"),
        ("ne2020-03-15", "after month year open until timing"),
        ("2020-03-15T00:00:00+08:00", "start"),
        ("2020-03-14T16:30Z", "utc"),
        ("le2020-03-14T16:00:00Z", "start month year open until"),
        ("ge2020-03-16T00:00:00%2B08:00", "after month year open timing"),
        ("lt2020-03-16T00:00:00%2B08:00", "day start late utc month year open until within timing"),
    ],
)
async def test_dates_by_prefix_and_precision(shelf: Shelf, asked: str, found: str) -> None:
    await shelf.put(*(observation(id, **more) for id, more in DATES.items()))
    expected = set(found.split())
    assert await shelf.found(f"Observation?date={asked}") == expected
    assert await shelf.found(f"Observation?date={asked}&status=final") == expected
    assert await shelf.found(f"Observation?date={asked}&_sort=date") == expected
    assert await shelf.found(f"Observation?date={asked}&_sort=-_id") == expected


async def test_dates_other_than_the_main_one_are_found_alike(shelf: Shelf) -> None:
    await shelf.put(
        observation("a", valueDateTime="2020-03-15T10:00:00Z"),
        observation("b", valuePeriod={"start": "2020-03-01", "end": "2020-03-31"}),
        observation("c"),
    )
    assert await shelf.found("Observation?value-date=2020-03-15") == {"a"}
    assert await shelf.found("Observation?value-date=2020-03") == {"a", "b"}
    assert await shelf.found("Observation?value-date=ge2020-03-20") == {"b"}
    assert await shelf.found("Observation?value-date:missing=true") == {"c"}
    assert await shelf.found("Observation?date:missing=true") == {"a", "b", "c"}
    assert await shelf.found("Observation?value-date=ge2020-03-01&value-date=lt2020-03-16") == {"a", "b"}


async def test_numbers_and_quantities(shelf: Shelf) -> None:
    def taken(id: str, value: float, unit: str, system: str | None = "http://unitsofmeasure.org") -> dict[str, Any]:
        given = {"value": value, "unit": unit, **({"system": system, "code": unit} if system else {})}
        return observation(id, valueQuantity=given)

    await shelf.put(
        taken("a", 5.4, "mg"), taken("b", 5.40, "mg"), taken("c", 5.44, "mg"), taken("d", 5.45, "mg"),
        taken("e", 0.0054, "g"), taken("f", -5.4, "mg"), taken("g", 5.4, "片", None), taken("h", 60.2, "kg"),
    )  # fmt: skip
    assert await shelf.found("Observation?value-quantity=5.4") == {"a", "b", "c", "g"}
    assert await shelf.found("Observation?value-quantity=5.40") == {"a", "b", "g"}
    assert await shelf.found("Observation?value-quantity=5.4|http://unitsofmeasure.org|mg") == {"a", "b", "c", "e"}
    assert await shelf.found("Observation?value-quantity=5.4||mg") == {"a", "b", "c", "e"}
    assert await shelf.found("Observation?value-quantity=5.4||片") == {"g"}
    assert await shelf.found("Observation?value-quantity=gt60") == {"h"}
    assert await shelf.found("Observation?value-quantity=gt5.4||mg") == {"c", "d", "h"}
    assert await shelf.found("Observation?value-quantity=ge5.4||mg&value-quantity=lt10||mg") == {
        "a",
        "b",
        "c",
        "d",
        "e",
    }
    assert await shelf.found("Observation?value-quantity=lt-5") == {"f"}
    assert await shelf.found("Observation?value-quantity=-5.4||mg") == {"f"}
    assert await shelf.found("Observation?value-quantity=ap5||mg") == {"a", "b", "c", "d", "e"}
    assert await shelf.found("Observation?value-quantity=ap60||kg") == {"h"}
    assert await shelf.found("Observation?value-quantity=5.4e-3||g") == {"a", "b", "c", "e"}
    assert await shelf.found("Observation?value-quantity=ne5.4||mg") == {"d", "f", "h"}


async def test_numbers_state_their_precision(shelf: Shelf) -> None:
    def risk(id: str, value: float) -> dict[str, Any]:
        prediction = [{"outcome": {"text": "x"}, "probabilityDecimal": value}]
        return {
            "resourceType": "RiskAssessment", "id": id, "status": "final", "subject": {"reference": "Patient/1"},
            "prediction": prediction,
        }  # fmt: skip

    await shelf.put(risk("a", 0.1), risk("b", 0.14), risk("c", 0.104))
    assert await shelf.found("RiskAssessment?probability=0.1") == {"a", "b", "c"}
    assert await shelf.found("RiskAssessment?probability=0.10") == {"a", "c"}
    assert await shelf.found("RiskAssessment?probability=1e-1") == {"a", "c"}
    assert await shelf.found("RiskAssessment?probability=gt0.1") == {"b", "c"}


async def test_composites_join_values_of_one_element(shelf: Shelf) -> None:
    def part(code: str, value: float) -> dict[str, Any]:
        return {"code": concept("s", code), "valueQuantity": quantity(value, "mm[Hg]")}

    await shelf.put(
        observation("a", "bp", component=[part("sys", 120), part("dia", 80)]),
        observation("b", "bp", component=[part("sys", 80), part("dia", 120)]),
        observation("c", "sys", valueQuantity=quantity(120, "mm[Hg]")),
        observation("d", "bp", component=[part("sys", 120)]),
    )
    assert await shelf.found("Observation?component-code-value-quantity=s|sys$120") == {"a", "d"}
    assert await shelf.found("Observation?component-code-value-quantity=sys$gt100||mm[Hg]") == {"a", "d"}
    assert await shelf.found("Observation?component-code-value-quantity=sys$lt100,dia$lt100") == {"a", "b"}
    assert await shelf.found("Observation?combo-code-value-quantity=sys$120") == {"a", "c", "d"}
    assert await shelf.found("Observation?code-value-quantity=sys$120") == {"c"}
    assert await shelf.found("Observation?code-value-quantity=http://loinc.org|sys$ge120||mm[Hg]") == {"c"}
    assert await shelf.found("Observation?code-value-quantity:missing=false") == {"c"}


async def test_composite_with_a_reference(shelf: Shelf) -> None:
    def document(id: str, *related: tuple[str, str]) -> dict[str, Any]:
        return {
            "resourceType": "DocumentReference", "id": id, "status": "current",
            "relatesTo": [{"code": code, "target": {"reference": target}} for code, target in related],
            "content": [{"attachment": {"contentType": "text/plain"}}],
        }  # fmt: skip

    await shelf.put(
        document("a", ("replaces", "DocumentReference/1"), ("appends", "DocumentReference/2")),
        document("b", ("replaces", "DocumentReference/2")),
    )
    assert await shelf.found("DocumentReference?relationship=replaces$DocumentReference/1") == {"a"}
    assert await shelf.found("DocumentReference?relationship=replaces$DocumentReference/2") == {"b"}


async def test_references_in_every_spelling(shelf: Shelf) -> None:
    await shelf.put(
        observation("a", of="Patient/1"),
        observation("b", of=f"{BASE}/Patient/1"),
        observation("c", of="Patient/1/_history/3"),
        observation("d", of="http://there.test/fhir/Patient/1"),
        observation("e", of="Patient/11"),
        observation("f", of="Group/1"),
        observation("g", subject={"identifier": {"system": "urn:s", "value": "77"}}),
        observation("h"),
    )
    mine = {"a", "b", "c"}
    assert await shelf.found("Observation?subject=Patient/1") == mine
    assert await shelf.found("Observation?patient=Patient/1") == mine
    assert await shelf.found("Observation?patient=1") == mine
    assert await shelf.found("Observation?subject=1") == mine | {"f"}
    assert await shelf.found("Observation?subject:Patient=1") == mine
    assert await shelf.found("Observation?subject:Group=1") == {"f"}
    assert await shelf.found(f"Observation?subject={BASE}/Patient/1") == mine
    assert await shelf.found("Observation?subject=Patient/1/_history/3") == {"c"}
    assert await shelf.found("Observation?subject=http://there.test/fhir/Patient/1") == {"d"}
    assert await shelf.found("Observation?subject:identifier=urn:s|77") == {"g"}
    assert await shelf.found("Observation?subject:identifier=77") == {"g"}
    assert await shelf.found("Observation?subject:missing=true") == {"h"}
    assert await shelf.found("Observation?subject=Patient/1,Patient/11") == mine | {"e"}


async def test_canonical_references_with_and_without_version(shelf: Shelf) -> None:
    def answers(id: str, of: str) -> dict[str, Any]:
        return {"resourceType": "QuestionnaireResponse", "id": id, "status": "completed", "questionnaire": of}

    await shelf.put(answers("a", "http://q/1|2.0"), answers("b", "http://q/1"))
    assert await shelf.found("QuestionnaireResponse?questionnaire=http://q/1") == {"a", "b"}
    assert await shelf.found("QuestionnaireResponse?questionnaire=http://q/1|2.0") == {"a"}


async def test_positions_text_and_lists(shelf: Shelf) -> None:
    def place(id: str, latitude: float, longitude: float) -> dict[str, Any]:
        return {"resourceType": "Location", "id": id, "position": {"latitude": latitude, "longitude": longitude}}

    await shelf.put(place("zhengdong", 34.76, 113.72), place("jiaozuo", 35.24, 113.22), place("beijing", 39.9, 116.4))
    assert await shelf.found("Location?near=35.24|113.22|10|km") == {"jiaozuo"}
    assert await shelf.found("Location?near=35.24|113.22|80|km") == {"jiaozuo", "zhengdong"}
    assert await shelf.found("Location?near=35.24|113.22|80000|m") == {"jiaozuo", "zhengdong"}
    narrative = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">患者<b>头痛</b>三天</div>'}
    await shelf.put(
        patient("a", text=narrative),
        patient("b", contact=[{"name": {"text": "头痛医院"}}]),
        {
            "resourceType": "List", "id": "l", "status": "current", "mode": "changes",
            "entry": [{"item": {"reference": "Patient/a"}}, {"item": {"reference": "Patient/b"}, "deleted": True}],
        },
    )  # fmt: skip
    assert await shelf.found("Patient?_text=头痛") == {"a"}
    assert await shelf.found("Patient?_content=头痛") == {"a", "b"}
    assert await shelf.found("Patient?_content=痛头") == set()
    assert await shelf.found("Patient?_content=院") == {"b"}
    assert await shelf.found("Patient?_text=头") == {"a"}
    assert await shelf.found("Patient?_text=医") == set()
    assert await shelf.found("Patient?_text=头痛 三天") == {"a"}
    assert await shelf.found("Patient?_list=l") == {"a"}
    assert await shelf.found("Patient?_list=none") == set()


async def test_value_sets_and_hierarchies(shelf: Shelf) -> None:
    await shelf.put(
        {
            "resourceType": "CodeSystem", "id": "cs", "url": "http://cs", "status": "active", "content": "complete",
            "concept": [{"code": "A", "concept": [{"code": "A1", "concept": [{"code": "A11"}]}]}, {"code": "B"}],
        },
        {
            "resourceType": "ValueSet", "id": "vs", "url": "http://vs", "status": "active",
            "compose": {
                "include": [{"system": "http://cs", "filter": [{"property": "concept", "op": "is-a", "value": "A1"}]}]
            },
        },
        *(observation(code, code=concept("http://cs", code)) for code in ("A", "A1", "A11", "B")),
        observation("none", code={"text": "x"}),
    )  # fmt: skip
    assert await shelf.found("Observation?code:below=http://cs|A1") == {"A1", "A11"}
    assert await shelf.found("Observation?code:above=http://cs|A1") == {"A1", "A"}
    assert await shelf.found("Observation?code:in=http://vs") == {"A1", "A11"}
    assert await shelf.found("Observation?code:not-in=http://vs") == {"A", "B", "none"}
    assert await shelf.found("Observation?status:in=http://hl7.org/fhir/ValueSet/observation-status&code=B") == {"B"}
    with pytest.raises(OutcomeError, match="not known here"):
        await shelf.found("Observation?code:in=http://unknown")
    with pytest.raises(OutcomeError, match="not known here"):
        await shelf.found("Observation?code:below=http://unknown|A")


async def test_hierarchies_of_more_codes_than_are_listed(shelf: Shelf) -> None:
    """Of a chapter only the codes in use are asked for, also those that look like the number of a person."""
    number = "13800138000"
    codes = [*(f"X{n:04}" for n in range(500)), number]
    await shelf.put(
        {
            "resourceType": "CodeSystem", "id": "many", "url": "http://many", "status": "active", "content": "complete",
            "concept": [{"code": "X", "concept": [{"code": code} for code in codes]}, {"code": "Y"}],
        },
        {
            "resourceType": "ValueSet", "id": "many", "url": "http://many/vs", "status": "active",
            "compose": {"include": [{"system": "http://many"}], "exclude": [
                {"system": "http://many", "concept": [{"code": "X0001"}]}
            ]},
        },
        *(observation(f"m{n}", code=concept("http://many", code))
          for n, code in enumerate(("X0001", "X0499", "Y", number))),
        observation("other", code=concept("http://cs", "X0001")),
    )  # fmt: skip
    assert await shelf.found("Observation?code:below=http://many|X") == {"m0", "m1", "m3"}
    assert await shelf.found("Observation?code:in=http://many/vs") == {"m1", "m2", "m3"}
    assert await shelf.found("Observation?code:not-in=http://many/vs") == {"m0", "other"}
    assert await shelf.found("Observation?method:below=http://many|X") == set()
    assert await shelf.found("Observation?method:not-in=http://many/vs") == {"m0", "m1", "m2", "m3", "other"}


async def test_escapes(shelf: Shelf) -> None:
    await shelf.put(
        patient("a", identifier=[{"value": "a,b"}]), patient("b", identifier=[{"value": "a|b"}]),
        patient("c", identifier=[{"value": "a$b\\c"}]), patient("d", family="Smith, John"),
    )  # fmt: skip
    assert await shelf.found(r"Patient?identifier=a\,b") == {"a"}
    assert await shelf.found("Patient?identifier=a,b") == set()
    assert await shelf.found(r"Patient?identifier=a\|b") == {"b"}
    assert await shelf.found(r"Patient?identifier=a\$b\\c") == {"c"}
    assert await shelf.found(r"Patient?family=smith\, j") == {"d"}
