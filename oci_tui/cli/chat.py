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
from oci_tui.core import events
from oci_tui.core.diff import Diff, to_patch
from oci_tui.core.errors import SettingsError
from oci_tui.core.events import Event
from oci_tui.core.terminal import visible

if TYPE_CHECKING:
    from oci_tui.core.session import Session

HELP = """\
Type what you want changed; Alt+Enter begins a new line.
/accept  write the pending change into your files    /reject  drop it
/undo    take the last accepted change back          /diff    show the pending change
/help    this                                        /quit    leave (or Ctrl+D)
Ctrl+C stops what runs."""


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
    ctx.exit(asyncio.run(_converse(assemble.open_session(chosen, root))))


class _Repl:
    """Reads lines, asks the session, prints what happens."""

    def __init__(self, session: Session) -> None:
        from oci_tui.cli.printer import Printer

        self.session = session
        self.pending = Diff()
        self._printer = Printer(sys.stdout)

    async def tell(self, happened: AsyncGenerator[Event]) -> None:
        async with aclosing(happened) as told:
            async for event in told:
                if isinstance(event, events.DiffChanged):
                    self.pending = event.diff
                self._printer.show(event)

    async def obey(self, line: str) -> bool:
        """Do what a line says; whether to go on."""
        match line:
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
                await self.tell(self.session.accept())
            case "/reject":
                await self.tell(self.session.reject())
            case "/undo":
                await self.tell(self.session.undo())
            case _ if line.startswith("/"):
                click.echo(f"There is no command {visible(line.split()[0])}; /help names them.")
            case _:
                await self.tell(self.session.ask(line))
                if self.pending.files:
                    click.echo(visible(to_patch(self.pending)) + f"{self.pending.summary()} pending: /accept or /reject")
        return True


async def _converse(session: Session) -> int:
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
