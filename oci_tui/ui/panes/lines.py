"""The line view under every pane: draws only what is on screen, at most 12 times a second, and follows in half-page jumps.

A pane says how many lines there are and what stands in one; a line is a tuple of spans, (text, style name), where the text has
already been through `core.terminal` and the style is one of `STYLES`, two of them as "keyword on added", or a program's own
colours as "sgr 1;31".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from oci_tui.core.events import Event
from oci_tui.ui import clipboard
from oci_tui.ui.panes.colours import program_style
from oci_tui.ui.panes.own import Own, Span
from oci_tui.ui.wording import wrap

Spans = tuple[Span, ...]

STYLES = frozenset(
    {"text", "muted", "strong", "accent", "good", "bad", "warn", "number", "bar"}
    | {"match", "added", "removed", "added-word", "removed-word", "heat-1", "heat-2", "heat-3", "added-sign", "removed-sign"}
    | {"keyword", "string", "comment", "literal", "name"}
)


class LinePane(ScrollView, can_focus=True):
    """A scrolling view of lines that are made when they are drawn.

    `detail` is what its heading says after its name, `foot` what a line under it says, "" for no such line.
    """

    LABEL: ClassVar[str] = ""
    LESSON: ClassVar[str] = ""
    """What the pane says while it has nothing to show."""
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The keys of this pane that are worth a hint: actions by their names in the settings, and a word."""
    GUTTER: ClassVar[int] = 1
    """So many characters at the left of a line are not its own text, where `own` says nothing else."""
    FRAME_S: ClassVar[float] = 1 / 12
    SOON_S: ClassVar[float] = 0.001
    KEPT_STRIPS: ClassVar[int] = 256
    KEPT_STYLES: ClassVar[int] = 1024

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{name}" for name in STYLES}

    DEFAULT_CSS = """
    LinePane {
        background: $background;
        scrollbar-size-horizontal: 0;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        & > .line--text { color: $foreground; }
        & > .line--strong { color: $foreground; text-style: bold; }
        & > .line--muted { color: $ink-muted; }
        & > .line--number { color: $ink-faint; }
        & > .line--accent { color: $accent; text-style: bold; }
        & > .line--good { color: $success; }
        & > .line--bad { color: $error; }
        & > .line--warn { color: $warning; }
        & > .line--match { color: $background; background: $warning; }
        & > .line--added { color: $foreground; background: $added-background; }
        & > .line--removed { color: $foreground; background: $removed-background; }
        & > .line--added-word { background: $added-word-background; text-style: bold; }
        & > .line--removed-word { background: $removed-word-background; text-style: bold; }
        & > .line--heat-1 { background: $heat-1-background; }
        & > .line--heat-2 { background: $heat-2-background; text-style: underline; }
        & > .line--heat-3 { background: $heat-3-background; text-style: bold underline; }
        & > .line--added-sign { color: $success; background: $added-background; }
        & > .line--removed-sign { color: $error; background: $removed-background; }
        & > .line--bar { color: $foreground; text-style: bold; background: $bar-background; }
        & > .line--keyword { color: $code-keyword; }
        & > .line--string { color: $code-string; }
        & > .line--comment { color: $code-comment; text-style: italic; }
        & > .line--literal { color: $code-literal; }
        & > .line--name { color: $code-name; }
    }
    """

    detail: reactive[str] = reactive("", layout=False)
    foot: reactive[str] = reactive("", layout=False)

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own keyword
        super().__init__(id=id)
        self.following = True
        self._first_changed: int | None = None
        self._settling = False
        self._own_top = 0
        self._drawn = 0
        self._widest = 1
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}
        self._waiting: Timer | None = None
        self._framing = False
        self._framed = 0.0

    def show(self, event: Event) -> None:
        """Take an event in; cheap, the screen follows at the next frame. Here: nothing concerns a pane without lines."""

    def line_count(self) -> int:
        """How many lines there are now."""
        return 0

    def line(self, index: int) -> Spans:
        """What stands in line `index`, counted from 0."""
        raise IndexError(index)

    def text_at(self, index: int) -> str:
        """A line's text as it is shown."""
        return "".join(part for part, _ in self.line(index))

    def own(self, index: int, column: int | None = None) -> Own | None:  # noqa: ARG002
        """What of a line is its own, and is copied; None for nothing. Of a line with two sides the one that has `column`."""
        return Own(self.text_at(index)[self.GUTTER :].rstrip(), self.GUTTER)

    def own_text(self, index: int) -> str:
        """What is copied of a line."""
        own = self.own(index)
        return own.text if own is not None else ""

    def fill(self, index: int) -> str:  # noqa: ARG002
        """The style of the rest of the line, to the right edge."""
        return "text"

    def prepare(self) -> None:
        """Called before a frame is drawn: the place for work that events only announce."""

    # what a subclass says happened

    def changed(self, first: int) -> None:
        """Lines from `first` on are new or different."""
        self._first_changed = first if self._first_changed is None else min(first, self._first_changed)
        if self._waiting is None and not self._framing and self.is_attached:
            pause_s = self._framed + self.FRAME_S - time.monotonic()
            self._waiting = self.set_timer(max(pause_s, self.SOON_S), self._frame)

    def settle(self) -> None:
        """The stream paused: draw at once, with the last line at the bottom edge if the view follows."""
        self._settling = self._framing = True
        if self._waiting is not None:
            self._waiting.stop()
        self.changed(self.line_count())
        self.call_next(self._frame)

    def rest(self) -> None:
        """No stream comes: the next frame has the last line at the bottom edge if the view follows."""
        self._settling = True

    def restart(self) -> None:
        """Other content from the first line on: follow it from its top."""
        self.following, self._widest = True, 1
        self._own_top = 0
        self.scroll_to(y=0, x=0, animate=False, force=True)
        self.changed(0)

    def shifted(self, lines: int) -> None:
        """The first `lines` lines were dropped; what is on screen stays where it is."""
        self._strips.clear()
        self._own_top = max(0, self._own_top - lines)
        self.set_scroll(None, max(0, self.scroll_offset.y - lines))
        self.changed(0)

    # drawing

    def _count(self) -> int:
        return self.line_count() or len(self._lesson())

    def _lesson(self) -> list[str]:
        return wrap(self.LESSON, self.size.width - 3) if self.LESSON else []

    def on_mount(self) -> None:
        self.changed(0)

    def on_resize(self, _event: events.Resize) -> None:
        self._strips.clear()
        self._settling = True
        self.changed(0)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(new_value) != self._own_top:
            self._own_top = round(new_value)
            self.following = self._own_top + self._height >= self.line_count()

    def watch_show_vertical_scrollbar(self) -> None:
        # Textual moves the bar only while it is shown: one that appears after a jump would stand at the top.
        self.vertical_scrollbar.position = self.scroll_y

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _frame(self) -> None:
        # What is found changed while this frame is prepared is drawn in it.
        self._waiting, self._framing, self._framed = None, True, time.monotonic()
        self.prepare()
        self._framing = False
        first, self._first_changed = self._first_changed, None
        if first is None or not self.size:
            return
        for index in [index for index in self._strips if index >= first]:
            del self._strips[index]
        count, height, top = self._count(), self._height, self.scroll_offset.y
        wanted = top
        if self.following and self._settling:
            wanted = max(0, count - height)
        elif self.following and count - top > height:
            wanted = max(0, count - height // 2)
        self._settling = False
        self._fit(max(count, wanted + height) if self.following else count)
        if wanted != top:
            self._own_top = wanted
            self.scroll_to(y=wanted, animate=False, force=True)
        if self.scroll_offset.y == top:
            # All of it, where all is new: it may have been painted since the last frame, with more lines than there are now.
            last = max(count, self._drawn) if first else top + height
            self.refresh(Region(0, max(0, first - top), self.size.width, max(1, last - max(first, top))))
        self._drawn = count
        # Textual keeps 16,384 styles with their codes, and where text can be selected each part of a line has one of its own.
        if Strip.render_ansi.cache_info().currsize > self.KEPT_STYLES:
            Strip.render_ansi.cache_clear()

    def _fit(self, height: int) -> None:
        size = Size(max(self._widest, 1), height)
        if size != self.virtual_size:
            # Textual would lay the whole screen out anew; but only the scroll bars have to know.
            self.set_reactive(LinePane.virtual_size, size)
            self._scroll_update(size)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            ink, _, ground = name.partition(" on ")
            if ink.startswith("sgr "):
                style = program_style(ink[4:], self.background_colors[1])
            else:
                style = self.get_component_rich_style(f"line--{ink}")
            if ground:
                behind = self.get_component_rich_style(f"line--{ground}")
                style += Style(
                    bgcolor=behind.bgcolor, bold=behind.bold if ground != "bar" else None, underline=behind.underline
                )
            if len(self._styles) >= self.KEPT_STYLES:
                self._styles.clear()
            self._styles[name] = style
        return style

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        index, width = scroll_y + y, self.size.width
        if index >= self.line_count():
            lesson = self._lesson() if not self.line_count() else []
            said = [Segment(f" {lesson[index]}", self._style("muted"))] if index < len(lesson) else []
            return Strip(said).crop_extend(0, width, self._style("text"))
        strip = self._strip(index).crop_extend(scroll_x, scroll_x + width, self._style(self.fill(index)))
        return strip.apply_offsets(scroll_x, index)

    def _strip(self, index: int) -> Strip:
        selection = self.text_selection
        chosen = selection.get_span(index) if selection is not None else None
        if chosen is None and (kept := self._strips.get(index)) is not None:
            return kept
        spans = self.line(index)
        if chosen is not None and selection is not None:
            own = self.own(index, _column(selection))
            return self._selected(spans, *(own.drawn(*chosen) if own is not None else (0, 0)))
        strip = Strip([Segment(text, self._style(name)) for text, name in spans])
        if len(self._strips) >= self.KEPT_STRIPS:
            self._strips.clear()
        self._strips[index] = strip
        if strip.cell_length > max(self._widest, self.size.width):
            self._widest = strip.cell_length
            self.call_later(lambda: self._fit(self.virtual_size.height))
        return strip

    def _selected(self, spans: Spans, start: int, end: int) -> Strip:
        text = Text.assemble(*[(part, self._style(name)) for part, name in spans], end="")
        style = self.screen.get_component_rich_style("screen--selection")
        if start < end:
            text.stylize(style, start, end)
        return Strip(list(text.render(self.app.console)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the person selected with the mouse, of the lines' own text."""
        return clipboard.joined(self._chosen(selection)), "\n"

    def _chosen(self, selection: Selection) -> Iterator[str]:
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else self.line_count()
        for index in range(first, min(last + 1, self.line_count())):
            own, span = self.own(index, _column(selection)), selection.get_span(index)
            if own is not None and span is not None:
                yield own.part(*span)

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        self._strips.clear()
        self.refresh()


def _column(selection: Selection) -> int | None:
    return selection.start.x if selection.start is not None else None
