"""Code systems and their versions: which stand here, and which one counts on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.fhir.sources import cites
from xinglin.store.executor import Executor, Record
from xinglin.tables.codes import by_url

_COLUMNS: Final = (
    "s.sid, s.id, s.url, s.version, s.title, s.language, s.since, s.status, s.content, s.concepts, s.caseless"
)


@dataclass(frozen=True, slots=True)
class System:
    """One version of a code system. since: its first day; None: from the beginning. complete: it has no other codes.

    caseless: codes that differ in case only are one (http://hl7.org/fhir/R4/codesystem.html#case).
    """

    sid: int
    id: str
    url: str
    version: str
    title: str
    language: str
    since: date | None
    status: str
    complete: bool
    concepts: int
    caseless: bool = False

    def named(self, language: str) -> str:
        """Give the title in a language; the English one is known of our own tables."""
        if not language.startswith("en"):
            return self.title
        own = by_url().get(self.url)
        return own.title_en if own is not None else self.title


async def systems(executor: Executor, url: str | None = None) -> list[System]:
    """Give every version of every code system that has concepts here, or of one; in order of address and day."""
    where, args = ("s.url = $1", (url,)) if url is not None else ("s.url <> ''", ())
    found = await executor.fetch(f"SELECT {_COLUMNS} FROM code_system s WHERE {where}", *args)
    return sorted(map(_system, found), key=lambda one: (one.url, one.since or date.min, one.version))


async def system_of(
    executor: Executor, url: str, version: str | None = None, *, on: date | None = None
) -> System | None:
    """Give the version of a code system that is asked for (``url|version`` too), else the one that counts on a day."""
    address, _, said = url.partition("|")
    wanted = version or said
    found = await systems(executor, address)
    if wanted:
        return next((one for one in reversed(found) if one.version == wanted), None)
    return counting(found, on)


@cites("ST-57")
def counting(versions: Iterable[System], on: date | None = None) -> System | None:
    """Choose the version that counts on a day: the latest begun by then; before all of them, the first.

    on: None asks for the newest. Retired and draft versions count only where there is no active one.
    """
    ordered = sorted(versions, key=lambda one: (one.status == "active", one.since or date.min, one.version))
    if on is None:
        return ordered[-1] if ordered else None
    begun = [one for one in ordered if one.since is None or one.since <= on]
    # The old version stays valid for its days, also once it is retired.
    begun.sort(key=lambda one: (one.since or date.min, one.status == "active", one.version))
    return begun[-1] if begun else min(ordered, key=lambda one: one.since or date.min, default=None)


def newest(found: Iterable[System]) -> list[System]:
    """Of each address, the version that counts now."""
    each: dict[str, list[System]] = {}
    for one in found:
        each.setdefault(one.url, []).append(one)
    return [now for versions in each.values() if (now := counting(versions)) is not None]


def _system(record: Record) -> System:
    return System(
        sid=record["sid"],
        id=record["id"],
        url=record["url"],
        version=record["version"],
        title=record["title"],
        language=record["language"],
        since=record["since"],
        status=record["status"],
        # Of a resource that only names its concepts, all were loaded beside it.
        complete=record["content"] == "complete" or (record["content"] == "not-present" and record["concepts"] > 0),
        concepts=record["concepts"],
        caseless=record["caseless"],
    )
