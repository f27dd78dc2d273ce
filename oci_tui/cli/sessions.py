"""`oci-tui sessions`: what was recorded, to be listed, shown, renamed and removed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from oci_tui import assemble
from oci_tui.cli.completion import session_names
from oci_tui.core.archive import SessionSummary
from oci_tui.core.errors import SettingsError, StoreError, WorkspaceError
from oci_tui.core.terminal import visible, visible_line

_TITLE = 60


@click.group()
def sessions() -> None:
    """List, show, rename and remove recorded sessions. ID is a session's name or the beginning of it."""


@sessions.command("list")
@click.option("--here", is_flag=True, help="Only those about the repository you are in.")
@click.option("--all", "everything", is_flag=True, help="Also those in which nothing was asked.")
def list_(here: bool, everything: bool) -> None:
    """List the sessions, the newest first."""
    root = str(assemble.find_root(Path.cwd())) if here else ""
    found = [summary for summary in assemble.archive().listed(root) if summary.turns or summary.unreadable or everything]
    if not found:
        click.echo("no session was recorded yet; start one with oci-tui", err=True)
    for summary in found:
        click.echo(visible_line(line(summary)))


@sessions.command()
@click.argument("name", metavar="[ID]", default="", shell_complete=session_names)
def show(name: str) -> None:
    """Show a session (the last one here): what it is, and its rounds with their numbers, to be forked from."""
    archive = assemble.archive()
    summary = archive.find(name) if name else last()
    lost = archive.lost(summary.name)
    for label, value in (
        ("session", summary.name),
        ("title", summary.title),
        ("repository", summary.root),
        *([("forked from", summary.forked_from)] if summary.forked_from else []),
        ("started", when(summary.started)),
        ("last", f"{when(summary.at)}{', open now' if summary.open else ''}"),
        ("turns", f"{summary.turns}, in {_rounds(summary)}"),
        ("pending", summary.pending or "nothing"),
        ("size", size(summary.bytes)),
        *([("lost", _lost(lost))] if lost else []),
    ):
        click.echo(visible_line(f"{label:11}  {value}"))
    turn = 0
    for entry in archive.rounds(summary.name):
        if entry.turn != turn:
            turn = entry.turn
            click.echo(visible_line(f"❯ {next(iter(entry.prompt.splitlines()), '')}"))
        sign = {True: "✓", False: "✗", None: "●"}[entry.passed]
        click.echo(visible_line(f"  {entry.number:>3}  {sign} {entry.outcome}"))


@sessions.command()
@click.argument("names", metavar="[ID]...", nargs=-1, shell_complete=session_names)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "html", "jsonl", "code-feedback"]),
    default="markdown",
    show_default=True,
    help="To read, to read in a browser, for programs and `replay`, or to train a model with.",
)
@click.option("--all", "everything", is_flag=True, help="Every session that was recorded.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there, not on stdout."
)
def export(names: tuple[str, ...], form: Any, everything: bool, output: Path | None) -> None:
    """Write sessions (the last one here) in another form, on standard output. Secrets are left out of every form.

    code-feedback is a JSON line a session, as OpenCodeInterpreter was trained with: {"id", "messages"}, user and assistant in
    turn, what runs printed as a user's "Execution result:". A session without a reply has none.
    """
    archive = assemble.archive()
    if everything:
        found = [summary.name for summary in reversed(archive.listed())]
    else:
        found = [archive.find(name).name for name in names] or [last().name]
    if form == "html" and len(found) > 1:
        raise SettingsError("--format html holds one session: name one")
    texts, unread = [], []
    for name in found:
        try:
            texts.append(assemble.export(name, form))
            if lost := archive.lost(name):
                click.echo(visible_line(f"● session {name}: {_lost(lost)}"), err=True)
        except StoreError as error:
            if not everything:
                raise
            unread.append(str(error))
    whole = "\n".join(texts) if form == "markdown" else "".join(texts)
    if output:
        output.write_text(whole, encoding="utf-8")
    else:
        click.echo(visible(whole) if sys.stdout.isatty() else whole, nl=False)
    if unread:
        raise StoreError(f"{len(unread)} of {len(found)} sessions cannot be read and were left out: {unread[0]}")


@sessions.command()
@click.argument("name", metavar="ID", shell_complete=session_names)
@click.argument("title")
def rename(name: str, title: str) -> None:
    """Give a session a TITLE; an empty one lets it go by its first prompt again."""
    archive = assemble.archive()
    summary = archive.find(name)
    archive.rename(summary.name, title)
    click.echo(visible_line(f"session {summary.name}: {archive.find(summary.name).title or 'no title'}"))


@sessions.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True, shell_complete=session_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(names: tuple[str, ...], yes: bool) -> None:
    """Remove sessions: journal, logs, figures and the states of the files. What they accepted stays in your files, and can no
    longer be undone."""
    archive = assemble.archive()
    found = list(dict.fromkeys(archive.find(name, unreadable=True) for name in names))
    for summary in found:
        click.echo(visible_line(line(summary)), err=True)
    if not yes:
        click.confirm(f"remove {'these' if len(found) > 1 else 'this'}?", abort=True, err=True)
    for summary in found:
        archive.delete(summary.name)


def last() -> SessionSummary:
    """The last session about the repository here; outside of one the last of all, and that is said."""
    archive = assemble.archive()
    try:
        root = assemble.find_root(Path.cwd())
    except WorkspaceError:
        summary = archive.find()
        click.echo(visible_line(f"● no repository is here: this is the last session of all, {summary.name}"), err=True)
        return summary
    return archive.find("", str(root))


def line(summary: SessionSummary) -> str:
    """A session as one row."""
    if summary.unreadable:
        return f"{summary.name}  {when(summary.at)}  (cannot be read: {summary.unreadable})  [{size(summary.bytes)}]"
    title = summary.title[:_TITLE] + ("…" if len(summary.title) > _TITLE else "")
    now = [_rounds(summary), *([f"pending {summary.pending}"] if summary.pending else []), size(summary.bytes)]
    is_open = "  (open)" if summary.open else ""
    about = f"{Path(summary.root).name}: {title or '(nothing asked yet)'}"
    return f"{summary.name}  {when(summary.at)}  {about}  [{' · '.join(now)}]{is_open}"


def _rounds(summary: SessionSummary) -> str:
    verdict = f", {summary.verdict}" if summary.verdict else ""
    return f"{summary.rounds} round{'s' if summary.rounds != 1 else ''}{verdict}"


def _lost(lost: tuple[str, ...]) -> str:
    many = (
        f"{len(lost)} lines of its journal cannot be read and are"
        if len(lost) > 1
        else "1 line of its journal cannot be read and is"
    )
    return f"{many} left out: {lost[0]}"


def when(at: float) -> str:
    """A time as people here write it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "at no time"


def size(count: int) -> str:
    """Bytes in people's words."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
