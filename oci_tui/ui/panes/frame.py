"""What stands around the panes: a heading over each, the tabs where they do not all fit, the queue and the hints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.panes.lines import LinePane


class Heading(Widget):
    """One line over a pane: its name, what it shows, and a rule to the edge. It is dragged to change the pane's height."""

    class Dragged(Message):
        """The person wants the heading of this frame at this row of the screen."""

        def __init__(self, frame: Frame, row: int) -> None:
            super().__init__()
            self.frame = frame
            self.row = row

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Heading { height: 1; }
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame

    def on_mount(self) -> None:
        self.watch(self._frame, "told", self._redraw, init=False)
        self.name_for(self._frame.pane)

    def name_for(self, widget: Widget) -> None:
        """What lies under the heading now."""
        self.watch(widget, "has_focus", self._redraw, init=False)
        self.refresh()

    def _redraw(self) -> None:
        self.refresh()

    def on_mouse_down(self) -> None:
        self.capture_mouse()

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self and event.button:
            self.post_message(self.Dragged(self._frame, event.screen_y))

    def render(self) -> Content:
        label = self._frame.pane.LABEL
        name = (label, "bold $accent" if self._frame.front.has_focus else "bold $ink-muted")
        room = self.size.width - cell_len(label) - 6
        detail = Content(self._frame.told).truncate(max(0, room), ellipsis=True) if room > 3 else Content("")
        used = cell_len(label) + detail.cell_length + 4
        rule = "─" * max(0, self.size.width - used - 1)
        return Content.assemble(" ", name, "  " if detail else " ", detail.stylize("$ink-muted"), " ", (rule, "$rule"))


class Foot(Widget):
    """A line under a pane, for what is said of the cursor's line; gone when there is nothing to say."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Foot { height: 1; display: none; background: $bar-background; }
    """

    said: reactive[str] = reactive("")

    def watch_said(self, said: str) -> None:
        self.display = bool(said)

    def render(self) -> Content:
        return Content(f" {self.said}").truncate(self.size.width, ellipsis=True)


class Frame(Vertical):
    """A pane under its heading. `earlier` names the round that it shows where that is not what is now."""

    DEFAULT_CSS = """
    Frame { height: 1fr; width: 1fr; }
    Frame > LinePane { height: 1fr; }
    """

    earlier: reactive[str] = reactive("", layout=False)
    told: reactive[str] = reactive("", layout=False)
    """What the heading says after the name."""

    def __init__(self, pane: LinePane) -> None:
        super().__init__(id=f"{pane.id}-frame")
        self.pane = pane
        self.front: Widget = pane
        self._heading = Heading(self)
        self._foot = Foot()

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self.pane
        yield self._foot

    def on_mount(self) -> None:
        self._watch(self.pane)

    def _watch(self, pane: LinePane) -> None:
        for said in ("detail", "foot"):
            self.watch(pane, said, self.watch_earlier)

    def watch_earlier(self) -> None:
        """The detail of a pane that is not covered is about what is now."""
        shown = self.front if isinstance(self.front, LinePane) else self.pane
        detail = "" if self.earlier and shown is self.pane else shown.detail
        self.told = " · ".join(filter(None, (self.earlier, detail)))
        self._foot.said = shown.foot if shown is self.front else ""

    def cover(self, widget: Widget) -> None:
        """Have this in the pane's place."""
        self.uncover()
        self.pane.display, self.front = False, widget
        self.mount(widget, before=self._foot)
        self._heading.name_for(widget)
        if isinstance(widget, LinePane):
            self._watch(widget)
        else:
            self.watch_earlier()

    def uncover(self) -> None:
        """Have the pane back."""
        if self.front is not self.pane:
            self.front.remove()
            self._heading.name_for(self.pane)
        self.pane.display, self.front = True, self.pane
        self.watch_earlier()


class TabLine(Widget):
    """`1 Story  2 Code  3 Console  4 Changes`, the shown one marked; what its heading would say stands at the right.

    For that the others go without their names where there is no room for both.
    """

    class Chosen(Message):
        """The person clicked a tab."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    DEFAULT_CSS = """
    TabLine { height: 1; }
    """

    NAMED: ClassVar[int] = 60
    """In so many columns all tabs have their names."""

    current: reactive[str] = reactive("transcript")

    def __init__(self, frames: Sequence[Frame]) -> None:
        super().__init__(id="tabs")
        self._frames = tuple(frames)

    def on_mount(self) -> None:
        for frame in self._frames:
            self.watch(frame, "told", self._redraw, init=False)

    def _redraw(self) -> None:
        self.refresh()

    def _tabs(self) -> list[tuple[str, str]]:
        """The panes by id, each with its tab."""
        named = self.size.width >= self.NAMED or not self._told
        return [
            (str(frame.pane.id), f" {number} {frame.pane.LABEL} " if named or frame.pane.id == self.current else f" {number} ")
            for number, frame in enumerate(self._frames, 1)
        ]

    @property
    def _told(self) -> str:
        return next(frame.told for frame in self._frames if frame.pane.id == self.current)

    def render(self) -> Content:
        tabs = Content.assemble(
            *[(text, "bold $accent reverse" if pane == self.current else "$ink-muted") for pane, text in self._tabs()]
        )
        room = self.size.width - tabs.cell_length - 3
        detail = Content(self._told).truncate(room, ellipsis=True) if room > 8 else Content("")
        return Content.assemble(tabs, "  ", detail.stylize("$ink-muted"))

    def on_click(self, event: events.Click) -> None:
        x = event.x
        for pane, text in self._tabs():
            if x < cell_len(text):
                self.post_message(self.Chosen(pane))
                return
            x -= cell_len(text)


class QueueLine(Widget):
    """The prompts that wait, one line above the box; gone when none waits."""

    DEFAULT_CSS = """
    QueueLine { height: 1; display: none; }
    """

    class Clicked(Message):
        """The person wants the last of them back."""

    waiting: reactive[tuple[str, ...]] = reactive(())

    def on_click(self) -> None:
        self.post_message(self.Clicked())

    def watch_waiting(self, waiting: tuple[str, ...]) -> None:
        self.display = bool(waiting)

    def render(self) -> Content:
        first = visible_line(self.waiting[0]) if self.waiting else ""
        key = keys.hint("prompt.queued", keys.keymap_of(self.app))
        return Content.assemble((f" ⋯ {len(self.waiting)} queued ({key} edits)  ", "$warning"), (first, "$ink-muted"))


class Hints(Widget):
    """One line: the keys that matter now, as (actions, what they do) pairs, see `keys.hint`; what does not fit is left out.

    A word to the person takes the line's place for a few seconds. Each key can be clicked; so can what it does, of one key.
    """

    SAID_S = 4.0

    DEFAULT_CSS = """
    Hints { height: 1; }
    """

    pairs: reactive[tuple[tuple[str, str], ...]] = reactive(())
    said: reactive[tuple[str, str]] = reactive(("", ""))
    _clearing: Timer | None = None
    _asked = ""

    def say(self, text: str, style: str, key: str = "") -> None:
        """Show this text, in this style, for `SAID_S` seconds; clicked, it is this key pressed."""
        self._asked = key
        if self._clearing is not None:
            self._clearing.stop()
        self.said = (visible_line(text), style)
        self._clearing = self.set_timer(self.SAID_S, self._clear)

    def unsay(self, start: str) -> None:
        """Drop a word that begins so: it holds no longer."""
        if self.said[0].startswith(start):
            self._clear()

    def _clear(self) -> None:
        self.said = ("", "")

    def render(self) -> Content:
        text, style = self.said
        if text:
            return Content.assemble(" ", (text, style)).truncate(self.size.width, ellipsis=True)
        hints = Content.assemble(" ", *(hint for _, hint in self._fitting())).rstrip()
        return hints.truncate(self.size.width, ellipsis=True).stylize_before("$ink-muted")

    def _fitting(self) -> Iterator[tuple[str, Content]]:
        """The hints that fit, each with the names of its actions; the first in any case."""
        room, keymap = self.size.width - 2, keys.keymap_of(self.app)
        for number, (names, does) in enumerate(self.pairs):
            key = keys.hint(names, keymap)
            hint = Content.assemble((key, "$accent"), f" {does}", "   ")
            if number and hint.cell_length - 3 > room:
                return
            room -= hint.cell_length
            yield names, hint

    def on_click(self, event: events.Click) -> None:
        """A hint that is clicked is its key pressed; of several keys the one under the mouse."""
        x, meant = event.x - 1, keys.pressed(self._asked) if self.said[0] else []
        for names, hint in [] if self.said[0] else self._fitting():
            if 0 <= x < hint.cell_length - 3:
                meant = keys.clicked(names, keys.keymap_of(self.app), x)
            x -= hint.cell_length
        for key in meant:
            self.app.simulate_key(key)
