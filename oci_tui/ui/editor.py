"""The person's own editor ($VISUAL or $EDITOR): on a file of the repository, or on a text to be changed."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from textual.app import SuspendNotSupported

from oci_tui.ui.lending import LendingApp

_END_S = 2.0
_COLON = {"code", "codium", "subl", "zed", "hx", "helix"}


def command(file: Path, line: int = 1) -> list[str]:
    """What opens this file at this line; without a word of the person's it is vi. Raises ValueError for a word that is none."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    if not editor:
        raise ValueError("it is blank")
    name = Path(editor[0]).name
    if name in _COLON:
        return [*editor, *(["--goto"] if name in ("code", "codium") else []), f"{file}:{line}"]
    return [*editor, *([f"+{line}"] if line > 1 else []), str(file)]


async def opened(app: LendingApp, file: Path, line: int) -> str:
    """Open a file at a line; why it cannot be opened, "" when it was."""
    return await _run(app, file, line)


async def changed(app: LendingApp, text: str, suffix: str = ".md") -> tuple[str, str]:
    """The text as it is after the editor, and why it could not be opened ("" when it could).

    Where the app ends meanwhile, the editor's file stays in the folder for temporary ones.
    """
    with ExitStack() as stack:
        folder = tempfile.mkdtemp(prefix="oci-tui-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        file = Path(folder, f"text{suffix}")
        file.write_text(text, encoding="utf-8", errors="replace")
        try:
            problem = await _run(app, file)
        except asyncio.CancelledError:
            stack.pop_all()
            raise
        if problem:
            return text, problem
        try:
            return file.read_text(encoding="utf-8", errors="replace").rstrip("\n"), ""
        except OSError as error:
            return text, f"what the editor wrote cannot be read ({error.strerror}); nothing was taken over"


async def _run(app: LendingApp, file: Path, line: int = 1) -> str:
    try:
        argv = command(file, line)
    except ValueError as error:
        return f"$VISUAL or $EDITOR cannot be understood ({error}); set it to a program"
    try:
        with app.lend():
            program = await asyncio.create_subprocess_exec(*argv)
            try:
                code = await program.wait()
            except asyncio.CancelledError:
                # the app ends: an editor then rescues what was written and leaves the terminal
                program.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(program.wait(), _END_S)
                raise
    except OSError as error:
        return f"{argv[0]} cannot be started ({error.strerror}); set $EDITOR"
    except SuspendNotSupported:
        return "the editor needs a terminal of its own; none is here"
    return f"{argv[0]} ended with {code}; nothing was taken over" if code else ""
