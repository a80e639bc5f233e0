import json
import re
import tomllib

import pytest

from tests.architecture.tree import ROOT

LOCKS = (
    "requirements-setup.lock",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-bench.lock",
    "requirements-r4.lock",
)
PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==([\w.]+)")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(name: str) -> dict[str, str]:
    """Versions by package in the lock *name*."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {found.group(1): found.group(2) for line in lines if (found := PIN.match(line))}


def declared() -> tuple[set[str], set[str], set[str]]:
    """Packages that pyproject.toml asks for: to run (with the assets), and besides that to check and to measure."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    more = project["optional-dependencies"]
    return _names([*project["dependencies"], *more["assets"]]), _names(more["dev"]), _names(more["bench"])


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.startswith("#")]
    odd = [line for line in lines if not HASH.match(line) and not (PIN.match(line) and line.endswith(" \\"))]
    assert odd == []
    unhashed = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.match(line) and not HASH.match(following)
    ]
    assert unhashed == []


def test_the_locks_cover_what_the_project_asks_for() -> None:
    run, dev, bench = declared()
    assert run - pins("requirements.lock").keys() == set()
    assert dev - pins("requirements-dev.lock").keys() == set()
    assert bench - pins("requirements-bench.lock").keys() == set()


def test_the_locks_agree() -> None:
    run = pins("requirements.lock")
    for more in (pins("requirements-dev.lock"), pins("requirements-bench.lock")):
        assert {name: version for name, version in run.items() if more.get(name, version) != version} == {}


def test_page_assets_are_locked_by_hash_and_without_addresses() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert locked[""]["dependencies"] == wanted["dependencies"]
    packages = {name: package for name, package in locked.items() if name}
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
