"""Reads resources from files one by one, in little memory: directories, NDJSON, Bundles, single ones, gzip, XML."""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from xinglin.fhir import xml
from xinglin.fhir.links import relinked
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.clock import base32
from xinglin.store.splitter import Malformed, members

LINES: Final = frozenset({".ndjson", ".jsonl"})
DOCUMENTS: Final = frozenset({".json", ".xml"})
WHOLE: Final = 16 * 2**20  # bytes up to which one resource, or a Bundle that is kept as it is, is read

# Bundles whose entries are records. A document or a message means something as a whole and is kept as one resource.
UNPACKED: Final = frozenset({"transaction", "batch", "collection", "searchset"})
KEPT: Final = frozenset({"document", "message"})


class Item(msgspec.Struct, frozen=True):
    """One resource as it was found.

    line: of the NDJSON file, or the number of the Bundle entry, from 1; 0 when the file holds nothing else.
    raw: JSON. id: what the resource shall be called when its JSON has no id but its place gives it one.
    """

    source: str
    line: int
    raw: bytes
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A place that holds no resource that could be read; *key* and *text* as in an Issue."""

    source: str
    line: int
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A file that was passed over."""

    source: str
    text: str


Found = Item | Fault | Remark


class _Envelope(msgspec.Struct, rename="camel"):
    resource_type: str | None = None
    id: str | None = None


class _BundleType(msgspec.Struct):
    type: str | None = None


class _Request(msgspec.Struct):
    method: str | None = None
    url: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw(b"")  # empty: there is none
    request: _Request | None = None


class Sources:
    """The files of some paths, and how far the reading is.

    `total_bytes` and `read_bytes` count bytes as they lie on the disk (gzip: compressed).
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.files = [file for path in paths for file in _files(path)]
        self.total_bytes = sum(file.stat().st_size for file in self.files)
        self._done = 0
        self._raw: BinaryIO | None = None

    @property
    def read_bytes(self) -> int:
        """Bytes read so far."""
        return self._done + (self._raw.tell() if self._raw is not None else 0)

    def __iter__(self) -> Iterator[Found]:
        for file in self.files:
            try:
                yield from self._read(file)
            except (OSError, EOFError, zlib.error) as fault:  # gzip.BadGzipFile is an OSError
                yield Fault(str(file), 0, "unreadable", f"The file cannot be read: {fault}.")
            self._done += file.stat().st_size

    def _read(self, file: Path) -> Iterator[Found]:
        ending = Path(file.name.lower().removesuffix(".gz")).suffix
        if ending in LINES or (ending == ".json" and self._has_lines(file)):
            yield from self._lines(file)
        elif ending in DOCUMENTS:
            yield from self._document(file, ending)
        else:
            yield Remark(str(file), "neither .json, .ndjson nor .xml")

    @contextmanager
    def _open(self, file: Path) -> Iterator[BinaryIO]:
        with file.open("rb") as raw:
            self._raw = raw
            try:
                if file.name.lower().endswith(".gz"):
                    with gzip.open(raw) as stream:
                        yield cast("BinaryIO", stream)
                else:
                    yield raw
            finally:
                self._raw = None

    def _has_lines(self, file: Path) -> bool:
        """Tell whether a .json file is NDJSON: its first line is a whole object and another line follows."""
        with self._open(file) as stream:
            first, second = stream.readline(WHOLE), stream.readline(WHOLE)
            return bool(second.strip()) and _envelope(first) is not None

    def _lines(self, file: Path) -> Iterator[Found]:
        with self._open(file) as stream:
            line, first = 0, True
            while text := stream.readline(WHOLE + 1):
                line += 1
                if len(text) > WHOLE:
                    while text and not text.endswith(b"\n"):
                        text = stream.readline(WHOLE)
                    yield Fault(str(file), line, "too-long", f"The line is longer than {WHOLE // 2**20} MiB.")
                    continue
                raw = text.removeprefix(b"\xef\xbb\xbf").strip()
                if not raw:
                    continue
                if first:
                    first, envelope = False, _envelope(raw)
                    if envelope is not None and envelope.resource_type is None:
                        yield Remark(str(file), "no FHIR resources")
                        return
                yield Item(str(file), line, raw)

    def _document(self, file: Path, ending: str) -> Iterator[Found]:
        with self._open(file) as stream:
            raw = stream.read(WHOLE + 1)
        if len(raw) > WHOLE:
            if ending == ".xml":
                yield Fault(str(file), 0, "too-long", f"The XML is larger than {WHOLE // 2**20} MiB.")
            else:
                yield from _bundle(file, lambda: self._open(file))
            return
        raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
        if ending == ".xml":
            try:
                raw = _JSON.encode(xml.read(raw))
            except OutcomeError as fault:
                issue = fault.issues[0]
                yield Fault(str(file), 0, issue.key, issue.text)
                return
        envelope = _envelope(raw)
        if envelope is None:
            yield Fault(str(file), 0, "malformed-json", "The file is no JSON object.")
        elif envelope.resource_type is None:
            yield Remark(str(file), "no FHIR resource")
        elif envelope.resource_type != "Bundle" or _bundle_type(raw) in KEPT:
            yield Item(str(file), 0, raw)
        else:
            yield from _bundle(file, lambda: nullcontext(io.BytesIO(raw)))


Open = Callable[[], AbstractContextManager[BinaryIO]]


def _bundle(file: Path, reopen: Open) -> Iterator[Found]:
    """Yield the entries; reads twice, as the references between them are known only at the end."""
    try:
        kind, type_, names = _survey(file, reopen)
        if kind != "Bundle":
            yield Fault(str(file), 0, "too-long", f"The resource is larger than {WHOLE // 2**20} MiB.")
        elif type_ not in UNPACKED:
            yield Fault(str(file), 0, "not-loadable", f"A Bundle of type {type_ or 'unknown'} is no set of records.")
        else:
            for line, raw in _entries(reopen):
                yield _from_entry(file, line, raw, names)
    except (Malformed, msgspec.DecodeError) as fault:
        yield Fault(str(file), 0, "malformed-json", str(fault))


def _survey(file: Path, reopen: Open) -> tuple[str, str, dict[str, str]]:
    """Return resourceType, type, and for each fullUrl the reference it will be known by."""
    told = {"resourceType": "", "type": ""}
    names: dict[str, str] = {}
    line = 0
    with reopen() as stream:
        for name, raw in members(stream, each_of="entry"):
            if name in told:
                told[name] = str(msgspec.json.decode(raw))
            elif name == "entry":
                line += 1
                entry = _entry(raw)
                if entry is not None and entry.full_url and entry.resource:
                    type_, id_ = _identity(file, line, entry)
                    names[entry.full_url] = f"{type_}/{id_}"
    return told["resourceType"], told["type"], names


def _entries(reopen: Open) -> Iterator[tuple[int, bytes]]:
    with reopen() as stream:
        yield from enumerate((raw for name, raw in members(stream, each_of="entry") if name == "entry"), 1)


def _from_entry(file: Path, line: int, raw: bytes, names: Mapping[str, str]) -> Item | Fault:
    entry = _entry(raw)
    if entry is None:
        return Fault(str(file), line, "malformed-entry", "The entry has not the form of a Bundle entry.")
    method = entry.request.method if entry.request is not None else None
    if not entry.resource or method not in {None, "POST", "PUT"}:
        return Fault(str(file), line, "not-loadable", f"An entry {method or 'without resource'} cannot be loaded.")
    return Item(str(file), line, relinked(bytes(entry.resource), names), _identity(file, line, entry)[1])


def _identity(file: Path, line: int, entry: _Entry) -> tuple[str, str]:
    """Return type and id of an entry: its own, else what its PUT names, else made of its place and content."""
    raw = bytes(entry.resource) or b"{}"
    envelope = _envelope(raw) or _Envelope()
    if envelope.id is not None:
        return envelope.resource_type or "", envelope.id
    request = entry.request
    if request is not None and request.method == "PUT" and request.url and _ADDRESS.fullmatch(request.url):
        return envelope.resource_type or "", request.url.rpartition("/")[2]
    return envelope.resource_type or "", made_id(file.name, line, raw)


def made_id(name: str, line: int, raw: bytes, bucket: int | None = None) -> str:
    """Make the id of a resource without one from its file's name, its place and its content, so that a repeat finds it.

    bucket: where the resource shall lie; None leaves it to the hash.
    """
    digest = int.from_bytes(
        blake2b(raw, digest_size=16, person=b"xinglin load", key=f"{line} {name}".encode()[:64]).digest()
    )
    return f"{base32(digest >> 100 & 1023 if bucket is None else bucket, 2)}-{base32(digest, 20)}"


def _files(path: Path) -> Iterator[Path]:
    """Yield the files at or under *path*, sorted; hidden ones under a directory are left out."""
    if path.is_file():
        yield path
        return
    for inner in sorted(path.iterdir()):
        if not inner.name.startswith("."):
            yield from _files(inner)


def _envelope(raw: bytes) -> _Envelope | None:
    """Return resourceType and id; None when the bytes are no JSON object, or these are no texts."""
    try:
        return _ENVELOPE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _entry(raw: bytes) -> _Entry | None:
    try:
        return _ENTRY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _bundle_type(raw: bytes) -> str | None:
    try:
        return _TYPE.decode(raw).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_TYPE: Final = msgspec.json.Decoder(_BundleType)
_JSON: Final = msgspec.json.Encoder(decimal_format="number")
_ADDRESS: Final = re.compile(r"[A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
