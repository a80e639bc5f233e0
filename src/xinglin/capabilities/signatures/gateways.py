"""Authorities of certificates and of time: the real ones are outside; those here serve tests and demonstrations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from xinglin.fhir.sources import cites
from xinglin.security import certificates, sm
from xinglin.security.signatures import instant
from xinglin.store.vault.vault import Vault

VALID: Final = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate. serial: hexadecimal. ends: when it ceases to be in force."""

    der: bytes
    serial: str
    ends: datetime


class CertificateAuthority(Protocol):
    """Issues certificates (电子认证服务机构)."""

    async def certify(self, public: bytes, subject: str, now: datetime) -> Issued:
        """Issue a certificate over a public key to the person or institution that *subject* names."""

    def trusted(self) -> tuple[bytes, ...]:
        """Give the public keys whose certificates are believed."""


class TimeAuthority(Protocol):
    """Says when something was there (可信时间戳)."""

    async def stamp(self, data: bytes, now: datetime) -> bytes:
        """Stamp *data*."""

    def stamped(self, data: bytes, time: str, stamp: bytes) -> bool:
        """Tell whether *stamp* says that *data* was there at *time*."""


@cites("R6-053")
class TestAuthority:
    """The authority that is built in: its certificates say that they are not legally valid."""

    __test__ = False  # no test, whatever its name

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def certify(self, public: bytes, subject: str, now: datetime) -> Issued:
        """Issue a certificate over a public key."""
        serial = int.from_bytes(self._vault.chance(16), "big") >> 1 | 1
        signed = certificates.to_be_signed(
            serial=serial,
            subject=subject,
            unit=certificates.TEST_MARK,
            public=public,
            issuer=certificates.TEST_AUTHORITY,
            issuer_public=self._vault.public("authority"),
            since=now,
            until=now + VALID,
        )
        signature = self._vault.sign("authority", signed)[-sm.SIGNATURE_BYTES :]
        return Issued(certificates.certificate(signed, signature), f"{serial:x}", (now + VALID).replace(microsecond=0))

    def trusted(self) -> tuple[bytes, ...]:
        """Give the public keys that the platform certifies with."""
        return self._vault.publics("authority")


class LocalTime:
    """The platform's own clock, signed: nobody outside vouches for it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def stamp(self, data: bytes, now: datetime) -> bytes:
        """Stamp *data*."""
        return self._vault.sign("time", _stamped(data, instant(now)))

    def stamped(self, data: bytes, time: str, stamp: bytes) -> bool:
        """Tell whether *stamp* is ours."""
        return self._vault.verify("time", _stamped(data, time), stamp)


@dataclass(frozen=True, slots=True)
class Gateways:
    """Which authorities serve; each is made over the vault of the process."""

    authority: Callable[[Vault], CertificateAuthority]
    clock: Callable[[Vault], TimeAuthority]


BUILT_IN: Final = Gateways(TestAuthority, LocalTime)


def _stamped(data: bytes, time: str) -> bytes:
    return sm.sm3(data) + time.encode()
