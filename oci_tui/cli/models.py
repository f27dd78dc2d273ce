"""`oci-tui models`: list, fetch and remove models."""

from __future__ import annotations

import click

from oci_tui import assemble


@click.group()
def models() -> None:
    """List, fetch and remove models."""


@models.command("list")
def list_models() -> None:
    """The models that can be fetched by name, and which are here."""
    for row in assemble.models():
        click.echo(row)


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch a model; goes on where an interrupted fetch stopped."""
    from oci_tui.cli.setup import run_with_progress

    run_with_progress(name, assemble.pull_model(name))


@models.command()
@click.argument("name")
def rm(name: str) -> None:
    """Remove a fetched model."""
    assemble.remove_model(name)
