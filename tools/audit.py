"""Ask for known vulnerabilities of what requirements.lock pins; run by ``make check``, and alone as ``make audit``.

pip-audit lives in an environment of its own, so that it does not meet ours. Where no service of vulnerabilities can be
reached, that is said and nothing fails; with ``--strict`` it fails too, as a build on a network should ask for.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PIP_AUDIT: Final = "pip-audit==2.10.1"
PLACE: Final = ROOT / ".venv" / f".{PIP_AUDIT.replace('==', '-')}"
SECONDS: Final = 120


def main(options: Sequence[str]) -> int:
    """Print what was found; 1 when a package is vulnerable, or with --strict when one could not be looked up."""
    strict = "--strict" in options
    try:
        said = _audit()
    except (subprocess.SubprocessError, OSError, ValueError) as fault:
        print(f"audit: pip-audit could not look anything up here ({type(fault).__name__})")
        return int(strict)
    bad, unknown = findings(said)
    for line in bad:
        print(f"audit: {line}")
    if unknown:
        print(f"audit: {len(unknown)} of {len(said['dependencies'])} packages are not known to the service asked")
    if not bad and not unknown:
        print(f"audit: {len(said['dependencies'])} packages, no known vulnerability")
    return int(bool(bad) or (strict and bool(unknown)))


def findings(said: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Give the vulnerabilities, one a line, and the names of packages that could not be looked up."""
    bad, unknown = [], []
    for one in said["dependencies"]:
        if "skip_reason" in one:
            unknown.append(one["name"])
        for found in one.get("vulns", ()):
            fixed = ", ".join(found.get("fix_versions", ())) or "no release yet"
            bad.append(f"{one['name']} {one['version']}: {found['id']}, fixed by {fixed}")
    return bad, unknown


def _audit() -> dict[str, Any]:
    if not PLACE.is_dir():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        subprocess.run([PLACE / "bin/python", "-m", "pip", "install", "--quiet", PIP_AUDIT], check=True)
    command: list[str | Path] = [PLACE / "bin/pip-audit", "--requirement", ROOT / "requirements.lock"]
    command += ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "--timeout=10"]
    # Vulnerable packages make it end with 1; what it printed tells that from a fault.
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
