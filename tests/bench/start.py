"""How long until something is there: `python -m tests.bench.start [ROUNDS]`, in a git repository with the set-up done.

Prints medians in seconds: `--help` to its end, the app's first paint with the prompt box in it (the engine still loading),
and, to compare with, an interpreter that only imports Textual.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

PROMPT_SHOWN = b"Ask for a change"
LIMIT_S = 30.0

_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def until_exit(*argv: str) -> float:
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def until_painted(*argv: str) -> float:
    """Seconds from process start to the first frame that holds the prompt box, in a terminal of 120×40."""
    started = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
        os.execv(argv[0], argv)
    seen = b""
    try:
        while PROMPT_SHOWN not in _ESCAPE.sub(b"", seen):
            if time.monotonic() - started > LIMIT_S or not select.select([terminal], [], [], LIMIT_S)[0]:
                raise SystemExit(f"nothing painted within {LIMIT_S} s: {seen[-500:]!r}")
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


def median(measure: Callable[..., float], rounds: int, *argv: str) -> float:
    measure(*argv)
    return statistics.median(measure(*argv) for _ in range(rounds))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    python = sys.executable
    rows = {
        "import textual.app": median(until_exit, rounds, python, "-c", "import textual.app"),
        "oci-tui --help": median(until_exit, rounds, python, "-m", "oci_tui", "--help"),
        "oci-tui, first paint": median(until_painted, rounds, python, "-m", "oci_tui"),
    }
    for name, seconds in rows.items():
        print(f"{name:24} {seconds:6.3f} s  {seconds / rows['import textual.app']:5.2f}×")


if __name__ == "__main__":
    main()
