"""What is under way, a line each: a bar, the words, and how long it has taken; gone when nothing is."""

from __future__ import annotations

import time

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from oci_tui.core.terminal import visible_line
from oci_tui.ui.wording import gauge, head
from oci_tui.ui.work import Step, Work

_LOOK_S = 0.25
_MOST, _TALL = 3, 20


class ProgressLines(Widget):
    """Looks at `work` four times a second, and draws when there is something new."""

    DEFAULT_CSS = """
    ProgressLines { height: auto; max-height: 3; display: none; }
    """

    def __init__(self, work: Work) -> None:
        super().__init__(id="progress")
        self._work = work
        self._shown: tuple[tuple[Step, int], ...] = ()

    def on_mount(self) -> None:
        self.set_interval(_LOOK_S, self.look)

    def look(self) -> None:
        """Bring the lines level with the work."""
        now = time.monotonic()
        most = _MOST if self.screen.size.height >= _TALL else 1
        shown = tuple((step, int(now - step.since)) for step in self._work.under_way()[:most])
        if shown != self._shown:
            self.display = bool(shown)
            taller = len(shown) != len(self._shown)
            self._shown = shown
            self.refresh(layout=taller)

    def render(self) -> Content:
        return Content("\n").join(self._line(step, seconds) for step, seconds in self._shown)

    def _line(self, step: Step, seconds: int) -> Content:
        cells = 20 if self.screen.size.width >= 80 else 8
        known = step.fraction is not None
        bar = f"{gauge(step.fraction or 0.0, cells)} {step.fraction or 0.0:4.0%}" if known else "◌"
        since = f"  {seconds} s"
        name = head(visible_line(step.name), max(self.screen.size.width // 3, 12))
        room = self.screen.size.width - cell_len(name) - cell_len(bar) - cell_len(since) - 6
        doing = Content(visible_line(step.doing)).truncate(max(room, 0), ellipsis=True) if room > 3 else Content("")
        return Content.assemble(
            " ", (name, "bold"), "  ", (bar, "$accent"), "  ", doing.stylize("$ink-muted"), (since, "$ink-faint")
        )
