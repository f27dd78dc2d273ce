"""A pane of what a model wrote: how sure it was of each token, and what else it could have said."""

from __future__ import annotations

from itertools import accumulate, pairwise

from rich.cells import cell_len
from textual import events
from textual.message import Message

from oci_tui.core.generation import Token
from oci_tui.ui import keys
from oci_tui.ui.panes.certainty import Certainty, least, said
from oci_tui.ui.panes.cursor import CursorPane


class HeatPane(CursorPane):
    """One token of the cursor's line is chosen, at first the least sure; the line under the pane tells of it."""

    class Untold(Message):
        """The person wants to see how sure the model was, and the engine did not tell."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._certainty = Certainty()
        self._heat = False
        self._token = -1
        self._doubted: list[int] = []

    # what a pane says of its lines

    def locate(self) -> None:
        """Find what is shown in the reply. Here: nothing is shown."""

    def reply_row(self, index: int) -> int:  # noqa: ARG002
        """The line of the reply that stands in a row; -1 where none does."""
        return -1

    # keys

    def action_heat(self) -> None:
        """Show how sure the model was of each token, or its code in colour again."""
        if not self._certainty.known:
            self.post_message(self.Untold())
            return
        self._heat = not self._heat
        self.locate()
        self._strips.clear()
        self.go_to(self.here)
        self.changed(0)

    def action_least_sure(self) -> None:
        """To the line with the least probable token, then to the next such line."""
        self.locate()
        sure: list[tuple[float, int]] = []
        for index in range(self.line_count()):
            tokens = self._certainty.tokens(self.reply_row(index))
            place = least(tokens)
            if place >= 0 and tokens[place].probability < 1 and index not in self._doubted:
                sure.append((tokens[place].probability, index))
        if not sure:
            self._doubted = []
            return
        self._doubted.append(min(sure)[1])
        if not self._heat:
            self.action_heat()
        self.go_to(self._doubted[-1])
        self._reveal()

    def action_token(self, step: int) -> None:
        """To the next (or with -1 the previous) token of the line; where none is told of, the view goes sideways."""
        if tokens := self._tokens():
            self._choose(min(max(self._token + step, 0), len(tokens) - 1))
            self._reveal()
        elif step > 0:
            self.action_scroll_right()
        else:
            self.action_scroll_left()

    def on_click(self, event: events.Click) -> None:
        """The token that is clicked is chosen."""
        event.prevent_default()
        super().on_click(event)
        column = event.x + round(self.scroll_x)
        for place, (start, end) in enumerate(self._columns()):
            if start <= column < end:
                self._choose(place)

    def on_resize(self, _event: events.Resize) -> None:
        """The line under the pane takes its last row: the cursor stays in sight."""
        if self._heat and self._cursor is not None and self._cursor >= self.scroll_offset.y + self._height:
            self.go_to(self._cursor)

    def moved(self, before: int | None) -> None:
        super().moved(before)
        self._choose(least(self._tokens()))

    # the chosen token

    def _tokens(self) -> list[Token]:
        return self._certainty.tokens(self.reply_row(self.here)) if self._heat and self.line_count() else []

    def _columns(self) -> list[tuple[int, int]]:
        """From where to where each token of the line is drawn."""
        if not self._tokens():
            return []
        widths = [cell_len(text) for text, _ in self.line(self.here)]
        return list(pairwise(accumulate(widths)))

    def _choose(self, place: int) -> None:
        """Mark this token of the line and tell of it; -1 for none."""
        tokens, self._token = self._tokens(), place
        if place >= 0:
            back, on = (keys.hint(f"code.{way}-token", keys.keymap_of(self.app)) for way in ("previous", "next"))
            self.foot = f"{said(tokens[place])}   {back} {place + 1} of {len(tokens)} {on}"
        else:
            self.foot = "no token in this line" if self._heat else ""
        self.changed(self.here)

    def _reveal(self) -> None:
        """Move the view sideways until the chosen token is in sight."""
        if self._token >= 0:
            start, end = self._columns()[self._token]
            left, width = round(self.scroll_x), self.scrollable_content_region.width
            if start < left or end > left + width:
                self.scroll_to(x=start if start < left else max(0, end - width), animate=False, force=True)
