"""Accounts as the officer names and sees them."""

from collections.abc import Iterable

from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, people
from xinglin.store.identity.people import Person

__all__ = ["Person", "account_named", "people_of"]


async def people_of(work: UnitOfWork, ids: Iterable[str]) -> dict[str, Person]:
    """Give the person of each account."""
    return await people.people_of(work.executor, work.vault, ids)


async def account_named(work: UnitOfWork, login: str) -> accounts.Account | None:
    """Find an account by its login name."""
    return await accounts.by_handle(work.executor, "login", work.vault.digest("login", login.strip().lower()))
