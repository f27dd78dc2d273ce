"""The log of all sessions: what happened in a line each, for whoever looks for a fault; never what was said or written.

Levels: error tells what went wrong, info also what each part, round and turn came to, debug every event, with its contents.
"""

from __future__ import annotations

import logging
import os
import re
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.ports import Record
from oci_tui.core.secrets import redacted
from oci_tui.core.terminal import visible_line

SIZE, KEPT = 1 << 20, 3
_LONGEST = 2_000
_SHORTEST = 4
"""A line of a prompt that is shorter stands in any message, and tells nothing of what was asked."""


class EventLog:
    """Appends to `file` (0600), which is put aside when it is full; `level` is "off" or a level of `logging`."""

    def __init__(self, file: Path, level: str, session: str) -> None:
        self._session = visible_line(session)
        self._level = logging.CRITICAL + 1 if level == "off" else logging.getLevelNamesMapping()[level.upper()]
        self._handler = _Handler(file)
        self._prompt: list[str] = []

    def show(self, event: Event) -> None:
        level, text = logging.INFO, _said(event)
        if isinstance(event, events.TurnStarted):
            lines = {line.strip() for line in event.prompt.split("\n")}
            self._prompt = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)
        elif isinstance(event, events.PartFailed | events.TurnFailed):
            level = logging.ERROR
            for line in self._prompt:  # the words of a server may repeat what it was asked
                text = re.sub(rf"(?<!\w){re.escape(line)}(?!\w)", "[prompt]", text)
        if self._level <= logging.DEBUG:
            level, text = logging.DEBUG, redacted(events.encode(event).decode())[:_LONGEST]
        if text and level >= self._level:
            self._handler.write(level, event.at, f"{self._session} {visible_line(text)}")

    def close(self) -> None:
        self._handler.close()


def _said(event: Event) -> str:
    """An event without a word of the person's, the model's, or of a file; "" for those that say little then."""
    match event:
        case events.SessionStarted() | events.SessionResumed():
            return f"{type(event).__name__} by version {event.version}"
        case events.EngineReady(info=info):
            return f"engine {info.engine}, {info.model}, {info.device}, window {info.context}"
        case events.SandboxReady(info=info):
            return f"sandbox {info.image}"
        case events.WorkspaceReady(info=info):
            return f"workspace of {info.files} files, {len(info.left_out)} left out"
        case events.PartFailed():
            return f"{event.part} failed: {event.message}"
        case events.TurnFailed():
            return f"turn failed: {event.message}"
        case events.TurnStarted():
            return f"turn {event.turn} of a prompt of {len(event.prompt)} characters"
        case events.ContextBuilt():
            return f"context of {event.tokens} of {event.window} tokens, {len(event.files)} files"
        case events.ReplyFinished(usage=usage):
            return f"reply of {usage.reply_tokens} tokens in {usage.seconds:.2f} s, first after {usage.first_token_s:.2f} s"
        case events.CommandFinished(exit=end):
            return f"command {end.reason}, exit code {end.code}, {end.seconds:.2f} s"
        case events.RoundFinished():
            return f"turn {event.turn}, round {event.round}: passed {event.passed}"
        case events.TurnFinished():
            return f"turn {event.turn} {event.verdict} after {event.rounds} rounds, {event.seconds:.2f} s"
        case events.ChangeAccepted() | events.ChangeUndone() | events.ChangeRedone() | events.ChangeConflicted():
            return f"{type(event).__name__}: {len(event.paths)} files"
    return ""


class _Handler(RotatingFileHandler):
    """Raises StoreError when it cannot write."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=SIZE, backupCount=KEPT, delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding="utf-8", errors="backslashreplace")

    def write(self, level: int, at: float, text: str) -> None:
        record = logging.LogRecord("oci-tui", level, "", 0, text, None, None)
        record.created, record.msecs = at, at % 1 * 1000
        try:
            self.acquire()
            try:
                if self.shouldRollover(record):
                    self.doRollover()
                if self.stream is None:
                    self.stream = self._open()
                self.stream.write(self.format(record) + self.terminator)
                self.stream.flush()
            finally:
                self.release()
        except OSError as error:
            raise StoreError(f"{self.baseFilename}: cannot be written ({error.strerror}); free space, then go on") from error


class Both:
    """One record after the other."""

    def __init__(self, *records: Record) -> None:
        self._records = records

    def show(self, event: Event) -> None:
        for record in self._records:
            record.show(event)

    def close(self) -> None:
        for record in self._records:
            record.close()
