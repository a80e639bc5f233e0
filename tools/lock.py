"""Write the locks from pyproject.toml; run as ``make lock``.

Pins that are still good stay (pass ``--upgrade`` for newer ones). Hashes are those of every file of a release, and no
address of an index is written, so that a lock installs from any mirror. requirements-r4.lock is kept by hand: one
wheel, without its dependencies.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PIP_TOOLS: Final = "pip-tools==7.6.2"
MADE: Final = "Made by `make lock` from pyproject.toml; do not edit."
SETUP: Final = "requirements-setup.lock"
LOCKS: Final = (
    (
        SETUP,
        f"# What installs the rest: a pip that knows extras in hashed locks, and the build backend. {MADE}\n",
        None,
    ),
    ("requirements.lock", f"# What Xinglin runs on, and what fetches its page assets. {MADE}\n", ("assets",)),
    ("requirements-dev.lock", f"# requirements.lock and what checks the project. {MADE}\n", ("assets", "dev")),
    ("requirements-bench.lock", f"# requirements.lock and what measurements stand beside. {MADE}\n", ("bench",)),
)


def main(options: list[str]) -> int:
    """Compile every lock in a throw-away environment."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
        python = place / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", PIP_TOOLS], check=True)
        # The build backend is pinned too, because we install ourselves without an isolated build.
        (place / "setup.in").write_text(f"pip\n{_build_backend()}\n", "utf-8")
        for name, header, extras in LOCKS:
            made = place / name
            if (ROOT / name).exists():
                made.write_text((ROOT / name).read_text("utf-8"), "utf-8")
            source = place / "setup.in" if extras is None else ROOT / "pyproject.toml"
            # What checks or measures the project runs with the very versions that the project runs on.
            run = [f"--constraint={place / 'requirements.lock'}"] if {"dev", "bench"} & set(extras or ()) else []
            _compile(python, made, source, [*(f"--extra={extra}" for extra in extras or ()), *run, *options])
            (ROOT / name).write_text(header + _bare(made.read_text("utf-8")), "utf-8")
            print(f"lock: {name}")
    return 0


def _compile(python: Path, made: Path, source: Path, options: list[str]) -> None:
    subprocess.run(
        [
            *(python, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe"),
            # With extras: pip wants each requirement of a hashed lock pinned as it is asked for.
            "--no-strip-extras",
            *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-annotate", "--no-header"),
            *options,
            *("--output-file", made, source),
        ],
        check=True,
    )


def _build_backend() -> str:
    found = re.search(r'^requires = \["(.*)"\]$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError("pyproject.toml names no build backend")
    return found.group(1)


def _bare(text: str) -> str:
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "--"))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
