"""What an accept met: the files that both sides changed in the same lines, their three versions, and what can be done."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from oci_tui.core.conflict import Side, VersionLine, Versions
from oci_tui.core.events import ChangeConflicted
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui import keys
from oci_tui.ui.panes.choices import Choices, offered
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Own
from oci_tui.ui.panes.reading import ReadPane
from oci_tui.ui.wording import plural

_WHOSE = 8
Choice = Literal["clean", "mine"]
_SIDES: dict[Side, tuple[str, str]] = {
    "both": ("", "muted"),
    "yours": ("yours", "good"),
    "base": ("before", "number"),
    "theirs": ("model's", "accent"),
    "gap": ("⋯", "number"),
}


class VersionsPane(ReadPane):
    """The three versions of every file in conflict, one below the other, each line with whose it is."""

    LABEL = "Conflict"

    def __init__(self, conflict: ChangeConflicted) -> None:
        super().__init__(id="versions")
        self._rows: list[Versions | VersionLine] = []
        for versions in conflict.versions:
            self._rows += [versions, *versions.lines]

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        row = self._rows[index]
        if isinstance(row, Versions):
            return ((f" {visible_line(row.heading())}", "bar"),)
        whose, style = _SIDES[row.side]
        text = visible(row.text).expandtabs(4)
        return ((f" {whose:<{_WHOSE}}", style), (text, "muted" if row.side in ("both", "gap") else "text"))

    def own(self, index: int, column: int | None = None) -> Own | None:
        row = self._rows[index]
        return super().own(index, column) if isinstance(row, Versions) else Own(visible(row.text), 1 + _WHOSE)

    def fill(self, index: int) -> str:
        return "bar" if isinstance(self._rows[index], Versions) else "text"

    def to_file(self, step: int) -> None:
        """The next file to the top, or with -1 the one before."""
        starts = [index for index, row in enumerate(self._rows) if isinstance(row, Versions)]
        here = self.scroll_offset.y
        ahead = [index for index in starts if (index > here if step > 0 else index < here)]
        if ahead:
            self.scroll_to(y=min(ahead) if step > 0 else max(ahead), animate=False)


class ConflictScreen(ModalScreen[Choice | None]):
    """Ends with what the person chose, None to leave everything as it is."""

    DEFAULT_CSS = """
    ConflictScreen { align: center middle; background: $background 70%; }
    ConflictScreen > Vertical {
        width: 100; max-width: 100%; height: 80%; min-height: 10; max-height: 100%; padding: 1; background: $surface;
        border: none;
    }
    ConflictScreen VersionsPane { height: 1fr; background: $surface; }
    ConflictScreen .said { width: 100%; height: auto; color: $warning; text-style: bold; margin-bottom: 1; }
    ConflictScreen Choices { color: $ink-muted; }
    ConflictScreen.-short > Vertical { height: 100%; padding: 0 1; }
    ConflictScreen.-short .said, ConflictScreen.-short Choices { margin: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Conflict")

    def __init__(self, conflict: ChangeConflicted) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
        self._conflict = conflict

    def compose(self) -> ComposeResult:
        count = plural(len(self._conflict.paths), "file")
        with Vertical():
            yield Label(f"Nothing was written: {count} changed in your tree in the same lines.", classes="said", markup=False)
            yield VersionsPane(self._conflict)
            yield Choices(self._choices())

    def _choices(self) -> list[tuple[str, str]]:
        clean = len(self._conflict.clean)
        other = "file" if clean == 1 else f"{clean} files"
        pairs = [
            *([("conflict.clean", f"accept the other {other}")] if self._offers("clean") else []),
            *([("conflict.mine", "model again on top of mine")] if self._offers("mine") else []),
            ("conflict.next conflict.previous", "next file"),
            ("conflict.leave", "leave it pending"),
        ]
        return offered(pairs, keys.keymap_of(self.app))

    def _offers(self, choice: str) -> bool:
        return self._conflict.doing == "accepted" and (choice != "clean" or bool(self._conflict.clean))

    def action_next(self, step: int) -> None:
        self.query_one(VersionsPane).to_file(step)

    def action_choose(self, choice: Choice | Literal[""]) -> None:
        if not choice:
            self.dismiss(None)
        elif self._offers(choice):
            self.dismiss(choice)
