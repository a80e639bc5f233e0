"""Who stands behind the accounts that the ledger names, for officers' eyes alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from xinglin.store.executor import Executor
from xinglin.store.identity import accounts, sealed
from xinglin.store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Person:
    """An account as officers see it. login: empty when there is no such account (an app, the development user)."""

    id: str
    name: str
    login: str = ""


async def people_of(executor: Executor, vault: Vault, ids: Iterable[str]) -> dict[str, Person]:
    """Give the person of each account; what is no account is called by its id."""
    found = {}
    for id in dict.fromkeys(ids):
        account = await accounts.by_id(executor, id)
        found[id] = (
            Person(id, sealed.unseal(vault, sealed.name_place(id), account.name), account.login)
            if account is not None
            else Person(id, id)
        )
    return found
