"""Themes: one TOML file each, with the fields of `textual.theme.Theme`; a file that cannot be used is one clear line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import BUILTIN_THEMES, Theme

from oci_tui.core.errors import SettingsError
from oci_tui.resources import config_folder, data_folder

VARIABLES = {
    "ink-muted": "$foreground 65%",
    "ink-faint": "$foreground 38%",
    "rule": "$foreground 18%",
    "bar-background": "$foreground 8%",
    "added-background": "$success 14%",
    "removed-background": "$error 14%",
    "added-word-background": "$success 36%",
    "removed-word-background": "$error 36%",
    "heat-1-background": "$warning 12%",
    "heat-2-background": "$warning 28%",
    "heat-3-background": "$error 40%",
    "code-keyword": "$primary",
    "code-string": "$success",
    "code-comment": "$foreground 50%",
    "code-literal": "$warning",
    "code-name": "$foreground",
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
}
"""The variables of the panes' styles and what they are in a theme that does not set them."""

_NAMED = re.compile(r"\$([a-z-]+)")
_SHADE = re.compile(r"([^\s%]+)(?: \d+(?:\.\d+)?%)?")
_NUMBERS = frozenset({"luminosity_spread", "text_alpha"})
_VISIBLE = "[!.]*.toml"
"""Hidden files are no themes: editors keep locks and copies beside what they edit."""
_COLOURS = frozenset(field.name for field in fields(Theme) if "str" in str(field.type) and "dict" not in str(field.type)) - {
    "name"
}


def load(file: Path) -> Theme:
    """Read one theme; its name is the file's. Raises SettingsError."""
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from error
    known = {field.name: field for field in fields(Theme)}
    for key, value in content.items():
        if key not in known or key == "name":
            raise SettingsError(f"{file}: {key}: no such key; use one of {', '.join(sorted(set(known) - {'name'}))}")
        if key in _COLOURS:
            _check_colour(file, key, value)
        elif key in _NUMBERS and not isinstance(value, float | int):
            raise SettingsError(f"{file}: {key}: expected a number, got {value!r}")
    if "primary" not in content:
        raise SettingsError(f'{file}: primary is missing: write a colour, for example primary = "#7aa2f7"')
    if not isinstance(content.get("variables", {}), dict):
        raise SettingsError(f"{file}: variables: expected a table, got {content['variables']!r}")
    for key in ("dark", "ansi"):
        if not isinstance(content.get(key, False), bool):
            raise SettingsError(f"{file}: {key}: expected true or false, got {content[key]!r}")
    theme = Theme(name=file.stem, **content)
    theme.variables = _resolved(theme, file)
    return theme


def _resolved(theme: Theme, file: Path) -> dict[str, str]:
    """The theme's variables and the ones it leaves out, with the colours that they name in place of "$name"."""
    for key, value in theme.variables.items():
        _check_variable(file, key, value)
    colours = {**theme.to_color_system().generate(), **VARIABLES, **theme.variables}
    wanted = {**VARIABLES, **theme.variables}
    for _ in range(len(VARIABLES)):
        wanted = {key: _NAMED.sub(lambda name: colours.get(name[1], name[0]), value) for key, value in wanted.items()}
    for key, value in wanted.items():
        if "$" in value:
            raise SettingsError(f"{file}: variables.{key}: {value!r} names no colour; it is none of the theme's, or itself")
    return wanted


def own_files() -> dict[Path, int]:
    """The person's own theme files, and when each was saved last (ns)."""
    return {file: _saved(file) for file in sorted((config_folder() / "themes").glob(_VISIBLE))}


def _saved(file: Path) -> int:
    """When a file was saved last (ns); 0 for one that is not there, as the file that a link names, or cannot be asked."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def load_all() -> tuple[list[Theme], list[str]]:
    """The themes that ship and the person's own (which win by name), and one line for each that cannot be used."""
    themes: dict[str, Theme] = {}
    problems: list[str] = []
    for folder in (data_folder("themes"), config_folder() / "themes"):
        for file in sorted(folder.glob(_VISIBLE)):
            try:
                themes[file.stem] = load(file)
            except SettingsError as error:
                problems.append(str(error))
    return list(themes.values()), problems


def unknown(name: str, loaded: Sequence[Theme]) -> list[str]:
    """That no theme has this name, a line; none where one has, or where no name is given."""
    names = sorted(theme.name for theme in loaded)
    if not name or name in names or name in BUILTIN_THEMES:
        return []
    return [f"ui.theme: no theme is named {name!r}; there are {', '.join(names)}"]


def _check_variable(file: Path, key: str, value: object) -> None:
    """One that is no style of text is a colour, then perhaps its opacity: "$success 14%"."""
    if not isinstance(value, str):
        raise SettingsError(f"{file}: variables.{key}: expected text, got {value!r}")
    if key.endswith("-style"):
        if unknown := [word for word in value.split() if word not in VALID_STYLE_FLAGS]:
            raise SettingsError(f'{file}: variables.{key}: {unknown[0]!r} is no style; write one such as "bold underline"')
        return
    shade = _SHADE.fullmatch(value)
    colour = shade[1] if shade else value
    if colour != "auto" and not _NAMED.fullmatch(colour):
        _check_colour(file, f"variables.{key}", colour)


def _check_colour(file: Path, key: str, value: object) -> None:
    try:
        if not isinstance(value, str):
            raise SettingsError(f'{file}: {key}: expected a colour such as "#7aa2f7", got {value!r}')
        Color.parse(value)
    except ColorParseError as error:
        raise SettingsError(f'{file}: {key}: {value!r} is no colour; write one such as "#7aa2f7" or "ansi_blue"') from error
