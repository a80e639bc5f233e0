"""Sealed columns beside the record: what each holds, and the place that its bytes are bound to, so keys can change."""

from dataclasses import dataclass
from typing import Final

from xinglin.store.pool import Connection
from xinglin.store.vault.vault import Vault

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the vault seals.

    place: SQL text of what its bytes are bound to, as the functions that seal it say. only: the rows that are sealed.
    """

    table: str
    column: str
    key: str
    place: str
    domain: str = "accounts"
    only: str = "true"


# What stands in `ticket` lives for minutes and is not sealed anew: its key is kept until the last one is swept.
COLUMNS: Final = (
    Column("account", "name", "id", "'account/' || id || '/name'"),
    Column("account", "phone", "id", "'account/' || id || '/phone'"),
    Column("factor", "secret", "account, id", "'account/' || account || '/totp'", only="kind = 'totp'"),
    Column("proofing", "sealed", "account, id", "'proofing/' || account || '/' || id"),
    Column("dependant", "sealed", "account, id", "'dependant/' || account || '/' || id"),
    Column("dependant", "name", "account, id", "'dependant/' || account || '/' || id || '/name'"),
    Column("dependant", "born", "account, id", "'dependant/' || account || '/' || id || '/born'"),
    Column("contact", "address", "holder, channel", "'contact/' || holder || '/' || channel"),
    Column("app_key", "sealed", "kid", "'app_key/' || kid"),
    Column("signing_key", "sealed", "id", "'signing_key/' || id"),
)


async def reseal(connection: Connection, vault: Vault, column: Column, old: list[bytes]) -> int:
    """Seal anew at most `BATCH` values that the keys *old* (numbers, big-endian) sealed; gives how many were found.

    A value that somebody changed meanwhile is left alone.
    """
    names = ("bucket", *column.key.split(", "))
    found = await connection.fetch(
        f"SELECT {column.place} AS place, {column.column} AS sealed, {', '.join(names)} FROM {column.table} "
        f"WHERE {column.only} AND substring({column.column} FROM 1 FOR 1) = '\\x01' "
        f"AND substring({column.column} FROM 3 FOR 4) = ANY($1::bytea[]) LIMIT {BATCH}",
        old,
    )
    mine = " AND ".join(f"{name} = ${place}" for place, name in enumerate(names, 3))
    for record in found:
        place, sealed = record["place"].encode(), record["sealed"]
        await connection.execute(
            f"UPDATE {column.table} SET {column.column} = $1 WHERE {column.column} = $2 AND {mine}",
            vault.seal(column.domain, place, vault.open(place, sealed)), sealed, *(record[name] for name in names),
        )  # fmt: skip
    return len(found)
