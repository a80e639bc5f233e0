"""Several simulated systems in one process, each below its name: ``/sms``, ``/register``."""

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount

# Names of the systems to serve, with commas between; the process is started with it.
VARIABLE: Final = "SIMULATED"
FRAME: Final = frozenset({"__init__", "faults", "payments", "receipts", "town"})


def names() -> tuple[str, ...]:
    """List the systems that speak HTTP: the modules beside this one that make an application."""
    beside = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in FRAME)
    return tuple(name for name in beside if hasattr(_module(name), "application"))


def title(name: str) -> str:
    """Say in a line what a system is: the first of its module, e.g. ``The population register``."""
    first = (_module(name).__doc__ or "").partition("\n")[0]
    return re.split(r",? simulated|:", first)[0]


def application() -> Starlette:
    """Make the systems that the environment names."""
    wanted = os.environ[VARIABLE].split(",")
    return Starlette(routes=[Mount(f"/{name}", _module(name).application()) for name in wanted])


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"xinglin.simulators.{name}")
