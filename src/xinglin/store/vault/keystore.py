"""The key store's gateway: whoever holds the master key wraps and unwraps data keys, and never gives it away."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from xinglin.security import sm
from xinglin.settings import SettingsError

_FIRST_LINE: Final = "xinglin master key 1"
_KEY_BYTES: Final = 32


class KeyStoreFault(SettingsError):
    """The master key is missing, open to others, or another one; the message says what to do."""

    def __init__(self, what: str) -> None:
        super().__init__((f"XINGLIN_KEY_FILE: {what}",))


class KeyStore(Protocol):
    """Where the master key is. A site with a key machine (密码机) implements this."""

    @property
    def mark(self) -> str:
        """Name the master key without telling it, so that a wrong one is noticed."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to *context*."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt what `wrap` made; raises KeyStoreFault."""


class FileKeyStore:
    """The master key in a file that only its owner, who is us, may read (mode 0600).

    It wraps by SM4-GCM under a key derived from the file's 32 bytes.
    """

    def __init__(self, path: Path, *, random: Callable[[int], bytes] = os.urandom) -> None:
        master = _read(path)
        self.mark = sm.hmac_sm3(master, b"mark").hex()[:16]
        self._cipher = sm.Sm4(sm.hmac_sm3(master, b"wrap")[:16])
        self._random = random

    @classmethod
    def make(cls, path: Path, *, random: Callable[[int], bytes] = os.urandom) -> "FileKeyStore":
        """Make the file with a new master key, or take the one that is there."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{_FIRST_LINE}\n{random(_KEY_BYTES).hex()}\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # made before, or by a neighbour just now: that one counts
                os.link(half, path)
        finally:
            half.unlink(missing_ok=True)
        return cls(path, random=random)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to *context*."""
        nonce = self._random(sm.NONCE_BYTES)
        return nonce + self._cipher.seal(nonce, context, key)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt what `wrap` made; raises KeyStoreFault."""
        try:
            return self._cipher.open(wrapped[: sm.NONCE_BYTES], context, wrapped[sm.NONCE_BYTES :])
        except sm.Tampered:
            raise KeyStoreFault(f"The data key {context.decode()} was not wrapped by this master key.") from None


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyStoreFault(f"There is no master key at {path}: put it back from where it is kept.") from None
    except OSError as fault:
        raise KeyStoreFault(f"The master key at {path} cannot be read: {fault.strerror}.") from None
    with os.fdopen(handle) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise KeyStoreFault(f"The master key at {path} must be a file of the user who runs Xinglin.")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise KeyStoreFault(f"The master key at {path} is open to others (mode {mode:04o}): chmod 600 {path}")
        first, _, rest = file.read(256).partition("\n")
    try:
        master = bytes.fromhex(rest.strip())
    except ValueError:
        master = b""
    if first != _FIRST_LINE or len(master) != _KEY_BYTES:
        raise KeyStoreFault(f"{path} is no master key of Xinglin.")
    return master
