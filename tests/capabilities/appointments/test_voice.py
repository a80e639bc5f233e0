"""A call as sound: what the program gives, and what happens without it. The program is a stand-in that echoes."""

from pathlib import Path

import pytest

from xinglin.capabilities.appointments import gateways
from xinglin.fhir.outcome import OutcomeError


def program(folder: Path, script: str) -> None:
    made = folder / "espeak-ng"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)


async def test_what_is_said_goes_to_the_program_and_comes_back_as_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, 'printf "RIFF %s " "$2"; cat')
    assert gateways.installed()
    assert await gateways.speak("请 005 号到 1 诊室", "zh") == "RIFF cmn 请 005 号到 1 诊室".encode()


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "exec sleep 30"])
async def test_a_voice_that_fails_is_no_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(gateways, "SECONDS", 0.3)
    program(tmp_path, script)
    with pytest.raises(OutcomeError) as refused:
        await gateways.speak("005", "en")
    assert refused.value.issues[0].key == "voice-failed"


async def test_without_a_voice_the_browser_speaks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not gateways.installed()
    with pytest.raises(OutcomeError) as refused:
        await gateways.speak("005", "zh")
    assert refused.value.status == 404
