"""The person's own editor ($VISUAL or $EDITOR): on a file of the repository, or on a text to be changed."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

_COLON = {"code", "codium", "subl", "zed", "hx", "helix"}


def command(file: Path, line: int = 1) -> list[str]:
    """What opens this file at this line; without a word of the person's it is vi."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    name = Path(editor[0]).name
    if name in _COLON:
        return [*editor, *(["--goto"] if name in ("code", "codium") else []), f"{file}:{line}"]
    return [*editor, *([f"+{line}"] if line > 1 else []), str(file)]


def opened(app: App[None], root: Path, path: str, line: int) -> str:
    """Open a file of the repository; why it cannot be opened, "" when it was. Nothing outside the repository is."""
    file = (root / path).resolve()
    if not file.is_relative_to(root.resolve()) or not file.is_file():
        return f"{path} is no file of this repository"
    return _run(app, command(file, line))


def changed(app: App[None], text: str, suffix: str = ".md") -> tuple[str, str]:
    """The text as it is after the editor, and why it could not be opened ("" when it could)."""
    with tempfile.TemporaryDirectory(prefix="oci-tui-") as folder:
        file = Path(folder, f"text{suffix}")
        file.write_text(text, encoding="utf-8", errors="replace")
        problem = _run(app, command(file))
        return (text, problem) if problem else (file.read_text(encoding="utf-8", errors="replace").rstrip("\n"), "")


def _run(app: App[None], argv: list[str]) -> str:
    try:
        with app.suspend():
            try:
                code = subprocess.run(argv, check=False).returncode
            except OSError as error:  # let out of here, it would leave the app suspended
                return f"{argv[0]} cannot be started ({error.strerror}); set $EDITOR"
    except SuspendNotSupported:
        return "the editor needs a terminal of its own; none is here"
    return f"{argv[0]} ended with {code}; nothing was taken over" if code else ""
