"""`oci-tui run`: one turn without the app, for scripts and CI."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.group import enter_docker_group
from oci_tui.core import events, feedback
from oci_tui.core.conflict import marked
from oci_tui.core.diff import Diff
from oci_tui.core.errors import SelectionError, SettingsError
from oci_tui.core.selection import parse
from oci_tui.core.terminal import visible
from oci_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from oci_tui.core.ports import Pane
    from oci_tui.core.session import Session

INTERRUPTED, CONFLICT, NOT_PASSED, ENVIRONMENT = 130, 4, 1, 3
CHOICES = (
    "--on-conflict clean takes the files without conflict, show prints the three versions of the others, "
    "model lets the model do it again on top of yours"
)


@click.command()
@click.argument("prompt")
@click.option("--accept", is_flag=True, help="Write the change into your tree when the turn passed.")
@click.option(
    "--only",
    multiple=True,
    metavar="PART",
    help="Accept only this: PATH, PATH#1,3-4 (hunks) or PATH:+10-14,-3 (lines as in the patch). May be given again.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["stop", "clean", "show", "model"]),
    default="stop",
    show_default=True,
    help="Where your tree changed in the same lines: write nothing; or also show the three versions; "
    "write the files without conflict; or let the model do it again on top of yours.",
)
@click.option(
    "--patch", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), metavar="FILE", help="Write the patch there."
)
@click.option("--commit/--no-commit", default=None, help="Commit what was accepted, and nothing else, with your own git.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines on stdout.")
@settings_options
@click.pass_context
def run(ctx: click.Context, /, prompt: str, **values: Any) -> None:
    """Do one turn without the app. PROMPT "-" is read from standard input.

    Progress goes to stderr; stdout holds the pending change as a patch that `git apply` takes (or the answer, when nothing was
    changed).
    """
    enter_docker_group()
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        raise SettingsError('empty prompt: say what you want, for example oci-tui run "make the tests pass"')
    commit = values.pop("commit")
    values["workspace_commit"] = {None: None, True: "always", False: "never"}[commit]
    wishes = Wishes(**{name: values.pop(name) for name in Wishes._fields})
    if str(wishes.patch) == "-":
        wishes = wishes._replace(patch=None)
    if commit and not wishes.accept:
        raise SettingsError("--commit commits what is accepted: give --accept too")
    if wishes.only and not wishes.accept:
        raise SettingsError("--only says what to accept: give --accept too")
    if wishes.patch and not wishes.patch.absolute().parent.is_dir():
        raise SettingsError(f"--patch: {wishes.patch.parent} is no folder; make it first")
    chosen = settings.load(flags(values))
    ctx.exit(turn(chosen, assemble.find_root(Path.cwd()), text, wishes))


class Wishes(NamedTuple):
    """What is to become of the change; the fields are the options of the same names."""

    accept: bool = False
    only: tuple[str, ...] = ()
    on_conflict: str = "stop"
    patch: Path | None = None
    as_json: bool = False


def turn(chosen: settings.Settings, root: Path, prompt: str, wishes: Wishes) -> int:
    """One turn about the repository at `root`, told on stderr (or as JSON on stdout); the exit code."""
    headless = _Headless(assemble.open_session(chosen, root, must_run=True), wishes, spoken=chosen.ui.linear)
    return asyncio.run(headless.turn(prompt))


class _JsonLines:
    """Every event as a line of JSON on stdout."""

    def show(self, event: events.Event) -> None:
        line = events.encode(event) + b"\n"
        sys.stdout.buffer.write(visible(line.decode()).encode() if sys.stdout.isatty() else line)
        sys.stdout.buffer.flush()


class _Result:
    """What the turn left: the pending change, the last reply, the verdict, and whether a part failed."""

    def __init__(self) -> None:
        self.diff = Diff()
        self.reply = ""
        self.verdict = Verdict.GAVE_UP
        self.conflict: events.ChangeConflicted | None = None
        self.left = False
        self.uncommitted = False

    def show(self, event: events.Event) -> None:
        match event:
            case events.DiffChanged():
                self.diff = event.diff
            case events.ReplyFinished():
                self.reply = event.text
            case events.TurnFinished():
                self.verdict = event.verdict
            case events.ChangeConflicted():
                self.conflict = event
            case events.ChangeAccepted():
                self.left = bool(event.left)
            case events.CommitFailed():
                self.uncommitted = True

    @property
    def exit_code(self) -> int:
        if self.conflict or self.left:
            return CONFLICT
        if self.uncommitted:
            return ENVIRONMENT
        return {Verdict.PASSED: 0, Verdict.ANSWERED: 0, Verdict.STOPPED: INTERRUPTED, Verdict.GAVE_UP: ENVIRONMENT}.get(
            self.verdict, NOT_PASSED
        )


def _stop(loop: asyncio.AbstractEventLoop, session: Session, number: signal.Signals) -> None:
    """The first signal stops the turn in good order; the same again ends the command at once."""
    session.stop()
    loop.remove_signal_handler(number)


class _Headless:
    """One session without a front end."""

    def __init__(self, session: Session, wishes: Wishes, *, spoken: bool) -> None:
        from oci_tui.cli.printer import Printer

        self._session = session
        self._wishes = wishes
        self._result = _Result()
        self._readers: list[Pane] = [
            self._result,
            Printer(counting=sys.stderr.isatty(), spoken=spoken),
            *([_JsonLines()] if wishes.as_json else []),
        ]
        self._patch = b""
        self._misfit: SelectionError | None = None

    async def turn(self, prompt: str) -> int:
        """One turn, and what was wished of its change; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # whoever started it wants it to go on: nohup, or a shell that put it into the background
            loop.add_signal_handler(number, _stop, loop, self._session, number)
        try:
            await self._ask(prompt)
            if (conflict := self._result.conflict) and self._wishes.on_conflict == "model":
                self._result.conflict = None
                await self._tell(self._session.settle.give_way(conflict.paths))
                await self._ask(feedback.again(conflict.paths))
        finally:
            await self._session.close()
        self._print()
        if self._misfit:
            raise SelectionError(f"{self._misfit}; nothing was accepted, and `oci-tui resume` still has the change") from None
        return self._result.exit_code

    async def _ask(self, prompt: str) -> None:
        await self._tell(self._session.ask(prompt))
        self._patch = await self._session.workspace.changes.patch()
        if self._wishes.accept and self._result.diff.files and self._result.verdict is Verdict.PASSED:
            try:
                selection = parse(self._result.diff, self._wishes.only) if self._wishes.only else None
            except SelectionError as error:
                self._misfit = error  # told once the patch is out: the change is not to be lost for a typing error
                return
            clean_only = self._wishes.on_conflict == "clean"
            await self._tell(self._session.settle.accept(selection, clean_only=clean_only))

    async def _tell(self, happened: AsyncGenerator[events.Event]) -> None:
        async with aclosing(happened) as told:
            async for event in told:
                for reader in self._readers:
                    reader.show(event)

    def _print(self) -> None:
        """The result: on stdout, or the patch in the file that was wished."""
        if (conflict := self._result.conflict) and not self._wishes.as_json:
            shown = "".join(f"{marked(versions)}\n" for versions in conflict.versions)
            click.echo(visible(shown if self._wishes.on_conflict == "show" else f"{CHOICES}\n"), err=True, nl=False)
        if self._wishes.patch:
            self._wishes.patch.write_bytes(self._patch)
        elif not self._wishes.as_json:
            reply = self._result.reply.rstrip() + "\n" if self._result.reply else ""
            result = self._patch or reply.encode("utf-8", "replace")
            if sys.stdout.isatty():
                sys.stdout.write(visible(result.decode("utf-8", "backslashreplace")))
            else:
                sys.stdout.buffer.write(result)
