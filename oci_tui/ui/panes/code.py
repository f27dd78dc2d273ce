"""The code pane: the code blocks of the reply, numbered and coloured, as they are written."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from oci_tui.core.events import (
    ContextBuilt,
    EditsRefused,
    Event,
    ReplyFinished,
    ReplyGrew,
    RoundStarted,
    SandboxReady,
    TurnFinished,
    TurnStarted,
)
from oci_tui.core.reply import RUNNABLE_TAGS, Block, ReplyReader
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui import keys
from oci_tui.ui.panes.certainty import Certainty
from oci_tui.ui.panes.code_editor import Excerpt
from oci_tui.ui.panes.heat import HeatPane
from oci_tui.ui.panes.highlight import Highlighter
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Own, Span
from oci_tui.ui.places import FileLine
from oci_tui.ui.wording import plural

_MARKS = ("<<<<<<<", "=======", ">>>>>>>")


class _Shown:
    """A block of the reply and how much of it is on screen. `start` is the row of its heading."""

    def __init__(self, block: Block, start: int) -> None:
        self.block = block
        self.start = start
        self.lines: list[str] = []
        self.coloured = Highlighter(block.tag, block.path)
        self.path = block.path
        self._final = False

    def read(self) -> int:
        """Take in what the block has grown by; returns the first row that changed."""
        changed = self.start + 1
        if self.block.path != self.path:
            self.path = self.block.path
            self.coloured = Highlighter(self.block.tag, self.path)
            changed = self.start
        self.lines.extend(_plain(line) for line in self.block.lines[len(self.lines) :])
        first = self.coloured.read(self.lines, _plain(self.block.partial))
        return changed if changed == self.start else self.start + 1 + first

    @property
    def uncertain(self) -> bool:
        """Whether its colours are those of a text that went on: what was still open may be closed now."""
        return self.block.closed and not self._final

    def recolour(self) -> int:
        """Colour all of it once more; the first row that may differ."""
        self._final = True
        self.coloured.again()
        return self.read()

    @property
    def rows(self) -> int:
        return 1 + len(self.lines) + bool(self.block.partial) + 1

    def row(self, index: int) -> Spans:
        if index == 0:
            name = visible_line(self.path) or visible_line(self.block.tag) or "text"
            return ((f" {name}", "bar"), ("  to run" if self.block.runnable else "", "bar"))
        if index > len(self.lines) + bool(self.block.partial):
            return ()
        spans = self.coloured.lines[index - 1]
        if spans and spans[0][0].startswith(_MARKS):
            spans = tuple((text, "comment") for text, _ in spans)
        return (_number(index), *spans)

    def own(self, index: int) -> Own:
        """What of a row below the heading is the block's own."""
        lines, inside = self.block.lines, index - 1
        text = lines[inside] if inside < len(lines) else self.block.partial
        return Own(visible(text), len(_number(index)[0]))


class CodePane(HeatPane):
    """Streams the code of the round that runs; the last round's code stays until the next one writes some."""

    LABEL = "Code"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("code.previous-block code.next-block", "blocks"),
        ("code.edit", "edit"),
        ("code.go-on code.run", "edit in $EDITOR"),
        ("code.heat", "heat"),
        ("code.least-sure", "least sure"),
    )
    COLOUR_S: ClassVar[float] = 0.3
    """So long after a block is closed all of it is coloured again: its end is shown first."""
    LESSON = "The model's code appears here while it is written. Nothing is written to your files before you accept it."

    class Edit(Message):
        """The person wants to change this reply; the model goes on from it, or it is run as it is."""

        def __init__(self, text: str, *, go_on: bool) -> None:
            super().__init__()
            self.text = text
            self.go_on = go_on

    class EditHere(Message):
        """The person wants to change this part of the reply where it stands; `excerpt` None: it cannot be shown as it is."""

        def __init__(self, excerpt: Excerpt | None) -> None:
            super().__init__()
            self.excerpt = excerpt

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Code")

    def __init__(self, *, id: str = "code") -> None:  # noqa: A002
        super().__init__(id=id)
        self._runs = RUNNABLE_TAGS
        self._reader = ReplyReader()
        self._pieces: list[str] = []
        self._shown: list[_Shown] = []
        self._stale = True
        self._colouring: Timer | None = None
        self._round = 0
        self._fresh = self._certainty
        self._rows_of: list[int] = []
        self.named = ""

    def show(self, event: Event) -> None:
        match event:
            case SandboxReady(info=info):
                self._runs = frozenset(info.tags) or RUNNABLE_TAGS
            case TurnStarted():
                self._round = 0
            case RoundStarted():
                self._round = event.round
            case ContextBuilt():
                self.prepare()  # what the reply before said last may not be drawn yet
                self._reader, self._pieces, self._stale = ReplyReader(runs=self._runs), [], True
                self._fresh = Certainty()
            case ReplyGrew():
                self._pieces.append(event.text)
                self._fresh.add(event.text, event.tokens)
                self.changed(self.line_count())
            case ReplyFinished():
                self._pieces.append("\n")
                self.settle()
            case EditsRefused() | TurnFinished():
                self.settle()

    def prepare(self) -> None:
        if not self._pieces:
            return
        text, self._pieces = "".join(self._pieces), []
        self._reader.feed(text)
        blocks = self._reader.blocks
        if not blocks:
            return
        if self._stale:
            self._stale, self._shown, self._heat, self._doubted = False, [], False, []
            self._certainty, self.foot = self._fresh, ""
            self.restart()
        before = max(0, len(self._shown) - 1)
        if self._shown:
            self.changed(self._shown[-1].read())
        for block in blocks[len(self._shown) :]:
            shown = _Shown(block, self.line_count())
            self._shown.append(shown)
            self.changed(min(shown.start, shown.read()))
        if self._colouring is None and any(shown.uncertain for shown in self._shown[before:]):
            self._colouring = self.set_timer(self.COLOUR_S, self._recolour)
        last = self._shown[-1]
        name = visible_line(last.path) or visible_line(last.block.tag)
        # The count of an open block would repaint the heading with every line.
        length = plural(len(last.lines), "line") if last.block.closed else ""
        number = f"round {self._round}" if self._round else ""
        self.named = self.detail = " · ".join(filter(None, (number, name, length)))

    def _recolour(self) -> None:
        self._colouring = None
        for shown in self._shown:
            if shown.uncertain:
                self.changed(shown.recolour())

    def line_count(self) -> int:
        return self._shown[-1].start + self._shown[-1].rows if self._shown else 0

    def line(self, index: int) -> Spans:
        shown = next(shown for shown in reversed(self._shown) if shown.start <= index)
        row = self.reply_row(index) if self._heat else -1
        if row >= 0:
            chosen = self._token if index == self._cursor else -1
            return (_number(index - shown.start), *self._certainty.spans(row, chosen))
        return shown.row(index - shown.start)

    def own(self, index: int, column: int | None = None) -> Own | None:
        shown = next(shown for shown in reversed(self._shown) if shown.start <= index)
        inside = index - shown.start
        return shown.own(inside) if 0 < inside < shown.rows - 1 else super().own(index, column)

    # keys

    def reply_row(self, index: int) -> int:
        """The line of the reply that stands in a row; -1 for headings and rows between blocks."""
        number = next(number for number in range(len(self._shown) - 1, -1, -1) if self._shown[number].start <= index)
        shown, start = self._shown[number], self._rows_of[number] if number < len(self._rows_of) else -1
        inside = index - shown.start - 1
        return start + inside if start >= 0 and 0 <= inside < len(shown.lines) else -1

    def locate(self) -> None:
        """Find the rows of the blocks in the reply."""
        self._rows_of = self._certainty.starts([shown.block.lines for shown in self._shown])

    def action_block(self, step: int) -> None:
        """To the next (or with -1 the previous) block."""
        starts = [shown.start for shown in self._shown]
        ahead = [start for start in starts if (start > self.here if step > 0 else start < self.here)]
        if ahead:
            row = min(ahead) if step > 0 else max(ahead)
            self.go_to(row, row)

    def action_edit(self, go_on: bool) -> None:
        """Have the reply edited; to go on, only what stands up to the cursor's line (all of it without a cursor)."""
        if not self._shown:
            return
        text = self._certainty.text
        if go_on and self._cursor is not None:
            self.locate()
            row = self.reply_row(self.here)
            text = "\n".join(text.split("\n")[: row + 1]) + "\n" if row >= 0 else text
        self.post_message(self.Edit(text, go_on=go_on))

    def action_edit_here(self) -> None:
        """Have the block under the cursor edited in the pane; all of the reply where the block is not found in it."""
        if not self._shown:
            return
        self.locate()
        number = max(number for number, shown in enumerate(self._shown) if shown.start <= self.here)
        shown, start = self._shown[number], self._rows_of[number]
        lines = self._certainty.text.split("\n")
        if start < 0:
            excerpt = Excerpt("", self._certainty.text, tag="markdown")
        else:
            end = start + len(shown.block.lines) + bool(shown.block.partial)
            before, text = "".join(f"{part}\n" for part in lines[:start]), lines[start:end]
            after = "".join(f"\n{part}" for part in lines[end:])
            line = -1 if self._cursor is None else min(max(0, self.here - shown.start - 1), len(text) - 1)
            excerpt = Excerpt(before, "\n".join(text), after, line, shown.block.tag, shown.path)
        self.post_message(self.EditHere(excerpt if visible(excerpt.text) == excerpt.text else None))

    def place_at(self, index: int) -> FileLine | None:
        """In the block's own file; in a block to run, what the line names."""
        shown = next(shown for shown in reversed(self._shown) if shown.start <= index)
        if not shown.path:
            return super().place_at(index)
        of_diff = shown.block.tag in ("diff", "patch")
        lines = [line[1:] if of_diff else line for line in (*shown.block.lines, shown.block.partial)]
        row = index - shown.start
        return FileLine(shown.path, max(1, row), written=tuple(lines) if row else ())

    def whole_at(self, index: int) -> str:
        """The block that the line is in."""
        shown = next(shown for shown in reversed(self._shown) if shown.start <= index)
        return visible(shown.block.text)

    def fill(self, index: int) -> str:
        return "bar" if any(shown.start == index for shown in self._shown) else "text"


def _plain(line: str) -> str:
    return visible(line).expandtabs(4)


def _number(index: int) -> Span:
    return f"{index:>5}  ", "number"
