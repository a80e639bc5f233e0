"""Bodies as bytes: what stands before and after meta.lastUpdated, and how tails are compressed and sealed."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
import zstandard

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.vault.sealed import domain_of
from xinglin.store.vault.vault import Vault

PLAIN: Final = 0
ZSTD: Final = 1  # without dictionary
FIRST_DICTIONARY: Final = 2

SMALL: Final = 192  # bytes under which a frame without dictionary gains nothing
LEVEL: Final = 3
ENOUGH: Final = 1_000  # bodies of a type before a dictionary is worth its place

# By numbers: isoformat takes twice as long, and a page has twenty of them.
_HEAD: Final = (
    '{"resourceType":"%s","id":"%s","meta":{"versionId":"%d","lastUpdated":"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"'
)
_ENTRY: Final = '%s/%s","resource":' + _HEAD
# What is dropped, where it stands in front: up to the first member of meta that stays, or to what follows the id.
_FRONT: Final = re.compile(
    rb'\{"resourceType":"[A-Za-z]+"(?:,"id":"([A-Za-z0-9.\-]{1,64})")?'
    rb'(?:(,"meta":\{(?:"versionId":"[^"\\]*"(?:,(?=")|(?=\})))?(?:"lastUpdated":"[^"\\]*"(?:,(?=")|(?=\})))?(?=["}]))'
    rb"|(?=[,}]))"
)
_CLOSE: Final = ord("}")
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BLANK: Final = b" \t\n\r"


@dataclass(frozen=True, slots=True)
class Tail:
    """A client's resource, cut: its id, if it has one, and the bytes that follow meta.lastUpdated."""

    id: str | None
    tail: bytes


def head(rt: str, id: str, vid: int, ts: datetime) -> bytes:
    """Write what stands before a tail: type, id, version and instant (UTC, milliseconds)."""
    return (
        _HEAD % (rt, id, vid, ts.year, ts.month, ts.day, ts.hour, ts.minute, ts.second, ts.microsecond // 1000)
    ).encode()


def entry_head(rt: str, id: str, vid: int, ts: datetime) -> bytes:
    """Write what stands before a tail in an entry of a Bundle, from the name in its fullUrl on."""
    return (
        _ENTRY % (rt, id, rt, id, vid, ts.year, ts.month, ts.day, ts.hour, ts.minute, ts.second, ts.microsecond // 1000)
    ).encode()


def cut(raw: bytes, rt: str, *, accepted: bool = False) -> Tail:
    """Cut the JSON bytes of a resource of type *rt*, keeping digits, escapes and order.

    Drops resourceType, id, meta.versionId and meta.lastUpdated, which are the store's.
    accepted: `codec.decode` has taken the bytes as a resource of this type, so that no name stands twice; what is
    dropped most likely stands in front, and the rest need not be looked at.
    Raises OutcomeError when the bytes are no JSON object, are of another type, or name a member of the resource or of
    its meta twice.
    """
    if accepted:
        short = _cut_in_front(raw)
        if short is not None:
            return short
    members = _members(raw, "")
    kind = members.pop("resourceType", None)
    if kind is None or _text(kind, "resourceType") != rt:
        raise OutcomeError(Issue("invalid", "wrong-type", "resourceType", f"The resource is not of type {rt}."))
    given = members.pop("id", None)
    meta = members.pop("meta", None)
    parts: list[bytes | msgspec.Raw] = []
    if meta is not None:
        for name, value in _members(bytes(meta), "meta").items():
            if name not in {"versionId", "lastUpdated", "_versionId", "_lastUpdated"}:
                parts += (b",", _name(name), b":", value)
    parts.append(b"}")
    for name, value in members.items():
        parts += (b",", _name(name), b":", value)
    parts.append(b"}")
    return Tail(None if given is None else _text(given, "id"), b"".join(parts))


def _cut_in_front(raw: bytes) -> Tail | None:
    """Cut JSON whose first members are all that is dropped; None when something of it may stand further on.

    It gives the bytes that the long way gives, but for blanks between members, which stay.
    """
    front = _FRONT.match(raw)
    if front is None or raw[-1] != _CLOSE or (b"\\" in raw and b"\\u00" in raw):
        return None
    end = front.end()
    id_ = front[1]
    if front[2] is None:
        if b'"meta"' in raw or (id_ is None and b'"id"' in raw):
            return None
        tail = b"}" + raw[end:]
    else:
        if raw.find(b"versionId", end) >= 0 or raw.find(b"lastUpdated", end) >= 0:
            return None
        if id_ is None and raw.find(b'"id"', end) >= 0:
            return None
        tail = raw[end:] if raw[end] == _CLOSE else b"," + raw[end:]
    return Tail(None if id_ is None else id_.decode(), tail)


@lru_cache(maxsize=1_024)
def _name(member: str) -> bytes:
    """Write the name of a member, which most likely comes again."""
    return msgspec.json.encode(member)


def _members(raw: bytes, where: str) -> dict[str, msgspec.Raw]:
    try:
        raw.decode()  # the decoder passes over the text of raw members
        members = _MEMBERS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise OutcomeError(Issue("structure", "malformed-json", where, str(fault))) from fault
    # The decoder lets the last of two equal names win in silence; what has the length of all its members has no second.
    least = 1 + sum([len(name) + 4 + len(memoryview(value)) for name, value in members.items()])
    if len(raw) != least:
        _refuse_twins(raw, members, where)
    return members


def _refuse_twins(raw: bytes, members: dict[str, msgspec.Raw], where: str) -> None:
    """Walk *raw* along *members*; when they do not cover it, find the name that stands twice."""
    at = _skip(raw, 0, b"{")
    for name, value in members.items():
        for piece, after in ((f'"{name}"'.encode(), b":"), (bytes(value), b",")):
            if not raw.startswith(piece, at):
                break
            at = _skip(raw, at + len(piece), after)
        else:
            continue
        break
    if raw[at : at + 1] == b"}":
        return
    # Escaped names, or a real twin: let the standard decoder list them as they stand.
    pairs: list[tuple[str, object]] = json.loads(raw, object_pairs_hook=list)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            place = f"{where}.{name}" if where else name
            raise OutcomeError(Issue("structure", "duplicate-member", place, f"The member {name} stands twice."))
        seen.add(name)


def _skip(raw: bytes, at: int, mark: bytes) -> int:
    """Return the place after blanks, one optional *mark*, and blanks."""
    while raw[at : at + 1] and raw[at] in _BLANK:
        at += 1
    if raw[at : at + 1] == mark:
        at += 1
        while raw[at : at + 1] and raw[at] in _BLANK:
            at += 1
    return at


def _text(raw: msgspec.Raw, where: str) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise OutcomeError(Issue("structure", "wrong-type", where, str(fault))) from fault


class UnknownDictionary(Exception):
    """A body names a dictionary that this process has not read yet; ``enc`` says which."""

    def __init__(self, enc: int) -> None:
        super().__init__(f"dictionary {enc}")
        self.enc = enc


class Bodies:
    """Compresses, seals and opens tails with the dictionaries and keys known to this process.

    ``enc`` of a stored body is 0 (plain), 1 (zstd) or the number of its dictionary, which is kept forever; of a sealed
    one, -1 minus that. A body is bound to its ``Type/id``: in the place of another it does not open.
    vault: with keys it seals the types that `domain_of` names; without, bodies stay plain.
    Not for use by several threads at once.
    """

    def __init__(self, vault: Vault | None = None) -> None:
        self.vault = vault if vault is not None else Vault()
        self._compressors: dict[str, tuple[int, zstandard.ZstdCompressor]] = {}
        self._plain = zstandard.ZstdCompressor(level=LEVEL)
        self._openers: dict[int, zstandard.ZstdDecompressor] = {ZSTD: zstandard.ZstdDecompressor()}
        self._without: dict[str, int] = {}

    def learn(self, enc: int, rt: str, dictionary: bytes) -> None:
        """Take a dictionary into use; the newest (highest) of a type serves new bodies."""
        if enc in self._openers:
            return
        data = zstandard.ZstdCompressionDict(dictionary)
        self._openers[enc] = zstandard.ZstdDecompressor(dict_data=data)
        if enc > self._compressors.get(rt, (0, None))[0]:
            data.precompute_compress(level=LEVEL)
            self._compressors[rt] = (enc, zstandard.ZstdCompressor(level=LEVEL, dict_data=data))

    def knows(self, enc: int, body: bytes = b"") -> bool:
        """Tell whether dictionary and key of *body* are here."""
        if enc < PLAIN:
            if not self.vault.knows(body):
                return False
            enc = -1 - enc
        return enc == PLAIN or enc in self._openers

    def seal(self, rt: str, id: str, tail: bytes) -> tuple[int, bytes]:
        """Compress the tail of a resource, and seal it where its type asks for that; returns enc and what to store."""
        enc, packed = self._pack(rt, tail)
        if not self.vault.seals_bodies:
            return enc, packed
        domain = domain_of(rt)
        return (enc, packed) if domain is None else (-1 - enc, self.vault.seal(domain, f"{rt}/{id}".encode(), packed))

    def _pack(self, rt: str, tail: bytes) -> tuple[int, bytes]:
        known = self._compressors.get(rt)
        if known is not None:
            enc, compressor = known
        else:
            self._without[rt] = self._without.get(rt, 0) + 1
            if len(tail) < SMALL:
                return PLAIN, tail
            enc, compressor = ZSTD, self._plain
        packed = compressor.compress(tail)
        return (enc, packed) if len(packed) < len(tail) else (PLAIN, tail)

    def wanting(self) -> tuple[str, ...]:
        """Return the types of which ENOUGH bodies were compressed without a dictionary since they were last named."""
        wanting = tuple(rt for rt, count in self._without.items() if count >= ENOUGH)
        for rt in wanting:
            self._without[rt] = 0
        return wanting

    def open(self, enc: int, rt: str, id: str, body: bytes) -> bytes:
        """Return the tail of a resource; raises UnknownDictionary, UnknownKey, Tampered."""
        if enc < PLAIN:
            enc, body = -1 - enc, self.vault.open(f"{rt}/{id}".encode(), body)
        if enc == PLAIN:
            return body
        opener = self._openers.get(enc)
        if opener is None:
            raise UnknownDictionary(enc)
        return opener.decompress(body)


def train(samples: Sequence[bytes], size: int = 64 * 1024) -> bytes | None:
    """Train a dictionary of at most *size* bytes; None when the samples are too few or too alike to make one."""
    try:
        return zstandard.train_dictionary(size, list(samples), level=LEVEL).as_bytes()
    except zstandard.ZstdError:
        return None
