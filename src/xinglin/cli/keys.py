"""`xinglin keys`."""

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings

WALKS: Final = 5
# Not a domain of data keys: the keys that sign identity tokens.
TOKENS: Final = "tokens"


def keys(
    do: Annotated[
        Literal["list", "rotate", "retire"],
        typer.Argument(help="`list` the data keys; `rotate` them; `retire` those that nothing names any more."),
    ],
    domain: Annotated[
        str, typer.Option(help="Only this domain; `tokens`: keys of identity tokens. Else: all that seal data.")
    ] = "",
) -> None:
    """Show or change the data keys, while others work; the master key stays where it is."""
    import asyncio
    import os

    from xinglin.cli.database import address, database
    from xinglin.settings import read
    from xinglin.store.vault.rotation import listed, retire

    with database(read(os.environ)) as settings:
        match do:
            case "list":
                for key in asyncio.run(listed(address(settings))):
                    typer.echo(f"{key.kid:>4}  {key.domain:<16} {key.alg:<8} {key.state:<8} {key.made}")
            case "rotate" if domain == TOKENS:
                asyncio.run(_rotate_tokens(settings))
            case "rotate":
                asyncio.run(_rotate(settings, domain))
            case "retire":
                gone = asyncio.run(retire(address(settings)))
                typer.echo(f"destroyed: {', '.join(map(str, gone))}" if gone else "nothing to destroy")


async def _rotate_tokens(settings: "Settings") -> None:
    from xinglin.app import create_registry, open_door
    from xinglin.server.oauth.addresses import SIGNS
    from xinglin.server.oauth.keys import rotate

    door = await open_door(settings, create_registry(settings))
    try:
        for alg in SIGNS:
            made = await rotate(door.store, door.vault, alg)
            typer.echo(f"{alg}: key {made['kid']} signs from now on; the one before stays published for a day")
    finally:
        await door.store.close()


async def _rotate(settings: "Settings", domain: str) -> None:
    import asyncpg
    from rich.console import Console
    from rich.progress import Progress

    from xinglin.cli.database import address
    from xinglin.store.vault.keys import DOMAINS, replace_key
    from xinglin.store.vault.keystore import FileKeyStore
    from xinglin.store.vault.rotation import reseal
    from xinglin.store.vault.vault import Vault

    store = FileKeyStore(settings.master_key)
    connection = await asyncpg.connect(address(settings))
    try:
        for one in (domain,) if domain else DOMAINS:
            typer.echo(f"{one}: key {await replace_key(connection, store, one)} seals from now on")
    finally:
        await connection.close()
    with Progress(console=Console(stderr=True)) as bar:
        shown = bar.add_task("sealing anew", total=1)
        # What others wrote with the old key during one walk is found by the next.
        for _ in range(WALKS):
            total = 0
            async for done, total in reseal(address(settings), Vault(store)):
                bar.update(shown, completed=done if total else 1, total=total or 1)
            if not total:
                break
