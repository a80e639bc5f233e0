"""`xinglin fhirpath`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable


def fhirpath(
    expression: Annotated[str | None, typer.Argument(help="A FHIRPath expression; with --suite a file.")] = None,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Resources as JSON or XML; - reads standard input.")
    ] = None,
    suite: Annotated[Path | None, typer.Option(help="Run the tests of this file, in the official form.")] = None,
) -> None:
    """Evaluate a FHIRPath expression on resources: one line of JSON per result, with type and value.

    With --suite, run tests instead: one line per failure, then the count. Their inputs lie beside the file.
    """
    from xinglin.fhir.outcome import OutcomeError

    try:
        if suite is not None:
            _run_suite(suite)
        elif expression is None:
            raise typer.BadParameter("an expression or --suite is needed")
        else:
            _evaluate(expression, files or [])
    except OutcomeError as refused:
        for issue in refused.issues:
            typer.echo(f"{issue.where}: {issue.text}" if issue.where else issue.text, err=True)
        raise typer.Exit(1) from None
    except OSError as missing:
        typer.echo(f"{missing.filename}: {missing.strerror}", err=True)
        raise typer.Exit(1) from None


def _evaluate(expression: str, files: list[Path]) -> None:
    """Print every result; without files, evaluate on nothing."""
    import sys

    from xinglin.fhir.fhirpath import Environment, evaluate, parse
    from xinglin.fhir.fhirpath.output import line
    from xinglin.fhir.fhirpath.suite import resource
    from xinglin.store.clock import Clock

    tree = parse(expression)
    environment = Environment(now=Clock().now())
    if not files:
        for node in evaluate(tree, None, environment=environment):
            typer.echo(line(node))
    for file in files:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        for node in evaluate(tree, resource(raw), environment=environment):
            typer.echo(line(node))


def _run_suite(tests: Path) -> None:
    from xinglin.fhir.fhirpath.suite import run
    from xinglin.store.clock import Clock

    results = run(tests.read_bytes(), _beside(tests.parent), now=Clock().now())
    failed = [result for result in results if result.fault]
    for result in failed:
        expression = " ".join(result.case.expression.split())
        typer.echo(f"FAIL {result.case.group}/{result.case.name}: {result.fault}: {expression}")
    typer.echo(f"{len(results) - len(failed)} of {len(results)} passed")
    if failed or not results:
        raise typer.Exit(1)


def _beside(folder: Path) -> "Callable[[str], bytes]":
    """Return a function that reads an input file of *folder*, under its own name or with the other ending."""

    def read(name: str) -> bytes:
        wanted = folder / Path(name).name
        other = wanted.with_suffix(".json" if wanted.suffix == ".xml" else ".xml")
        return (wanted if wanted.exists() or not other.exists() else other).read_bytes()

    return read
