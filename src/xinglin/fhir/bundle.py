"""Bundles as requests: reading batch and transaction, and their order (http://hl7.org/fhir/R4/http.html#transaction)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

import msgspec

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.wire import plain

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
METHODS: Final = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
# R4: deletes, creates, updates with patches, reads.
_ORDER: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}


# Raw cannot be joined with None; the default of an absent member is no bytes at all.
_ABSENT: Final = msgspec.Raw()


class _Request(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    method: str = ""
    url: str = ""
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_none_exist: str | None = None
    id: str | None = None
    extension: msgspec.Raw = _ABSENT
    modifier_extension: msgspec.Raw = _ABSENT


class _Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = _ABSENT
    request: _Request | None = None
    # What a server may have written into a Bundle that is sent on; without meaning in a request.
    id: str | None = None
    link: msgspec.Raw = _ABSENT
    search: msgspec.Raw = _ABSENT
    response: msgspec.Raw = _ABSENT
    extension: msgspec.Raw = _ABSENT
    modifier_extension: msgspec.Raw = _ABSENT


class _Bundle(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    resource_type: str
    type: str | None = None
    entry: list[msgspec.Raw] = msgspec.field(default_factory=list)
    id: str | None = None
    meta: msgspec.Raw = _ABSENT
    implicit_rules: str | None = None
    language: str | None = None
    identifier: msgspec.Raw = _ABSENT
    timestamp: str | None = None
    total: int | None = None
    link: msgspec.Raw = _ABSENT
    signature: msgspec.Raw = _ABSENT


_BUNDLE: Final = msgspec.json.Decoder(_Bundle)
_ENTRY: Final = msgspec.json.Decoder(_Entry)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as a request.

    at: its place in the Bundle. url: as given, without our base. type, id: of the resource that the url names, if any.
    query: what follows ``?`` in the url. rest: path segments after type and id, e.g. ``$validate``.
    """

    at: int
    method: str
    url: str
    type: str | None
    id: str | None
    query: str
    rest: tuple[str, ...]
    full_url: str | None
    resource: bytes | None
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    if_modified_since: str | None = None

    @property
    def where(self) -> str:
        """FHIRPath of the entry."""
        return f"Bundle.entry[{self.at}]"

    @property
    def base(self) -> str | None:
        """The server that a RESTful fullUrl names; relative references of the entry are relative to it."""
        found = _RESTFUL.match(self.full_url or "")
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A batch or transaction, read.

    refused: by place, the entries of a batch that are no requests; a transaction has none, it is refused as a whole.
    """

    type: Literal["batch", "transaction"]
    items: tuple[Item, ...]
    refused: Mapping[int, Issue]


_RESTFUL: Final = re.compile(r"(https?://[^?#]+)/([A-Z][A-Za-z]{2,60})/([A-Za-z0-9.-]{1,64})$")


def read(raw: bytes, *, base_url: str, max_entries: int) -> Incoming:
    """Read a Bundle of requests; all faults of form of a transaction in one OutcomeError, each naming its entry.

    base_url: our own, so that absolute urls of ours are understood. More than *max_entries* is refused with 413.
    """
    try:
        bundle = _BUNDLE.decode(raw)
    except msgspec.ValidationError as fault:
        raise OutcomeError(Issue("structure", "bundle-form", "Bundle", f"{fault}.")) from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        plain(raw)  # says where
        raise OutcomeError(Issue("structure", "malformed-json", text=f"The body is not JSON: {fault}.")) from fault
    if bundle.resource_type != "Bundle":
        text = f"A Bundle is expected here, not {bundle.resource_type[:64]!r}."
        raise OutcomeError(Issue("structure", "bundle-expected", "resourceType", text))
    if bundle.type not in {"batch", "transaction"}:
        text = "Only a Bundle of type batch or transaction can be carried out."
        raise OutcomeError(Issue("value", "bundle-type", "Bundle.type", text))
    if len(bundle.entry) > max_entries:
        text = f"The Bundle has {len(bundle.entry)} entries; at most {max_entries} are taken at once."
        raise OutcomeError(Issue("too-costly", "bundle-size", "Bundle.entry", text), status=413)
    refused: dict[int, Issue] = {}
    items: list[Item] = []
    for at, entry in enumerate(bundle.entry):
        try:
            items.append(_item(_ENTRY.decode(entry), at, base_url))
        except OutcomeError as fault:
            refused[at] = fault.issues[0]
        except msgspec.DecodeError as fault:
            refused[at] = Issue("structure", "bundle-form", f"Bundle.entry[{at}]", f"{fault}.")
    if refused and bundle.type == "transaction":
        raise OutcomeError(*refused.values())
    return Incoming(bundle.type, tuple(items), refused)  # type: ignore[arg-type]  # the two were checked above


def _item(entry: _Entry, at: int, base_url: str) -> Item:
    where = f"Bundle.entry[{at}]"
    request = entry.request
    if request is None:
        raise OutcomeError(Issue("required", "bundle-request", where, "The entry needs a request."))
    if request.method not in METHODS:
        text = f"request.method is one of {', '.join(METHODS)}."
        raise OutcomeError(Issue("value", "bundle-method", f"{where}.request.method", text))
    if not request.url or len(request.url) > 16_384 or "\0" in request.url:
        raise OutcomeError(Issue("required", "bundle-url", f"{where}.request.url", "The entry needs a request.url."))
    if not bytes(entry.resource) and request.method in {"PUT", "PATCH"}:
        text = f"A {request.method} needs a resource."
        raise OutcomeError(Issue("required", "bundle-resource", f"{where}.resource", text))
    url = request.url.removeprefix(base_url).lstrip("/") if base_url else request.url.lstrip("/")
    path, _, query = url.partition("?")
    if "://" in path or path.startswith("urn:"):
        text = f"{request.url[:200]} is not an address of this server."
        raise OutcomeError(Issue("value", "bundle-url", f"{where}.request.url", text))
    segments = [unquote(segment) for segment in path.split("/") if segment]
    type_name = segments.pop(0) if segments and segments[0] in RESOURCES else None
    id_ = segments.pop(0) if type_name and segments and segments[0][0] not in "$_" else None
    return Item(
        at=at,
        method=request.method,
        url=url,
        type=type_name,
        id=id_,
        query=query,
        rest=tuple(segments),
        full_url=entry.full_url,
        resource=bytes(entry.resource) or None,
        if_match=request.if_match,
        if_none_match=request.if_none_match,
        if_none_exist=request.if_none_exist,
        if_modified_since=request.if_modified_since,
    )


def in_order(items: Iterable[Item]) -> list[Item]:
    """Sort as a transaction is carried out: DELETE, POST, PUT and PATCH, GET; otherwise as given."""
    return sorted(items, key=lambda item: _ORDER[item.method])


def overlaps(identities: Sequence[tuple[str, str, str]]) -> tuple[Issue, ...]:
    """Give an issue for every (where, type, id) whose resource an entry before has written already."""
    seen: dict[tuple[str, str], str] = {}
    issues: list[Issue] = []
    for where, type_name, id_ in identities:
        first = seen.setdefault((type_name, id_), where)
        if first != where:
            text = f"{type_name}/{id_} is written by {first} already; a transaction writes a resource once."
            issues.append(Issue("invalid", "bundle-overlap", where, text))
    return tuple(issues)


def full_url_faults(items: Iterable[Item]) -> tuple[Issue, ...]:
    """Give an issue for every fullUrl that stands twice among the entries that write (bdl-7)."""
    seen: dict[str, str] = {}
    issues: list[Issue] = []
    for item in items:
        if item.full_url is None or item.method in {"GET", "HEAD", "DELETE"}:
            continue
        first = seen.setdefault(item.full_url, item.where)
        if first != item.where:
            text = f"The fullUrl {item.full_url[:200]} is that of {first} already."
            issues.append(Issue("invalid", "bundle-full-url", f"{item.where}.fullUrl", text))
    return tuple(issues)
