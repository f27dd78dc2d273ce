"""The code pane: the code blocks of the reply, numbered and coloured, as they are written."""

from __future__ import annotations

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
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.highlight import Highlighter
from oci_tui.ui.panes.lines import Spans
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
        self._finished = False

    def read(self) -> int:
        """Take in what the block has grown by; returns the first row that changed."""
        changed = self.start + 1
        if self.block.path != self.path:
            self.path = self.block.path
            self.coloured = Highlighter(self.block.tag, self.path)
            changed = self.start
        if self.block.closed and not self._finished:
            self._finished = True
            self.coloured.again()
        self.lines.extend(_plain(line) for line in self.block.lines[len(self.lines) :])
        first = self.coloured.read(self.lines, _plain(self.block.partial))
        return changed if changed == self.start else self.start + 1 + first

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
        return ((f"{index:>5}  ", "number"), *spans)


class CodePane(CursorPane):
    """Streams the code of the round that runs; the last round's code stays until the next one writes some."""

    LABEL = "Code"
    LESSON = "The model's code appears here while it is written. Nothing is written to your files before you accept it."

    def __init__(self, *, id: str = "code") -> None:  # noqa: A002
        super().__init__(id=id)
        self._runs = RUNNABLE_TAGS
        self._reader = ReplyReader()
        self._pieces: list[str] = []
        self._shown: list[_Shown] = []
        self._stale = True
        self._round = 0

    def show(self, event: Event) -> None:
        match event:
            case SandboxReady(info=info):
                self._runs = frozenset(info.tags) or RUNNABLE_TAGS
            case TurnStarted():
                self._round = 0
            case RoundStarted():
                self._round = event.round
            case ContextBuilt():
                self._reader, self._pieces, self._stale = ReplyReader(runs=self._runs), [], True
            case ReplyGrew():
                self._pieces.append(event.text)
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
            self._stale, self._shown = False, []
            self.restart()
        if self._shown:
            self.changed(self._shown[-1].read())
        for block in blocks[len(self._shown) :]:
            shown = _Shown(block, self.line_count())
            self._shown.append(shown)
            self.changed(min(shown.start, shown.read()))
        last = self._shown[-1]
        name = visible_line(last.path) or visible_line(last.block.tag)
        # The count of an open block would repaint the heading with every line.
        length = plural(len(last.lines), "line") if last.block.closed else ""
        self.detail = " · ".join(filter(None, (f"round {self._round}", name, length)))

    def line_count(self) -> int:
        return self._shown[-1].start + self._shown[-1].rows if self._shown else 0

    def line(self, index: int) -> Spans:
        shown = next(shown for shown in reversed(self._shown) if shown.start <= index)
        return shown.row(index - shown.start)

    def fill(self, index: int) -> str:
        return "bar" if any(shown.start == index for shown in self._shown) else "text"


def _plain(line: str) -> str:
    return visible_line(line.expandtabs(4))
