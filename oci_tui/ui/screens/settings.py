"""The settings screen: every key with what it is, its value and where that comes from; changed live, saved when asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import ClassVar

import msgspec
from rich.cells import set_cell_size
from textual.binding import BindingType

from oci_tui.core.errors import SettingsError
from oci_tui.core.terminal import visible_line
from oci_tui.settings import Key, Settings
from oci_tui.settings import keys as all_keys
from oci_tui.settings_edit import HERE, EditedSettings, effect, form, shown
from oci_tui.ui import keys
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import RowsPane
from oci_tui.ui.screens.page import ListPage
from oci_tui.ui.wording import head, plural, wrap

_NAME = 18


class SettingsList(RowsPane):
    LABEL = "Settings"
    BINDINGS: ClassVar[list[BindingType]] = keys.of("Settings")


class SettingsScreen(ListPage):
    """`adopt` has new settings hold at once where they can, and says in one line why they cannot be used."""

    HINTS = (
        ("settings.change", "change"),
        ("settings.default", "default"),
        ("settings.take_back", "take back"),
        ("settings.save", "save"),
    )

    def __init__(self, edited: EditedSettings, adopt: Callable[[Settings], str]) -> None:
        super().__init__(SettingsList("Settings", id="rows"))
        self._edited = edited
        self._adopt = adopt
        self._rows: list[Key | str] = []
        for section, found in groupby(all_keys(), key=lambda key: key.section):
            self._rows += [section, *found]

    @property
    def _key(self) -> Key | None:
        row = self._rows[self.rows.row]
        return row if isinstance(row, Key) else None

    def list_rows(self, width: int) -> Sequence[Spans]:
        unsaved = f"{plural(self._edited.unsaved, 'change')} not saved · " if self._edited.unsaved else ""
        self.rows.detail = visible_line(f"{unsaved}{self._edited.file}")
        return [self._section(row) if isinstance(row, str) else self._row(row, width) for row in self._rows]

    @staticmethod
    def _section(name: str) -> Spans:
        return ((f" {name}", "accent"), (f"  {_docs()[name].partition(';')[0]}", "number"))

    def _row(self, key: Key, width: int) -> Spans:
        origin = self._edited.origin(key)
        sign, style = {"default": (" ", "muted"), HERE: ("±", "warn")}.get(origin, ("●", "text"))
        value = visible_line(shown(self._edited.value(key))) or "–"
        room = width - _NAME - 4
        return (
            (f"  {set_cell_size(key.name, _NAME)}", "strong" if sign.strip() else "text"),
            (f"{sign} ", "warn" if sign == "±" else "good"),
            (head(value, max(room, 2)), style),
        )

    def detail_rows(self, width: int) -> Sequence[Spans]:
        key = self._key
        if key is None:
            section = str(self._rows[self.rows.row])
            return [((f" [{section}]", "strong"),), *_wrapped(_docs()[section], "text", width)]
        origin = self._edited.origin(key)
        rows: list[Spans] = [((f" {key.id}", "strong"),), *_wrapped(key.doc, "text", width), ()]
        for name, text, style in (
            ("value", visible_line(shown(self._edited.value(key))) or "nothing", "accent"),
            ("from", visible_line(origin), "warn" if origin == HERE else "muted"),
            ("default", shown(key.default) or "nothing", "muted"),
            ("form", form(key), "muted"),
            ("counts", effect(key), "muted"),
        ):
            first, *more = wrap(text, width - 11)
            rows.append(((f" {name:8} ", "number"), (first, style)))
            rows += [((" " * 10, "number"), (row, style)) for row in more]
        return rows

    # what keys do

    def action_change(self) -> None:
        """The next choice, or a line to type the value in."""
        key = self._key
        if key is None:
            self.rows.action_move(1)
        elif key.choices:
            now = shown(self._edited.value(key))
            self._take(key, key.choices[(key.choices.index(now) + 1) % len(key.choices)])
        elif (value := shown(self._edited.value(key))) != visible_line(value):
            self.say(f"{key.id} holds characters that cannot be shown; change it in {self._edited.file}", bad=True)
        else:
            self.ask_line.ask(f"{key.id}: {form(key)}", self.rows, lambda text: self._take(key, text), value)
            take, leave = (keys.hint(name, keys.keymap_of(self.app)) for name in ("line.take", "line.leave"))
            self.say(f"{take} takes it, {leave} leaves it · {form(key)}")

    def action_default(self) -> None:
        if key := self._key:
            self._take(key, key.default)

    def action_take_back(self) -> None:
        if key := self._key:
            self._edited.take_back(key)
            self._adopt(self._edited.now)
            self.redraw()

    def action_save(self) -> None:
        count = self._edited.unsaved
        if not count:
            self.say("nothing to save: no setting was changed")
            return
        try:
            overridden = self._edited.save()
        except SettingsError as error:
            self.say(str(error), bad=True)
            return
        self.redraw()
        self.say("; ".join([f"{plural(count, 'change')} saved in {self._edited.file}", *overridden]))

    def _take(self, key: Key, value: object) -> bool:
        """Whether the value holds now; why not is said."""
        try:
            problem = self._adopt(self._edited.tried({key.id: value}))
            if not problem:
                self._edited.change({key.id: value})
        except SettingsError as error:
            problem = f"{error} ({form(key)})"
        if problem:
            self._adopt(self._edited.now)
            self.say(problem, bad=True)
            return False
        self.redraw()
        self.say(f"{key.id} counts {effect(key)} · s saves it for later sessions")
        return True


def _docs() -> dict[str, str]:
    """What each section is about, in one sentence."""
    return {
        section.name: (section.type.__doc__ or "").split("\n")[0].rstrip(".") for section in msgspec.structs.fields(Settings)
    }


def _wrapped(text: str, style: str, width: int) -> list[Spans]:
    return [((f" {row}", style),) for row in wrap(text, width - 2)]
