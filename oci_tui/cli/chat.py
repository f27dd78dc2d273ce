"""`oci-tui chat`: the same session as a line REPL, for dumb terminals, screen readers and slow connections."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.group import enter_docker_group
from oci_tui.cli.question import AtTerminal
from oci_tui.core import events, feedback
from oci_tui.core.approval import MEANING, MODES, named
from oci_tui.core.conflict import marked
from oci_tui.core.diff import Diff, to_patch
from oci_tui.core.errors import SelectionError, SettingsError
from oci_tui.core.events import Event
from oci_tui.core.selection import Selection, parse
from oci_tui.core.terminal import visible, visible_line

if TYPE_CHECKING:
    from oci_tui.core.session import Session

HELP = """\
Type what you want changed; Alt+Enter begins a new line.
/accept [PART…]  write the change into your files, or only PATH, PATH#1,3-4 (hunks), PATH:+10-14,-3 (lines of the patch)
/reject [PART…]  drop it, or only a part of it         /diff       show the pending change
/commit [WORDS]  commit what was accepted, and nothing else, with your git and its hooks
/undo  /redo     take the last accepted change back; write it again
/log             what is remembered                   /restore N  bring the mirror, not your files, to round N
/include PATH    let a file in that stayed out of the mirror
/approval [MODE] ask before each command of the model's, auto, or plan: nothing is written or run
/help            this                                 /quit       leave (or Ctrl+D)
After a conflict: /versions shows yours, the model's and the one before; /clean accepts the other files;
                  /mine keeps your version and asks the model to make its change again on top of it
Ctrl+C stops what runs."""
CHOICES = (
    "/versions shows both versions and the one before; /clean accepts the other files; /mine has the model do it again on yours"
)


@click.command()
@settings_options
@click.pass_context
def chat(ctx: click.Context, /, **values: Any) -> None:
    """Converse line by line, without the app."""
    chosen = settings.load(flags(values))
    if not sys.stdin.isatty():
        raise SettingsError('no terminal: chat needs one; use `oci-tui run "PROMPT"` in scripts')
    root = assemble.find_root(Path.cwd())
    enter_docker_group()
    ctx.exit(asyncio.run(converse(assemble.open_session(chosen, root))))


class _Repl:
    """Reads lines, asks the session, prints what happens."""

    def __init__(self, session: Session) -> None:
        from oci_tui.cli.printer import Printer

        self.session = session
        self.pending = Diff()
        self._conflict: events.ChangeConflicted | None = None
        self._accepting: Selection | None = None
        self._printer = Printer(sys.stdout)

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
                    click.echo(HELP)
                case "/diff":
                    click.echo(visible(to_patch(self.pending)) or "No change is pending.")
                case "/accept" | "/reject" if not self.pending.files:
                    click.echo("No change is pending.")
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
                case _:
                    await self._ask(line)
        except SelectionError as error:
            click.echo(visible(str(error)))
        return True

    async def _ask(self, prompt: str) -> None:
        await self.tell(self.session.ask(prompt))
        if self.pending.files:
            click.echo(visible(to_patch(self.pending)) + f"{self.pending.summary()} pending: /accept or /reject")

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


async def converse(session: Session) -> int:
    """Prompts and commands, a line each, until the person leaves; the exit code."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings

    from oci_tui.resources import state_folder

    keys = KeyBindings()
    keys.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
    reader: PromptSession[str] = PromptSession(history=FileHistory(state_folder() / "history"), key_bindings=keys)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _end, asyncio.current_task(), session)
    repl = _Repl(session)
    session.approval.person = AtTerminal(session.stop)
    try:
        await _stoppable(loop, session, repl.tell(session.prepare()))
        click.echo("Say what you want changed; /help names the commands.")
        while True:
            try:
                line = (await reader.prompt_async("❯ ")).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            if not await _stoppable(loop, session, repl.obey(line)):
                return 0
    except asyncio.CancelledError:
        return 130
    finally:
        await session.close()


def _end(task: asyncio.Task[Any] | None, session: Session) -> None:
    session.stop()
    if task:
        task.cancel()


async def _stoppable(loop: asyncio.AbstractEventLoop, session: Session, work: Any) -> Any:
    """Do `work`; Ctrl+C meanwhile stops the turn, not the program."""
    loop.add_signal_handler(signal.SIGINT, session.stop)
    try:
        return await work
    finally:
        loop.remove_signal_handler(signal.SIGINT)
