"""`xinglin demo`: the whole platform on this machine, for whoever wants to look at it."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from xinglin.settings import Settings


def demo() -> None:
    """Start everything on this machine with demonstration records; Ctrl-C ends all of it and keeps the data."""
    import os
    from dataclasses import replace

    from xinglin.cli.database import database, migrated
    from xinglin.cli.ports import free_port
    from xinglin.cli.processes import Stop
    from xinglin.settings import read

    defaults = {"XINGLIN_DESIGN_PAGE": "on", "XINGLIN_LOG_LEVEL": "warning", "XINGLIN_LOG_FORMAT": "console"}
    wanted = read(defaults | os.environ)
    try:
        with database(wanted) as settings:
            migrated(settings)
            _load(settings)
            port = free_port(settings.host, settings.port)
            if port != settings.port:
                typer.echo(f"Port {settings.port} is taken; using {port}.")
            _run(replace(settings, port=port))
    except Stop:
        typer.echo("\nStopped. The data stays in " + str(wanted.data_dir.absolute()))


def _run(settings: "Settings") -> None:
    """Serve and work until one of the two ends, which is a failure, or Stop is raised."""
    import os

    from xinglin.cli.ports import answers
    from xinglin.cli.processes import command, first_to_end
    from xinglin.settings import environment

    # Nothing but what we read ourselves: an empty variable would count as not set.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    variables |= environment(settings)
    patience = settings.drain_seconds + 5.0
    with (
        command("work", environment=variables, patience=patience) as worker,
        command("serve", environment=variables, patience=patience) as server,
    ):
        if answers(_address(settings, "/health/ready"), seconds=30, alive=lambda: server.poll() is None):
            typer.echo(_what_to_open(settings))
        name, code = first_to_end({"serve": server, "work": worker})
        typer.echo(f"xinglin {name} ended with {code}; see above.", err=True)
        raise typer.Exit(1)


def _address(settings: "Settings", path: str) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{path}"


def _what_to_open(settings: "Settings") -> str:
    return f"""
杏林 is running.

  Pages          {_address(settings, "/")}
  FHIR           {_address(settings, "/fhir/Patient")}
  What it can    {_address(settings, "/fhir/metadata")}
  Components     {_address(settings, "/design")}

Ctrl-C stops it; the data stays in {settings.data_dir.absolute()}.
"""


def _load(settings: "Settings") -> None:
    """Load the demonstration records, once."""
