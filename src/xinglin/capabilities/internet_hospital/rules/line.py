"""The line of sound and picture: when it does not hold, where browsers find a way, and what of it is kept. Pure."""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.internet_hospital.contract import HASH, KEPT, RECORDING, RECORDINGS, Recording
from xinglin.capabilities.internet_hospital.rules import forms
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import years_after
from xinglin.security.retention import TABLE

# -- quality ----------------------------------------------------------------------------------------------------------

SAMPLES: Final = 3  # so many in a row must be bad, five seconds apart


@dataclass(frozen=True, slots=True)
class Sample:
    """What a browser measured of its line. rtt: milliseconds. loss: per cent of packets. fps: pictures a second."""

    rtt: float
    loss: float
    fps: float | None = None

    @property
    def text(self) -> str:
        """The sample as it is written down."""
        fps = "" if self.fps is None else f" fps={self.fps:.0f}"
        return f"rtt={self.rtt:.0f} loss={self.loss:.0f}{fps}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Beyond these a medium does not hold [CFG]. Speech needs less than a picture."""

    rtt: float
    loss: float
    fps: float = 0


BOUNDS: Final[Mapping[str, Bounds]] = cites("R2-029")(
    {"video": Bounds(rtt=800, loss=12, fps=4), "audio": Bounds(rtt=1500, loss=25)}
)


def samples(said: Any) -> tuple[Sample, ...]:
    """Read what a browser says of its line; what is no number is left out."""
    found = said.get("samples") if isinstance(said, Mapping) else None
    return tuple(_sample(one) for one in (found if isinstance(found, list) else [])[:SAMPLES] if isinstance(one, dict))


def _sample(one: Mapping[str, Any]) -> Sample:
    def number(name: str) -> float | None:
        value = one.get(name)
        return float(value) if isinstance(value, int | float) and 0 <= value < 1e6 else None

    return Sample(number("rtt") or 0, number("loss") or 0, number("fps"))


@cites("R2-029", "R1-046")
def falls_to(medium: str, measured: Sequence[Sample]) -> str:
    """Give the next simpler medium when a line does not hold: three bad samples in a row; empty when it holds.

    From a line that carries no speech the two go on by text.
    """
    bounds = BOUNDS.get(medium)
    if bounds is None or len(measured) < SAMPLES or not all(_bad(one, bounds) for one in measured[-SAMPLES:]):
        return ""
    return {"video": "audio", "audio": "text"}[medium]


def _bad(one: Sample, bounds: Bounds) -> bool:
    slow = one.fps is not None and one.fps < bounds.fps
    return one.rtt > bounds.rtt or one.loss > bounds.loss or slow


# -- finding a way ----------------------------------------------------------------------------------------------------

TURN_HOURS: Final = 12


def ice(servers: Sequence[str], secret: str, account: str, now: datetime) -> list[dict[str, Any]]:
    """Give what a browser is told of STUN and TURN servers, with credentials of TURN that end by themselves.

    The form is that of TURN's REST interface: the user name is the end and the account, the password its HMAC-SHA-1.
    """
    stun = [one for one in servers if one.startswith("stun")]
    turn = [one for one in servers if one.startswith("turn")]
    found: list[dict[str, Any]] = [{"urls": stun}] if stun else []
    if turn:
        user = f"{int((now + timedelta(hours=TURN_HOURS)).timestamp())}:{account}"
        mark = hmac.digest(secret.encode(), user.encode(), "sha1")
        found.append({"urls": turn, "username": user, "credential": b64encode(mark).decode()})
    return found


# -- what is kept -----------------------------------------------------------------------------------------------------

PIECE_MOST: Final = 2 * 2**20  # bytes; fifteen seconds at the rate that the page records are a quarter
PIECES_MOST: Final = 1000  # of one recording: four hours
_TYPES: Final[Mapping[str, bytes]] = {"video/webm": b"\x1aE\xdf\xa3", "audio/webm": b"\x1aE\xdf\xa3"}
_SERIES: Final = re.compile(r"[0-9a-z]{8,40}")


def recording_faults(given: Recording, media_type: str, content: bytes) -> Iterator[Issue]:
    """Reasons why a piece of a recording is not taken. The first piece says what all of them are."""
    if not _SERIES.fullmatch(given.series) or not 0 <= given.number < PIECES_MOST:
        yield Issue("value", "recording-number", "number", "The number of the piece is not one.")
    base = media_type.partition(";")[0].strip().lower()
    if base not in _TYPES or (given.number == 0 and not content.startswith(_TYPES[base])):
        yield Issue("value", "visit-file-type", "file", "A recording is WebM with picture or sound.")
    if not content or len(content) > PIECE_MOST:
        yield Issue("too-long", "visit-file-large", "file", "A piece of a recording has 2 MB at most.")


@cites("R2-023", "A9-03")
def recorded(
    encounter: Mapping[str, Any],
    given: Recording,
    *,
    binary: str,
    media_type: str,
    size: int,
    digest: str,
    by: str,
    now: datetime,
) -> Document:
    """Write one piece of what was seen and heard on a side; it is kept for three years at least."""
    until = years_after(now.astimezone(forms.BEIJING).date(), TABLE["conversation"].years)
    base = media_type.partition(";")[0].strip().lower()
    return {
        "resourceType": "Media",
        "meta": {"profile": [RECORDING.url]},
        "identifier": [{"system": RECORDINGS, "value": piece(str(encounter["id"]), given.series, given.number)}],
        "status": "completed",
        "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "createdDateTime": forms.instant(now),
        "operator": {"reference": by},
        "content": {"contentType": base, "url": f"Binary/{binary}", "size": size},
        "extension": [{"url": HASH, "valueString": digest}, {"url": KEPT, "valueDate": until.isoformat()}],
    }


def piece(visit: str, series: str, number: int) -> str:
    """Name a piece of a recording: those of one recording follow each other by name."""
    return f"{visit}/{series}/{number:04d}"


def recording_fixed(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write of a recording: it is neither changed nor deleted."""
    if before is None and after is not None:
        return ()
    return (Issue("business-rule", "message-fixed", "Media", "What was recorded in a visit is not changed."),)
