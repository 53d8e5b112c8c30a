"""The log: JSON lines on standard output. One per call; never a patient, a token, or the words of an exception."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict

from cds.operations.witness import Finished

__all__ = ["CallLog", "configure"]

_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
_ENCODE = msgspec.json.Encoder().encode


class CallLog:
    """One line per call."""

    def __init__(self) -> None:
        self._write = structlog.BytesLogger(sys.stdout.buffer).info

    def told(self, call: Finished) -> None:
        """Write the line of a call that is over. A log that nobody takes stops nothing."""
        seen, milliseconds = call.seen, round(1000 * call.seconds, 3)
        said: dict[str, Any] = {"event": "call", "level": "info", "status": call.status, "milliseconds": milliseconds}
        if seen is not None:
            said |= {"service": seen.service.id, "client": seen.caller.name, "outcome": seen.outcome}
            if seen.request is not None:
                said |= {"hook": seen.request.hook, "hookInstance": seen.request.instance}
            if seen.answer is not None:
                said["cards"] = len(seen.answer.response.cards)
            if seen.feedback:
                said["feedback"] = seen.feedback
        try:
            self._write(_ENCODE(_STAMP(None, "", said)))
        except OSError:
            return


class _Safe(logging.Formatter):
    """A line of the standard library's logging: its words, and where an exception was raised, not what it says."""

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = reversed(traceback.extract_tb(error.__traceback__))
            event["exception"] = type(error).__name__
            event["at"] = " < ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
        return _ENCODE(_STAMP(None, "", event)).decode()


def configure() -> None:
    """Everything that is logged in this process becomes such lines, from warnings on."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(_Safe())
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)
