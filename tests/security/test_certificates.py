"""Certificates of SM2 keys are those of the standard, and a changed one is not believed."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.security import sm
from xinglin.security.certificates import (
    TEST_MARK,
    CertificateFault,
    certificate,
    der_signature,
    issued_by,
    raw_signature,
    read,
    to_be_signed,
)

AUTHORITY = sm.private_of(bytes(range(40)))
SIGNER = sm.private_of(bytes(range(40, 80)))
SINCE = datetime(2026, 11, 22, tzinfo=UTC)


def made() -> bytes:
    signed = to_be_signed(
        serial=0x1234,
        subject="Practitioner/1",
        unit=TEST_MARK,
        public=sm.public_of(SIGNER),
        issuer="the authority",
        issuer_public=sm.public_of(AUTHORITY),
        since=SINCE,
        until=SINCE + timedelta(days=30),
    )
    return certificate(signed, sm.sign(AUTHORITY, signed))


@pytest.mark.rule("R6-053")
def test_a_certificate_says_what_was_asked_for() -> None:
    found = read(made())
    assert (found.serial, found.subject, found.is_test) == ("1234", "Practitioner/1", True)
    assert (found.since, found.until) == (SINCE, SINCE + timedelta(days=30))
    assert found.public == sm.public_of(SIGNER)
    assert issued_by(found, [sm.public_of(SIGNER), sm.public_of(AUTHORITY)])
    assert not issued_by(found, [sm.public_of(SIGNER)])


@settings(max_examples=200)
@given(st.integers(0, 8 * len(made()) - 1))
def test_a_changed_certificate_is_not_believed(bit: int) -> None:
    der = bytearray(made())
    der[bit // 8] ^= 1 << bit % 8
    try:
        found = read(bytes(der))
    except CertificateFault:
        return
    # What lies outside of what was signed is the name of the algorithm, which has no other value, and lengths.
    assert not issued_by(found, [sm.public_of(AUTHORITY)])


@given(st.binary(max_size=80))
def test_what_is_no_certificate_is_refused(raw: bytes) -> None:
    with pytest.raises(CertificateFault):
        read(raw)


@given(st.binary(min_size=64, max_size=64))
def test_signatures_keep_their_numbers_in_der(signature: bytes) -> None:
    assert raw_signature(der_signature(signature)) == signature


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x01", der_signature(bytes(64)) + b"."])
def test_what_is_no_signature_is_refused(der: bytes) -> None:
    with pytest.raises(CertificateFault):
        raw_signature(der)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_openssl_agrees(tmp_path: Path) -> None:
    """Another implementation verifies the signature of certificate and document under our user id."""
    (tmp_path / "c.der").write_bytes(made())
    public = ["openssl", "x509", "-inform", "der", "-in", "c.der", "-noout", "-pubkey"]
    (tmp_path / "key.pem").write_bytes(subprocess.run(public, cwd=tmp_path, capture_output=True, check=True).stdout)
    (tmp_path / "text").write_bytes(b"what is signed")
    (tmp_path / "signature").write_bytes(der_signature(sm.sign(SIGNER, b"what is signed")))
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-digest", "sm3", "-in", "text",
              "-sigfile", "signature", "-pkeyopt", "distid:1234567812345678"]  # fmt: skip
    said = subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert said.returncode == 0, said.stderr
    (tmp_path / "text").write_bytes(b"what is changed")
    assert subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False).returncode != 0
