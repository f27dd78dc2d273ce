"""What a line of the chat means, done on the session and printed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from oci_tui.cli.printer import Printer
from oci_tui.core import events, feedback
from oci_tui.core.approval import MEANING, MODES, named
from oci_tui.core.conflict import marked
from oci_tui.core.diff import Diff, to_patch
from oci_tui.core.errors import SelectionError, ShareError
from oci_tui.core.events import Event
from oci_tui.core.recall import condensed
from oci_tui.core.selection import Selection, parse
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui.completing import Vocabulary
from oci_tui.ui.slash import SLASHES, Slash
from oci_tui.ui.wording import wrap

if TYPE_CHECKING:
    from oci_tui.ui.conversation import Converses

_TYPED = (
    ("TEXT", "what you want changed; Alt+Enter begins a new line, Tab completes @files, @symbols and /commands"),
    ("", "While a turn runs, what you type waits; Ctrl+C stops what runs."),
    ("!COMMAND", "run it in the sandbox"),
    (
        "/accept [PART…]",
        "write the change into your files, or only PATH, PATH#1,3-4 (hunks), PATH:+10-14,-3 (lines)",
    ),
    ("/reject [PART…]", "drop it, or only a part of it"),
    ("/diff", "show the pending change"),
    ("/commit [WORDS]", "commit what was accepted, and nothing else, with your git and its hooks"),
    ("/undo  /redo", "take the last accepted change back; write it again"),
    ("/log", "what is remembered"),
    ("/restore N", "bring the mirror, not your files, to round N"),
    ("/include PATH", "let a file in that stayed out of the mirror"),
    ("/approval [MODE]", "ask before each command of the model's, auto, or plan: nothing is written or run"),
    ("/versions", "after a conflict: yours, the model's and the one before"),
    ("/clean", "after a conflict: accept the other files"),
    ("/mine", "after a conflict: keep your version and ask the model to make its change again on top of it"),
    ("/help  /quit", "this; leave (or Ctrl+D)"),
)
_COLUMN = 18
CHOICES = (
    "/versions shows both versions and the one before; /clean accepts the other files; /mine has the model do it again on yours"
)


_ALIKE = ("accept", "reject", "commit", "undo", "redo", "log", "restore", "include", "help", "quit")
COMMANDS: tuple[Slash, ...] = (
    *(slash for slash in SLASHES if slash.name in _ALIKE),
    Slash("diff", "show the pending change"),
    Slash("approval", "ask before each command of the model's, auto, or plan", takes="MODE"),
    Slash("versions", "after a conflict: yours, the model's and the one before"),
    Slash("clean", "after a conflict: accept the files without one"),
    Slash("mine", "after a conflict: keep yours and let the model do it again on top"),
)
_STORY = (events.RoundFinished, events.TurnFinished, events.ChangeAccepted, events.ChangeRejected, events.ChangeUndone)


def helped(width: int) -> str:
    """What can be typed, in lines that are no longer than the terminal is wide."""
    rows = [
        f"{typed if not number else '':<{_COLUMN}}{row}".rstrip()
        for typed, does in _TYPED
        for number, row in enumerate(wrap(does, width - _COLUMN))
    ]
    return "\n".join(rows)


class _Lines:
    """Standard output a line at a time: a part of one would stand where the person is writing."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Nothing: the end of a line does it."""


class Repl:
    """Does what lines say, one at a time; `vocabulary` is what can be completed."""

    def __init__(self, session: Converses) -> None:
        self.session = session
        self.vocabulary = Vocabulary(COMMANDS)
        self.pending = self._seen = Diff()
        self._conflict: events.ChangeConflicted | None = None
        self._accepting: Selection | None = None
        self._printer = Printer(_Lines(), counting=sys.stdout.isatty(), spoken=True)

    async def begin(self) -> None:
        """Say what happened before, make the session ready, and say what is pending."""
        for event in condensed(self.session.past):
            if isinstance(event, events.TurnStarted):
                click.echo(f"you: {visible(event.prompt)}")
            elif isinstance(event, _STORY):
                self._printer.show(event)
        await self.tell(self.session.prepare())
        await self._learn()
        self._show_pending()
        click.echo("Say what you want changed; /help names the commands.")

    async def tell(self, happened: AsyncGenerator[Event]) -> None:
        self._conflict = None
        async with aclosing(happened) as told:
            async for event in told:
                self._printer.show(event)
                match event:
                    case events.DiffChanged():
                        self.pending = event.diff
                    case events.ChangeAccepted() if event.proposed:
                        click.echo(f"/commit commits exactly this as: {visible_line(event.proposed.partition(chr(10))[0])}")
                    case events.ChangeConflicted():
                        self._conflict = event
                        click.echo(CHOICES if event.doing == "accepted" else "/versions shows both versions and the one before")

    async def obey(self, line: str) -> bool:
        """Do what a line says; whether to go on."""
        command, *words = line.split() or [""]
        settle = self.session.settle
        try:
            match command:
                case "":
                    pass
                case "/quit":
                    return False
                case "/help":
                    click.echo(helped(shutil.get_terminal_size().columns))
                case "/accept" | "/reject" | "/diff" if not self.pending.files:
                    click.echo("No change is pending.")
                case "/diff":
                    self._show_pending(again=True)
                case "/accept":
                    await self.tell(settle.accept(self._chosen(words)))
                case "/reject":
                    await self.tell(settle.reject(self._chosen(words)))
                case "/commit":
                    await self.tell(settle.commit(line.removeprefix(command)))
                case "/undo":
                    await self.tell(settle.undo())
                case "/redo":
                    await self.tell(settle.redo())
                case "/log":
                    await self.tell(settle.history())
                case "/restore" if len(words) == 1 and words[0].isdecimal():
                    await self.tell(settle.restore(int(words[0])))
                case "/restore":
                    click.echo("/restore N: which round? /log lists them.")
                case "/approval":
                    self._approve(" ".join(words))
                case "/include":
                    await self.tell(settle.include(line.removeprefix("/include").strip()))
                case "/versions" | "/clean" | "/mine":
                    await self._resolve(command)
                case _ if command.startswith("/"):
                    click.echo(f"There is no command {visible(command)}; /help names them.")
                case _ if line.startswith("!"):
                    await self.tell(self.session.run(line[1:]))
                case _:
                    await self._ask(line)
        except (SelectionError, ShareError) as error:
            click.echo(f"error: {visible(str(error))}")
        return True

    async def _ask(self, prompt: str) -> None:
        await self.tell(self.session.ask(prompt))
        await self._learn()
        self._show_pending()

    def _show_pending(self, *, again: bool = False) -> None:
        if self.pending.files:
            click.echo(f"change: {self.pending.summary()}")
            patch = shown(self.pending) if again or self.pending != self._seen else ""
            click.echo(f"{patch}pending: /accept or /reject")
        self._seen = self.pending

    async def _learn(self) -> None:
        """Bring what @ completes level with the repository."""
        self.vocabulary.know(self.session.files(), await self.session.symbols())

    def _approve(self, words: str) -> None:
        if mode := named(words):
            self.session.approve(mode)
        elif words:
            click.echo(f"There is no approval {visible_line(words)}; there are {', '.join(MODES)}.")
        mode = self.session.approval.mode
        click.echo(f"Approval is {mode}: {MEANING[mode]}.")

    async def _resolve(self, command: str) -> None:
        """What a person chose to do about a conflict."""
        conflict = self._conflict
        if conflict is None or (command != "/versions" and conflict.doing != "accepted"):
            click.echo("Nothing is in conflict.")
        elif command == "/versions":
            click.echo("\n".join(visible(marked(versions)) for versions in conflict.versions))
        elif command == "/clean":
            await self.tell(self.session.settle.accept(self._accepting, clean_only=True))
        else:
            await self.tell(self.session.settle.give_way(conflict.paths))
            await self._ask(feedback.again(conflict.paths))

    def _chosen(self, words: list[str]) -> Selection | None:
        self._accepting = parse(self.pending, words) if words else None
        return self._accepting


def shown(diff: Diff) -> str:
    """A change as a harmless patch, with colours where the terminal has them and the person wants them."""
    patch = visible(to_patch(diff))
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return patch
    return "".join(_coloured(line) for line in patch.splitlines(keepends=True))


def _coloured(line: str) -> str:
    text = line.removesuffix("\n")
    end = line[len(text) :]
    if text.startswith(("diff ", "--- ", "+++ ", "index ")):
        return click.style(text, bold=True) + end
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(text[:1])
    return click.style(text, fg=colour) + end if colour else line
