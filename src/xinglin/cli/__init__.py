"""The command line: `xinglin demo | serve | work | migrate | load | ...`, one module for each command."""

from xinglin.cli.commands import main

__all__ = ["main"]
