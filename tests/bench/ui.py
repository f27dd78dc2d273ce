"""The app in a terminal of 120×40 against its targets: `python -m tests.bench.ui [--after TURNS] [--table]`.

The real program with the scripted engine, in a real pty: how soon its prompt is there, how soon a key shows while a reply
streams, what a stream costs the app's process and the line, how late its last token is, what it takes when nothing happens.
Then, headless: a long log, a large diff, another size. `--after` has so many turns first; the exit code is 1 when a target is
missed. Times are of a machine's clock: on a busy machine they are the load's, which is printed beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import psutil

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.events import CommandStarted, DiffChanged, OutputArrived
from oci_tui.core.ports import Command
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from tests.bench.screen import COLUMNS, ROWS, Screen
from tests.ui.test_workbench import RECORDING, on_screen


class Row(NamedTuple):
    """A figure beside its target; the unit stands in the name."""

    name: str
    figure: float
    target: float

    @property
    def passed(self) -> bool:
        return self.figure <= self.target


class Bench(Screen):
    """The app in a terminal of its own."""

    def __init__(self, repository: Path, home: Path, environment: dict[str, str]) -> None:
        code = f"import os, sys; os.chdir({str(repository)!r}); sys.argv = ['oci-tui']; from oci_tui.cli import main; main()"
        self.started = time.perf_counter()
        super().__init__(code, home, environment, COLUMNS, ROWS)
        self.app = psutil.Process(self.process.pid)

    def cpu_s(self) -> float:
        """Processor time of the app's process until now."""
        used = self.app.cpu_times()
        return float(used.user + used.system)

    def memory_mb(self) -> float:
        """What the app's process has of the machine's memory (PSS), in MB."""
        return float(self.app.memory_full_info().pss) / 1e6


def code() -> Iterator[str]:
    """Python, in pieces as a model would say it, without end."""
    for number in count():
        yield from ("def", f" step_{number}", "(a", ",", " b", ",", " c", "=", "None", "):", "\n", "    ", '"""', "Add")
        yield from (
            " up",
            f" part {number}",
            ".",
            '"""',
            "\n",
            "    ",
            "total",
            " =",
            " a",
            " *",
            " b",
            " +",
            f" {number}",
            "\n",
        )
        yield from ("    ", "if", " c", " is", " not", " None", ":", "\n", "        ", "total", " +=", " c", "\n")
        yield from ("    ", "return", " total", "\n", "\n")


def reply(name: str, tokens: int, rate: float) -> dict[str, object]:
    """A line of a script: so many tokens at so many a second, the last of them an end mark in the code."""
    pieces = ["Here", " it", " is", ".", "\n\n", f"`{name}.py`", "\n", "```python\n"]
    source = list(islice(code(), tokens - len(pieces) - 2))
    # A file that does not parse is asked for again: what remains of the last function is a comment.
    begun = max(number for number, piece in enumerate(source) if piece == "def")
    pieces += [*source[:begun], "#", *[" more"] * (len(source) - begun - 1), "\n# ", "ENDMARK\n```\n"]
    return {"pieces": [(1 / rate, piece) for piece in pieces]}


def streamed(screen: Bench, home: Path, tokens: int, rate: float, *, keys: bool) -> dict[str, float]:
    """Have one reply streamed; its costs by name. With `keys` what a key pressed meanwhile takes, else undisturbed."""
    before = len(screen.raw)
    screen.press(b"go\r")
    screen.until(lambda: b"def" in screen.raw[before:], 30)
    mark, used, began = len(screen.raw), screen.cpu_s(), time.perf_counter()
    echoes = screen.until_end(mark, 60 + tokens / rate, keys=keys)
    shown, cost, sent = time.time(), screen.cpu_s() - used, len(screen.raw) - mark
    screen.press(b"\x15" if keys else b"")
    screen.let_pass(1.5)
    said = last_piece(home, "ENDMARK")
    return {
        "cpu": cost,
        "bytes": sent / tokens,
        "tail": (shown - said) * 1000,
        "echo": statistics.median(echoes) if echoes else 0.0,
        "rate": tokens / (time.perf_counter() - began - 1.5),
    }


def last_piece(home: Path, text: str) -> float:
    """When the engine said this, in seconds since 1970, from the session's journal."""
    for journal in (home / ".local" / "state" / "oci-tui" / "sessions").glob("*.jsonl"):
        for line in reversed(journal.read_text(encoding="utf-8").splitlines()):
            event = json.loads(line)
            if event["event"] == "ReplyGrew" and text in event["text"]:
                return float(event["at"])
    raise SystemExit(f"no journal has {text}")


def in_terminal(after: int) -> list[Row]:
    """The real program in a pty."""
    with tempfile.TemporaryDirectory(prefix="oci-tui-bench-") as folder:
        home, repository = Path(folder, "home"), Path(folder, "repository")
        home.mkdir()
        repository.mkdir()
        (repository / "calc.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        script = home / "replies.jsonl"
        lines = [
            *[{"reply": f"answer {number}"} for number in range(after)],
            reply("typed", 1510, 100),
            reply("slow", 1510, 100),
            reply("fast", 6000, 300),
        ]
        script.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        environment = {
            "OCI_ENGINE_KIND": "scripted",
            "OCI_ENGINE_REPLIES": str(script),
            "OCI_ENGINE_CONTEXT": "32000",
            "OCI_ENGINE_MAX_NEW_TOKENS": "8000",
            "OCI_AGENT_ROUNDS": "1",
            "OCI_SANDBOX_DOCKER_HOST": f"unix://{folder}/none.sock",
        }
        ready = [_until_ready(repository, home, environment) for _ in range(4)][1:]
        screen = Bench(repository, home, environment)
        try:
            print(f"load of the machine: {os.getloadavg()[0]:.1f}", file=sys.stderr)
            return [Row("prompt ready, s", statistics.median(ready), 0.6), *_driven(screen, home, after)]
        finally:
            screen.close()


def _until_ready(repository: Path, home: Path, environment: dict[str, str]) -> float:
    screen = Bench(repository, home, environment)
    try:
        screen.until(lambda: b"Ask for a change" in screen.raw, 30)
        return time.perf_counter() - screen.started
    finally:
        screen.close()


def _is_shown(screen: Bench, text: str) -> bool:
    return text in screen.text and "Esc stop" not in screen.text


def _driven(screen: Bench, home: Path, after: int) -> list[Row]:
    screen.until(lambda: "✓ engine" in screen.text and "✗ sandbox" in screen.text, 30)
    for number in range(after):
        answer = f"answer {number}"
        screen.press(b"next\r")
        screen.until(partial(_is_shown, screen, answer), 30)
    screen.drawing = False
    screen.let_pass(2)
    memory, used = screen.memory_mb(), screen.cpu_s()
    screen.let_pass(5)
    idle = (screen.cpu_s() - used) / 5 * 100
    typed = streamed(screen, home, 1510, 100, keys=True)
    slow = streamed(screen, home, 1510, 100, keys=False)
    fast = streamed(screen, home, 6000, 300, keys=False)
    rates, late = (f"{slow[name]:.0f} and {fast[name]:.0f}" for name in ("rate", "tail"))
    print(f"tokens a second {rates}; late by {late} ms; {screen.memory_mb():.0f} MB at the end", file=sys.stderr)
    return [
        Row("key echo while streaming, ms", typed["echo"], 8),
        Row("1,510 tokens at 100/s, CPU s", slow["cpu"], 1.3),
        Row("6,000 tokens at 300/s, CPU s", fast["cpu"], 3.0),
        Row("bytes a token at 100/s", slow["bytes"], 250),
        Row("bytes a token at 300/s", fast["bytes"], 250),
        Row("last token on screen after, ms", max(slow["tail"], fast["tail"]), 30),
        Row("CPU when idle, %", idle, 1),
        Row("memory, MB", memory, 120),
    ]


async def headless() -> list[Row]:
    """The panes by themselves: from the event to the screen that shows it."""
    session = ReplaySession(RECORDING, speed=0)
    app = OciApp(lambda: session, Path("/src/parser"), "night")
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:

        async def shown(text: str) -> None:
            async with asyncio.timeout(60):
                while text not in on_screen(app):
                    await pilot.pause(0.001)

        await shown("Ask for a change")
        bench = app.workbench
        chunk = "".join(f"line {number:05} of a log that goes on and on\n" for number in range(10_000))
        began = time.perf_counter()
        bench.show(CommandStarted(command=Command(label="make")))
        for _ in range(100):
            bench.show(OutputArrived(stream="stdout", text=chunk))
        bench.show(OutputArrived(stream="stdout", text="LASTLINE\n"))
        await shown("LASTLINE")
        log = time.perf_counter() - began
        lines = tuple(Line("+", f"def f{number}(a, b): return a + {number}", None, number + 1) for number in range(20_000))
        file = FileDiff("large.py", "added", "", "", "100644", False, (Hunk(0, 0, 1, len(lines), "", lines),))
        began = time.perf_counter()
        bench.show(DiffChanged(diff=Diff((file,))))
        await shown("large.py")
        diff = time.perf_counter() - began
        resizes: list[float] = []
        for columns in range(146, 151):
            began = time.perf_counter()
            await pilot.resize_terminal(columns, 45)
            await pilot.pause()
            resizes.append((time.perf_counter() - began) * 1000)
        await app.close_session()
    return [
        Row("1,000,000 lines of output, s", log, 1),
        Row("diff of 20,000 lines, s", diff, 0.3),
        Row("resize, ms", statistics.median(resizes), 150),
    ]


def as_text(row: Row) -> str:
    return f"{row.name:34} {row.figure:8.2f}  ≤ {row.target:<6g} {'PASS' if row.passed else 'FAIL'}"


def as_table(row: Row) -> str:
    return (
        f"| {row.name} | {row.figure:.2g} | {row.target:g} |"
        if row.figure < 10
        else f"| {row.name} | {row.figure:.0f} | {row.target:g} |"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ui", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--after", type=int, default=0, metavar="TURNS", help="turns before anything is measured")
    parser.add_argument("--table", action="store_true", help="print rows for README")
    parser.add_argument("--headless", action="store_true", help="only what needs no terminal")
    chosen = parser.parse_args(arguments)
    rows = [] if chosen.headless else in_terminal(chosen.after)
    with tempfile.TemporaryDirectory(prefix="oci-tui-bench-") as state:
        os.environ["XDG_STATE_HOME"] = state
        rows += asyncio.run(headless())
    written: Callable[[Row], str] = as_table if chosen.table else as_text
    print("\n".join(written(row) for row in rows))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    sys.exit(main())
