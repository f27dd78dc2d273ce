"""A pane of lines with a cursor: it moves, searches, copies and names the file it is on; every pane with text is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from oci_tui.ui import keys
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.places import FileLine, place_in


class CursorPane(LinePane):
    """While the pane follows there is no cursor; the first move puts it on the line at the lower edge."""

    class Asked(Message):
        """The person wants to type what is searched for."""

        def __init__(self, pane: CursorPane) -> None:
            super().__init__()
            self.pane = pane

    class Copied(Message):
        """The person asked for this text on the clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Opened(Message):
        """The person wants this file in the editor."""

        def __init__(self, place: FileLine) -> None:
            super().__init__()
            self.place = place

    BINDINGS: ClassVar[list[BindingType]] = keys.of(keys.MOVING) + keys.of(keys.EVERY_PANE)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cursor: int | None = None
        self._needle: re.Pattern[str] | None = None
        self.is_file: Callable[[str], bool] = lambda _path: False

    # what a pane may say differently

    def whole_at(self, index: int) -> str:
        """What `Y` copies on this line."""
        return self.own_text(index)

    def place_at(self, index: int) -> FileLine | None:
        """The file and line that `o` opens on this line."""
        return place_in(self.text_at(index), self.is_file)

    def searched_at(self, index: int) -> str:
        """What a line is searched by: its text, without what only drawing it takes time for."""
        return self.text_at(index)

    def found(self, wanted: re.Pattern[str], start: int, step: int) -> int | None:
        """The nearest line from `start` on that has what is wanted."""
        numbers = range(start, self.line_count()) if step > 0 else range(start, -1, -1)
        return next((number for number in numbers if wanted.search(self.searched_at(number))), None)

    # what keys do

    @property
    def here(self) -> int:
        """The cursor's line; without a cursor the last that is shown."""
        last = max(0, self.line_count() - 1)
        return min(last, self.scroll_offset.y + self._height - 1) if self._cursor is None else min(self._cursor, last)

    def action_move(self, step: int) -> None:
        """The cursor a row down or up."""
        self.go_to(self.here + step if self._cursor is not None or step < 0 or not self.following else self.here)

    def action_follow(self) -> None:
        """Go to the end and stay there, or stop there."""
        if self.following:
            self.go_to(self.here)
        else:
            self.following, self._cursor = True, None
            self.settle()

    def action_search(self) -> None:
        self.post_message(self.Asked(self))

    def search(self, text: str) -> bool:
        """Mark `text` (case counts where it has capitals) and go to the next line with it; whether there is one."""
        flags = re.NOFLAG if text != text.lower() else re.IGNORECASE
        self._needle = re.compile(re.escape(text), flags) if text else None
        self._strips.clear()
        self.refresh()
        return self.to_next(self._needle, 1, self.here) if self._needle else True

    def action_next(self, step: int) -> None:
        """To the next (or with -1 the previous) line that has what was searched for."""
        if self._needle:
            self.to_next(self._needle, step)

    def to_next(self, wanted: re.Pattern[str], step: int, start: int | None = None) -> bool:
        """To the next line with this, from the other end where there is none ahead; whether there is one at all."""
        beyond = self.line_count() - 1 if step < 0 else 0
        there = self.found(wanted, self.here + step if start is None else start, step)
        there = self.found(wanted, beyond, step) if there is None else there
        if there is not None:
            self.go_to(there)
        return there is not None

    def action_copy(self, whole: bool) -> None:
        if self.line_count():
            self.post_message(self.Copied(self.whole_at(self.here) if whole else self.own_text(self.here)))

    def action_open(self) -> None:
        if self.line_count() and (place := self.place_at(self.here)):
            self.post_message(self.Opened(place))

    def go_to(self, row: int, top: int | None = None) -> None:
        """The cursor to a row (the nearest there is), with `top` at the upper edge, or as little scrolling as shows it."""
        before, there = self._cursor, min(max(row, 0), max(0, self.line_count() - 1))
        self._fit(self._count())  # without the room for what comes the view may be at the end, which it then follows
        self.following, self._cursor = False, there
        if top is None:
            top = min(max(self.scroll_offset.y, there - self._height + 1), there)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)
        self.moved(before)

    def moved(self, before: int | None) -> None:
        """The cursor was on `before`."""
        self.changed(min(self._cursor or 0, self._cursor or 0 if before is None else before))

    def on_click(self, event: events.Click) -> None:
        if self.line_count():
            self.go_to(self.scroll_offset.y + event.y)
            if event.chain == 2:
                self.app.simulate_key("enter")

    def on_focus(self) -> None:
        self.changed(self.here)

    def on_blur(self) -> None:
        self.changed(self.here)

    def restart(self) -> None:
        super().restart()
        self._cursor = None

    def shifted(self, lines: int) -> None:
        super().shifted(lines)
        self._cursor = None if self._cursor is None else max(0, self._cursor - lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        if self.following:
            self._cursor = None
        elif self._cursor is not None and not top <= self._cursor < top + self._height:
            self.go_to(min(max(self._cursor, top), top + self._height - 1), top)

    # drawing

    def _strip(self, index: int) -> Strip:
        strip = super()._strip(index)
        if self._needle is not None and self._needle.search(strip.text):
            strip = self._marked(strip, self._needle)
        if self.has_focus and index == self._cursor and strip.text.startswith((" ", "▏")):
            strip = Strip([Segment("▌", self._style("accent")), *strip.crop(1)])
        return strip

    def _marked(self, strip: Strip, needle: re.Pattern[str]) -> Strip:
        text = Text.assemble(*[(part.text, part.style or "") for part in strip], end="")
        for match in needle.finditer(strip.text):
            text.stylize(self._style("match"), *match.span())
        return Strip(text.render(self.app.console))
