"""May this person do this to that, and why (not)? Every condition of a decision, asked of the record one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

from xinglin.fhir.search import keys
from xinglin.fhir.search.persons import reached
from xinglin.fhir.search.query import Always, And, Condition, Keys, Not, Owned
from xinglin.security import labels
from xinglin.security.consents import Shield
from xinglin.security.grants import EVERYTHING, Reach, filled, unmet
from xinglin.security.principal import Principal
from xinglin.security.relations import WINDOWS
from xinglin.store.executor import Executor
from xinglin.store.rulebook import Rulebook
from xinglin.store.search import shield as shields
from xinglin.store.search.sql import Builder


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation.

    kind: role, purpose, need, reach, scope, consent, label, own, emergency, duty or record. name: of the grant, or what
    is asked. held: whether it speaks for access. detail: what was compared.
    """

    kind: str
    name: str
    held: bool
    detail: str = ""

    def __str__(self) -> str:
        """Write ``reach: care: no (_relation=…)``."""
        told = f"{self.kind}: {self.name}: {'yes' if self.held else 'no'}"
        return f"{told} ({self.detail})" if self.detail else told


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and the reasons, in the order they are asked."""

    allowed: bool
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: str
    name: str
    condition: Condition
    detail: str = ""
    against: bool = False  # what holds speaks against access


async def explain(
    executor: Executor,
    rulebook: Rulebook,
    who: Principal,
    interaction: str,
    on: str,
    id: str | None,
    *,
    base_url: str = "",
) -> Decision:
    """Decide as the door does, and say why. Without an id only what does not depend on the resource is asked."""
    reach = rulebook.reach(who, interaction, on)
    fixed, open_ = _grants(rulebook, who, interaction, on, reach, base_url)
    if id is None or reach.nothing:
        return Decision(not reach.nothing, tuple(fixed))
    asked = [*open_, *_narrowing(on, reach, base_url)]
    persons = executor.persons
    builder = Builder(lambda type: rulebook.reach(who, "search", type), base_url, persons)
    whole = shields.condition_of(on, reach, base_url) or Always()
    columns = [builder.check(on, reached(on, one.condition, persons), "r") for one in (*asked, _Asked("", "", whole))]
    named = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(columns))
    where = f"r.rid = {builder.key(keys.rid_of(on, id))} AND NOT r.deleted"
    found = await executor.fetch(f"SELECT {named} FROM res r WHERE {where}", *builder.values(executor.now))
    if not found:
        return Decision(allowed=False, why=(*fixed, Reason("record", f"{on}/{id}", held=False)))
    (row,) = found
    held = [row[f"c{place}"] != one.against for place, one in enumerate(asked)]
    reasons = [Reason(one.kind, one.name, held=yes, detail=one.detail) for one, yes in zip(asked, held, strict=True)]
    return Decision(row[f"c{len(asked)}"], (*fixed, *reasons))


def _grants(
    rulebook: Rulebook, who: Principal, interaction: str, on: str, reach: Reach, base_url: str
) -> tuple[list[Reason], list[_Asked]]:
    """Take the grants apart: what fails at once, and what the resource decides."""
    fixed: list[Reason] = []
    asked: list[_Asked] = []
    for grant in rulebook.grants:
        if grant.role not in who.roles or interaction not in grant.interactions or grant.on not in {on, "*"}:
            continue
        missing = tuple(unmet(grant, who))
        search = filled(grant.reach, who)
        if missing:
            kinds = [("purpose" if one == "purpose" else "need", one) for one in missing]
            fixed += [Reason(kind, grant.called, held=False, detail=one) for kind, one in kinds]
        elif search is None:
            fixed.append(Reason("reach", grant.called, held=False, detail=f"unknown: {grant.reach}"))
        elif search == EVERYTHING:
            fixed.append(Reason("reach", grant.called, held=True, detail="everything"))
        else:
            condition = shields.search_of(on, search, reach, base_url)
            asked.append(_Asked("reach", grant.called, condition, grant.reach))
            if reach.nothing:
                fixed.append(Reason("scope", grant.called, held=False))
    if not fixed and not asked:
        fixed.append(Reason("role", ",".join(sorted(who.roles)), held=False, detail=f"{interaction} {on}"))
    return fixed, asked


def _narrowing(on: str, reach: Reach, base_url: str) -> Iterator[_Asked]:
    for searches in reach.also:
        scopes = Reach(searches=searches, windows=reach.windows)
        condition = shields.condition_of(on, scopes, base_url) or Always()
        yield _Asked("scope", "scopes", condition, " or ".join(searches))
    if reach.shield is not None:
        yield from _shield(on, reach.shield, base_url)


def _shield(on: str, shield: Shield, base_url: str) -> Iterator[_Asked]:
    if shield.own:
        yield _Asked("own", "own record", Owned(tuple(keys.rid_of(*one.split("/", 1)) for one in shield.own)))
    if shield.who:
        emergency = shields.related(",".join(f"emergency|{one}" for one in shield.who), WINDOWS)
        yield _Asked("emergency", "break-glass", emergency)
    for search in shield.duties:
        yield _Asked("duty", "legal duty", shields.search_of(on, search, Reach(), base_url), search[:80])
    yield _Asked("consent", "denied by a consent", shields.denied(on, shield), against=True)
    five = Keys((labels.label_keys(on)["5"],), coded=True)
    opened = shields.opened_level_5(on, shield)
    yield _Asked("label", "level 5", And((five, Not(opened))), against=True)
