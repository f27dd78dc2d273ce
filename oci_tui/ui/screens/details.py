"""The status details: all that the status line has no room for, kept level with what happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from oci_tui.core.generation import EngineInfo, Usage
from oci_tui.core.terminal import visible_line
from oci_tui.ui.desk import Row
from oci_tui.ui.facts import Facts
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import TextPane
from oci_tui.ui.screens.page import Page
from oci_tui.ui.wording import gauge, plural, seconds, wrap

_NAME = 14
_LOOK_S = 1.0


class DetailsScreen(Page):
    """`machine` are rows about the machine, told once they are there."""

    def __init__(self, facts: Facts, root: Path, log: Path) -> None:
        self._text = TextPane("Status", id="details")
        super().__init__(self._text)
        self._facts = facts
        self._places = (("repository", str(root)), ("app's log", str(log)))
        self._machine: Sequence[Row] | None = None
        self._told: tuple[object, ...] = ()

    def on_mount(self) -> None:
        self.set_interval(_LOOK_S, self._follow)

    def know_machine(self, rows: Sequence[Row]) -> None:
        """What the machine says of itself."""
        self._machine = rows
        self.redraw()

    def _follow(self) -> None:
        facts = self._facts
        now = (facts.engine, facts.sandbox, facts.workspace, facts.usage, facts.window, facts.pending, dict(facts.state))
        if now != self._told:
            self._told = now
            self.redraw()

    def redraw(self) -> None:
        self._text.tell(self._lines)

    def _lines(self, width: int) -> Sequence[Spans]:
        lines: list[Spans] = []
        for title, rows in self._sections():
            lines += [(), ((f" {title}", "accent"),)] if lines else [((f" {title}", "accent"),)]
            for name, text, style in rows:
                first, *more = wrap(visible_line(text), width - _NAME - 3) or [""]
                lines.append(((f"  {name:{_NAME}}", "number"), (first, style)))
                lines += [((" " * (_NAME + 2), "number"), (row, style)) for row in more]
        return lines

    def _sections(self) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        facts = self._facts
        yield "Model", [*self._state("engine"), *(_model(facts.engine, facts.usage, facts.window) if facts.engine else ())]
        yield "Sandbox", [*self._state("sandbox"), *self._sandbox()]
        yield "Repository", [*self._state("workspace"), *self._workspace()]
        machine = (
            [("asking", "◌ …", "muted")] if self._machine is None else [(name, text, "text") for name, text in self._machine]
        )
        yield "Machine, versions, places", [*machine, *((name, place, "text") for name, place in self._places)]

    def _state(self, part: str) -> Iterator[tuple[str, str, str]]:
        said = {str(key): value for key, value in self._facts.state.items()}.get(part)
        if said:
            yield "state", said, "bad" if said.startswith("✗") else "muted"

    def _sandbox(self) -> Iterator[tuple[str, str, str]]:
        info = self._facts.sandbox
        if info is None:
            if "sandbox" not in self._facts.state:
                yield "state", "not ready yet", "muted"
            return
        if "sandbox" not in self._facts.state:
            yield "state", "▣ ready", "good"
        yield "engine", info.name, "text"
        yield "image", info.image, "text"
        for name, rows, style in (
            ("limits", info.limits, "text"),
            ("not enforced", info.not_enforced, "warn"),
            ("weak", info.weaknesses, "bad"),
            ("notes", info.notes, "muted"),
            ("languages", info.languages, "text"),
        ):
            if rows:
                yield name, " · ".join(rows), style
        if not info.not_enforced:
            yield "not enforced", "nothing: every limit holds", "good"

    def _workspace(self) -> Iterator[tuple[str, str, str]]:
        info = self._facts.workspace
        if info is None and "workspace" not in self._facts.state:
            yield "state", "not open yet", "muted"
        if info is not None:
            yield "branch", info.branch or "detached HEAD", "text"
            yield "files", " · ".join(filter(None, (plural(info.files, "file"), info.counts()))), "text"
        pending = self._facts.pending
        yield "pending", pending.summary() if pending.files else "no change", "warn" if pending.files else "muted"
        if self._facts.session:
            yield "session", self._facts.session, "text"


def _model(info: EngineInfo, usage: Usage | None, window: tuple[int, int]) -> Iterator[tuple[str, str, str]]:
    bits = f" · {info.bits_per_weight:.2f} bits per weight" if info.bits_per_weight is not None else ""
    yield "model", f"{info.model}{bits}", "strong"
    yield "engine", f"{info.engine} on {info.device}", "text"
    if info.template:
        yield "template", info.template, "text"
    used, there = window
    if there:
        style = "warn" if used > 0.85 * there else "text"
        yield "context", f"{gauge(used / there, 20)} {used:,} of {there:,} tokens, {used / there:.0%}", style
    if usage is None or not usage.reply_tokens:
        limit = f"at most {info.speed_limit:.0f} tokens/s, by the speed of the memory" if info.speed_limit else "–"
        yield "speed", f"{limit}; measured with the first reply", "muted"
    else:
        speed, most = usage.tokens_per_second, info.speed_limit
        share = f", {speed / most:.0%} of the {most:.0f} that the memory allows" if most else ""
        yield "speed", f"{speed:.1f} tokens/s{share}", "text"
        yield "first token", seconds(usage.first_token_s), "text"
        yield "prompt", f"{usage.prompt_tokens:,} tokens: {usage.cached_tokens:,} cached, {usage.new_tokens:,} computed", "text"
        yield "reply", f"{usage.reply_tokens:,} tokens in {seconds(usage.seconds)}, ended by {usage.end}", "text"
        if usage.drafted_tokens:
            taken = usage.accepted_tokens / usage.drafted_tokens
            yield (
                "guessed ahead",
                f"{usage.drafted_tokens:,} tokens, {usage.accepted_tokens:,} of them right ({taken:.0%})",
                "text",
            )
    for note in info.notes:
        yield "note", note, "muted"
