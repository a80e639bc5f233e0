"""`xinglin audit`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xinglin.security.ledger import Head
    from xinglin.settings import Settings
    from xinglin.store.ledger.verify import Verified
    from xinglin.store.store import Store


def audit(
    do: Annotated[
        Literal["verify", "head", "prove"],
        typer.Argument(help="`verify` the ledger; print or send its signed `head`; `prove` that ENTRY is in it."),
    ],
    entry: Annotated[int | None, typer.Argument(help="Number of an entry, the id of its AuditEvent.")] = None,
    begin: Annotated[str, typer.Option("--from", help="Verify entries from this date on.")] = "",
    end: Annotated[str, typer.Option("--to", help="Verify entries before this date.")] = "",
    witness: Annotated[Path | None, typer.Option(help="File of heads kept elsewhere, one as JSON a line.")] = None,
    send: Annotated[str, typer.Option(help="Address of a witness that the head is sent to.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the head as one line of JSON.")] = False,
) -> None:
    """Check the audit ledger, and give proofs of it that others can check."""
    import asyncio
    import os

    from xinglin.cli.database import database
    from xinglin.settings import read

    with database(read(os.environ)) as settings:
        match do:
            case "verify":
                found = asyncio.run(_verify(settings, begin, end, _heads(witness)))
                _tell(found)
                if found.faults:
                    raise typer.Exit(1)
            case "head":
                asyncio.run(_head(settings, send, as_json=json))
            case "prove":
                if entry is None:
                    typer.echo("Say which entry.", err=True)
                    raise typer.Exit(2)
                asyncio.run(_prove(settings, entry))


async def _open(settings: "Settings") -> "Store":
    from xinglin.app import create_registry, open_door

    return (await open_door(settings, create_registry(settings))).store


async def _verify(settings: "Settings", begin: str, end: str, heads: "Sequence[Head]") -> "Verified":
    from datetime import timedelta

    from rich.console import Console

    from xinglin.store.executor import EPOCH
    from xinglin.store.ledger.verify import NEVER, verify

    store = await _open(settings)
    try:
        # A whole month goes at once, when its last day may.
        kept_from = store.now - timedelta(days=settings.audit_days)
        with Console(stderr=True).status("verifying") as status:
            return await verify(
                store.dsn,
                store.vault,
                kept_from=kept_from,
                begin=_instant(begin) if begin else EPOCH,
                end=_instant(end) if end else NEVER,
                witnessed=heads,
                progress=lambda count: status.update(f"verifying: {count:,} entries"),
            )
    finally:
        await store.close()


def _tell(found: "Verified") -> None:
    for fault in found.faults:
        typer.echo(f"{fault.kind}: {f'entry {fault.entry}: ' if fault.entry is not None else ''}{fault.text}")
    kept = f", {found.expired:,} expired" if found.expired else ""
    unsigned = f" ({found.unsigned:,} unsigned)" if found.unsigned else ""
    typer.echo(
        f"{found.entries:,} entries{kept}, {found.size:,} leaves, {found.heads:,} heads{unsigned}: "
        f"{len(found.faults):,} faults"
    )
    typer.echo(f"root {found.root.hex()}")


async def _head(settings: "Settings", send: str, *, as_json: bool) -> None:
    import json

    store = await _open(settings)
    try:
        head = await store.sequencer.head()
        if as_json:
            typer.echo(json.dumps(head.document()))
        else:
            typer.echo(head.text().decode(), nl=False)
            typer.echo(f"signature {head.signature.hex() or 'none'}")
        if send:
            typer.echo(await _sent(store, head, send.rstrip("/")))
    finally:
        await store.close()


async def _sent(store: "Store", head: "Head", witness: str) -> str:
    """Send a head with the proof that it goes on from the last that the witness knows."""
    import httpx

    from xinglin.security.ledger import head_of

    try:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            known = (await client.get(f"{witness}/heads")).raise_for_status().json()
            path: tuple[bytes, ...] = ()
            last = head_of(known[-1]) if known else None
            if last is not None and last.size < head.size:
                path = (await store.proofs.consistency(last.size, head.size)).path
            body = {"head": head.document(), "path": [one.hex() for one in path]}
            answer = await client.post(f"{witness}/heads", json=body)
    except (httpx.HTTPError, ValueError) as fault:
        typer.echo(f"The witness does not answer as it should: {fault}", err=True)
        raise typer.Exit(1) from None
    if answer.status_code != 200:
        typer.echo(f"The witness refuses the head: {answer.text[:500]}", err=True)
        raise typer.Exit(1)
    return f"kept by {witness}"


async def _prove(settings: "Settings", entry: int) -> None:
    import json

    from xinglin.fhir.outcome import OutcomeError

    store = await _open(settings)
    try:
        await store.sequencer.sequence()
        proof = await store.proofs.inclusion(entry)
    except OutcomeError as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    finally:
        await store.close()
    told = {
        "entry": proof.id,
        "index": proof.index,
        "size": proof.size,
        "leaf": proof.leaf.hex(),
        "root": proof.root.hex(),
        "path": [one.hex() for one in proof.path],
    }
    typer.echo(json.dumps(told))


def _heads(file: Path | None) -> "Sequence[Head]":
    import json

    from xinglin.security.ledger import head_of

    if file is None:
        return ()
    try:
        return [head_of(json.loads(line)) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, TypeError) as fault:
        typer.echo(f"{file}: {fault}", err=True)
        raise typer.Exit(2) from None


def _instant(text: str) -> datetime:
    from datetime import timedelta, timezone

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        typer.echo(f"{text}: no date such as 2026-11-22", err=True)
        raise typer.Exit(2) from None
    # A date without an offset is one of Beijing.
    return found if found.tzinfo else found.replace(tzinfo=timezone(timedelta(hours=8)))
