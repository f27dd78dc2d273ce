"""What the terminal sends, with what is pasted kept apart from keys: nothing in a paste is ever taken for a key."""

from __future__ import annotations

import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Any, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from oci_tui.core.terminal import visible
from oci_tui.ui.outlet import Outlet

_START, _END = "\x1b[200~", "\x1b[201~"
_ALT_DIGIT = re.compile(r"\x1b[0-9]")
_AT_ONCE = 4096
_LOOK_S = 0.1


class PasteParser(XTermParser):
    """Textual's parser types what follows an escape character in a paste as keys; this one shows it.

    It also takes Alt with a digit for ¡ or ¢, which WezTerm would type on a Mac; here it is that key.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._tail = ""
        self._pasted: str | None = None

    def feed(self, data: str) -> Iterable[Message]:
        """The events in what was read; "" is the end."""
        if not data:
            yield from super().feed("")
        while data:
            if self._pasted is None:
                keys, data = self._up_to_paste(data)
                yield from super().feed(keys)
                continue
            self._pasted, ended, data = (self._pasted + data).partition(_END)
            if ended:
                text, self._pasted = self._pasted, None
                yield from (event for event in super().feed(_END) if not isinstance(event, events.Paste))
                yield events.Paste(visible(text.replace("\r\n", "\n").replace("\r", "\n")))

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if _ALT_DIGIT.fullmatch(sequence):
            yield events.Key(f"alt+{sequence[1]}", None)
        else:
            yield from super()._sequence_to_key_events(sequence, alt)

    def _up_to_paste(self, data: str) -> tuple[str, str]:
        """What comes before a paste, with the mark of its start; and the rest."""
        seen = self._tail + data
        found = seen.find(_START)
        if found < 0:
            self._tail = seen[1 - len(_START) :]
            return data, ""
        end = found + len(_START) - len(self._tail)
        self._tail, self._pasted = "", ""
        return data[:end], data[end:]


class PastingDriver(LinuxDriver):
    """Textual's driver with that parser, with an end also when the terminal has gone, silent while it is lent, and with a
    screen when it goes on.
    """

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self._file is not None
        self._file = cast(Any, Outlet(self._file))

    def _sigcont_application(self, *_: object) -> None:
        # also after a stop that could not be seen coming: the terminal is then taken over anew, and empty
        self._must_signal_resume = self._auto_restart
        super()._sigcont_application()

    def write(self, data: str) -> None:
        # while another program has the terminal nobody reads the queue: it would fill up, and whoever writes wait for ever
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def stop_application_mode(self) -> None:
        # where there is no second screen to leave, as in GNU screen as it comes, the shell would write into the picture
        self.write("\x1b[H\x1b[2J")
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        parser, decode = PasteParser(self._debug), getincrementaldecoder("utf-8")("replace").decode

        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            last = False
            while not last:
                # once more when the end is there: terminals answer late, and the shell is not to read it
                last = self.exit_event.is_set()
                if selector.select(_LOOK_S):
                    data = os.read(self.fileno, _AT_ONCE)
                    if not data:
                        return  # the terminal has gone
                    for event in parser.feed(text) if (text := decode(data)) else ():
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
