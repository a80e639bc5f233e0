"""Bundles of requests: read, put in order, refused with the place of the fault."""

import json
from typing import Any

import pytest

from xinglin.fhir.bundle import full_url_faults, in_order, overlaps, read
from xinglin.fhir.outcome import OutcomeError

BASE = "http://h/fhir"


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    full_url = {"fullUrl": more.pop("fullUrl")} if "fullUrl" in more else {}
    body = {} if resource is None else {"resource": resource}
    return {**full_url, **body, "request": {"method": method, "url": url, **more}}


def bundle(*entries: Any, kind: str | None = "transaction") -> bytes:
    made = {"resourceType": "Bundle", "entry": list(entries)}
    return json.dumps(made if kind is None else made | {"type": kind}).encode()


def refused(raw: bytes) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        read(raw, base_url=BASE, max_entries=10)
    return error.value


def test_an_address_is_taken_apart() -> None:
    urls = ("Patient/1", "/Patient/1", f"{BASE}/Patient/1")
    items = read(bundle(*(entry("GET", url) for url in urls)), base_url=BASE, max_entries=10).items
    assert {(item.type, item.id) for item in items} == {("Patient", "1")}
    found = read(bundle(entry("DELETE", "Patient?identifier=s|1&x=2")), base_url=BASE, max_entries=10).items[0]
    assert (found.type, found.id, found.query) == ("Patient", None, "identifier=s|1&x=2")
    called = read(bundle(entry("POST", "Patient/1/$meta-add")), base_url=BASE, max_entries=10).items[0]
    assert (called.type, called.id, called.rest) == ("Patient", "1", ("$meta-add",))


def test_a_resource_stays_as_it_was_sent() -> None:
    sent = b'{"resource":{"x": 1.00},"request":{"method":"POST","url":"Basic"}}'
    raw = b'{"resourceType":"Bundle","type":"batch","entry":[' + sent + b"]}"
    assert read(raw, base_url=BASE, max_entries=1).items[0].resource == b'{"x": 1.00}'


def test_entries_come_in_the_order_of_the_standard() -> None:
    given = [entry(method, "Patient/1", {}) for method in ("GET", "PATCH", "PUT", "POST", "DELETE")]
    items = read(bundle(*given), base_url=BASE, max_entries=10).items
    assert [item.method for item in in_order(items)] == ["DELETE", "POST", "PATCH", "PUT", "GET"]


@pytest.mark.parametrize(
    ("raw", "status", "where"),
    [
        (b"{", 400, ""),
        (b'{"resourceType":"Patient"}', 400, "resourceType"),
        (bundle(kind=None), 400, "Bundle.type"),
        (bundle(kind="searchset"), 400, "Bundle.type"),
        (bundle(*[entry("GET", "Patient/1")] * 11), 413, "Bundle.entry"),
        (bundle(entry("GET", "Patient/1"), {}), 400, "Bundle.entry[1]"),
        (bundle(entry("FLY", "Patient/1")), 400, "Bundle.entry[0].request.method"),
        (bundle(entry("GET", "")), 400, "Bundle.entry[0].request.url"),
        (bundle(entry("GET", "http://other/fhir/Patient/1")), 400, "Bundle.entry[0].request.url"),
        (bundle(entry("PUT", "Patient/1")), 400, "Bundle.entry[0].resource"),
        (bundle({"request": {"method": "GET", "url": "Patient", "colour": "red"}}), 400, "Bundle.entry[0]"),
        (b'{"resourceType":"Bundle","type":"batch","entry":{}}', 400, "Bundle"),
        (b'{"resourceType":"Bundle","type":"batch","colour":1}', 400, "Bundle"),
        (b"\xff", 400, ""),
        (b'{"resourceType":"Bundle","type":"batch","meta":' + b"[" * 100_000, 400, ""),
    ],
)
def test_a_bad_bundle_is_refused_at_its_place(raw: bytes, status: int, where: str) -> None:
    error = refused(raw)
    assert (error.status, error.issues[0].where) == (status, where)


def test_a_bad_entry_of_a_batch_leaves_the_others() -> None:
    incoming = read(bundle(entry("GET", "Patient/1"), {}, kind="batch"), base_url=BASE, max_entries=10)
    assert (len(incoming.items), list(incoming.refused)) == (1, [1])


def test_identities_that_overlap_are_told() -> None:
    issues = overlaps([("a", "Patient", "1"), ("b", "Patient", "2"), ("c", "Patient", "1")])
    assert [issue.where for issue in issues] == ["c"]


def test_a_full_url_stands_once_among_writes() -> None:
    given = [entry("POST", "Patient", {}, fullUrl="urn:uuid:1"), entry("POST", "Patient", {}, fullUrl="urn:uuid:1")]
    items = read(bundle(*given), base_url=BASE, max_entries=10).items
    assert [issue.where for issue in full_url_faults(items)] == ["Bundle.entry[1].fullUrl"]
