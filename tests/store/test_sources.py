import gzip
import io
import json
from pathlib import Path

import pytest

from xinglin.store import sources, splitter
from xinglin.store.sources import Fault, Found, Item, Remark, Sources


def found(*paths: Path) -> list[Found]:
    return list(Sources(paths))


def patient(number: int) -> str:
    return json.dumps({"resourceType": "Patient", "id": str(number)})


def entry(resource: object, **more: object) -> dict[str, object]:
    return {"resource": resource, **more}


def bundle(*entries: object, kind: str = "transaction") -> str:
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)}, indent=1)


def test_each_line_of_ndjson_is_an_item_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "Patient.ndjson"
    file.write_text(f"{patient(1)}\n\n  {patient(2)}\r\n{patient(3)}")
    assert found(file) == [
        Item(str(file), 1, patient(1).encode()),
        Item(str(file), 3, patient(2).encode()),
        Item(str(file), 4, patient(3).encode()),
    ]


def test_gzip_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "Patient.ndjson.gz"
    file.write_bytes(gzip.compress(f"{patient(1)}\n".encode()))
    assert found(file) == [Item(str(file), 1, patient(1).encode())]


def test_a_cut_gzip_gives_what_it_holds_and_then_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "Patient.ndjson.gz"
    whole = gzip.compress("".join(f"{patient(n)}\n" for n in range(5000)).encode())
    file.write_bytes(whole[: len(whole) // 2])
    *items, last = found(file)
    assert len(items) > 100
    assert all(isinstance(item, Item) for item in items)
    assert isinstance(last, Fault)
    assert last.key == "unreadable"


def test_directories_are_walked_in_order_and_other_files_are_remarked(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.json").write_text(patient(2))
    (tmp_path / "a.json").write_text(patient(1))
    (tmp_path / "README.md").write_text("not FHIR")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / ".hidden.json").write_text(patient(9))
    given = found(tmp_path)
    assert [item.raw for item in given if isinstance(item, Item)] == [patient(1).encode(), patient(2).encode()]
    assert sorted(Path(x.source).name for x in given if isinstance(x, Remark)) == ["README.md", "package.json"]


def test_ndjson_without_resources_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "log.ndjson").write_text('{"exportId": 1}\n{"exportId": 2}\n')
    assert [type(x) for x in found(tmp_path)] == [Remark]


def test_json_with_a_resource_on_each_line_is_ndjson(tmp_path: Path) -> None:
    (tmp_path / "many.json").write_text(f"{patient(1)}\n{patient(2)}\n")
    assert [x.line for x in found(tmp_path) if isinstance(x, Item)] == [1, 2]


def test_references_within_a_bundle_become_the_ids_that_its_entries_get(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(
        bundle(
            entry(
                {"resourceType": "Observation", "subject": {"reference": "urn:uuid:p"}, "value": 1.00},
                fullUrl="urn:uuid:o",
            ),
            entry({"resourceType": "Patient"}, fullUrl="urn:uuid:p", request={"method": "POST", "url": "Patient"}),
            entry({"resourceType": "Patient"}, request={"method": "PUT", "url": "Patient/17"}),
            entry({"resourceType": "Patient", "id": "own", "link": [{"other": {"reference": "urn:uuid:x"}}]}),
        )
    )
    items = [x for x in found(file) if isinstance(x, Item)]
    assert [x.line for x in items] == [1, 2, 3, 4]
    assert f'"reference":"Patient/{items[1].id}"'.encode() in items[0].raw
    assert [x.id for x in items[2:]] == ["17", "own"]
    assert b'"urn:uuid:x"' in items[3].raw


def test_an_id_made_of_place_and_content_is_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(bundle(entry({"resourceType": "Patient"}), entry({"resourceType": "Patient"})))
    first, second = (
        [x.id for x in found(file) if isinstance(x, Item)],
        [x.id for x in found(file) if isinstance(x, Item)],
    )
    assert first == second
    assert len(set(first)) == 2


def test_an_entry_that_does_not_write_is_a_fault_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(
        bundle(
            {"request": {"method": "DELETE", "url": "Patient/1"}},
            entry({"resourceType": "Patient", "id": "1"}, request={"method": "PATCH", "url": "Patient/1"}),
            entry({"resourceType": "Patient", "id": "2"}),
            {"request": 7},
        )
    )
    assert [type(x) for x in found(file)] == [Fault, Fault, Item, Fault]


@pytest.mark.parametrize("kind", ["document", "message"])
def test_a_bundle_that_means_something_as_a_whole_is_one_resource(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "b.json"
    file.write_text(bundle(entry({"resourceType": "Composition"}), kind=kind))
    assert [(type(x), getattr(x, "line", None)) for x in found(file)] == [(Item, 0)]


def test_a_history_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(bundle(kind="history"))
    [fault] = found(tmp_path)
    assert isinstance(fault, Fault)
    assert fault.key == "not-loadable"


def test_a_bundle_larger_than_a_resource_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "WHOLE", 1000)
    file = tmp_path / "b.json"
    file.write_text(bundle(*(entry({"resourceType": "Patient", "id": str(n)}) for n in range(100))))
    assert [x.id for x in found(file) if isinstance(x, Item)] == [str(n) for n in range(100)]
    single = tmp_path / "s.json"
    single.write_text(json.dumps({"resourceType": "Patient", "id": "x" * 2000}))
    assert [x.key for x in found(single) if isinstance(x, Fault)] == ["too-long"]


def test_a_line_that_is_too_long_is_a_fault_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "WHOLE", 100)
    file = tmp_path / "a.ndjson"
    file.write_text(f"{patient(1)}\n{json.dumps({'resourceType': 'Patient', 'x': 'y' * 950})}\n{patient(3)}\n")
    assert [(type(x), getattr(x, "line", 0)) for x in found(file)] == [(Item, 1), (Fault, 2), (Item, 3)]


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"resourceType":"Bundle","type":"batch","entry":[{]}', "\x00", "[" * 100_000]
)
def test_what_is_no_json_object_is_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    assert [type(x) for x in found(tmp_path)] == [Fault]


def test_xml_is_read_with_its_digits(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(
        '<Observation xmlns="http://hl7.org/fhir"><id value="a"/>'
        '<valueQuantity><value value="1.00"/></valueQuantity></Observation>'
    )
    [item] = found(tmp_path)
    assert isinstance(item, Item)
    assert b'"value":1.00' in item.raw


def test_the_reading_knows_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(f"{patient(1)}\n" * 1000)
    (tmp_path / "b.json").write_text(patient(2))
    given = Sources([tmp_path])
    seen = [given.read_bytes for _ in given]
    assert seen == sorted(seen)
    assert given.read_bytes == given.total_bytes > 0


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_members_are_found_at_any_chunk_size(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "CHUNK", chunk)
    raw = '{"a": "b\\"]}", "entry": [ {"x": [1, "é"]}, 1.00 ,"s"], "empty": {}, "n": -12.50e3 }'.encode()
    assert list(splitter.members(io.BytesIO(raw), each_of="entry")) == [
        ("a", b'"b\\"]}"'),
        ("entry", '{"x": [1, "é"]}'.encode()),
        ("entry", b"1.00"),
        ("entry", b'"s"'),
        ("empty", b"{}"),
        ("n", b"-12.50e3"),
    ]


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"a"', b'{"a":1,}', b'{"a":1}}', b"{1:2}", b'{"a":"\xff"}', b'{"entry":[1 2]}']
)
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(splitter.Malformed):
        list(splitter.members(io.BytesIO(raw), each_of="entry"))
