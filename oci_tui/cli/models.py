"""`oci-tui models`: list, look at, fetch and remove models."""

from __future__ import annotations

import click

from oci_tui import assemble, settings
from oci_tui.core.terminal import visible_line


@click.group()
def models() -> None:
    """List, look at, fetch and remove models."""


@models.command("list")
def list_models() -> None:
    """The models that can be fetched by name, and which are here."""
    for row in assemble.models():
        sign, licence = "✓" if row.present else " ", f" ({row.licence})" if row.licence else ""
        click.echo(visible_line(f"{sign} {row.name:27} {row.bytes / 1e9:5.1f} GB  {row.title}{licence}"))


@models.command()
@click.argument("name")
def info(name: str) -> None:
    """What a model is, whether it is whole, which window fits this machine, how fast it can be. NAME or a path."""
    for line in assemble.model_info(settings.load({"engine.model": name, "engine.kind": "auto"})):
        click.echo(visible_line(line))


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch a model; goes on where an interrupted fetch stopped.

    NAME is one of `oci-tui models list`, NAME:BITS for an EXL2 model at that bit rate, `recommended` for what suits this
    machine, or OWNER/NAME[@REVISION] and OWNER/NAME/FILE.gguf[@REVISION] of the Hugging Face hub.
    """
    from oci_tui.cli.setup import run_with_progress

    run_with_progress(name, assemble.pull_model(name, settings.load()))


@models.command()
@click.argument("name")
def rm(name: str) -> None:
    """Remove a fetched model."""
    assemble.remove_model(name)
