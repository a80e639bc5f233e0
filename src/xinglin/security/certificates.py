"""X.509 certificates of SM2 keys (GM/T 0015): made, read, and judged against whoever may have issued them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import algos, core, keys, x509

from xinglin.fhir.sources import cites
from xinglin.security import sm

SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
_CURVE_OID: Final = "1.2.156.10197.1.301"
_CURVE: Final = "sm2p256v1"

# R6-053: whoever opens the certificate, with any program, must see it.
TEST_MARK: Final = cites("R6-053")("测试证书，无法律效力 (test, not legally valid)")
TEST_AUTHORITY: Final = "Xinglin 测试证书机构 (test authority)"

keys.NamedCurve.register(_CURVE, _CURVE_OID, 32)


class CertificateFault(Exception):
    """The bytes are no certificate of an SM2 key."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says.

    serial: hexadecimal. subject: common name. public: 04, x, y. issuer_key: identifier of the issuer's key.
    signed, signature: what the issuer signed, and r and s.
    """

    der: bytes
    serial: str
    subject: str
    unit: str
    public: bytes
    since: datetime
    until: datetime
    issuer_key: bytes
    signed: bytes
    signature: bytes

    @property
    def is_test(self) -> bool:
        """True when it says of itself that it is not legally valid."""
        return self.unit == TEST_MARK


def key_identifier(public: bytes) -> bytes:
    """Name a public key by 20 bytes of its digest."""
    return sm.sm3(public)[:20]


def to_be_signed(
    *, serial: int, subject: str, unit: str, public: bytes, issuer: str, issuer_public: bytes,
    since: datetime, until: datetime
) -> bytes:  # fmt: skip
    """Write the part of a certificate that its issuer signs (DER). since, until: UTC, whole seconds."""
    usage = x509.KeyUsage({"digital_signature", "non_repudiation"})
    authority = x509.AuthorityKeyIdentifier({"key_identifier": key_identifier(issuer_public)})
    parts = {
        "version": "v3",
        "serial_number": serial,
        "signature": {"algorithm": SM2_WITH_SM3},
        "issuer": x509.Name.build({"organizational_unit_name": unit, "common_name": issuer}),
        "validity": {
            "not_before": x509.Time({"general_time": since.replace(microsecond=0)}),
            "not_after": x509.Time({"general_time": until.replace(microsecond=0)}),
        },
        "subject": x509.Name.build({"organizational_unit_name": unit, "common_name": subject}),
        "subject_public_key_info": keys.PublicKeyInfo(
            {
                "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters({"named": _CURVE})},
                "public_key": public,
            }
        ),
        "extensions": [
            {"extn_id": "authority_key_identifier", "critical": False, "extn_value": authority},
            {"extn_id": "key_identifier", "critical": False, "extn_value": key_identifier(public)},
            {"extn_id": "key_usage", "critical": True, "extn_value": usage},
        ],
    }
    written: bytes = x509.TbsCertificate(parts).dump()
    return written


def certificate(signed: bytes, signature: bytes) -> bytes:
    """Join what the issuer signed and its signature (r and s) to a certificate (DER)."""
    written: bytes = x509.Certificate(
        {
            "tbs_certificate": x509.TbsCertificate.load(signed),
            "signature_algorithm": {"algorithm": SM2_WITH_SM3},
            "signature_value": der_signature(signature),
        }
    ).dump()
    return written


def der_signature(signature: bytes) -> bytes:
    """Write r and s as a SEQUENCE of two INTEGERs (GM/T 0009)."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    written: bytes = algos.DSASignature({"r": r, "s": s}).dump()
    return written


def raw_signature(der: bytes) -> bytes:
    """Read r and s, 32 bytes each; CertificateFault when they are none."""
    try:
        found = algos.DSASignature.load(der, strict=True)
        return b"".join(int(found[name].native).to_bytes(32, "big") for name in ("r", "s"))
    except (ValueError, TypeError, OverflowError, KeyError) as fault:
        raise CertificateFault(str(fault)) from fault


def read(der: bytes) -> Certificate:
    """Read a certificate; CertificateFault when it is none of an SM2 key."""
    try:
        found = x509.Certificate.load(der, strict=True)
        inner = found["tbs_certificate"]
        key = inner["subject_public_key_info"]
        names = found.subject.native
        if found["signature_algorithm"]["algorithm"].dotted != SM2_WITH_SM3:
            raise CertificateFault("not signed by SM2 with SM3")
        if key["algorithm"]["parameters"].chosen.dotted != _CURVE_OID:
            raise CertificateFault("not a key of the curve of SM2")
        return Certificate(
            der,
            f"{found.serial_number:x}",
            names["common_name"],
            names.get("organizational_unit_name", ""),
            key["public_key"].native,
            found.not_valid_before,
            found.not_valid_after,
            found.authority_key_identifier or b"",
            inner.dump(),
            raw_signature(core.OctetBitString.load(found["signature_value"].dump()).native),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise CertificateFault(str(fault)) from fault


@cites("R6-053")
def issued_by(given: Certificate, authorities: Iterable[bytes]) -> bool:
    """Tell whether one of the *authorities* (public keys) issued the certificate."""
    return any(
        key_identifier(public) == given.issuer_key and sm.verify(public, given.signed, given.signature)
        for public in authorities
    )
