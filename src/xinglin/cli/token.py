"""`xinglin token`."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def token(
    account: Annotated[
        str, typer.Option("--as", help="Whose: an account of the demonstration, by role or login.", metavar="ACCOUNT")
    ],
    scope: Annotated[str, typer.Option(help="SMART scopes that narrow the account's rights.")] = "user/*.cruds",
    patient: Annotated[str, typer.Option(help="The patient that `patient/` scopes speak of.", metavar="ID")] = "",
) -> None:
    """Print an access token that lasts half an hour, for scripts; in a demonstration on loopback alone."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.fhir.outcome import OutcomeError
    from xinglin.settings import is_loopback, read

    # As `xinglin demo` decides it.
    on = {"XINGLIN_DEMO": "on"} if is_loopback(os.environ.get("XINGLIN_HOST") or "127.0.0.1") else {}
    try:
        with database(read(on | os.environ)) as settings:
            typer.echo(asyncio.run(_token(settings, account, scope, patient)))
    except OutcomeError as refused:
        typer.echo(refused.issues[0].text, err=True)
        raise typer.Exit(1) from None


async def _token(settings: "Settings", account: str, scope: str, patient: str) -> str:
    from xinglin.app import create_registry, open_door
    from xinglin.server.oauth.scripts import token_for
    from xinglin.server.oauth.service import create_oauth

    door = await open_door(settings, create_registry(settings))
    try:
        return await token_for(create_oauth(door, settings), account, scope=scope, patient=patient or None)
    finally:
        await door.store.close()
