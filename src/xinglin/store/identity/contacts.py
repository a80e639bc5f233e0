"""Where people are told besides the phone of their record: WeChat and mail, each confirmed by its holder, sealed."""

from collections.abc import Mapping
from datetime import datetime

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor
from xinglin.store.identity import sealed
from xinglin.store.vault.vault import Vault


async def of_holder(executor: Executor, vault: Vault, holder: str) -> Mapping[str, str]:
    """Give the addresses of a Patient or Practitioner (``Patient/1``) by channel."""
    found = await executor.fetch(
        "SELECT channel, address FROM contact WHERE bucket = $1 AND holder = $2", _bucket(holder), holder
    )
    return {row["channel"]: sealed.unseal(vault, place(holder, row["channel"]), row["address"]) for row in found}


async def bind(executor: Executor, vault: Vault, holder: str, channel: str, address: str, now: datetime) -> None:
    """Keep an address that its holder has confirmed; it takes the place of the one before."""
    await executor.fetch(
        "INSERT INTO contact (bucket, holder, channel, address, made) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (bucket, holder, channel) DO UPDATE SET address = excluded.address, made = excluded.made",
        *(_bucket(holder), holder, channel, sealed.seal(vault, place(holder, channel), address), now),
    )


async def release(executor: Executor, holder: str, channel: str) -> bool:
    """Forget an address; False when there was none."""
    found = await executor.fetch(
        "DELETE FROM contact WHERE bucket = $1 AND holder = $2 AND channel = $3 RETURNING channel",
        *(_bucket(holder), holder, channel),
    )
    return bool(found)


def place(holder: str, channel: str) -> str:
    """Where an address is sealed for."""
    return f"contact/{holder}/{channel}"


def _bucket(holder: str) -> int:
    return bucket_of(holder.rpartition("/")[2])
