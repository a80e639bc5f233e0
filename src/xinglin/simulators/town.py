"""Several simulated systems in one process, each below its name: ``/sms``, ``/register``."""

import importlib
import os
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount

# Names of the systems to serve, with commas between; the process is started with it.
VARIABLE: Final = "SIMULATED"
FRAME: Final = frozenset({"__init__", "faults", "town"})


def names() -> tuple[str, ...]:
    """List the systems that can be simulated: every other module beside this one."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in FRAME))


def application() -> Starlette:
    """Make the systems that the environment names."""
    wanted = os.environ[VARIABLE].split(",")
    return Starlette(
        routes=[
            Mount(f"/{name}", importlib.import_module(f"xinglin.simulators.{name}").application()) for name in wanted
        ]
    )
