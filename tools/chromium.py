"""Install Debian's Chromium, with and without windows, for the browser tests where it is missing and we may.

Run by ``make test`` as ``python -m tools.chromium``. Without it, and without the right to install it, the browser
tests are skipped and say why; without the one that has no windows they take the other, and longer.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "chromium-headless-shell")
WITHOUT = "browser tests are slow, or skip without chromium"


def main() -> int:
    """Install when missing and root; say what was done."""
    missing = [name for name in PACKAGES if not shutil.which(name)]
    if not missing:
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"not installed, and installing it takes root (apt-get install {' '.join(missing)}); {WITHOUT}")
        return 0
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *step], env=quiet, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            print(f"{' '.join(missing)}: apt-get {step[0]} failed; {WITHOUT}")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
