"""After the leader: what the next key can do, at the lower edge; the key does it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from oci_tui.ui.keys import Key

_MOST_COLUMNS = 4
_BRIEFLY = {
    "changes.commit": "commit",
    "changes.undo": "undo",
    "changes.redo": "redo",
    "timeline": "time line",
    "editor": "$EDITOR",
    "command_palette": "commands",
    "leave": "quit",
}


class LeaderScreen(ModalScreen[Key | None]):
    """Ends with what the key that was pressed does, None where that is nothing."""

    DEFAULT_CSS = """
    LeaderScreen { align: left bottom; background: transparent; }
    LeaderScreen > VerticalScroll {
        width: 100%; height: auto; max-height: 100%; padding: 0 1; background: $surface; border-top: solid $rule;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, chords: Mapping[str, Key]) -> None:
        super().__init__()
        self._chords = chords
        self._rows, self._cell = 1, 1

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(markup=False)

    def on_resize(self) -> None:
        self.query_one(Static).update(self._table(self.size.width - 2))

    def _table(self, width: int) -> Content:
        """The keys in columns, read downwards."""
        said = [(then, _BRIEFLY.get(key.id, key.id)) for then, key in self._chords.items()]
        columns = max(1, min(_MOST_COLUMNS, width // (2 + max(cell_len(then) + cell_len(does) for then, does in said))))
        rows, cell = -(-len(said) // columns), width // columns
        self._rows, self._cell = rows, cell
        wide = max(cell_len(then) for then, _ in said)
        lines = []
        for row in zip_longest(*(said[start : start + rows] for start in range(0, len(said), rows)), fillvalue=("", "")):
            cells = [((f"{set_cell_size(then, wide)} ", "bold $accent"), _fitted(does, cell - wide - 1)) for then, does in row]
            lines.append(Content.assemble(*(part for cell in cells for part in cell)))
        lines.append(Content.styled("Esc leaves", "$ink-faint"))
        return Content("\n").join(lines)

    def on_click(self, event: events.Click) -> None:
        """A key that is clicked is pressed; a click beside them leaves."""
        place = event.get_content_offset(self.query_one(Static))
        at = place.x // self._cell * self._rows + place.y if place is not None and place.y < self._rows else -1
        self.dismiss(list(self._chords.values())[at] if 0 <= at < len(self._chords) else None)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(self._chords.get(event.character or "") or self._chords.get(event.key))


def _fitted(text: str, room: int) -> tuple[str, str]:
    text = text if cell_len(text) < room else f"{set_cell_size(text, max(0, room - 2))}…"
    return set_cell_size(text, room), "$ink-muted"
