"""The sessions screen: what was recorded, to be searched, gone on with, forked, renamed and deleted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import set_cell_size
from textual import work
from textual.binding import BindingType
from textual.message import Message

from oci_tui.core.archive import Archive, RoundSummary, SessionSummary
from oci_tui.core.errors import OciError
from oci_tui.core.terminal import visible_line
from oci_tui.core.verdict import Verdict
from oci_tui.ui import keys
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import RowsPane
from oci_tui.ui.screens.page import ListPage
from oci_tui.ui.wording import head, moment, plural, size, wrap

_REST_S = 0.2
_SIGNS: dict[Verdict | None, tuple[str, str]] = {
    Verdict.PASSED: ("✓", "good"),
    Verdict.ANSWERED: ("●", "muted"),
    None: (" ", "text"),
}


class SessionsList(RowsPane):
    LESSON = "No session is here. What you ask is recorded as a session; h shows those about other repositories too."
    BINDINGS: ClassVar[list[BindingType]] = keys.of("Sessions")
    sessions: Sequence[SessionSummary] = ()

    def searched_at(self, index: int) -> str:
        """A session is found by all of its title, also what finds no room, and by what was asked in it."""
        told = (self.sessions[index].title, *self.sessions[index].prompts) if self.sessions else ()
        return "\n".join((self.text_at(index), *told))


class SessionsScreen(ListPage):
    """Says which session the person wants to go on with; the rest it does itself, `again` being asked before one is deleted.

    `mine` is the session that this app is on.
    """

    class Resume(Message):
        """Go on with this one in place of the one that is open."""

        def __init__(self, summary: SessionSummary) -> None:
            super().__init__()
            self.summary = summary

    HINTS = (
        ("sessions.resume", "go on"),
        ("sessions.fork", "fork"),
        ("sessions.rename", "rename"),
        ("sessions.delete", "delete"),
        ("sessions.here", "here or all"),
    )

    def __init__(self, archive: Archive, root: Path, again: Callable[[str], bool], mine: str = "") -> None:
        self._list = SessionsList("Sessions", id="rows")
        super().__init__(self._list)
        self._mine = mine
        self._archive = archive
        self._root = str(root)
        self._again = again
        self._here = True
        self._sessions: Sequence[SessionSummary] | None = None
        self._rounds: dict[str, Sequence[RoundSummary]] = {}

    def on_mount(self) -> None:
        self.look()

    @work(exclusive=True, group="sessions")
    async def look(self, name: str = "") -> None:
        """List the sessions anew, with the cursor on this one."""
        self._sessions = await asyncio.to_thread(self._archive.listed, self._root if self._here else "")
        self._rounds.clear()
        self._list.sessions = self._sessions
        self.redraw()
        names = [summary.name for summary in self._sessions]
        if names:
            self.rows.go_to(names.index(name) if name in names else min(self.rows.row, len(names) - 1))
        self.ask_about()

    @property
    def _session(self) -> SessionSummary | None:
        return self._sessions[self.rows.row] if self._sessions else None

    def list_rows(self, width: int) -> Sequence[Spans]:
        if self._sessions is None:
            self.rows.detail = "looking …"
            return [((" ◌ looking for sessions", "muted"),)]
        where = "about this repository" if self._here else "about every repository"
        self.rows.detail = f"{plural(len(self._sessions), 'session')} {where}"
        return [self._row(summary, width) for summary in self._sessions]

    def _row(self, summary: SessionSummary, width: int) -> Spans:
        sign, style = _SIGNS.get(summary.verdict, ("✗", "bad"))
        if summary.open:
            sign, style = ("▸", "accent") if summary.name == self._mine else ("◦", "muted")
        about = "" if self._here or width < 50 or not summary.root else f"{visible_line(Path(summary.root).name)}: "
        nothing = "(cannot be read)" if summary.unreadable else "(nothing asked yet)"
        title = f"{about}{visible_line(summary.title) or nothing}"
        facts = f" {summary.rounds:>3}"
        pending = " ±" if summary.pending else "  "
        room = max(width - 18 - len(facts) - len(pending), 8)
        return (
            (f" {sign} ", style),
            (f"{moment(summary.at)}  ", "number"),
            (set_cell_size(head(title, room), room), "text"),
            (pending, "warn"),
            (facts, "number"),
        )

    def detail_rows(self, width: int) -> Sequence[Spans]:
        summary = self._session
        if summary is None:
            return []
        rows: list[Spans] = [((f" {row}", "strong"),) for row in wrap(visible_line(summary.title or summary.name), width - 2)]
        turns = f"{plural(summary.turns, 'turn')}, {plural(summary.rounds, 'round')}"
        for name, text, style in (
            ("session", f"{summary.name}{self._where_open(summary)}", "text"),
            ("about", summary.unreadable or summary.root, "text"),
            ("started", f"{_day(summary.started)}, last used {_day(summary.at)}", "text"),
            ("so far", f"{turns}{f', {summary.verdict}' if summary.verdict else ''} · {size(summary.bytes)}", "text"),
            ("pending", summary.pending or "nothing", "warn" if summary.pending else "muted"),
        ):
            first, *more = wrap(visible_line(text), width - 11)
            rows.append(((f" {name:8} ", "number"), (first, style)))
            rows += [((" " * 10, "number"), (row, style)) for row in more]
        turn = 0
        for entry in self._rounds.get(summary.name, ()):
            if entry.turn != turn:
                turn = entry.turn
                prompt = next(iter(entry.prompt.splitlines()), "")
                rows += [(), ((" ❯ ", "accent"), (head(visible_line(prompt), width - 4), "text"))]
            sign, style = {True: ("✓", "good"), False: ("✗", "bad"), None: ("●", "muted")}[entry.passed]
            rows.append(((f" {entry.number:>4} ", "number"), (f"{sign} ", style), (visible_line(entry.outcome), "muted")))
        return rows

    def _where_open(self, summary: SessionSummary) -> str:
        if not summary.open:
            return ""
        return ", open here" if summary.name == self._mine else ", open in another oci-tui"

    def on_rows_pane_moved(self) -> None:
        self.ask_about()

    @work(exclusive=True, group="rounds")
    async def ask_about(self) -> None:
        """Read the rounds of the session under the cursor, once it rests there."""
        summary = self._session
        if summary is None or summary.name in self._rounds:
            return
        await asyncio.sleep(_REST_S)
        try:
            self._rounds[summary.name] = await asyncio.to_thread(self._archive.rounds, summary.name)
        except OciError as error:
            self.say(str(error), bad=True)
        self.detail.tell(self.detail_rows)

    # what keys do

    def action_resume(self) -> None:
        summary = self._session
        if summary is None:
            return
        if summary.open:
            self.say(f"this session is open already{self._where_open(summary).removeprefix(', open')}; f forks it", bad=True)
        elif summary.unreadable:
            self.say(f"{summary.unreadable}; D deletes it", bad=True)
        elif not Path(summary.root).is_dir():
            self.say(f"its repository is gone: there is no {summary.root}", bad=True)
        else:
            self.post_message(self.Resume(summary))

    def action_fork(self) -> None:
        """Ask after which round, and make a session that goes on from there."""
        summary = self._session
        if summary is None:
            return

        def take(text: str) -> bool:
            if text.strip() and not text.strip().isdigit():
                self.say("write the number of a round, or nothing for the last", bad=True)
                return False
            number = int(text.strip() or 0)
            self._do(
                lambda: self._archive.fork(summary.name, number),
                lambda new: f"forked as {new}; Enter goes on with it",
            )
            return True

        key = keys.hint("line.take", keys.keymap_of(self.app))
        self.ask_line.ask(f"after which round? ({key}: after the last)", self.rows, take)

    def action_rename(self) -> None:
        summary = self._session
        if summary is None:
            return

        def take(text: str) -> bool:
            def rename() -> str:
                self._archive.rename(summary.name, text)
                return summary.name

            self._do(rename, lambda _: "renamed")
            return True

        self.ask_line.ask("its title (empty: its first prompt)", self.rows, take, visible_line(summary.title))

    def action_delete(self) -> None:
        summary = self._session
        if summary is None:
            return
        if summary.open:
            self.say("this session is open; leave it first", bad=True)
        elif not self._again(f"delete session {summary.name}"):
            lost = f", with its pending change ({summary.pending})" if summary.pending else ""
            key = keys.hint("sessions.delete", keys.keymap_of(self.app))
            self.say(f"deletes it for good{lost}; what it accepted stays in your files", again=key)
        else:

            def delete() -> str:
                self._archive.delete(summary.name)
                return ""

            self._do(delete, lambda _: f"{summary.name} is deleted")

    def action_here(self) -> None:
        """Those about this repository, or about every one."""
        self._here = not self._here
        self.look()

    @work(group="archive")
    async def _do(self, act: Callable[[], str], told: Callable[[str], str]) -> None:
        """Have the archive do something in a thread; list anew with the cursor on the session that `act` names."""
        try:
            name = await asyncio.to_thread(act)
        except OciError as error:
            self.say(str(error), bad=True)
            return
        self.say(told(name))
        self.look(name)


def _day(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "at no time"
