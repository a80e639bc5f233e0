"""Electronic signatures over versions of resources (电子签名): what exactly is signed, and what speaks against it.

The signer signs a *statement*: canonical JSON that names the version, the SM3 digest of its canonical content, the
certificate, the purpose and the time. Content, statement, certificate and time stamp are kept, byte by byte, beside the
signature, so that each can be judged without the others.
Source: 电子签名法 Art. 5, 6, 13, 14; regulation-internet-care.md R6-050 to R6-053.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

import msgspec

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import plain
from xinglin.security import certificates, sm

CANONICAL: Final = "https://xinglin.health/fhir/canonicalization/version"
"""Canonical JSON of R4 (sorted names, no blanks, digits as they are), without meta.versionId and meta.lastUpdated.

These two are the store's, and change when records move to another store; the statement names the version.
"""
TARGET_FORMAT: Final = f"application/fhir+json;canonicalization={CANONICAL}"
SIGNATURE_FORMAT: Final = "application/vnd.xinglin.sm2-sm3"

PURPOSES: Final = "urn:iso-astm:E1762-95:2013"
AUTHOR: Final = "1.2.840.10065.1.12.1.1"
VERIFIER: Final = "1.2.840.10065.1.12.1.5"
CONSENT: Final = "1.2.840.10065.1.12.1.7"
RECEIPT: Final = "1.2.840.10065.1.12.1.11"
SEAL: Final = "1.2.840.10065.1.12.1.14"

# How far the time that the signer states may be from the stamp that an authority of time gave.
SKEW: Final = timedelta(minutes=5)

_SORTED: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")

Fault = Literal[
    "unreadable", "content", "statement", "signature", "certificate", "expired", "revoked", "time", "changed", "missing"
]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. digest: base64 of SM3. time: UTC instant. target: ``Type/id/_history/version``."""

    algorithm: str = "SM2-SM3"
    canonicalization: str = CANONICAL
    certificate: str
    digest: str
    purpose: str
    signer: str
    target: str
    time: str

    def encoded(self) -> bytes:
        """Write the very bytes that are signed."""
        return _SORTED.encode(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was kept of one signature.

    target, signer: references of the Provenance. signature: r and s. stamp: of the authority of time.
    """

    target: str
    signer: str
    content: bytes
    statement: bytes
    certificate: bytes
    signature: bytes
    stamp: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: no faults, or why the signature does not hold. serial, time, test: as far as they can be read."""

    faults: tuple[Fault, ...]
    target: str
    signer: str
    time: str = ""
    serial: str = ""
    test: bool = False

    @property
    def valid(self) -> bool:
        """True when nothing speaks against it."""
        return not self.faults

    def line(self, provenance: str) -> str:
        """Say it in one line: ``Provenance/1 Composition/1/_history/2 valid signer=… time=… certificate=… test``."""
        said = ",".join(self.faults) or "valid"
        about = f"signer={self.signer} time={self.time} certificate={self.serial}"
        return f"{provenance} {self.target} {said} {about}{' test' if self.test else ''}"


def read_line(line: str) -> tuple[str, Verdict]:
    """Read what `Verdict.line` wrote: the Provenance and the verdict."""
    provenance, target, said, *about = line.split(" ")
    known = dict(piece.partition("=")[::2] for piece in about)
    faults = () if said == "valid" else said.split(",")
    verdict = Verdict(
        cast("tuple[Fault, ...]", tuple(faults)),
        target,
        known.get("signer", ""),
        known.get("time", ""),
        known.get("certificate", ""),
        test="test" in known,
    )
    return provenance, verdict


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the judge believes. authorities: public keys. stamped(data, time, stamp): the stamp is genuine.

    revoked_at: when the certificate of a serial was revoked.
    """

    authorities: tuple[bytes, ...]
    stamped: Callable[[bytes, str, bytes], bool]
    revoked_at: Callable[[str], datetime | None]


@cites("R6-051")
def canonical(body: bytes) -> bytes:
    """Write the content of a version as it is signed (`CANONICAL`)."""
    document = plain(body)
    meta = {name: value for name, value in document.get("meta", {}).items() if name not in {"versionId", "lastUpdated"}}
    document.pop("meta", None)
    return _SORTED.encode({**document, "meta": meta} if meta else document)


def digest_of(content: bytes) -> str:
    """Give the digest as a statement names it."""
    return b64encode(sm.sm3(content)).decode()


def instant(time: datetime) -> str:
    """Write an instant as statements do: UTC, milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


@cites("R6-050", "R6-051")
def judge(given: Evidence, trust: Trust, stored: bytes | None) -> Verdict:
    """Judge a signature from its evidence; *stored*: the body of the version as it stands now, None when it is gone."""
    try:
        statement = msgspec.json.decode(given.statement, type=Statement)
        certificate = certificates.read(given.certificate)
        time = datetime.fromisoformat(statement.time)
    except (msgspec.DecodeError, certificates.CertificateFault, ValueError):
        return Verdict(("unreadable",), given.target, given.signer)
    faults = tuple(
        dict.fromkeys(
            (
                *_of_evidence(given, statement, certificate),
                *_of_trust(given, certificate, trust, time),
                *_of_store(given, stored),
            )
        )
    )
    return Verdict(faults, given.target, given.signer, statement.time, certificate.serial, certificate.is_test)


def _of_evidence(given: Evidence, statement: Statement, certificate: certificates.Certificate) -> Iterator[Fault]:
    """Compare the pieces with each other: needs neither trust nor store."""
    if digest_of(given.content) != statement.digest:
        yield "content"
    named = (statement.target, statement.signer, statement.certificate)
    if named != (given.target, given.signer, certificate.serial) or certificate.subject != given.signer:
        yield "statement"
    if statement.encoded() != given.statement or statement.canonicalization != CANONICAL:
        yield "statement"
    if not sm.verify(certificate.public, given.statement, given.signature):
        yield "signature"


def _of_trust(given: Evidence, certificate: certificates.Certificate, trust: Trust, time: datetime) -> Iterator[Fault]:
    if not certificates.issued_by(certificate, trust.authorities):
        yield "certificate"
    if not certificate.since <= time + SKEW or not time <= certificate.until:
        yield "expired"
    revoked = trust.revoked_at(certificate.serial)
    if revoked is not None and revoked <= time:
        yield "revoked"
    if not trust.stamped(given.signature, instant(time), given.stamp):
        yield "time"


def _of_store(given: Evidence, stored: bytes | None) -> Iterator[Fault]:
    if stored is None:
        yield "missing"
        return
    try:
        if canonical(stored) != given.content:
            yield "changed"
    except OutcomeError:
        yield "changed"


# -- the Provenance -----------------------------------------------------------------------------------------------

# What is contained, by id: its media type.
PIECES: Final = {
    "content": "application/fhir+json",
    "statement": "application/json",
    "certificate": "application/pkix-cert",
    "stamp": "application/octet-stream",
}


def provenance(
    given: Evidence, *, purpose: str, title: str, time: datetime, organization: str | None
) -> dict[str, Any]:
    """Write the evidence as a Provenance (JSON form)."""
    pieces = (given.content, given.statement, given.certificate, given.stamp)
    on_behalf = {"onBehalfOf": {"reference": organization}} if organization else {}
    return {
        "resourceType": "Provenance",
        "contained": [
            {"resourceType": "Binary", "id": id, "contentType": form, "data": b64encode(piece).decode()}
            for (id, form), piece in zip(PIECES.items(), pieces, strict=True)
        ],
        "target": [{"reference": given.target}],
        "recorded": instant(time),
        "agent": [{"who": {"reference": given.signer}, **on_behalf}],
        "entity": [{"role": "source", "what": {"reference": f"#{id}"}} for id in PIECES],
        "signature": [
            {
                "type": [{"system": PURPOSES, "code": purpose, "display": title}],
                "when": instant(time),
                "who": {"reference": given.signer},
                "targetFormat": TARGET_FORMAT,
                "sigFormat": SIGNATURE_FORMAT,
                "data": b64encode(certificates.der_signature(given.signature)).decode(),
            }
        ],
    }


def evidence_of(document: dict[str, Any]) -> Evidence | None:
    """Read the evidence from a Provenance (JSON form); None when its signature is none of ours.

    Pieces that are missing or cannot be read are empty: `judge` says what that means.
    """
    signatures = [one for one in document.get("signature", ()) if one.get("sigFormat") == SIGNATURE_FORMAT]
    if not signatures:
        return None
    kept = {one.get("id"): _bytes(one.get("data")) for one in document.get("contained", ())}
    try:
        signature = certificates.raw_signature(_bytes(signatures[0].get("data")))
    except certificates.CertificateFault:
        signature = b""
    whole = len(signatures) == 1 == len(document.get("target", ()))
    signer = signatures[0].get("who", {}).get("reference", "")
    agents = [agent.get("who", {}).get("reference", "") for agent in document.get("agent", ())]
    return Evidence(
        document["target"][0].get("reference", "") if whole else "",
        signer if agents == [signer] else "",
        kept.get("content", b""),
        kept.get("statement", b""),
        kept.get("certificate", b""),
        signature,
        kept.get("stamp", b""),
    )


def faults_at_write(document: dict[str, Any]) -> tuple[Fault, ...]:
    """Say what speaks against a signature that somebody brings, as far as its pieces alone tell."""
    given = evidence_of(document)
    if given is None:
        return ()
    try:
        statement = msgspec.json.decode(given.statement, type=Statement)
        certificate = certificates.read(given.certificate)
    except (msgspec.DecodeError, certificates.CertificateFault):
        return ("unreadable",)
    return tuple(dict.fromkeys(_of_evidence(given, statement, certificate)))


def _bytes(data: Any) -> bytes:
    try:
        return b64decode(data or "", validate=True)
    except (ValueError, TypeError):
        return b""
