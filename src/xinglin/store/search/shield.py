"""Rights as conditions: reaches that speak of relations and permits, and the shield of consents and labels.

The formula stands in docs/trust.md (semantics of a decision). Time is an argument of each statement (`Moment`), so that
statements are kept whenever they run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from xinglin.fhir.search import keys, names
from xinglin.fhir.search.conditions import union
from xinglin.fhir.search.persons import NOBODY, Persons, reached
from xinglin.fhir.search.query import And, Condition, Keys, Never, Not, Or, Owned, Related, Ruled
from xinglin.fhir.sources import cites
from xinglin.security import consents, labels, relations
from xinglin.security.consents import ANY, Shield
from xinglin.security.grants import PERMIT, RELATION, Reach
from xinglin.security.relations import Windows
from xinglin.store.executor import microseconds

if TYPE_CHECKING:
    from xinglin.store.search.sql import Builder

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """Stands for a time among the arguments of a statement, until it runs.

    back_us: so long before now. zone, edge: first or last microsecond of the day that it is there.
    """

    back_us: int = 0
    zone: str = ""
    edge: Literal["", "first", "last"] = ""

    def at(self, now: datetime) -> int:
        """Give the time in microseconds since the epoch."""
        if not self.edge:
            return microseconds(now) - self.back_us
        local = now.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.edge == "first":
            return microseconds(local.astimezone(UTC))
        return microseconds((local + timedelta(days=1)).astimezone(UTC)) - 1


def timed(args: Sequence[object], now: datetime) -> list[object]:
    """Put times where moments stand among arguments."""
    return [one.at(now) if isinstance(one, Moment) else one for one in args]


# -- reaches --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16_384)
def condition_of(type: str, reach: Reach, base_url: str, persons: Persons = NOBODY) -> Condition | None:
    """Turn a reach into a condition on *type*, of persons; None when nothing is hidden."""
    if reach.whole:
        return None
    if persons:
        plain = condition_of(type, reach, base_url)
        return reached(type, plain, persons) if plain is not None else None
    parts: list[Condition] = []
    if not reach.everything:
        parts.append(_any(type, reach.searches, reach, base_url))
    parts += [_any(type, searches, reach, base_url) for searches in reach.also]
    if reach.shield is not None:
        parts.append(unwithheld(type, reach.shield, base_url))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def bare_of(type: str, reach: Reach, base_url: str, persons: Persons = NOBODY) -> Condition:
    """Give what of *type* is shown without masks."""
    return reached(type, _any(type, reach.bare, reach, base_url), persons)


def _any(type: str, searches: Sequence[str], reach: Reach, base_url: str) -> Condition:
    found = [search_of(type, search, reach, base_url) for search in searches]
    return (
        union([one.of[0] if isinstance(one, And) and len(one.of) == 1 else one for one in found]) if found else Never()
    )


def search_of(type: str, search: str, reach: Reach, base_url: str) -> Condition:
    """Read one search of a reach, which may speak of relations and permits."""
    if RELATION not in search and PERMIT not in search:
        return names.criteria(type, search, base_url)
    rest: list[tuple[str, str]] = []
    parts: list[Condition] = []
    for name, value in parse_qsl(search, keep_blank_values=True):
        if name == RELATION:
            parts.append(related(value, reach.windows))
        elif name == PERMIT:
            parts.append(permitted(reach.shield or Shield(), value))
        else:
            rest.append((name, value))
    if rest:
        parts.append(names.criteria(type, urlencode(rest), base_url))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


@cites("R7-032")
def related(value: str, windows: Windows) -> Condition:
    """Make the condition of ``order|Practitioner/1,encounter|Practitioner/1``; kinds that hold alike stand together."""
    by_window: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for pair in value.split(","):
        kind, _, who = pair.partition("|")
        by_window.setdefault(_window(kind, windows), []).append((kind, who))
    made = [
        Related(
            tuple(relations.base_key(kind, who) for kind, who in pairs),
            tuple(relations.patient_salt(kind, who) for kind, who in pairs),
            grace,
            zone,
        )
        for (grace, zone), pairs in by_window.items()
    ]
    return made[0] if len(made) == 1 else Or(tuple(made))


def _window(kind: str, windows: Windows) -> tuple[int, str]:
    if kind == "encounter":
        return windows.grace_hours * HOUR_US, ""
    return (0, windows.zone) if kind == "appointment" else (0, "")


def permitted(shield: Shield, purpose: str) -> Ruled:
    """A Consent of the patient permits *purpose*, by name, to the principal."""
    asked = Shield(actors=shield.actors, purposes=(purpose,))
    return Ruled(consents.mark_salt("permit"), _keys("permit", asked, (ANY,), named=True))


# -- what consents and labels withhold ------------------------------------------------------------------------------


@cites("R7-002", "R7-017", "R7-031", "R7-032")
def unwithheld(type: str, shield: Shield, base_url: str = "") -> Condition:
    """Make the condition that neither a consent nor a label withholds a resource of *type*.

    One's own record is never withheld; an emergency opens what a consent denies; a legal duty opens what it names.
    """
    whos = shield.who
    open_ = And((Not(denied(type, shield)), opened_level_5(type, shield)))
    ways: list[Condition] = [open_]
    if shield.own:
        own = Owned(tuple(keys.rid_of(*one.split("/", 1)) for one in shield.own))
        ways.insert(0, own)
    if whos:
        ways.append(related(",".join(f"emergency|{one}" for one in whos), Windows()))
    ways += [names.criteria(type, search, base_url) if search else _ALWAYS for search in shield.duties]
    return Or(tuple(ways)) if len(ways) > 1 else open_


_ALWAYS = And(())


def denied(type: str, shield: Shield) -> Ruled:
    """A Consent of a patient denies the principal this type, or data with a label that the resource has."""
    classes = (ANY, f"type:{type}", f"class:{labels.class_of(type)}")
    marks = labels.label_keys(type)
    return Ruled(
        consents.mark_salt("deny"),
        _keys("deny", shield, classes),
        tuple((key, _keys("deny", shield, (f"label:{label}",))) for label, key in sorted(marks.items())),
        _keys("except", shield, classes),
        tuple((key, _keys("except", shield, (f"label:{label}",))) for label, key in sorted(marks.items())),
        member=consents.MEMBER,
    )


@cites("R7-031")
def opened_level_5(type: str, shield: Shield) -> Condition:
    """What is of level 5 is for whoever attends the patient now, and for whom a Consent names that class."""
    marks = labels.label_keys(type)
    named = Ruled(
        consents.mark_salt("permit"),
        (),
        tuple((key, _keys("permit", shield, (f"label:{label}",))) for label, key in sorted(marks.items())),
    )
    ways: list[Condition] = [Not(Keys((marks["5"],), coded=True)), named]
    if shield.who:
        ways.append(related(",".join(f"encounter|{one}" for one in shield.who), shield.windows))
    return Or(tuple(ways))


def _keys(kind: str, shield: Shield, classes: Sequence[str], *, named: bool = False) -> tuple[int, ...]:
    return tuple(consents.term_key(kind, term) for term in consents.terms_asked(shield, classes, named=named))


# -- SQL ------------------------------------------------------------------------------------------------------------


def check(builder: "Builder", condition: Owned | Related | Ruled, row: str) -> str:
    """Write SQL that is true or false for the row of ``res`` with alias *row*."""
    match condition:
        case Owned(pats):
            return f"({row}.pat IS NOT NULL AND {row}.pat = ANY({builder.arg(list(pats), 'int8[]')}))"
        case Related():
            d = builder.alias("d")
            return f"EXISTS (SELECT FROM dx {d} WHERE {_probe(builder, condition, d, f'{row}.pat')})"
        case Ruled():
            return _ruled(builder, condition, row)


def _probe(builder: "Builder", asked: Related, d: str, pat: str) -> str:
    salts = ", ".join(f"{builder.key(salt)} # {pat}" for salt in asked.salts)
    return f"{d}.key = ANY(ARRAY[{salts}]) AND {live(builder, asked, d)}"


def live(builder: "Builder", asked: Related, d: str) -> str:
    """Say that the relation in the row *d* of dx holds now."""
    if asked.zone:
        latest, earliest = Moment(zone=asked.zone, edge="last"), Moment(zone=asked.zone, edge="first")
    else:
        latest, earliest = Moment(), Moment(asked.grace_us)
    return f"{d}.lo <= {builder.arg(latest, 'int8')} AND {d}.hi > {builder.arg(earliest, 'int8')}"


def patients(builder: "Builder", asked: Related) -> str:
    """Write the query of all patients (column rid) with such a relation."""
    d, s = builder.alias("d"), builder.alias("s")
    return (
        f"SELECT {s}.pat AS rid FROM dx {d} JOIN res {s} ON {s}.rid = {d}.rid"
        f" WHERE {d}.key = ANY({builder.arg(list(asked.keys), 'int8[]')}) AND {live(builder, asked, d)}"
        f" AND {s}.pat IS NOT NULL"
    )


def _ruled(builder: "Builder", asked: Ruled, row: str) -> str:
    alone = _marked(builder, asked, row, f"{builder.key(asked.mark)} # {row}.pat")
    if not asked.member:
        return f"({row}.pat IS NOT NULL AND {alone})"
    k = builder.alias("k")
    several = _marked(builder, asked, row, f"{builder.key(asked.mark ^ asked.member)} # {k}")
    return (
        f"CASE WHEN {row}.pat IS NOT NULL THEN {alone}"
        f" ELSE EXISTS (SELECT FROM unnest({row}.keys) {k} WHERE {several}) END"
    )


def _marked(builder: "Builder", asked: Ruled, row: str, key: str) -> str:
    m, d = builder.alias("m"), builder.alias("d")
    meant = _meant(builder, asked.terms, asked.labelled, d, row)
    inner = f"EXISTS (SELECT FROM dx {d} WHERE {d}.rid = {m}.rid AND {_now(builder, d)} AND {meant})"
    if asked.unless or asked.unlabelled:
        e = builder.alias("d")
        excepted = _meant(builder, asked.unless, asked.unlabelled, e, row)
        inner += f" AND NOT EXISTS (SELECT FROM dx {e} WHERE {e}.rid = {m}.rid AND {_now(builder, e)} AND {excepted})"
    return f"EXISTS (SELECT FROM dx {m} WHERE {m}.key = {key} AND {_now(builder, m)} AND {inner})"


def _now(builder: "Builder", d: str) -> str:
    now = builder.arg(Moment(), "int8")
    return f"{d}.lo <= {now} AND {d}.hi > {now}"


def _meant(
    builder: "Builder",
    terms: tuple[int, ...],
    labelled: tuple[tuple[int, tuple[int, ...]], ...],
    d: str,
    row: str,
) -> str:
    ways = [f"{d}.key = ANY({builder.arg(list(terms), 'int8[]')})"] if terms else []
    ways += [
        f"({builder.key(label)} = ANY({row}.keys) AND {d}.key = ANY({builder.arg(list(named), 'int8[]')}))"
        for label, named in labelled
    ]
    return "(" + (" OR ".join(ways) or "false") + ")"
