"""`oci-tui run`: one turn without the app, for scripts and CI."""

from __future__ import annotations

import asyncio
import signal
import sys
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
from oci_tui.core.terminal import visible
from oci_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from oci_tui.core.ports import Pane
    from oci_tui.core.session import Session

INTERRUPTED, CONFLICT, NOT_PASSED, ENVIRONMENT = 130, 4, 1, 3


@click.command()
@click.argument("prompt")
@click.option("--accept", is_flag=True, help="Write the change into your tree when the turn passed.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines on stdout.")
@settings_options
@click.pass_context
def run(ctx: click.Context, /, prompt: str, accept: bool, as_json: bool, **values: Any) -> None:
    """Do one turn without the app. PROMPT "-" is read from standard input.

    Progress goes to stderr; stdout holds the pending change as a patch (or the answer, when nothing was changed).
    """
    enter_docker_group()
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        raise SettingsError('empty prompt: say what you want, for example oci-tui run "make the tests pass"')
    chosen = settings.load(flags(values))
    ctx.exit(turn(chosen, assemble.find_root(Path.cwd()), text, accept=accept, as_json=as_json))


def turn(chosen: settings.Settings, root: Path, prompt: str, *, accept: bool, as_json: bool = False) -> int:
    """One turn about the repository at `root`, told on stderr (or as JSON on stdout); the exit code."""
    return asyncio.run(_turn(assemble.open_session(chosen, root), prompt, accept=accept, as_json=as_json))


class _JsonLines:
    """Every event as a line of JSON on stdout."""

    def show(self, event: events.Event) -> None:
        sys.stdout.buffer.write(events.encode(event) + b"\n")
        sys.stdout.buffer.flush()


class _Result:
    """What the turn left: the pending change, the last reply, the verdict, and whether a part failed."""

    def __init__(self) -> None:
        self.diff = Diff()
        self.reply = ""
        self.verdict = Verdict.GAVE_UP
        self.conflict = False

    def show(self, event: events.Event) -> None:
        match event:
            case events.DiffChanged():
                self.diff = event.diff
            case events.ReplyFinished():
                self.reply = event.text
            case events.TurnFinished():
                self.verdict = event.verdict
            case events.ChangeConflicted():
                self.conflict = True

    @property
    def exit_code(self) -> int:
        if self.conflict:
            return CONFLICT
        return {Verdict.PASSED: 0, Verdict.ANSWERED: 0, Verdict.STOPPED: INTERRUPTED, Verdict.GAVE_UP: ENVIRONMENT}.get(
            self.verdict, NOT_PASSED
        )


def _stop(loop: asyncio.AbstractEventLoop, session: Session, number: signal.Signals) -> None:
    """The first signal stops the turn in good order; the same again ends the command at once."""
    session.stop()
    loop.remove_signal_handler(number)


async def _turn(session: Session, prompt: str, *, accept: bool, as_json: bool) -> int:
    from oci_tui.cli.printer import Printer

    result = _Result()
    readers: list[Pane] = [result, _JsonLines() if as_json else Printer()]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _stop, loop, session, number)
    try:
        async with aclosing(session.ask(prompt)) as happened:
            async for event in happened:
                for reader in readers:
                    reader.show(event)
        change = result.diff
        if accept and change.files and result.verdict is Verdict.PASSED:
            async with aclosing(session.accept()) as happened:
                async for event in happened:
                    for reader in readers:
                        reader.show(event)
    finally:
        await session.close()
    if not as_json:
        text = to_patch(change) or (result.reply.rstrip() + "\n" if result.reply else "")
        sys.stdout.write(visible(text) if sys.stdout.isatty() else text.encode("utf-8", "replace").decode())
    return result.exit_code
