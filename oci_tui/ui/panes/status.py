"""The status line: where we are on the left; the model, its speed, the window and the sandbox on the right."""

from __future__ import annotations

import time
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from oci_tui.core.approval import ApprovalChosen, CommandAsked
from oci_tui.core.company import CompanyChanged, HostLost
from oci_tui.core.events import (
    CheckFound,
    CommandFinished,
    CommandStarted,
    ContextBuilt,
    DiffChanged,
    EngineReady,
    Event,
    Part,
    PartFailed,
    PartProgressed,
    ReplyFinished,
    ReplyGrew,
    RoundStarted,
    SandboxReady,
    TurnFinished,
    TurnStarted,
    WorkspaceReady,
)
from oci_tui.core.generation import EngineInfo, Usage
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.people import standing
from oci_tui.ui.wording import change, head, seconds, tail, thousands

_LONGEST = 30

Chip = tuple[int, str, str]
"""How soon it is dropped when room is short (1 stays longest), the text, and the style."""


class StatusPane(Widget):
    """One line. Chips that do not fit are dropped, the least important first."""

    DEFAULT_CSS = """
    StatusPane { height: 1; background: $bar-background; color: $foreground; }
    """

    def __init__(self, root: Path, *, id: str = "status") -> None:  # noqa: A002
        super().__init__(id=id)
        home = Path.home()
        self._root = visible_line(f"~/{root.relative_to(home)}" if root.is_relative_to(home) and root != home else str(root))
        self._branch = ""
        self._engine: EngineInfo | None = None
        self._usage: Usage | None = None
        self._parts: dict[Part, tuple[str, str]] = {}
        self._window = (0, 0)
        self._pending = self._check = ""
        self._doing = self._approval = ""
        self._people = ("", False)
        self._tried = 0
        self._turning = False
        self._since = 0.0
        self._clock: Timer | None = None

    def on_mount(self) -> None:
        self._clock = self.set_interval(0.5, self.refresh, pause=True)

    async def on_click(self) -> None:
        await self.app.run_action("details")

    def show(self, event: Event) -> None:
        match event:
            case PartProgressed():
                part = f" {event.fraction:.0%}" if event.fraction is not None else ""
                self._parts[event.part] = (f"◌ {event.part}{part}", "$ink-muted")
            case EngineReady():
                self._engine = event.info
                self._parts.pop("engine", None)
            case SandboxReady():
                weak = visible_line("; ".join(event.info.weaknesses))
                self._parts["sandbox"] = (f"▣ sandbox: {weak}", "$warning") if weak else ("▣ sandbox", "$success")
            case WorkspaceReady():
                self._branch = visible_line(event.info.branch) or "detached HEAD"
                self._parts.pop("workspace", None)
            case PartFailed():
                self._parts[event.part] = (f"✗ {event.part}", "$error")
                if not self._turning:
                    self._do("")
            case DiffChanged():
                self._pending = change(event.diff) if event.diff.files else ""
            case CheckFound():
                self._check = visible_line(event.command.label)
            case ContextBuilt():
                self._window = (event.tokens, event.window)
            case ReplyFinished():
                self._usage = event.usage
                used = event.usage.prompt_tokens + event.usage.reply_tokens
                self._window = (used or self._window[0], self._window[1] or (self._engine.context if self._engine else 0))
                self._do("checking")
            case TurnStarted():
                self._tried, self._turning = 0, True
                self._do("preparing")
            case RoundStarted():
                self._do("reading the prompt")
            case ApprovalChosen():
                self._approval = event.mode
            case CandidateStarted():
                self._do(f"trying {event.of} replies" if event.number == 1 else self._doing)
            case CandidateFinished():
                self._tried += 1
                self._doing = f"{self._doing.partition(':')[0]}: {self._tried} done"
            case CandidateChosen():
                self._tried = 0
            case CompanyChanged():
                self._people = standing(event)
            case HostLost():
                self._do("")
                self._people = ("✗ the host is gone", True)
            case CommandAsked():
                self._do("waiting for your answer")
            case CommandStarted():
                self._do("running")
            case CommandFinished() if not self._turning:
                self._do("")
            case TurnFinished():
                self._turning = False
                self._do("")
            case ReplyGrew():
                if self._doing != "writing":
                    self._do("writing")
                return
            case _:
                return
        self.refresh()

    def _do(self, doing: str) -> None:
        self._doing, self._since = doing, time.monotonic()
        if self._clock is not None:
            if doing:
                self._clock.resume()
            else:
                self._clock.pause()

    def _chips(self) -> list[Chip]:
        chips: list[Chip] = []
        if self._doing:
            chips.append((1, f"● {self._doing} {int(time.monotonic() - self._since)} s", "$accent"))
        if self._people[0]:
            chips.append((3, self._people[0], "$warning" if self._people[1] else "$accent"))
        if self._pending:
            chips.append((2, f"± {self._pending}", "$warning"))
        if self._approval:
            chips.append((5, self._approval, "$ink-muted" if self._approval == "auto" else "$accent"))
        if self._engine is not None:
            bits = f" {self._engine.bits_per_weight:.1f} bpw" if self._engine.bits_per_weight is not None else ""
            chips.append((6, f"{head(visible_line(self._engine.model), _LONGEST)}{bits}", "$foreground"))
        used, window = self._window
        if window:
            style = "$warning" if used > 0.85 * window else "$ink-muted"
            chips.append((4, f"ctx {thousands(used)}/{thousands(window)}", style))
        if self._check:
            chips.append((8, f"check {self._check}", "$ink-muted"))
        if self._usage is not None and self._usage.reply_tokens:
            speed, limit = self._usage.tokens_per_second, self._engine.speed_limit if self._engine is not None else 0.0
            share = f" {speed / limit:.0%}" if limit else ""
            chips.append((8, f"{speed:.0f} tok/s{share}", "$ink-muted"))
            chips.append((9, f"ttft {seconds(self._usage.first_token_s)}", "$ink-muted"))
            if self._usage.prompt_tokens:
                chips.append((10, f"{self._usage.cached_tokens / self._usage.prompt_tokens:.0%} cached", "$ink-muted"))
        chips.extend((3, text, style) for text, style in self._parts.values())
        return chips

    def render(self) -> Content:
        width = self.size.width
        branch = f"· {head(self._branch, _LONGEST)}" if self._branch else ""
        places: list[Chip] = [(5, tail(self._root, max(width // 3, 12)), "$foreground"), (7, branch, "$ink-muted")]
        left: list[Chip] = [(11, "oci-tui", "bold $accent"), *(place for place in places if place[1])]
        right = self._chips()
        while left or right:
            needed = sum(cell_len(text) + 2 for _, text, _ in left + right) + 2
            if needed <= width or len(left) + len(right) == 1:
                break
            least = max(left + right, key=lambda chip: chip[0])
            (left if least in left else right).remove(least)
        place, facts = (Content("  ").join(Content.styled(text, style) for _, text, style in side) for side in (left, right))
        gap = max(2, width - 2 - place.cell_length - facts.cell_length)
        return Content.assemble(" ", place, " " * gap, facts, " ")
