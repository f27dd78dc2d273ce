"""A session that many look at: `python -m tests.bench.share`.

The real host with the scripted engine, the driver's app in a real pty, observers in a process of their own. While 300 tokens
a second stream: how soon a key of the driver's shows with nobody else there and with 20 observers, by turns, so that both meet
the same load of the machine. Then how soon a terminal shows a session of many events, beside an app that shows an empty one.
The exit code is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from oci_tui import assemble_hosts
from oci_tui.core.events import ReplyGrew
from oci_tui.share.protocol import Join
from oci_tui.share.remote import RemoteSession
from tests.bench.screen import UNUSED_KEYS, Screen
from tests.bench.ui import Row, as_text, reply
from tests.ui.terminal import Terminal

OBSERVERS, RATE, TURNS = 20, 300, 3
TOKENS = 12 * RATE


class Driver(Screen):
    """The app, attached to a host or on its own, in a terminal that says when a key came back."""

    def __init__(self, arguments: list[str], repository: Path, home: Path, environment: dict[str, str]) -> None:
        code = (
            f"import os, sys; os.chdir({str(repository)!r}); sys.argv = ['oci-tui', *{arguments!r}]; "
            "from oci_tui.cli import main; main()"
        )
        self.started = time.perf_counter()
        super().__init__(code, home, environment)
        self.drawing = False


def echoes(driver: Driver) -> list[float]:
    """What keys take while the next reply streams."""
    mark = len(driver.raw)
    driver.press(b"go\r")
    driver.until(lambda: b"def" in driver.raw[mark:], 30)
    found: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < 9:
        if time.perf_counter() - began > 1 + 0.25 * len(found):
            found.append(driver.echo_ms(UNUSED_KEYS[len(found) % len(UNUSED_KEYS)]))
        else:
            driver.read()
    driver.until(lambda: b"ENDMARK" in driver.raw[mark:], 30)
    # what was typed is taken away again, so that the next "go" is one
    driver.press(b"\x7f" * len(found))
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        driver.read()
    return found


@contextmanager
def observers(host: str, environment: dict[str, str]) -> Iterator[None]:
    """So many of them, all there, until the block ends."""
    crowd = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.share", "--observe", host],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    try:
        if crowd.stdout.readline().strip() != "there":
            raise SystemExit("the observers could not attach")
        yield
        crowd.stdin.close()
        told = [int(line) for line in crowd.stdout.read().split()]
        if len(told) != OBSERVERS or len(set(told)) != 1 or told[0] < TOKENS:
            raise SystemExit(f"observers were told of {sorted(set(told))} tokens")
    finally:
        crowd.kill()
        crowd.wait()
        crowd.stdout.close()


async def observe(host: str) -> None:
    """Attach the observers; when stdin ends, say how many tokens each was told of."""
    counts = [0] * OBSERVERS

    async def one(index: int, there: asyncio.Semaphore) -> None:
        session = RemoteSession(assemble_hosts.call(host), "bench", Join(1, f"observer-{index}", "observer"))
        async for event in session.prepare():
            counts[index] += isinstance(event, ReplyGrew)
        there.release()
        async for event in session.company.unasked():
            counts[index] += isinstance(event, ReplyGrew)

    there = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(one(index, there)) for index in range(OBSERVERS)]
    for _ in range(OBSERVERS):
        await there.acquire()
    print("there", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print("\n".join(map(str, counts)))


def measured() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="oci-tui-bench-") as folder:
        home, repository = Path(folder, "home"), Path(folder, "repository")
        (home / "run").mkdir(parents=True, mode=0o700)
        repository.mkdir()
        (repository / "calc.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        script = home / "replies.jsonl"
        lines = [reply(f"part_{number}", TOKENS, RATE) for number in range(2 * TURNS)]
        script.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        environment = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "OCI_ENGINE_KIND": "scripted",
            "OCI_ENGINE_REPLIES": str(script),
            "OCI_ENGINE_CONTEXT": "32000",
            "OCI_ENGINE_MAX_NEW_TOKENS": "8000",
            "OCI_AGENT_ROUNDS": "1",
            "OCI_SANDBOX_DOCKER_HOST": f"unix://{folder}/none.sock",
        }
        said = subprocess.run(
            [sys.executable, "-m", "oci_tui", "host", "--background"],
            cwd=repository,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        host = re.findall(r"host (\w{4}) keeps", said)[0]
        try:
            return [*_echo_rows(host, repository, home, environment), *_attach_rows(host, repository, home, environment)]
        finally:
            stop = [sys.executable, "-m", "oci_tui", "host", "stop", host]
            subprocess.run(stop, env={**os.environ, **environment}, check=True)


def _echo_rows(host: str, repository: Path, home: Path, environment: dict[str, str]) -> list[Row]:
    driver = Driver(["attach", host], repository, home, environment)
    alone: list[float] = []
    crowded: list[float] = []
    try:
        driver.until(lambda: b"Ask for a change" in driver.raw, 30)
        for _ in range(TURNS):
            alone += echoes(driver)
            with observers(host, environment):
                crowded += echoes(driver)
    finally:
        driver.close()
    before, after = statistics.median(alone), statistics.median(crowded)
    slow = " and ".join(f"{statistics.quantiles(times, n=10)[-1]:.0f}" for times in (alone, crowded))
    print(
        f"key echo {before:.1f} ms alone, {after:.1f} ms with {OBSERVERS} observers; the slowest tenth {slow}", file=sys.stderr
    )
    print(f"load of the machine: {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return [Row(f"key echo later for {OBSERVERS} observers, ms", after - before, 5)]


def _wrote(terminal: Terminal, shown: bytes) -> bool:
    return shown in terminal.raw


def _attach_rows(host: str, repository: Path, home: Path, environment: dict[str, str]) -> list[Row]:
    attach: list[float] = []
    empty: list[float] = []
    for _ in range(TURNS):
        for arguments, shown, times in ((["attach", host], b"Ctrl+Y", attach), ([], b"Ask for a change", empty)):
            terminal = Driver(arguments, repository, home, environment)
            try:
                terminal.until(partial(_wrote, terminal, shown), 30)
                times.append(time.perf_counter() - terminal.started)
            finally:
                terminal.close()
    events = 2 * TURNS * TOKENS
    shown_s, empty_s = statistics.median(attach), statistics.median(empty)
    print(f"{events} tokens are shown {shown_s:.2f} s after `attach`, an empty app after {empty_s:.2f} s", file=sys.stderr)
    return [Row(f"attach to {events} events, s", shown_s, 1)]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.share", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--observe", metavar="HOST", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.observe:
        asyncio.run(observe(chosen.observe))
        return 0
    rows = measured()
    print("\n".join(as_text(row) for row in rows))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
