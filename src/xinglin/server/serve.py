"""Run the server: Granian with a process for each core, and a drain before the end."""

import os
import shutil
import tempfile
from pathlib import Path

from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from xinglin.server.allowance import FILE, Places
from xinglin.server.metrics import FOLDER
from xinglin.settings import Settings, environment

# Made in each worker; the name is a text, as the layer of the server lies below that of the application.
TARGET = "xinglin.app:create_app"


def serve(settings: Settings, *, target: str = TARGET) -> None:
    """Serve until SIGTERM or SIGINT; then stop accepting, let running requests finish, and end.

    target: ``module:function`` that makes the ASGI application in a worker, from the settings in the environment.
    """
    os.environ.update(environment(settings))
    folder = Path(tempfile.mkdtemp(prefix="xinglin-metrics-"))
    os.environ[FOLDER] = str(folder)
    Places.make(folder / FILE)
    try:
        _granian(settings, target).serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _granian(settings: Settings, target: str) -> MPServer:
    return MPServer(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers or os.cpu_count() or 1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        factory=True,
        websockets=True,
        backlog=1024,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.drain_seconds or 1,
        log_level=LogLevels.warning,
        log_access=False,
    )
