"""The panes laid out for the terminal's size: side by side, behind tabs, one on the whole screen; sizes are remembered."""

from __future__ import annotations

from typing import Literal

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from oci_tui.core.events import CommandStarted, Event, RoundStarted, TurnFinished, TurnStarted
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.panes.code import CodePane
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.divider import Divider
from oci_tui.ui.panes.frame import Frame, Heading, TabLine
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.panes.transcript import TranscriptPane
from oci_tui.ui.remembered import Left, Remembered, RememberedFile, Sizes
from oci_tui.ui.screens.searching import SearchingScreen

Shape = Literal["wide", "medium", "narrow", "tiny"]


def shape_of(width: int, height: int) -> Shape:
    """How the workbench is laid out in a terminal of so many cells."""
    if width < 34 or height < 8:
        return "tiny"
    if width >= 120 and height >= 28:
        return "wide"
    return "medium" if width >= 80 and (height > 24 or width >= 120) else "narrow"


class LaidOutScreen(SearchingScreen):
    """Holds the panes, and the line of hints below them."""

    def __init__(self, remembered: RememberedFile) -> None:
        super().__init__()
        self.transcript = TranscriptPane()
        self.code = CodePane()
        self.changes = ChangesPane()
        self._panes: tuple[LinePane, ...] = (self.transcript, self.code, ConsolePane(), self.changes)
        self._frames = {str(pane.id): Frame(pane) for pane in self._panes}
        self._tabs = TabLine(tuple(self._frames.values()))
        self._divider = Divider()
        self._remembered = remembered
        self._shape: Shape = "wide"
        self._zoomed = ""
        self._chosen = False
        self.session = ""

    def lay_out(self, session: str) -> None:
        """Look as this session was left, and remember from now on how it looks."""
        self.session = session
        left = self._remembered.now.left.get(session)
        if left and left.tab in self._frames and left.zoomed in (*self._frames, ""):
            self._tabs.current, self._zoomed, self._chosen = left.tab, left.zoomed, True
            self._arrange()

    def compose_panes(self) -> ComposeResult:
        yield self._tabs
        with Horizontal(id="body"):
            yield self._frames["transcript"]
            yield self._divider
            with Vertical(id="right"):
                yield from (self._frames[name] for name in ("code", "console", "changes"))

    def follow(self, event: Event, *, pending: bool) -> None:
        """With room for one pane on the right, show the one that something happens in, until the person chooses one.

        `pending`: a change waits to be decided.
        """
        if isinstance(event, TurnStarted):
            self._chosen = False
        if self._shape != "medium" or self._chosen:
            return
        match event:
            case RoundStarted():
                self._tabs.current = "code"
            case CommandStarted():
                self._tabs.current = "console"
            case TurnFinished() if pending:
                self._tabs.current = "changes"
            case _:
                return
        self._arrange()

    def focus_pane(self, name: str) -> None:
        """Bring a pane (by id) to the front and give it the focus."""
        if self._zoomed:
            self._zoomed = name
        self._tabs.current, self._chosen = name, True
        self._arrange()
        self.set_focus(self._frames[name].front)  # at once: the next key may have come with this one

    def zoom(self, name: str = "") -> None:
        """Show one pane on the whole screen, or all again; without a name the pane that has the focus, else the shown tab."""
        focused = next((name for name, frame in self._frames.items() if frame.front is self.focused), self._tabs.current)
        wanted = name or focused
        self._zoomed = "" if self._zoomed and (not name or self._zoomed == name) else wanted
        self._arrange()
        self.focus_pane(self._zoomed or "prompt")

    def on_resize(self, event: events.Resize) -> None:
        self._shape = shape_of(event.size.width, event.size.height)
        self._arrange()

    def _arrange(self) -> None:
        for shape in ("wide", "medium", "narrow", "tiny"):
            self.set_class(self._shape == shape, shape)
        one = self._zoomed or (self._tabs.current if self._shape == "narrow" else "")
        right = self._tabs.current if self._tabs.current != "transcript" else "code"
        if one:
            shown = {one}
        elif self._shape == "medium":
            shown = {"transcript", right}
            self._tabs.current = right
        else:
            shown = set(self._frames)
        for name, frame in self._frames.items():
            frame.display = name in shown
        self.query_one("#right").display = shown != {"transcript"}
        self.set_class(len(shown) == 1, "single")
        self._divider.display = len(shown) > 1
        sizes = self._sizes
        self.query_one("#right").styles.width = f"{sizes.right}%" if len(shown) > 1 else "100%"
        for pane in ("code", "console", "changes"):
            self._frames[pane].styles.height = f"{getattr(sizes, pane)}fr"
        self._tabs.display = self._shape in ("medium", "narrow")
        if self.session and (problem := self._remembered.leave(self.session, Left(self._tabs.current, self._zoomed))):
            self.say(problem)

    @property
    def _sizes(self) -> Sizes:
        return self._remembered.now.sizes.get(self._shape, Sizes())

    def _resize(self, sizes: Sizes) -> None:
        if problem := self._remembered.keep(Remembered(sizes={self._shape: sizes})):
            self.say(problem)
        self._arrange()

    def action_widen(self, step: int) -> None:
        """The right side so many percent wider."""
        self._resize(self._sizes.wider(step))

    def action_heighten(self, step: float) -> None:
        """The focused pane of the right side taller."""
        for name in ("code", "console", "changes"):
            if self._frames[name].front is self.focused:
                self._resize(self._sizes.taller(name, step))

    @on(Divider.Dragged)
    def _dragged(self, message: Divider.Dragged) -> None:
        self._resize(self._sizes.wider(100 - round(100 * message.column / self.size.width) - self._sizes.right))

    @on(Heading.Dragged)
    def _heading_dragged(self, message: Heading.Dragged) -> None:
        """The pane under the heading, and the one above it, meet at that row."""
        shown = [frame for frame in (self._frames[name] for name in ("code", "console", "changes")) if frame.display]
        below = shown.index(message.frame) if message.frame in shown else 0
        if below:
            upper, lower = shown[below - 1], shown[below]
            share = (message.row - upper.region.y) / (upper.size.height + lower.size.height)
            self._resize(self._sizes.parted(str(upper.pane.id), str(lower.pane.id), share))

    @on(TabLine.Chosen)
    def _tab(self, message: TabLine.Chosen) -> None:
        self.focus_pane(message.pane)
