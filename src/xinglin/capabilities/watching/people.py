"""Who stands behind the accounts that the ledger names, for the officer's eyes alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, sealed


@dataclass(frozen=True, slots=True)
class Person:
    """An account as the desk shows it. login: empty when there is no such account (an app, the development user)."""

    id: str
    name: str
    login: str = ""


async def people_of(work: UnitOfWork, ids: Iterable[str]) -> dict[str, Person]:
    """Give the person of each account; what is no account is called by its id."""
    found = {}
    for id in dict.fromkeys(ids):
        account = await accounts.by_id(work.executor, id)
        found[id] = (
            Person(id, sealed.unseal(work.vault, sealed.name_place(id), account.name), account.login)
            if account is not None
            else Person(id, id)
        )
    return found


async def account_named(work: UnitOfWork, login: str) -> accounts.Account | None:
    """Find an account by its login name."""
    return await accounts.by_handle(work.executor, "login", work.vault.digest("login", login.strip().lower()))
