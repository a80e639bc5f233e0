"""Whatever is sent: an answer below 500, an OperationOutcome when it is refused, and never half a write."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.test_read_and_write import PATIENT

SLOW = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SEGMENTS = st.sampled_from(
    [
        "Patient",
        "Observation",
        "_history",
        "_search",
        "$validate",
        "$everything",
        "$meta",
        "metadata",
        "1",
        "x",
        "*",
        "%00",
        ".",
        "%2F",
    ]
)
NAMES = st.sampled_from(
    [
        *(
            "_id",
            "_count",
            "_sort",
            "_include",
            "_revinclude",
            "_has",
            "_total",
            "_summary",
            "_elements",
            "_since",
            "_at",
            "_page",
        ),
        *(
            "name",
            "birthdate",
            "identifier",
            "subject",
            "code",
            "value-quantity",
            "code-value-quantity",
            "date",
            "_text",
            "_filter",
        ),
        *(
            "subject:Patient.name",
            "_has:Observation:subject:code",
            "name:exact",
            "gender:not",
            "code:in",
            "_lastUpdated",
            "_list",
        ),
        *(
            "subject.subject.subject",
            "_has:_has:_has",
            "name:missing",
            "subject:identifier",
            "_type",
            "near",
            "_format",
            "_pretty",
        ),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *(
                "",
                "*",
                "|",
                "||",
                "a|b|c|d",
                "$",
                "\\",
                ",",
                ",,,",
                "Patient/1",
                "Patient:subject",
                "Observation:subject:Patient",
            ),
            *(
                "2020",
                "2020-13",
                "ap2020-02-30",
                "ge9999-12-31",
                "0000",
                "1e999",
                "-1",
                "NaN",
                "9" * 40,
                "1|http://x|y",
                "true",
                "json",
            ),
            *("(a+)+$", "%", "_", "'; DROP TABLE res; --", "\ud7ff", "王", "accurate", "count", "_lastUpdated", "-_id"),
        ]
    ),
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.text(max_size=10),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=12,
)


def encoded(value: Any) -> bytes:
    return json.dumps(value, default=lambda one: float(one) if isinstance(one, Decimal) else str(one)).encode(
        "utf-8", "replace"
    )


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, (response.request.url, response.text)
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.json()["resourceType"] == "OperationOutcome"
        assert response.json()["issue"]


@SLOW
@given(
    path=st.lists(SEGMENTS, max_size=5),
    pairs=st.lists(st.tuples(NAMES, TEXTS), max_size=4),
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD"]),
)
async def test_addresses_and_parameters(
    client: httpx.AsyncClient, path: list[str], pairs: list[tuple[str, str]], method: str
) -> None:
    query = urlencode(pairs, errors="replace")
    check(await client.request(method, "/" + "/".join(path) + (f"?{query}" if pairs else "")))


@SLOW
@given(
    member=st.sampled_from(
        ["name", "birthDate", "_birthDate", "contained", "meta", "extension", "text", "id", "active", "link"]
    ),
    value=JSON,
)
async def test_resources_with_a_wrong_member(client: httpx.AsyncClient, member: str, value: Any) -> None:
    body = encoded(PATIENT | {"id": "fuzzed"} | {member: value})
    check(await client.put("/Patient/fuzzed", content=body))
    check(await client.post("/Patient/$validate", content=body))
    if member != "id":
        found = await client.get("/Patient/fuzzed")
        assert found.status_code in {200, 404}


@SLOW
@given(body=JSON)
async def test_bodies_of_any_json(client: httpx.AsyncClient, body: Any) -> None:
    content = encoded(body)
    check(await client.post("/Patient", content=content))
    check(await client.post("/", content=content))
    check(
        await client.patch("/Patient/fuzzed", content=content, headers={"content-type": "application/json-patch+json"})
    )
    check(await client.patch("/Patient/fuzzed", content=content))
    check(await client.post("/Patient/fuzzed/$meta-add", content=content))


@SLOW
@given(
    entries=st.lists(
        st.one_of(
            JSON,
            st.fixed_dictionaries({"request": JSON}),
            st.fixed_dictionaries(
                {
                    "resource": st.one_of(JSON, st.just(PATIENT)),
                    "fullUrl": TEXTS,
                    "request": st.fixed_dictionaries(
                        {
                            "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "FLY"]),
                            "url": st.one_of(
                                TEXTS,
                                st.builds("/".join, st.lists(SEGMENTS, max_size=4)),
                                st.builds("Patient?{}={}".format, NAMES, TEXTS),
                            ),
                        },
                        optional={
                            "ifMatch": TEXTS,
                            "ifNoneExist": TEXTS,
                            "ifNoneMatch": TEXTS,
                            "ifModifiedSince": TEXTS,
                        },
                    ),
                }
            ),
        ),
        max_size=3,
    ),
    kind=st.sampled_from(["batch", "transaction"]),
)
async def test_bundles(client: httpx.AsyncClient, entries: list[Any], kind: str) -> None:
    response = await client.post("/", content=encoded({"resourceType": "Bundle", "type": kind, "entry": entries}))
    check(response)
    for entry in response.json().get("entry", []) if response.status_code == 200 else ():
        assert entry["response"]["status"] < "5", entry


@SLOW
@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
                "path": st.sampled_from(
                    ["/name", "/name/0", "/name/-", "/name/0/given/0", "/id", "", "/", "/active", "/meta/tag", "/x~0~1"]
                ),
                "value": JSON,
                "from": st.sampled_from(["/name", "/name/0", "/active", "/none"]),
            }
        ),
        max_size=4,
    )
)
async def test_json_patches(client: httpx.AsyncClient, operations: list[Any]) -> None:
    await client.put("/Patient/patched", json=PATIENT | {"id": "patched"})
    headers = {"content-type": "application/json-patch+json"}
    check(await client.patch("/Patient/patched", content=encoded(operations), headers=headers))


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
@pytest.mark.parametrize(
    "template", ['{{"resourceType":"Patient","extension":{0}{1}}}', '[{{"op":"add","path":"/x","value":{0}{1}}}]']
)
async def test_deep_nesting(client: httpx.AsyncClient, depth: int, template: str) -> None:
    body = template.format("[" * depth, "]" * depth).encode()
    for place in ("/Patient", "/", "/Patient/$validate"):
        check(await client.post(place, content=body))
    check(await client.patch("/Patient/x", content=body, headers={"content-type": "application/json-patch+json"}))
    filter_ = "(" * min(depth, 3_000) + "a"
    check(await client.get("/Patient", params={"_filter": filter_, "name": filter_}))


async def test_hostile_includes_end(client: httpx.AsyncClient) -> None:
    for at in range(4):
        link = [{"other": {"reference": f"Patient/loop-{(at + 1) % 4}"}, "type": "seealso"}]
        assert (
            await client.put(f"/Patient/loop-{at}", json=PATIENT | {"id": f"loop-{at}", "link": link})
        ).status_code == 201
    query = "_id=loop-0&_include:iterate=Patient:link&_revinclude:iterate=Patient:link&_include:iterate=*"
    response = await client.get(f"/Patient?{query}")
    assert response.status_code == 200
    assert len({entry["resource"]["id"] for entry in response.json()["entry"] if "id" in entry["resource"]}) == 4
