"""Changing data keys while others work: a new key seals at once, what older ones sealed is sealed anew in batches.

A batch that was interrupted is found again, as its bytes still name the old key. A body that somebody else changed
meanwhile is left alone: it was sealed by the new key.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

from xinglin.fhir.search.keys import TYPE_NAMES
from xinglin.store.faults import answered
from xinglin.store.pool import Connection, Pool
from xinglin.store.vault import columns
from xinglin.store.vault.columns import COLUMNS
from xinglin.store.vault.keys import CHANGED, take_keys
from xinglin.store.vault.sealed import dictionary_place, domain_of
from xinglin.store.vault.vault import INDEX, SIGNS, Vault

BATCH: Final = 500
LIMIT_MS: Final = 600_000
RETIRE_AFTER: Final = "10 minutes"
"""How long a key that seals nothing more is kept at least: every process looks for new keys each minute."""

_KID: Final = Struct(">I")
# The number of the key stands in bytes 3 to 6 of what it sealed.
_OLD: Final = "enc < 0 AND substring(body FROM 3 FOR 4) = ANY($1::bytea[])"
_BATCH: Final = {
    "res": f"SELECT bucket, rid, 0 AS vid, rt, id, body FROM res WHERE (bucket, rid) > ($2, $3) AND {_OLD} "
    f"ORDER BY bucket, rid LIMIT {BATCH}",
    "hist": f"SELECT bucket, rid, vid, rt, id, body FROM hist WHERE (bucket, rid, vid) > ($2, $3, $4) AND {_OLD} "
    f"ORDER BY bucket, rid, vid LIMIT {BATCH}",
}
_N: Final = "unnest($1::int4[], $2::int8[], $3::int4[], $4::bytea[], $5::bytea[]) AS n(bucket, rid, vid, old, new)"
_UPDATE: Final = {
    "res": f"UPDATE res SET body = n.new FROM {_N} "
    "WHERE res.bucket = n.bucket AND res.rid = n.rid AND res.body = n.old",
    "hist": f"UPDATE hist SET body = n.new FROM {_N} "
    "WHERE hist.bucket = n.bucket AND hist.rid = n.rid AND hist.vid = n.vid AND hist.body = n.old",
}
_COUNT: Final = "SELECT (SELECT count(*) FROM res WHERE {old}) + (SELECT count(*) FROM hist WHERE {old})"
_FIRST: Final = (-1, -(2**63), 0)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One data key: its number, domain, algorithm, state, and when it was made."""

    kid: int
    domain: str
    alg: str
    state: str
    made: str


async def listed(dsn: str) -> tuple[KeyUse, ...]:
    """Give all data keys, newest last."""
    async with answered():
        connection = await _pool(dsn).connect()
        try:
            sql = "SELECT kid, domain, alg, state, made::date::text FROM data_key ORDER BY kid"
            found = await connection.fetch(sql)
            return tuple([KeyUse(*record) for record in found])
        finally:
            await connection.close(timeout=5)


async def reseal(dsn: str, vault: Vault) -> AsyncIterator[tuple[int, int]]:
    """Seal anew whatever keys that are no longer active have sealed; yields (done, of how many) after each batch."""
    async with answered():
        connection = await _pool(dsn).connect()
        try:
            await take_keys(connection, vault)
            old = [_KID.pack(r["kid"]) for r in await connection.fetch("SELECT kid FROM data_key WHERE state = 'old'")]
            total: int = await connection.fetchval(_COUNT.format(old=_OLD), old)
            done = 0
            yield done, total
            await _dictionaries(connection, vault, old)
            for column in COLUMNS:
                while count := await columns.reseal(connection, vault, column, old):
                    done += count
                    yield done, max(done, total)
            for table in ("res", "hist"):
                place = _FIRST
                while records := await connection.fetch(_BATCH[table], old, *place[: 2 if table == "res" else 3]):
                    await connection.execute(_UPDATE[table], *_anew(vault, records))
                    place = records[-1]["bucket"], records[-1]["rid"], records[-1]["vid"]
                    done += len(records)
                    yield done, max(done, total)
        finally:
            await connection.close(timeout=5)


async def retire(dsn: str) -> tuple[int, ...]:
    """Destroy keys that ceased to seal and that nothing in the database names any more; gives their numbers.

    Keys that sign are kept: their public half verifies what they signed.
    """
    async with answered():
        connection = await _pool(dsn).connect()
        try:
            async with connection.transaction():
                found = await connection.fetch(
                    "SELECT kid FROM data_key WHERE state = 'old' AND domain <> $1 AND NOT starts_with(domain, $2) "
                    "AND closed < now() - $3::text::interval FOR UPDATE",
                    INDEX, SIGNS, RETIRE_AFTER,
                )  # fmt: skip
                unused = tuple([r["kid"] for r in found if not await _named(connection, r["kid"])])
                await connection.execute(
                    "UPDATE data_key SET state = 'retired', wrapped = NULL WHERE kid = ANY($1::int4[])", unused
                )
                await connection.execute("SELECT pg_notify($1, '')", CHANGED)
            return unused
        finally:
            await connection.close(timeout=5)


async def _named(connection: Connection, kid: int) -> bool:
    """Tell whether any column of any table begins as something does that the key has sealed."""
    columns = await connection.fetch(
        "SELECT quote_ident(table_name) AS t, quote_ident(column_name) AS c FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type = 'bytea' "
        "AND table_name <> 'data_key'"
    )
    for column in columns:
        there = f"SELECT EXISTS (SELECT FROM {column['t']} WHERE substring({column['c']} FROM 3 FOR 4) = $1 AND "
        if await connection.fetchval(there + f"substring({column['c']} FROM 1 FOR 1) = '\\x01')", _KID.pack(kid)):
            return True
    return False


def _anew(vault: Vault, records: list[Any]) -> tuple[list[Any], ...]:
    made = []
    for record in records:
        rt = TYPE_NAMES[record["rt"]]
        place = f"{rt}/{record['id']}".encode()
        made.append(vault.seal(_domain(rt), place, vault.open(place, record["body"])))
    return (*([r[name] for r in records] for name in ("bucket", "rid", "vid", "body")), made)


async def _dictionaries(connection: Connection, vault: Vault, old: list[bytes]) -> None:
    sql = "SELECT enc, rt, bytes FROM dict WHERE sealed AND substring(bytes FROM 3 FOR 4) = ANY($1::bytea[])"
    for record in await connection.fetch(sql, old):
        place = dictionary_place(record["enc"])
        anew = vault.seal(_domain(TYPE_NAMES[record["rt"]]), place, vault.open(place, record["bytes"]))
        await connection.execute("UPDATE dict SET bytes = $2 WHERE enc = $1", record["enc"], anew)


def _domain(rt: str) -> str:
    # A type that was sealed by an earlier version, and is no longer, goes on under the key of most.
    return domain_of(rt) or "clinical"


def _pool(dsn: str) -> Pool:
    return Pool(dsn, 1, timeout_ms=LIMIT_MS, session={"enable_seqscan": "on"})
