"""`oci-tui completion`: the script that lets a shell complete commands, options and the names of sessions."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from oci_tui import assemble
from oci_tui.core.terminal import visible_line

VARIABLE = "_OCI_TUI_COMPLETE"


def session_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """The recorded sessions whose names begin so, with their titles."""
    found = [summary for summary in assemble.archive().listed() if summary.name.startswith(incomplete)]
    return [CompletionItem(summary.name, help=visible_line(summary.title)[:60]) for summary in found]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and session names in this shell, to be read by it."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "oci-tui", VARIABLE).source())
