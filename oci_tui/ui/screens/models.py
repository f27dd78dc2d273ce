"""The models screen: what is here or can be fetched, what fits this machine, fetching with progress, switching the model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from textual import work
from textual.binding import BindingType
from textual.message import Message

from oci_tui.core.errors import OciError
from oci_tui.core.models import Listed
from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.desk import Desk
from oci_tui.ui.facts import Facts
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import RowsPane
from oci_tui.ui.screens.page import ListPage
from oci_tui.ui.wording import head, wrap
from oci_tui.ui.work import Work

_NAME = 28
_REST_S = 0.3
_SIGNED = re.compile(r"([✓✗])")
_SIGNS = {"✓": "good", "✗": "bad"}


class ModelsList(RowsPane):
    LESSON = "No model is here and none is known by name; p fetches one of the hub."
    BINDINGS: ClassVar[list[BindingType]] = keys.of("Models")


class ModelsScreen(ListPage):
    """Says what the person wants of a model; the app does it, so that it goes on when the screen is closed."""

    class Wanted(Message):
        """Something is wanted of the model called so."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Fetch(Wanted):
        """Have it fetched."""

    class Switch(Wanted):
        """Have it run in place of the one that runs."""

    class Remove(Wanted):
        """Have it deleted; asked twice."""

    class Stop(Message):
        """Stop what is being fetched."""

    BESIDE = False
    HINTS = (
        ("models.switch", "switch to it"),
        ("models.fetch", "fetch"),
        ("models.stop_fetch", "stop fetching"),
        ("models.delete", "delete"),
    )

    def __init__(self, desk: Desk, facts: Facts, progress: Work) -> None:
        super().__init__(ModelsList("Models", id="rows"), "What it is and what fits", progress)
        self._desk = desk
        self._facts = facts
        self._models: Sequence[Listed] | None = None
        self._told: dict[str, Sequence[str]] = {}

    def on_mount(self) -> None:
        self.look()

    @work(exclusive=True, group="models")
    async def look(self) -> None:
        """List the models anew."""
        self._models = await asyncio.to_thread(self._desk.shelf.listed)
        self._told.clear()
        self.redraw()
        self.ask_about()

    @property
    def _model(self) -> Listed | None:
        return self._models[self.rows.row] if self._models else None

    def list_rows(self, width: int) -> Sequence[Spans]:
        now = self._facts.engine
        self.rows.detail = visible_line(f"{now.model} runs, by {now.engine}") if now else "no model is loaded"
        if self._models is None:
            return [((" ◌ looking for models", "muted"),)]
        return [self._row(model, width) for model in self._models]

    def _row(self, model: Listed, width: int) -> Spans:
        chosen = model.name == self._desk.settings.now.engine.model
        sign, style = ("●", "accent") if chosen else ("✓", "good") if model.present else (" ", "text")
        name = min(_NAME, max(width - 14, 12))
        title = visible_line(model.title)
        return (
            (f" {sign} ", style),
            (set_cell_size(head(visible_line(model.name), name), name), "strong" if model.present else "text"),
            (f"{model.bytes / 1e9:6.1f} GB", "number"),
            (f"  {head(title, room)}" if (room := width - name - 14) > 8 else "", "muted"),
        )

    def detail_rows(self, width: int) -> Sequence[Spans]:
        model = self._model
        if model is None:
            return []
        licence = f" · {model.licence}" if model.licence else ""
        rows: list[Spans] = [((f" {row}", "strong"),) for row in wrap(visible_line(f"{model.title}{licence}"), width - 2)]
        for line in self._told.get(model.name, ("◌ asking what it is",)):
            rows += _about(visible_line(line), width)
        return rows

    def on_rows_pane_moved(self) -> None:
        self.ask_about()

    @work(exclusive=True, group="info")
    async def ask_about(self) -> None:
        """Ask about the model under the cursor, once it rests there."""
        model = self._model
        if model is None or model.name in self._told:
            return
        await asyncio.sleep(_REST_S)
        try:
            self._told[model.name] = await self._desk.shelf.info(self._desk.settings.tried({"engine.model": model.name}))
        except OciError as error:
            self._told[model.name] = (str(error),)
        self.detail.tell(self.detail_rows)

    # what keys do

    def action_switch(self) -> None:
        if model := self._model:
            if model.present:
                self.post_message(self.Switch(model.name))
            else:
                self.action_fetch()

    def action_fetch(self) -> None:
        def take(text: str) -> bool:
            if text.strip():
                self.post_message(self.Fetch(text.strip()))
            return True

        model = self._model
        self.ask_line.ask("what to fetch: NAME, or OWNER/NAME of the hub", self.rows, take, model.name if model else "")
        key = keys.hint("line.take", keys.keymap_of(self.app))
        self.say(f"{key} fetches: NAME, NAME:BITS, recommended, OWNER/NAME[/FILE.gguf][@REVISION] of the hub")

    def action_stop_fetch(self) -> None:
        self.post_message(self.Stop())

    def action_delete(self) -> None:
        model = self._model
        if model is not None and not model.present:
            self.say(f"{model.name} is not here")
        elif model is not None and model.name == self._desk.settings.now.engine.model:
            self.say(f"{model.name} runs; switch to another one first", bad=True)
        elif model is not None:
            self.post_message(self.Remove(model.name))


def _about(line: str, width: int) -> list[Spans]:
    """A line of `oci-tui models info`: a fact under its name is wrapped, of a table the signs have their colours."""
    name, text = line[:9], line[10:]
    if line[9:10] == " " and name.strip() and not name.startswith(" ") and text[:1] not in ("", " "):
        first, *more = wrap(text, width - 12)
        return [((f" {name} ", "number"), (first, "text")), *(((" " * 11, "number"), (row, "text")) for row in more)]
    if _SIGNED.search(line) or line.startswith(" "):
        parts = [(part, _SIGNS.get(part, "text")) for part in _SIGNED.split(line) if part]
        return [((" ", "text"), *parts)]
    return [((f" {row}", "muted"),) for row in wrap(line, width - 2)]
