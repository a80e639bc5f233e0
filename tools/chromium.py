"""Install Debian's Chromium for the browser tests where it is missing and we may.

Run by ``make test`` as ``python -m tools.chromium``. Without it, and without the right to install it, the browser
tests are skipped and say why; nothing else depends on it.
"""

import os
import shutil
import subprocess
import sys


def main() -> int:
    """Install when missing and root; say what was done."""
    if shutil.which("chromium"):
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print("chromium: not installed, and installing it takes root (apt-get install chromium); browser tests skip")
        return 0
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *step], env=quiet, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            print(f"chromium: apt-get {step[0]} failed; browser tests skip")
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
