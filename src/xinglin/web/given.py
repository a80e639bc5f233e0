"""Rows at hand as the source of a list: few enough to be filtered, put in order and paged where they are."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from xinglin.store.door import UnitOfWork
from xinglin.web.listing import Asked, Filter, Slice, Source

Load = Callable[[UnitOfWork], Awaitable[Sequence[Mapping[str, Any]]]]


def at_hand(load: Load) -> Source:
    """Make a source of what *load* gives whole, as far as the reader may see it.

    A filter asks the member of a row that its parameter (or code) names: a text is looked for within it, a choice is
    it or one of it, days compare its first ten characters (ISO). A sort names a member. The token of a page is the
    number of its first row.
    """

    async def source(work: UnitOfWork, asked: Asked) -> Slice:
        rows = [row for row in await load(work) if all(_fits(row, one, asked) for one in asked.listing.filters)]
        member = asked.sort.removeprefix("-")
        if member:
            rows.sort(key=lambda row: _key(row.get(member)), reverse=asked.sort.startswith("-"))
        start = int(asked.token) if asked.token.isdecimal() and len(asked.token) < 8 else 0
        end = start + asked.count
        return Slice(rows[start:end], len(rows), str(end) if end < len(rows) else "")

    return source


def _fits(row: Mapping[str, Any], one: Filter, asked: Asked) -> bool:
    value = row.get(one.parameter or one.code)
    values = value if isinstance(value, list | tuple) else (value,)
    if one.kind == "days":
        day = str(values[0] or "")[:10]
        since, until = (asked.filters.get(f"{one.code}.{end}", "") for end in ("since", "until"))
        return since <= day and (not until or day <= until)
    wanted = asked.filters.get(one.code, "")
    if one.kind == "choice":
        return not wanted or wanted in {str(each) for each in values}
    return wanted.casefold() in " ".join(str(each or "") for each in values).casefold()


def _key(value: object) -> tuple[float, str]:
    """Order numbers as such, and everything else by its characters."""
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value or "").casefold())
