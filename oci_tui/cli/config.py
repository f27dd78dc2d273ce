"""`oci-tui config`: the settings in force and where each comes from; the file, edited and checked before it is kept."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from oci_tui import settings
from oci_tui.core.errors import SettingsError
from oci_tui.core.terminal import visible_line
from oci_tui.settings import keys

_SECTIONS = tuple(dict.fromkeys(key.section for key in keys()))


@click.group()
def config() -> None:
    """Show and edit the settings. They come from a file, then OCI_* environment variables, then options."""


@config.command()
@click.argument("section", type=click.Choice(_SECTIONS), required=False)
@click.option("--set", "only_set", is_flag=True, help="Only what is not as it ships.")
def show(section: str | None, only_set: bool) -> None:
    """Show each key with its value, where that comes from, and what it is; of one SECTION or of all."""
    from oci_tui.settings_edit import EditedSettings, shown

    edited = EditedSettings(settings.loaded())
    last = ""
    for key in keys():
        origin = edited.origin(key)
        if (section and key.section != section) or (only_set and origin == "default"):
            continue
        if key.section != last:
            click.echo(f"{chr(10) if last else ''}[{key.section}]")
            last = key.section
        value = shown(edited.value(key))
        click.echo(visible_line(f"{key.name} = {value or '(empty)'}  · {origin}"))
        click.echo(f"    {key.doc}")
    from oci_tui.cli.remarks import remarks

    for remark in remarks(edited.now):
        click.echo(f"! {visible_line(remark)}", err=True)


@config.command()
def path() -> None:
    """Print where the settings file is, there or not."""
    click.echo(visible_line(str(settings.own_file())))


@config.command()
def edit() -> None:
    """Open the settings file in your editor. It is checked, and kept only when every key and value is right."""
    file = settings.own_file()
    if not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise SettingsError(f"no terminal for an editor: write {file} yourself, or set VISUAL to an editor that needs none")
    before = file.read_text(encoding="utf-8") if file.exists() else _template()
    with tempfile.TemporaryDirectory(prefix="oci-tui-") as folder:
        draft = Path(folder) / "config.toml"
        draft.write_text(before, encoding="utf-8")
        while True:
            _edit(draft)
            problem = _problem(draft, file)
            if not problem:
                break
            click.echo(f"oci-tui: {visible_line(problem)}", err=True)
            if not (sys.stdin.isatty() and click.confirm("Edit it again?", default=True, err=True)):
                raise SettingsError(f"{file} is as it was: what you wrote cannot be used ({problem})")
        after = draft.read_bytes()
    if after == before.encode():
        click.echo(visible_line(f"{file}: unchanged"), err=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # an editor that keeps a link, or a reader meanwhile, finds the whole of the one or of the other
    target = Path(os.path.realpath(file))
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.write_bytes(after)
    if target.exists():
        fresh.chmod(target.stat().st_mode & 0o777)
    fresh.replace(target)
    click.echo(visible_line(f"{file}: kept"), err=True)


def _edit(draft: Path) -> None:
    try:
        click.edit(filename=str(draft))
    except click.ClickException as error:
        raise SettingsError(f"{error.format_message()}; set VISUAL or EDITOR to the editor you want") from error


def _problem(draft: Path, file: Path) -> str:
    """Why these settings cannot be used, told of the file that they are for; "" when they can."""
    try:
        settings.load(file=draft)
    except SettingsError as error:
        return str(error).replace(str(draft), str(file)).removesuffix(f"; {settings.OPEN_IT}")
    return ""


def _template() -> str:
    """Every key as a comment, for who has no file yet."""
    lines = ["# Settings of oci-tui; take the # away where you want another value."]
    last = ""
    for key in keys():
        if key.section != last:
            lines += ["", f"# [{key.section}]"]
            last = key.section
        lines.append(f"# {key.name}: {key.doc}")
    return "\n".join(lines) + "\n"
