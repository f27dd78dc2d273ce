"""How long until something is there: `--help` to its end, and the app's first paint with the prompt box in it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from oci_tui.core.errors import OciError
from oci_tui.core.measurement import Measurement

_PROMPT_SHOWN = b"Ask for a change"
_LIMIT_S = 30.0
_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_PROGRAM = (sys.executable, "-m", "oci_tui")


async def measurements(rounds: int) -> AsyncGenerator[Measurement]:
    """One by one, as they are made."""
    modules, bare = _modules(*_PROGRAM[1:], "--help"), _modules("-c", "pass")
    yield Measurement("--help, modules", modules - bare, "", 110, True, f"{modules} imported, {bare} by Python alone")
    python = _median(_until_exit, rounds, (sys.executable, "-c", "import click, msgspec, platformdirs"))
    help_s = _median(_until_exit, rounds, (*_PROGRAM, "--help"))
    yield Measurement("--help/its libraries", help_s / python, "×", 1.6, True, f"{help_s:.2f} and {python:.2f} s")
    textual = _median(_until_exit, rounds, (sys.executable, "-c", "import textual.app"))
    painted = _median(_until_painted, rounds, (*_PROGRAM, "--engine", "scripted"))
    yield Measurement("first paint/Textual", painted / textual, "×", 3.0, True, f"{painted:.2f} s; its import {textual:.2f} s")


def _modules(*arguments: str) -> int:
    done = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True)
    return done.stderr.count("import time:") - 1


def _until_exit(argv: tuple[str, ...]) -> float:
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def _until_painted(argv: tuple[str, ...]) -> float:
    """Seconds from process start to the first frame that holds the prompt box, in a terminal of 120×40, in a new repository."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        started = time.monotonic()
        child, terminal = pty.fork()
        if child == 0:
            home = {f"XDG_{name}_HOME": str(Path(folder) / ".git" / name) for name in ("STATE", "CONFIG")}
            os.chdir(folder)
            os.execve(argv[0], argv, {**os.environ, **home, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"})
        seen = b""
        try:
            while _PROMPT_SHOWN not in _ESCAPE.sub(b"", seen):
                if time.monotonic() - started > _LIMIT_S or not select.select([terminal], [], [], _LIMIT_S)[0]:
                    raise OciError(f"the app painted nothing within {_LIMIT_S:.0f} s; see how it starts in a repository")
                seen += os.read(terminal, 65536)
            return time.monotonic() - started
        finally:
            os.kill(child, signal.SIGTERM)
            _drain(terminal)
            os.waitpid(child, 0)
            os.close(terminal)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        return


def _median(measure: Callable[[tuple[str, ...]], float], rounds: int, argv: tuple[str, ...]) -> float:
    measure(argv)
    return statistics.median(measure(argv) for _ in range(rounds))
