"""A voice for calls: espeak-ng, where it is installed; else the browser of the screen speaks."""

import asyncio
import shutil
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError

_VOICES: Final = {"zh": "cmn", "en": "en"}
SECONDS: Final = 5.0
_NO_VOICE: Final = Issue("not-found", "no-voice", text="No voice is installed here.")


def installed() -> bool:
    """Tell whether this machine can speak."""
    return shutil.which("espeak-ng") is not None


async def speak(text: str, language: str) -> bytes:
    """Give *text* as a WAV file. OutcomeError: not-found without a voice, transient when it fails."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise OutcomeError(_NO_VOICE)
    process = await asyncio.create_subprocess_exec(
        *(program, "-v", _VOICES[language], "-s", "140", "--stdin", "--stdout"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        sound, _ = await asyncio.wait_for(process.communicate(text.encode()), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        sound = b""
    if process.returncode or not sound:
        raise OutcomeError(Issue("transient", "voice-failed", text="The voice failed; try again."))
    return sound
