"""Files of a record: which are shown, which are only given to keep, and clinical documents as pages."""

import base64
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door, put
from tests.capabilities.health_records.person import ID, SUBJECT, Document, person
from tests.capabilities.health_records.test_pages import shown
from xinglin.capabilities.health_records.pages import entry, files
from xinglin.capabilities.health_records.rules.cda.rendering import rendered
from xinglin.capabilities.health_records.rules.files import File, binary, media_type
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.view import Download, View

PNG = b"\x89PNG\r\n\x1a\n..."
FOREIGN = b"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary of care</title><effectiveTime value="20250102"/>
<recordTarget><patientRole><patient><name><given>Ann</given><family>Lee</family></name></patient></patientRole></recordTarget>
<component><structuredBody><component><section><code code="48765-2" displayName="Allergies"/><title>Allergies</title>
<text>Known:<list><item>Penicillin <content styleCode="Bold">rash</content></item><item/></list>
<table><thead><tr><th>What</th></tr></thead><tbody><tr><td>Nuts</td><td>mild</td></tr></tbody></table>
<paragraph>&lt;script&gt;alert(1)&lt;/script&gt;</paragraph></text></section></component>
<component><section><code code="1-1"/><entry><observation><code displayName="Weight"/>
<value value="70" unit="kg"/></observation></entry></section></component>
</structuredBody></component></ClinicalDocument>"""


def test_only_what_is_safe_and_is_what_it_says_is_shown() -> None:
    assert File(PNG, "image/png").shown
    assert not File(b"<svg onload=alert(1)>", "image/png").shown
    assert File(b"<svg onload=alert(1)>", "image/png").sent_as == "application/octet-stream"
    assert [File(b"<b>", one).shown for one in ("text/html", "image/svg+xml", "application/xml", "x/y")] == [False] * 4
    assert File("头晕".encode("gb18030"), "text/plain").sent_as == "text/plain; charset=gb18030"
    assert [media_type(one) for one in ("Text/Plain; charset=x", "text/html\r\nx: y", "", None)] == [
        "text/plain",
        *["application/octet-stream"] * 3,
    ]


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("Binary/1", "1"),
        ("https://here/fhir/Binary/1/_history/2", "1"),
        ("https://elsewhere/fhir/Binary/1", ""),
        ("https://elsewhere/file.pdf", ""),
        ("Binary/../Patient/1", ""),
        ("", ""),
    ],
)
def test_only_a_binary_of_this_platform_is_ours(url: str, id: str) -> None:
    assert binary({"url": url}, "https://here/fhir") == id


def test_a_document_of_elsewhere_is_read_as_texts() -> None:
    made = rendered(FOREIGN)
    assert (made.title, made.date, made.patient) == ("Summary of care", "2025-01-02", "Ann Lee")
    assert [(one.kind, one.rows) for one in made.parts[0].blocks] == [
        ("text", (("Known:",),)),
        ("list", (("Penicillin rash",),)),
        ("table", (("What", ""), ("Nuts", "mild"))),
        ("text", (("<script>alert(1)</script>",),)),
    ]
    assert made.parts[1].blocks[0].rows == (("Weight", "70 kg"),)
    for wrong in (b"<html/>", b"no xml", b"<!DOCTYPE x><ClinicalDocument/>"):
        with pytest.raises(OutcomeError) as refused:
            rendered(wrong)
        assert refused.value.status == 400


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(
        door,
        *person(),
        _binary("mine", "image/png", PNG, f"Patient/{ID}"),
        _binary("other", "image/png", PNG, "Patient/zhiqiang"),
        _binary("loose", "application/pdf", b"%PDF-1.7", ""),
        _document(
            {"contentType": "image/png", "url": "Binary/mine", "title": "胸片.png"},
            {"contentType": "image/png", "url": "Binary/other"},
            {"contentType": "application/pdf", "url": "Binary/loose"},
            {"contentType": "text/html", "data": _base64(b"<script>alert(1)</script>"), "title": "a.html"},
            {"contentType": "application/xml", "data": _base64(FOREIGN), "title": "a.xml"},
            {"contentType": "application/pdf", "url": "https://pacs.example/1.pdf"},
        ),
    )
    return door, clock


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")


def _binary(id: str, type: str, body: bytes, of: str) -> Document:
    made: Document = {"resourceType": "Binary", "id": id, "contentType": type, "data": _base64(body)}
    return made | ({"securityContext": {"reference": of}} if of else {})


def _document(*attachments: Document) -> Document:
    return {
        "resourceType": "DocumentReference",
        "id": "files",
        "status": "current",
        "subject": SUBJECT,
        "content": [{"attachment": one} for one in attachments],
    }


async def given(door: Door, who: str, n: int, page: Any = files.show_file, **more: str) -> Any:
    return await shown(door, who, page, type="DocumentReference", rid="files", n=str(n), **more)


@pytest.mark.parametrize("who", ["family-doctor", "mother"])
async def test_files_open_from_the_record(ward: tuple[Door, Stopped], who: str) -> None:
    door, _ = ward
    view = await shown(door, who, entry.show, type="DocumentReference", rid="files")
    assert [(bool(one["open"]), bool(one["keep"]), one["elsewhere"]) for one in view.values["files"]] == [
        (True, True, ""),
        (True, True, ""),
        (True, True, ""),
        (False, True, ""),
        (True, True, ""),
        (False, False, "https://pacs.example/1.pdf"),
    ]
    image = await given(door, who, 0)
    assert isinstance(image, Download)
    assert (image.body, image.media_type, image.name, image.inline) == (PNG, "image/png", "胸片.png", True)
    assert not (await given(door, who, 0, keep="1")).inline
    html = await given(door, who, 3)
    assert (html.media_type, html.inline) == ("application/octet-stream", False)
    page = await given(door, who, 4, files.show_read)
    assert isinstance(page, View)
    paper: Any = page.values["paper"]
    assert paper.title == "Summary of care"
    # what is no clinical document is not read as one
    assert isinstance(await given(door, who, 3, files.show_read), Download)
    for n in (5, 6, 999):
        with pytest.raises(OutcomeError) as refused:
            await given(door, who, n)
        assert refused.value.status == 404


async def test_a_document_opens_no_file_that_is_not_tied_to_it(ward: tuple[Door, Stopped]) -> None:
    for n in (1, 2):
        with pytest.raises(OutcomeError) as refused:
            await given(ward[0], "family-doctor", n)
        assert (refused.value.status, refused.value.issues[0].key) == (404, "no-file")
    # whoever may read any Binary by right reads these too
    assert (await given(ward[0], "developer", 2)).body == b"%PDF-1.7"
