"""`oci-tui chat`: the same session as a line REPL, for dumb terminals, screen readers and slow connections."""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.group import enter_docker_group
from oci_tui.cli.question import AtTerminal
from oci_tui.core.errors import SettingsError
from oci_tui.core.terminal import visible, visible_line

if TYPE_CHECKING:
    from oci_tui.ui.conversation import Converses


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
    ctx.exit(asyncio.run(converse(assemble.open_session(chosen, root), root, vi=chosen.ui.prompt_keys == "vi")))


async def converse(session: Converses, root: Path, *, vi: bool = False) -> int:
    """Prompts and commands, a line each, until the person leaves; the exit code."""
    from oci_tui.cli.chat_prompt import above_the_line

    with above_the_line():
        return await _Chat(session, root, vi=vi).run()


class _Chat:
    """Lines are read while others are being done: they wait, and are done in order."""

    def __init__(self, session: Converses, root: Path, *, vi: bool) -> None:
        from oci_tui.cli.chat_commands import Repl
        from oci_tui.cli.chat_prompt import Reader

        self._session = session
        self._repl = Repl(session)
        self._reader = Reader(root, self._repl.vocabulary, vi=vi, kept=lambda: self._asked is None)
        self._waiting: deque[str] = deque()
        self._late = 0
        self._woken = asyncio.Event()
        self._busy = True
        self._asked: asyncio.Future[str] | None = None
        self._draft = ""
        session.approval.person = AtTerminal(self._answer)

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, _end, asyncio.current_task(), self._session)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        doing, reading = asyncio.create_task(self._do()), asyncio.create_task(self._read())
        try:
            await asyncio.wait([doing, reading], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            await doing
        except asyncio.CancelledError:
            return 130
        else:
            return 0
        finally:
            for task in (doing, reading):
                task.cancel()
            await asyncio.gather(doing, reading, return_exceptions=True)
            await self._session.close()

    async def _do(self) -> None:
        """What the lines say, one after another, until one says to leave."""
        await self._repl.begin()
        while True:
            while self._waiting:
                line = self._waiting.popleft()
                if self._late:
                    self._late -= 1
                    click.echo(f"you: {visible(line)}")
                if not await self._repl.obey(line):
                    return
            self._busy = False
            self._woken.clear()
            self._reader.show_again()
            await self._woken.wait()

    async def _read(self) -> None:
        while True:
            try:
                draft, self._draft = self._draft, ""
                line = (await self._reader.prompt_async(self._mark, default=draft, handle_sigint=False)).strip()
            except KeyboardInterrupt:
                self._interrupt()
                continue
            except EOFError:
                self._interrupt()
                self._queue("/quit")
                return
            if self._asked:
                self._asked.set_result(line)
                self._asked = None
            elif line:
                self._queue(line)

    def _mark(self) -> str:
        """Whose turn it is to speak: nothing stands before what is typed while something runs."""
        return "answer: " if self._asked else "" if self._busy else "you: "

    async def _answer(self, question: str) -> str:
        """Put a question: the next line is its answer. What was typed before it was there is none, and comes back after."""
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        self._draft = self._reader.default_buffer.text
        self._reader.default_buffer.reset()
        click.echo(question)
        self._asked = asyncio.get_running_loop().create_future()
        self._reader.show_again()
        try:
            return await self._asked
        finally:
            self._asked = None

    def _queue(self, line: str) -> None:
        self._waiting.append(line)
        if self._busy:
            first = visible_line(line.partition("\n")[0])
            self._late += 1
            click.echo(f"waits: {first} ({len(self._waiting)} waiting; Ctrl+C stops what runs)")
        self._busy = True
        self._woken.set()

    def _interrupt(self) -> None:
        """Ctrl+C stops the turn, not the program; what waits behind it is dropped, and said."""
        if self._asked:
            self._asked.set_result("no")
            self._asked = None
        if self._busy:
            self._session.stop()
            dropped = [visible_line(line.partition("\n")[0]) for line in self._waiting]
            self._waiting.clear()
            self._late = 0
            if dropped:
                click.echo(f"no longer waiting: {'; '.join(dropped)}")


def _end(task: asyncio.Task[Any] | None, session: Converses) -> None:
    session.stop()
    if task:
        task.cancel()
