"""The list of commands, and how a refusal ends."""

import importlib
import sys
from typing import Final

import typer

from xinglin.settings import SettingsError

# In the order of the help page. Each is a function of that name in a module of that name; what it needs is imported
# inside the function, so that the help page is quick.
COMMANDS: Final = (
    "demo",
    "serve",
    "work",
    "simulate",
    "invite",
    "migrate",
    "load",
    "terminology",
    "city",
    "residents",
    "quality",
    "dump",
    "backup",
    "restore",
    "keys",
    "verify-signatures",
    "token",
    "check",
    "reindex",
    "audit",
    "fhirpath",
    "rules",
    "version",
)

USAGE_ERROR: Final = 2

app: Final = typer.Typer(
    name="xinglin",
    help="杏林: the Internet + medical health services of a region on one FHIR record.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback that shows local values would show patients' data.
    pretty_exceptions_enable=False,
)
for _name in COMMANDS:
    _function = _name.replace("-", "_")
    app.command(_name)(getattr(importlib.import_module(f"xinglin.cli.{_function}"), _function))


def main() -> None:
    """Run the command that the arguments name; settings that cannot be used end it with all their faults."""
    try:
        app()
    except SettingsError as refused:
        for fault in refused.faults:
            typer.echo(fault, err=True)
        sys.exit(USAGE_ERROR)
