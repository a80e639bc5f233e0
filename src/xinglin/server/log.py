"""The structured log: events with ids, never with names, values, queries or bodies of patients."""

import logging
import sys
from typing import Any, Final

import msgspec
import structlog

from xinglin.settings import Settings

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
