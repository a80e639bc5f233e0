import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT, texts

RUN = "from importlinter.cli import lint_imports_command as run; run()"


def lint(root: Path) -> tuple[set[str], str]:
    """Names of the contracts that the tree under *root* breaks, and all that import-linter says."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--no-cache"],
        cwd=root,
        env=os.environ | {"COLUMNS": "160", "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = set(re.findall(r"^(\w.*?) BROKEN", done.stdout, re.MULTILINE))
    assert (done.returncode == 0) == (not broken and "Contracts:" in done.stdout), done.stdout + done.stderr
    return broken, done.stdout


def test_imports_keep_every_contract() -> None:
    broken, said = lint(ROOT)
    assert not broken, said


def test_each_contract_finds_what_breaks_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, text in texts(".py").items():
        if path.parts[0] == "src":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, "utf-8")
    for name, text in {
        "fhir/downhill.py": "import xinglin.server\n",
        "security/clock.py": "import time\n",
        "server/shortcut.py": "import xinglin.capabilities\n",
        "capabilities/first/__init__.py": "",
        "capabilities/first/contract.py": "",
        "capabilities/first/operations.py": "import xinglin.capabilities.second.operations\n",
        "capabilities/first/helpers.py": "",
        "capabilities/second/__init__.py": "",
        "capabilities/second/contract.py": "import xinglin.capabilities.first.contract\n",
        "capabilities/second/operations.py": "",
    }.items():
        file = tmp_path / "src/xinglin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    broken, said = lint(tmp_path)
    assert broken == {
        "Layers point down",
        "Decisions are pure",
        "The server knows capabilities only through the registry",
        "Every capability has the one shape",
        "Capabilities meet only in contracts",
        "Capabilities form no cycle",
    }, said
