"""The files of the project, as git knows them."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent

# What a copy without git (an archive) may hold besides the project's own files.
MADE: Final = frozenset({".venv", ".xinglin", ".git", "node_modules", "vendor", "__pycache__", "build", "dist"})


@cache
def files() -> tuple[Path, ...]:
    """List the project's files, relative to its root; a file that is being removed does not count."""
    # A clone may belong to another user than the one who tests it.
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return tuple(sorted(_walk()))
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


@cache
def texts(*endings: str) -> dict[Path, str]:
    """Read the project's text files, by path; all of them, or those with one of *endings*."""
    found = {}
    for path in files():
        if endings and path.suffix not in endings:
            continue
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:8192]:
            found[path] = raw.decode("utf-8")
    return found


def _walk() -> list[Path]:
    found = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in MADE and not name.endswith("cache")]
        found += [(Path(folder) / name).relative_to(ROOT) for name in names]
    return found
