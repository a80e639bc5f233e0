"""Static files: their addresses with a hash of the content, and their bytes in the encodings a browser takes."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
PACKED: Final = frozenset({".css", ".js", ".svg", ".webmanifest"})
FOREVER: Final = "public, max-age=31536000, immutable"
A_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class Served:
    """One file as it goes out: headers (lower case) and bytes."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    etag: str


class Static:
    """The files below one directory. Nothing outside of it is ever given, whatever the path says."""

    def __init__(self, root: Path, prefix: str = "/static/") -> None:
        self.root = root.resolve()
        self.prefix = prefix
        self.address = lru_cache(maxsize=256)(self._address)
        self._read = lru_cache(maxsize=512)(self._packed)

    def _address(self, name: str) -> str:
        """Give the address of *name*, with a hash of its content so that it may be cached for ever."""
        file = self.root / name
        mark = hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()
        return f"{self.prefix}{name}?v={mark}"

    def serve(self, name: str, *, accepts: str = "", versioned: bool = False) -> Served | None:
        """Give the file *name* in the best encoding of *accepts* (an Accept-Encoding header); None without one."""
        file = (self.root / name).resolve()
        if not file.is_relative_to(self.root) or not file.is_file() or file.suffix not in TYPES:
            return None
        coding = _coding(file, {part.split(";")[0].strip() for part in accepts.split(",")})
        body = self._read(file, coding, file.stat().st_mtime_ns)
        etag = '"' + hashlib.blake2b(body, digest_size=8).hexdigest() + '"'
        headers = [
            ("content-type", TYPES[file.suffix]),
            ("cache-control", FOREVER if versioned else A_DAY),
            ("etag", etag),
            ("vary", "accept-encoding"),
        ]
        if coding:
            headers.append(("content-encoding", coding))
        return Served(tuple(headers), body, etag)

    def _packed(self, file: Path, coding: str, _changed: int) -> bytes:
        """Read *file*; *_changed* is part of the key, so that an edited file is read again."""
        if coding == "br":
            return file.with_name(file.name + ".br").read_bytes()
        body = file.read_bytes()
        return gzip.compress(body, 9, mtime=0) if coding == "gzip" else body


def _coding(file: Path, accepted: set[str]) -> str:
    if file.suffix not in PACKED:
        return ""
    # Brotli copies of the vendors' files are made at set-up; our own small files are packed when first asked for.
    if "br" in accepted and file.with_name(file.name + ".br").is_file():
        return "br"
    return "gzip" if "gzip" in accepted else ""
