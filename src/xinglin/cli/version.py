"""`xinglin version`."""

import typer


def version() -> None:
    """Print the versions of Xinglin and Python."""
    import platform
    from importlib import metadata

    typer.echo(f"xinglin {metadata.version('xinglin')} (Python {platform.python_version()})")
