"""Files in a record: where they stand, and which of them a browser may show. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.health_records.rules.documents import Document, reference

# What a browser shows without running anything, and how such a file begins. SVG and HTML can hold scripts.
SHOWN: Final[Mapping[str, tuple[bytes, ...]]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
TEXT: Final = "text/plain"
DOWNLOADED: Final = "application/octet-stream"
_XML: Final = frozenset(
    {"application/xml", "text/xml", "application/hl7-v3+xml", "application/cda+xml", "application/hl7-cda+xml"}
)
_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_BINARY: Final = re.compile(r"(?:^|/)Binary/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/\d+)?$")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is kept: bytes, and the media type that was declared, without parameters."""

    body: bytes
    type: str

    @property
    def shown(self) -> bool:
        """Tell whether a browser may show it: of a safe type, and really of that type."""
        begins = SHOWN.get(self.type)
        return self.type == TEXT or (begins is not None and self.body.startswith(begins))

    @property
    def sent_as(self) -> str:
        """Give the media type to send it with; what is not shown is only bytes to the browser."""
        if self.type == TEXT:
            return f"{TEXT}; charset={'utf-8' if _is_utf8(self.body) else 'gb18030'}"
        return self.type if self.shown else DOWNLOADED

    @property
    def cda(self) -> bool:
        """Tell whether it is a clinical document, which is shown as a page of ours."""
        return self.type in _XML and b"ClinicalDocument" in self.body[:4000]


def attachments(document: Document) -> tuple[Document, ...]:
    """Give the attachments of a document, a report or a medium, in their order."""
    found = [one.get("attachment") for one in document.get("content", ()) if isinstance(one, dict)]
    if document.get("resourceType") == "Media":
        found = [document.get("content")]
    found += document.get("presentedForm", ())
    return tuple(one for one in found if isinstance(one, dict))


def name(attachment: Document) -> str:
    """Name a file: its title, else its kind."""
    return str(attachment.get("title") or "")


def media_type(declared: object) -> str:
    """Give a media type without parameters, in small letters; that of bytes when it is none."""
    text = str(declared or "").partition(";")[0].strip().lower()
    return text if _TYPE.fullmatch(text) else DOWNLOADED


def data(value: object) -> bytes | None:
    """Read base64; None when there is none."""
    try:
        return base64.b64decode(str(value), validate=False) if value else None
    except (binascii.Error, ValueError):
        return None


def binary(attachment: Document, base: str) -> str:
    """Give the id of the Binary of this platform that an attachment names; empty when its file lies elsewhere.

    base: address of the FHIR service; others with a Binary are not ours.
    """
    url = str(attachment.get("url", ""))
    found = _BINARY.search(url)
    local = url.startswith(("Binary/", f"{base.rstrip('/')}/Binary/"))
    return found["id"] if found is not None and local else ""


def belongs(file: Document, document: Document, patient: str) -> bool:
    """Tell whether a Binary is tied to a document or to the patient whose it is (Binary.securityContext)."""
    named = reference(file.get("securityContext"))
    return named in {f"{document.get('resourceType')}/{document.get('id')}", f"Patient/{patient}"}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
