"""Whether a coding says what its code system says: code, name, and the day on which it is used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from xinglin.fhir.sources import cites
from xinglin.store.executor import Executor
from xinglin.store.terminology.concepts import Found, concepts
from xinglin.store.terminology.systems import System, counting, systems
from xinglin.store.terminology.words import plain

State = Literal["right", "unknown-system", "unknown-code", "retired", "not-yet", "abstract", "other-display"]
# What a verdict is when nothing can be held against the coding.
SOUND: Final = frozenset({"right", "unknown-system"})


@dataclass(frozen=True, slots=True)
class Coded:
    """A coding as somebody wrote it."""

    system: str
    code: str
    display: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a coding. display: the name that its system gives, empty when it gives none.

    unknown-system: its concepts do not stand here, or not all, so nothing is said of the code.
    """

    coded: Coded
    state: State
    display: str = ""
    message: str = ""

    @property
    def is_sound(self) -> bool:
        """True when nothing can be held against the coding."""
        return self.state in SOUND


@cites("ST-57", "CD-21")
def judge(coded: Coded, system: System | None, found: Found | None, on: date, *, abstract: bool = True) -> Verdict:
    """Hold a coding against the version of its system that counts on a day.

    abstract: whether a code that only groups others will do. A retired code is sound for days before its retirement.
    """
    if system is None or (found is None and not system.complete):
        return Verdict(coded, "unknown-system", message=f"The codes of {coded.system[:200]} are not all known here.")
    version = f"{system.url}|{system.version}" if system.version else system.url
    if found is None:
        return Verdict(coded, "unknown-code", message=f"There is no code {coded.code[:80]!r} in {version}.")
    display = found.display
    if found.until is not None and on >= found.until:
        since = "" if found.until == date.min else f" since {found.until.isoformat()}"
        return Verdict(coded, "retired", display, f"The code {coded.code[:80]!r} of {version} is retired{since}.")
    if not found.counts_on(on):
        begins = found.since.isoformat() if found.since else ""
        return Verdict(coded, "not-yet", display, f"The code {coded.code[:80]!r} of {version} begins on {begins}.")
    if found.abstract and not abstract:
        return Verdict(coded, "abstract", display, f"The code {coded.code[:80]!r} of {version} only groups others.")
    if coded.display and plain(coded.display) not in {plain(name) for name in found.displays}:
        text = f"The name of {coded.code[:80]!r} in {version} is {display!r}, not {coded.display[:80]!r}."
        return Verdict(coded, "other-display", display, text)
    return Verdict(coded, "right", display)


async def known(executor: Executor, codings: Iterable[Coded], on: date) -> list[Verdict]:
    """Judge codings, each by its system as it counted on a day (or by the version that it names); in their order.

    What a writer is warned of: codes and names that their system does not have. Systems that do not stand here are not
    judged. One statement for each system.
    """
    given = list(codings)
    chosen: dict[tuple[str, str], System | None] = {}
    for url in dict.fromkeys(one.system for one in given):
        versions = await systems(executor, url) if url else []
        for version in {one.version for one in given if one.system == url}:
            named = next((one for one in versions if version and one.version == version), None)
            chosen[url, version] = named or counting(versions, on)
    found: dict[tuple[str, str], Mapping[str, Found]] = {}
    for name, system in chosen.items():
        codes = {one.code for one in given if (one.system, one.version) == name}
        found[name] = {} if system is None else await concepts(executor, system, codes)
    return [
        judge(
            one,
            chosen[one.system, one.version],
            found[one.system, one.version].get(one.code),
            on,
        )
        for one in given
    ]
