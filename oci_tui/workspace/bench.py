"""What the mirror costs beside git and tar doing the same to the same files, on a repository that is made for it."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.measurement import Measurement
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace
from oci_tui.workspace.past import folder_of

FILES = 5_000
_AVERAGE = 3_380
_LINES = 10_000
_RATIOS = (
    ("first snapshot/git", "git add -A, new index", 5.0),
    ("seed/tar", "tar", 3.0),
    ("later snapshot/git", "git add -A", 4.0),
)


def generate(root: Path, files: int) -> int:
    """A repository of so many files, most of them code-like text, with one commit; its bytes."""
    chance = random.Random(4)
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz_", k=chance.randint(2, 12))) for _ in range(4000)]
    text = b"\n".join(
        b"    " * chance.randint(0, 3) + b" ".join(chance.choices(words, k=chance.randint(1, 9))) for _ in range(80_000)
    )
    noise = chance.randbytes(1 << 20)
    total = 0
    for number in range(files):
        folder = root / f"part{number % 23}" / f"area{number // 23 % 19}" / f"m{number // 437 % 13}"
        if number < 23 * 19 * 13:
            folder.mkdir(parents=True, exist_ok=True)
        size = min(int(chance.expovariate(1 / _AVERAGE)) + 1, 200_000)
        source = noise if number % 50 == 0 else text
        start = chance.randrange(len(source) - size)
        (folder / f"f{number}.py").write_bytes(b"# %d\n" % number + source[start : start + size])
        total += size
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "x")
    return total


def git(root: Path, *arguments: str, **environment: str) -> None:
    """Raises WorkspaceError."""
    _run(["git", "-C", str(root), "-c", "gc.auto=0", *arguments], environment)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def add_and_write_tree(root: Path, **environment: str) -> None:
    """What git does for a snapshot."""
    git(root, "add", "-A", **environment)
    git(root, "write-tree", **environment)


def edit(root: Path, number: int) -> None:
    """Ten files differ from before."""
    for name in range(10):
        (root / "part1" / f"edited{name}.py").write_text(f"x = {number}\n", encoding="ascii")


async def measurements(rounds: int, files: int = FILES) -> AsyncGenerator[Measurement]:
    """The best of each ratio over so many rounds, each in turn. Raises WorkspaceError."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        root.mkdir()
        size = await asyncio.to_thread(generate, root, files)
        try:
            pairs = [await _round(root, number) for number in range(rounds)]
        finally:
            shutil.rmtree(folder_of(root), ignore_errors=True)
    said = f"{files} files, {size / 1e6:.0f} MB: "
    for number, (name, beside, target) in enumerate(_RATIOS):
        ours, theirs = min((pair[number] for pair in pairs), key=lambda pair: pair[0] / pair[1])
        yield Measurement(name, ours / theirs, "×", target, True, f"{said}{ours:.2f} s; {beside} {theirs:.2f} s")
    took = min(pair[3][0] for pair in pairs)
    yield Measurement("diff", took * 1e3, "ms", 100, True, f"of a change of {_LINES} lines")


async def _round(root: Path, number: int) -> list[tuple[float, float]]:
    """Seconds of ours and of theirs: first snapshot, seed, later snapshot; then of a diff, of which there is no other."""
    shutil.rmtree(folder_of(root), ignore_errors=True)
    workspace = GitWorkspace(root, WorkspaceSettings(), f"bench{number}")
    index = str(root.parent / f"index{number}")
    try:
        first = await _both(workspace.open, lambda: add_and_write_tree(root, GIT_INDEX_FILE=index))
        seed = await _both(
            lambda: asyncio.to_thread(lambda: sum(map(len, workspace.seed()))),
            lambda: _run(["sh", "-c", "tar -c -f - --exclude=./.git . | cat >/dev/null"], {}, root),
        )
        await asyncio.to_thread(add_and_write_tree, root)
        await workspace.refresh()
        edit(root, number * 2)
        theirs = await asyncio.to_thread(timed, lambda: add_and_write_tree(root))
        edit(root, number * 2 + 1)
        began = time.monotonic()
        await workspace.refresh()
        later = time.monotonic() - began
        await workspace.apply({"part1/long.py": "".join(f"line {line}\n" for line in range(_LINES))})
        began = time.monotonic()
        await workspace.diff()
        return [first, seed, (later, theirs), (time.monotonic() - began, 0.0)]
    finally:
        workspace.close()


async def _both(ours: Callable[[], Awaitable[object]], theirs: Callable[[], object]) -> tuple[float, float]:
    began = time.monotonic()
    await ours()
    return time.monotonic() - began, await asyncio.to_thread(timed, theirs)


def _run(command: list[str], environment: Mapping[str, str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkspaceError(f"{command[0]} failed: {' '.join(done.stderr.split())[:200]}; it is what is measured beside")
