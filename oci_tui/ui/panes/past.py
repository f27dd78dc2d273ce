"""The panes that show an earlier round in the place of what is now: to be read, searched and copied, not decided about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.message import Message

from oci_tui.core.diff import Diff
from oci_tui.core.events import DiffChanged, Event
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.panes.code import CodePane


class Fixed(Message):
    """The person wants to change, or decide about, what was."""


class PastCode(CodePane):
    """The code of a round, from its first line on."""

    LESSON = "This round wrote no code."
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = tuple(pair for pair in CodePane.HINTS if "edit" not in pair[1])

    def __init__(self, told: Iterable[Event], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._told = tuple(told)

    def on_mount(self) -> None:
        for event in self._told:
            self.show(event)
        self.prepare()
        self.following = False

    def action_edit(self, go_on: bool) -> None:  # noqa: ARG002
        self.post_message(Fixed())

    def action_edit_here(self) -> None:
        self.post_message(Fixed())


class PastChanges(ChangesPane):
    """What was pending at the end of a round."""

    LESSON = "Nothing was pending at the end of this round."
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = tuple(pair for pair in ChangesPane.HINTS if "undo" not in pair[1])

    def __init__(self, diff: Diff, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.show(DiffChanged(diff))

    def action_choose(self, accept: bool, file: bool, reason: bool = False) -> None:  # noqa: ARG002
        self.post_message(Fixed())

    def action_mark(self) -> None:
        self.post_message(Fixed())
