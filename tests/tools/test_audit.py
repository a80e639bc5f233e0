import subprocess

import pytest

from tools import audit

SOUND = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
BAD = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}, {"id": "CVE-2"}]}


def test_vulnerabilities_and_unknown_packages_are_told_apart() -> None:
    assert audit.findings({"dependencies": [SOUND, SKIPPED, BAD]}) == (
        ["c 2: CVE-1, fixed by 3", "c 2: CVE-2, fixed by no release yet"],
        ["b"],
    )


@pytest.mark.parametrize(
    ("found", "options", "status"),
    [
        ([SOUND], [], 0),
        ([SOUND, BAD], [], 1),
        ([SOUND, SKIPPED], [], 0),
        ([SOUND, SKIPPED], ["--strict"], 1),
        ([SOUND], ["--strict"], 0),
    ],
)
def test_a_vulnerable_package_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, found: list[object], options: list[str], status: int
) -> None:
    monkeypatch.setattr(audit, "_audit", lambda: {"dependencies": found})
    assert audit.main(options) == status


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--strict"], 1)])
def test_without_a_network_only_a_strict_check_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], status: int
) -> None:
    def fails() -> dict[str, object]:
        raise subprocess.TimeoutExpired("pip-audit", 1)

    monkeypatch.setattr(audit, "_audit", fails)
    assert audit.main(options) == status
    assert "could not look anything up" in capsys.readouterr().out
