"""`xinglin simulate`: outside systems for a demonstration or a test, never for real."""

from typing import Annotated

import typer


def simulate(
    names: Annotated[list[str] | None, typer.Argument(help="Which systems; all of them when none is named.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8090,
) -> None:
    """Simulate outside systems at http://127.0.0.1:PORT/NAME, with faults by POST /NAME/faults; mail at PORT + 1."""
    import os

    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    from xinglin.simulators import town

    known = town.names()
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        typer.echo(f"No such system: {', '.join(unknown)}. There are {', '.join(known)}.", err=True)
        raise typer.Exit(2)
    os.environ[town.VARIABLE] = ",".join(names or known)
    os.environ.setdefault("SIMULATED_SMTP", str(port + 1))
    typer.echo("Outside systems, simulated:")
    for name in names or known:
        typer.echo(f"  http://127.0.0.1:{port}/{name}  {town.title(name)}")
    MPServer(
        "xinglin.simulators.town:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        workers=1,
        http=HTTPModes.http1,
        factory=True,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()
