"""Transitive closures that callers maintain ($closure): the codes of each, and the relations between them."""

from collections.abc import Iterable
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import bucket_of
from xinglin.store.terminology.systems import newest, systems
from xinglin.store.transaction import Transaction

MOST_CODES: Final = 10_000  # of one closure

Pair = tuple[str, str]  # system, code


async def begin(transaction: Transaction, owner: str, name: str) -> None:
    """Make a closure of the caller, or empty the one of that name."""
    key = bucket_of(name), owner, name
    await transaction.lock([f"closure\x1f{owner}\x1f{name}"])
    await transaction.fetch("DELETE FROM closure WHERE bucket = $1 AND owner = $2 AND name = $3", *key)
    await transaction.fetch(
        "INSERT INTO closure_name VALUES ($1, $2, $3, 0) ON CONFLICT (bucket, owner, name) DO UPDATE SET version = 0",
        *key,
    )


async def version_of(transaction: Transaction, owner: str, name: str) -> int:
    """Give the version of a closure, holding it; OutcomeError 404 when the caller has none of that name."""
    await transaction.lock([f"closure\x1f{owner}\x1f{name}"])
    found = await transaction.fetch(
        "SELECT version FROM closure_name WHERE bucket = $1 AND owner = $2 AND name = $3",
        *(bucket_of(name), owner, name),
    )
    if not found:
        text = f"There is no closure {name[:80]!r}; begin it by a call without concepts."
        raise OutcomeError(Issue("not-found", "closure-unknown", "name", text))
    return int(found[0]["version"])


async def add(transaction: Transaction, owner: str, name: str, codes: Iterable[Pair]) -> int:
    """Add codes under the next version, which is given; those that are there keep theirs."""
    version = await version_of(transaction, owner, name) + 1
    pairs = list(dict.fromkeys(codes))
    key = bucket_of(name), owner, name
    held = await transaction.fetch(
        "SELECT count(*) AS n FROM closure WHERE bucket = $1 AND owner = $2 AND name = $3", *key
    )
    if int(held[0]["n"]) + len(pairs) > MOST_CODES:
        text = f"A closure has at most {MOST_CODES} codes."
        raise OutcomeError(Issue("too-costly", "closure-large", "concept", text), status=422)
    await transaction.fetch(
        "INSERT INTO closure SELECT $1, $2, $3, s.system, s.code, $4"
        " FROM unnest($5::text[], $6::text[]) AS s(system, code) ON CONFLICT DO NOTHING",
        *(*key, version, [system for system, _ in pairs], [code for _, code in pairs]),
    )
    await transaction.fetch(
        "UPDATE closure_name SET version = $4 WHERE bucket = $1 AND owner = $2 AND name = $3", *key, version
    )
    return version


async def relations(transaction: Transaction, owner: str, name: str, since: int) -> list[tuple[str, str, str]]:
    """Give (system, code, code above it) of every two codes of which one came after version *since*."""
    each = newest(await systems(transaction))
    found = await transaction.fetch(
        """
        SELECT b.system, b.code, t.ancestor
        FROM closure b
        JOIN unnest($5::text[], $6::int8[]) AS s(url, sid) ON s.url = b.system
        JOIN concept_below t ON t.sid = s.sid AND t.code = b.code
        JOIN closure a ON a.bucket = b.bucket AND a.owner = b.owner AND a.name = b.name AND a.system = b.system
                      AND a.code = t.ancestor
        WHERE b.bucket = $1 AND b.owner = $2 AND b.name = $3 AND (a.version > $4 OR b.version > $4)
        ORDER BY b.system, b.code, t.ancestor
        """,
        *(bucket_of(name), owner, name, since),
        *([one.url for one in each], [one.sid for one in each]),
    )
    return [(row["system"], row["code"], row["ancestor"]) for row in found]
