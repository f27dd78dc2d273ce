"""What the transcript tells: its entries, and how each becomes rows of a given width."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from oci_tui.core.events import Part
from oci_tui.core.reply import ReplyReader
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.wording import plural, wrap

_FENCE_START = ("`", "~")


class Entry(Protocol):
    """A thing the transcript tells."""

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]: ...


@dataclass
class Said:
    """A text with a sign before its first row. `text` has been through `core.terminal`."""

    sign: str
    sign_style: str
    text: str
    style: str = "text"
    gap: bool = False

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]:  # noqa: ARG002
        if self.gap:
            yield ()
        for index, row in enumerate(wrap(self.text, width - 3)):
            yield ((f" {self.sign if index == 0 else ' '} ", self.sign_style), (row, self.style))


@dataclass
class Told:
    """One line of a round: its number, files, what is being done or how it came out, and the prose of its reply."""

    number: int
    turn: int
    sign: str = "◌"
    sign_style: str = "accent"
    doing: str = "reading the prompt"
    paths: str = ""
    prose: Prose = field(default_factory=lambda: Prose())

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]:
        yield from self.head(width)
        yield from self.prose.rows(width, unfolded)

    def head(self, width: int) -> list[Spans]:
        """The rows above the prose."""
        name = f"round {self.number}"
        rest = " · ".join(filter(None, (self.paths, self.doing)))
        first, *more = wrap(rest, width - len(name) - 5) if rest else [""]
        return [
            ((f" {self.sign} ", self.sign_style), (name, "strong"), (f"  {first}", self.style)),
            *(((" " * (len(name) + 5), "text"), (row, self.style)) for row in more),
        ]

    @property
    def style(self) -> str:
        return {"good": "good", "bad": "bad"}.get(self.sign_style, "muted")


class Prose:
    """The reply without its code. What stands before the first block is shown whole, the rest is folded into one row."""

    def __init__(self) -> None:
        self._reader = ReplyReader()
        self._line = ""
        self._before: list[str] = []
        self._after: list[str] = []

    def feed(self, text: str) -> bool:
        """Take a piece in; whether the prose may read differently now."""
        inside = self._reader.open is not None
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            outside = self._reader.open is None
            self._reader.feed(f"{line}\n")
            block = self._reader.open
            if outside and block is None:
                (self._after if self._reader.blocks else self._before).append(visible(line).expandtabs(4))
            elif outside and block is not None and block.path:
                self._forget_label(self._before if len(self._reader.blocks) == 1 else self._after, block.path)
        return not inside or self._reader.open is None

    @staticmethod
    def _forget_label(told: list[str], path: str) -> None:
        """The line before a block that only names its file says nothing that the code pane does not."""
        while told and not told[-1]:
            told.pop()
        if told and visible_line(path) in told[-1] and len(told[-1]) < len(path) + 12:
            told.pop()

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]:
        before, after = list(self._before), list(self._after)
        if self._line and self._reader.open is None and not self._line.lstrip().startswith(_FENCE_START):
            (after if self._reader.blocks else before).append(visible(self._line).expandtabs(4))
        text = "\n".join(before).strip("\n")
        if text:
            yield from ((("   ", "text"), (row, "text")) for row in wrap(text, width - 4))
        text = "\n".join(after).strip("\n")
        if not text:
            return
        folded = wrap(text, width - 4)
        if unfolded:
            yield from ((("   ", "text"), (row, "text")) for row in folded)
        else:
            yield (("   ", "text"), (f"⋯ {plural(len(folded), 'more line')} (Enter shows)", "number"))


@dataclass
class Parts:
    """The three parts and how far each has come; `brief` keeps each that is well to one row."""

    brief: bool = False

    state: dict[Part, tuple[str, str, str]] = field(
        default_factory=lambda: {
            "engine": ("◌", "accent", "starting"),
            "sandbox": ("◌", "accent", "starting"),
            "workspace": ("◌", "accent", "starting"),
        }
    )

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]:
        for part, (sign, style, text) in self.state.items():
            first, *more = wrap(visible_line(text), width - 16)
            if more and self.brief and not unfolded and style != "bad":
                first, more = f"{first} …", []
            kind = "bad" if style == "bad" else "muted"
            yield ((f" {sign} ", style), (f"{part:<11}", "text"), (first, kind))
            yield from ((((" " * 14), "text"), (row, kind)) for row in more)


@dataclass
class Lesson:
    """What an empty transcript teaches."""

    def rows(self, width: int, unfolded: bool) -> Iterator[Spans]:  # noqa: ARG002
        yield ()
        for text in (
            "Ask for a change below, for example: make the tests pass",
            "The model writes it, the sandbox runs it on a copy of this repository, and the output goes back to the model "
            "until the run passes. Your files change only when you accept.",
        ):
            yield from ((("   ", "text"), (row, "muted")) for row in wrap(text, width - 4))
