"""The structured log: events with ids, never with names, values, queries or bodies of patients."""

import asyncio
import logging
import sys
from time import monotonic
from typing import Any, Final

import msgspec
import structlog

from xinglin.settings import Settings
from xinglin.store.clock import Clock

_WRITE_EVERY_S: Final = 0.1
_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings) -> None:
    """Set up the log of this process: a line of JSON for each event on standard output, or coloured text."""
    level = _LEVELS[settings.log_level]
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "console":
        structlog.configure(
            processors=[*common, structlog.processors.StackInfoRenderer(), structlog.dev.ConsoleRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
            cache_logger_on_first_use=True,
        )
        return
    structlog.configure(
        processors=[*common, _frames, structlog.processors.JSONRenderer(serializer=_encode)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )


def _encode(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


def _frames(_logger: Any, _name: str, event: Any) -> Any:
    """Turn exc_info into where it happened and the kind of error.

    The message of an error and the values of variables may hold what a client sent, so neither is written.
    """
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        event["at"] = frames_of(error)
    return event


def frames_of(error: BaseException) -> list[str]:
    """List file, line and function of the innermost frames of *error*, outermost first."""
    found: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('xinglin/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-12:]


class AccessLog:
    """A line for each request, several written together: a write for each would cost more than many a request.

    What a killed process had not written yet (a tenth of a second) is lost; errors are written at once.
    """

    def __init__(self, settings: Settings) -> None:
        self._on = _LEVELS[settings.log_level] <= logging.INFO
        self._json = settings.log_format == "json"
        self._log = structlog.get_logger()
        self._clock = Clock()
        self._lines: list[str] = []
        self._moment = 0
        self._time = ""

    def request(self, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        """Log one request. Every text is one of ours, or was checked to need no escape."""
        if not self._on:
            return
        ms = round(seconds * 1000, 2)
        if not self._json:
            self._log.info("request", id=request_id, method=method, route=route, status=status, ms=ms)
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(_WRITE_EVERY_S, self.write)
        self._lines.append(
            f'{{"event":"request","level":"info","timestamp":"{self._stamp()}","id":"{request_id}",'
            f'"method":"{method}","route":"{route}","status":{status},"ms":{ms}}}\n'
        )

    def _stamp(self) -> str:
        """Give the time to the millisecond; asked many times within one, it is read once."""
        moment = int(monotonic() * 1000)
        if moment != self._moment:
            self._moment, self._time = moment, self._clock.now().isoformat(timespec="milliseconds")
        return self._time

    def write(self) -> None:
        """Write what is waiting."""
        if self._lines:
            lines, self._lines = "".join(self._lines), []
            sys.stdout.write(lines)
            sys.stdout.flush()
