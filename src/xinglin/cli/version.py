"""`xinglin version`."""

import typer


def version() -> None:
    """Print the versions of Xinglin and Python."""
    import platform

    from xinglin import __version__

    typer.echo(f"xinglin {__version__} (Python {platform.python_version()})")
