"""`xinglin invite`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def invite(
    login: Annotated[str, typer.Argument(help="Login name, such as li.xiuying.")],
    name: Annotated[str, typer.Option(help="Name of the person; needed the first time.")] = "",
    role: Annotated[str, typer.Option(help="Role to give, such as system-admin.")] = "",
    organization: Annotated[str, typer.Option(help="Institution, as Organization/ID; empty: the whole region.")] = "",
) -> None:
    """Invite a member of staff, such as the first administrators; print the link that sets password and app.

    No account exists that nobody made. Who has lost password and second factor is invited again in the same way.
    """
    import asyncio
    import os

    from xinglin.cli.database import database, migrated
    from xinglin.fhir.outcome import OutcomeError
    from xinglin.settings import read

    try:
        with database(read(os.environ)) as settings:
            migrated(settings)
            typer.echo(asyncio.run(_invited(settings, login, name, role, organization)))
    except OutcomeError as refused:
        for issue in refused.issues:
            typer.echo(issue.text, err=True)
        raise typer.Exit(1) from None


async def _invited(settings: "Settings", login: str, name: str, role: str, organization: str) -> str:
    from xinglin.app import create_registry, open_door
    from xinglin.capabilities.accounts.operations import staff
    from xinglin.capabilities.accounts.operations.limits import limits
    from xinglin.capabilities.accounts.operations.login import normal
    from xinglin.security.principal import SYSTEM
    from xinglin.store.identity import accounts

    door = await open_door(settings, create_registry(settings))
    try:
        async with door.work(SYSTEM) as work:
            known = await accounts.by_handle(work.executor, "login", work.vault.digest("login", normal(login)))
            if known is None:
                given = staff.Newcomer(login, name, organization=organization)
                id, ticket = await staff.hire(work, limits(settings), given)
            else:
                id, ticket = known.id, await staff.invite(work, limits(settings), known.id)
            if role:
                await staff.give_role(work, id, role)
    finally:
        await door.store.close()
    site = (settings.base_url or f"http://{settings.host}:{settings.port}").removesuffix("/fhir")
    return f"{site}/invitation/{ticket}"
