"""From the pairs of a query string to a `Query` (http://hl7.org/fhir/R4/search.html).

Handling is lenient unless *strict*: what the server does not know is dropped, named in `Query.issues`, and missing from
`Query.applied`, which becomes the self link. A chain is never dropped, as that would answer with everything.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, cast

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.search import catalog, filters, keys, names
from xinglin.fhir.search.conditions import Setting
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.search.query import And, Condition, Include, Never, Query, Sort
from xinglin.fhir.search.values import bad

TOKEN: Final = "_page"  # noqa: S105  the name of a parameter
"""The parameter that carries the opaque token of a page."""

SUMMARIES: Final = frozenset({"true", "text", "data", "count", "false"})
TOTALS: Final = frozenset({"none", "estimate", "accurate"})
MOST_INCLUDES: Final = 50
MOST_SORTS: Final = 10
MOST_COUNT: Final = 2**31 - 1

# Presentation, which the server does; here it only stays in the links.
_PRESENTATION = frozenset({"_format", "_pretty"})
_EVERYWHERE = frozenset({"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"})


class _Reading:
    """What has been understood so far of one query string."""

    def __init__(self, resource_type: str | None, *, strict: bool) -> None:
        self.type = resource_type
        self.strict = strict
        self.filters: list[tuple[str, str]] = []
        self.sort: list[Sort] = []
        self.includes: list[Include] = []
        self.count: int | None = None
        self.total: Literal["none", "estimate", "accurate"] = "none"
        self.summary: str | None = None
        self.elements: list[str] = []
        self.token: str | None = None
        self.types: list[str] | None = None
        self.applied: list[tuple[str, str]] = []
        self.issues: list[Issue] = []

    def drop(self, issue: Issue) -> None:
        """Drop something unknown with a warning, or refuse it when handling is strict."""
        if self.strict:
            raise OutcomeError(issue)
        if len(self.issues) < names.MOST_PAIRS:
            self.issues.append(Issue(issue.code, issue.key, issue.where, issue.text, severity="warning"))


def parse(
    resource_type: str | None,
    pairs: Sequence[tuple[str, str]],
    *,
    strict: bool = False,
    base_url: str = "",
    compartment: tuple[str, str] | None = None,
    now_us: int | None = None,
) -> Query:
    """Understand a search on one type, or (None) on several.

    pairs: decoded names and values, in order. base_url: of this server, so that its absolute references are local.
    compartment: ("Patient", id) for a compartment search. now_us: for the prefix ``ap`` of dates.
    Raises OutcomeError (400) for what is wrong, and when *strict* for what is unknown.
    """
    if resource_type is not None and resource_type not in TYPE_CODES:
        raise OutcomeError(
            Issue("not-found", "type-unknown", text=f"There is no resource type '{resource_type[:80]}'.")
        )
    if len(pairs) > names.MOST_PAIRS:
        text = f"More than {names.MOST_PAIRS} search parameters."
        raise OutcomeError(Issue("too-costly", "search-too-many", text=text), status=400)
    reading = _Reading(resource_type, strict=strict)
    for name, value in pairs:
        _pair(reading, name, value)
    if reading.elements and reading.summary not in {None, "false"}:
        raise bad("_elements", "cannot be joined with _summary.")
    setting = Setting(base_url.rstrip("/"), now_us)
    branches = _branches(reading, setting, compartment)
    return Query(
        type=resource_type,
        condition=branches[0][1] if resource_type is not None else And(()),
        branches=() if resource_type is not None else tuple(branches),
        sort=tuple(reading.sort),
        includes=tuple(reading.includes),
        count=reading.count,
        total=reading.total,
        summary=reading.summary,
        elements=tuple(reading.elements),
        token=reading.token,
        applied=tuple(reading.applied),
        issues=tuple(reading.issues),
        base_url=setting.base_url,
    )


def _branches(reading: _Reading, setting: Setting, compartment: tuple[str, str] | None) -> list[tuple[str, Condition]]:
    """Make the condition of each type searched."""
    if reading.type is not None:
        types = [reading.type]
    else:
        types = reading.types or (list(_members(compartment[0])) if compartment else list(TYPE_CODES))
    made: list[tuple[str, Condition]] = []
    dropped: set[tuple[str, str]] = set()
    for on in types:
        within: list[Condition] = [names.compartment(*compartment, on)] if compartment else []
        if any(isinstance(one, Never) for one in within) and reading.type is None:
            continue
        for pair in reading.filters:
            try:
                if pair[0] == "_filter":
                    within.append(filters.condition(on, pair[1], setting))
                else:
                    within.append(_condition(on, *pair, setting))
            except names.Unknown as unknown:
                if pair not in dropped:
                    reading.drop(unknown.issues[0])
                    dropped.add(pair)
        made.append((on, And(tuple(within))))
    reading.applied = [pair for pair in reading.applied if pair not in dropped]
    return made


_CONDITIONS: Final[dict[tuple[str, str, str, str], tuple[Condition, int]]] = {}
_MOST_KEPT: Final = 4_096
_MOST_LENGTH: Final = 200  # of a name and of a value
_MOST_EFFORT: Final = 16  # so that what is kept has a bound as well


def _condition(on: str, name: str, value: str, setting: Setting) -> Condition:
    """Make the condition of a pair, or take it from those made lately; approximate dates depend on the clock."""
    if len(name) > _MOST_LENGTH or len(value) > _MOST_LENGTH or "ap" in value:
        return names.condition(on, name, value, setting)
    known = _CONDITIONS.get((on, name, value, setting.base_url))
    if known is not None:
        setting.effort.spend(known[1])
        return known[0]
    before = setting.effort.spent
    made = names.condition(on, name, value, setting)
    effort = setting.effort.spent - before
    if effort <= _MOST_EFFORT:
        if len(_CONDITIONS) >= _MOST_KEPT:
            _CONDITIONS.clear()
        _CONDITIONS[on, name, value, setting.base_url] = made, effort
    return made


def _members(compartment: str) -> Iterable[str]:
    return COMPARTMENTS.get(compartment, {})


def _pair(reading: _Reading, name: str, value: str) -> None:
    """Take in one pair."""
    if "\x00" in name or "\x00" in value:
        raise OutcomeError(Issue("invalid", "search-value", text="A search parameter holds a NUL character."))
    if not name.isascii() or not value.isascii():
        try:
            (name + value).encode()
        except UnicodeEncodeError:
            text = "A search parameter holds half of a character (a lone surrogate)."
            raise OutcomeError(Issue("invalid", "search-value", text=text)) from None
    if not value.strip() or not name:
        text = f"Search parameter '{name[:100]}' has no value."
        reading.drop(Issue("invalid", "search-value-empty", f"http.{name[:100]}", text))
        return
    code, _, modifier = name.partition(":")
    if code in _RESULTS:
        if _RESULTS[code](reading, modifier, value):
            reading.applied.append((name, value))
        return
    if name in _PRESENTATION:
        reading.applied.append((name, value))
        return
    if reading.type is None and code.partition(".")[0] not in _EVERYWHERE and not _everywhere(reading, name):
        return
    reading.filters.append((name, value))
    reading.applied.append((name, value))


def _everywhere(reading: _Reading, name: str) -> bool:
    """Tell whether a filter may stand in a search over several types; parameters of single types are dropped."""
    if name in {"_text", "_content", "_list", "_filter"}:
        return True
    text = f"A search over several types has no parameter '{name[:100]}'."
    reading.drop(Issue("not-supported", "search-parameter-unknown", f"http.{name[:100]}", text))
    return False


# -- what shapes the answer: each returns whether it took effect --------------------------------------------------


def _count(reading: _Reading, _modifier: str, value: str) -> bool:
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise bad("_count", "must be a number of 0 or more.")
    reading.count = min(int(value), MOST_COUNT)
    return True


def _total(reading: _Reading, _modifier: str, value: str) -> bool:
    if value not in TOTALS:
        raise bad("_total", "is none, estimate or accurate.")
    reading.total = cast("Literal['none', 'estimate', 'accurate']", value)
    return True


def _summary(reading: _Reading, _modifier: str, value: str) -> bool:
    if value not in SUMMARIES:
        raise bad("_summary", "is true, text, data, count or false.")
    reading.summary = value
    return True


def _elements(reading: _Reading, _modifier: str, value: str) -> bool:
    for element in value.split(","):
        if not element.strip():
            raise bad("_elements", "names an empty element.")
        reading.elements.append(element.strip())
    return True


def _token(reading: _Reading, _modifier: str, value: str) -> bool:
    reading.token = value
    return False  # a page's self link has its own token, which the server adds


def _types(reading: _Reading, _modifier: str, value: str) -> bool:
    if reading.type is not None:
        reading.drop(
            Issue(
                "not-supported", "search-parameter-unknown", "http._type", "_type is for searches over several types."
            )
        )
        return False
    reading.types = reading.types or []
    for name in value.split(","):
        if name not in TYPE_CODES:
            raise bad("_type", f"'{name[:80]}' is no resource type.")
        if name not in reading.types:
            reading.types.append(name)
    return True


def _sort(reading: _Reading, _modifier: str, value: str) -> bool:
    keys_asked = value.split(",")
    if len(keys_asked) > MOST_SORTS:
        raise bad("_sort", f"has more than {MOST_SORTS} keys.")
    took = False
    for asked in keys_asked:
        found = sort_key(reading.type, asked.strip())
        if found is None:
            text = f"Sorting by '{asked[:80]}' is not supported."
            reading.drop(Issue("not-supported", "search-sort-unknown", "http._sort", text))
            continue
        reading.sort.append(found)
        took = True
    return took


def sort_key(resource_type: str | None, asked: str) -> Sort | None:
    """Understand one key of ``_sort``; None when it cannot be sorted by.

    Identifiers, contact points and canonical addresses stand in the index as digests, which have no order.
    """
    descending, code = asked.startswith("-"), asked.removeprefix("-")
    if code == "_id":
        return Sort("id", descending)
    if code == "_lastUpdated":
        return Sort("updated", descending)
    found = catalog.parameter(resource_type, code) if resource_type is not None else None
    if resource_type is None or found is None or catalog.united(resource_type, code):
        return None
    if found.kind == "date":
        if code == catalog.main_date(resource_type):
            return Sort("main", descending)
        return Sort("dx", descending, keys.kind_key(resource_type, code, "date"))
    if found.kind == "string":
        spelled, read = (keys.kind_key(resource_type, code, kind) for kind in ("text", "pinyin"))
        return Sort("sx", descending, spelled, read)
    if found.kind in {"number", "quantity"}:
        return Sort("qx", descending, keys.kind_key(resource_type, code, "number"))
    if found.kind == "uri" or (
        found.kind == "token" and not catalog.element_types(resource_type, code) & {"Identifier", "ContactPoint"}
    ):
        return Sort("term", descending, keys.kind_key(resource_type, code, "terms"))
    if found.kind == "reference" and "Reference" in catalog.element_types(resource_type, code):
        # This parameter names patients alone: where a row has its one patient inline, there is no other target.
        return Sort("reference", descending, keys.reference_salt(resource_type, code), inline=code == "patient")
    return None


def _include(reading: _Reading, modifier: str, value: str) -> bool:
    return _included(reading, modifier, value, reverse=False)


def _revinclude(reading: _Reading, modifier: str, value: str) -> bool:
    return _included(reading, modifier, value, reverse=True)


def _included(reading: _Reading, modifier: str, value: str, *, reverse: bool) -> bool:
    name = "_revinclude" if reverse else "_include"
    if modifier not in {"", "iterate", "recurse"}:
        raise bad(name, f"the modifier ':{modifier[:80]}' does not exist.")
    if len(reading.includes) >= MOST_INCLUDES:
        raise bad(name, f"more than {MOST_INCLUDES} of them.")
    found = _include_of(reading.type, value, iterate=bool(modifier), reverse=reverse)
    if isinstance(found, str):
        reading.drop(Issue("not-supported", "search-include-unknown", f"http.{name}", found))
        return False
    reading.includes.append(found)
    return True


def _include_of(searched: str | None, value: str, *, iterate: bool, reverse: bool) -> Include | str:
    """Understand an include; a text says why it can never find anything."""
    if value == "*":
        return Include("*", "*", None, reverse, iterate)
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    if source not in TYPE_CODES:
        return f"'{source[:80]}' is no resource type."
    if not code:
        return f"'{value[:80]}' names no parameter."
    if not reverse and not iterate and searched is not None and source != searched:
        return f"'{value[:80]}' starts from {source}, but the search is for {searched}."
    if target and target not in TYPE_CODES:
        return f"'{target[:80]}' is no resource type."
    if code != "*":
        found = catalog.parameter(source, code)
        if found is None or found.kind != "reference":
            return f"{source} has no reference parameter '{code[:80]}'."
        allowed = catalog.targets(source, code)
        wanted = target or (searched if reverse and not iterate else None)
        if wanted and wanted not in allowed:
            return f"{source}.{code} does not refer to {wanted}."
    return Include(source, code, target or None, reverse, iterate)


_RESULTS: Final = {
    "_count": _count,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_type": _types,
    "_sort": _sort,
    "_include": _include,
    "_revinclude": _revinclude,
    TOKEN: _token,
}
