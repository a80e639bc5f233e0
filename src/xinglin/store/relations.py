"""Which live relations of the principal to a patient there are, and until when: what a banner says of one's right."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from xinglin.fhir.search.keys import LAST, rid_of
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal
from xinglin.security.relations import KINDS, Windows, patient_salt
from xinglin.store.executor import Executor, microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """A live relation to a patient. until: None when its end is open. own: to the person, else to the institution."""

    kind: str
    until: datetime | None
    own: bool


@cites("R7-032")
async def held(executor: Executor, who: Principal, patient: str, windows: Windows) -> tuple[Held, ...]:
    """Give the live relations of *who* to the patient of this id: of each kind the one that lasts longest.

    By the same rows and windows as the shield judges (`docs/trust.md`, 5); nothing is learnt of others' relations.
    """
    rid = executor.persons.canonical(rid_of("Patient", patient))
    asked = {patient_salt(kind, name) ^ rid: (kind, own) for kind in KINDS for name, own in _names(who)}
    now = microseconds(executor.now)
    wide = max(windows.grace_hours, 48) * 3_600_000_000
    rows = await executor.fetch(
        "SELECT key, lo, hi FROM dx WHERE key = ANY($1) AND lo <= $2 AND hi > $3 ORDER BY hi DESC",
        list(asked),
        now + wide,
        now - wide,
    )
    found: dict[tuple[str, bool], Held] = {}
    for row in rows:
        kind, own = asked[row["key"]]
        live, end = _live(kind, row["lo"], row["hi"], executor.now, windows)
        if live:
            found.setdefault((kind, own), Held(kind, end, own))
    return tuple(sorted(found.values(), key=lambda one: (KINDS.index(one.kind), not one.own)))


def _names(who: Principal) -> Iterator[tuple[str, bool]]:
    for name in (who.practitioner, who.practitioner_role):
        if name is not None:
            yield name, True
    if who.organization is not None:
        yield who.organization, False


def _live(kind: str, lo: int, hi: int, now: datetime, windows: Windows) -> tuple[bool, datetime | None]:
    """Tell whether an interval of a kind holds at *now*, and until when."""
    at = microseconds(now)
    if kind == "appointment":
        zone = ZoneInfo(windows.zone)
        day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        following = day + timedelta(days=1)
        return lo < microseconds(following) and hi > microseconds(day), following.astimezone(UTC)
    grace = windows.grace_hours * 3_600_000_000 if kind == "encounter" else 0
    end = None if hi >= LAST else _EPOCH + timedelta(microseconds=hi + grace)
    return lo <= at and (end is None or end > now), end
