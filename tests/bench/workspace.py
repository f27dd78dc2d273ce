"""What the mirror of a large repository costs: `python -m tests.bench.workspace [FILES [ROUNDS]]`, with the set-up done.

Makes a repository (100,000 files of 338 MB unless told otherwise) and prints, side by side and best of ROUNDS (2): the seed
(listing, scan for secrets, first snapshot, transfer) and the container's own git baseline, each against a bare
`tar c | tar x` of the same files into the same container; a later snapshot against `git add -A && git write-tree`; and the
diff of a change of 10,000 lines.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.ports import Command, Exit
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings, WorkspaceSettings
from oci_tui.workspace.bench import add_and_write_tree, edit, generate, timed
from oci_tui.workspace.git import GitWorkspace
from oci_tui.workspace.tar import END

FILES, ROUNDS = 100_000, 2
SEED_RATIO, SNAPSHOT_RATIO, SNAPSHOT_S, DIFF_S = 3.0, 1.5, 1.5, 0.1
CHANGED_LINES = 10_000
_SETTINGS = SandboxSettings(memory_mb=4096, workspace_mb=2048, cpus=float(os.cpu_count() or 2))


class Row(NamedTuple):
    """One figure, what it is compared with (both in seconds), and how much it may be."""

    name: str
    seconds: float
    reference: str
    reference_s: float
    limit_s: float

    def __str__(self) -> str:
        ratio = f"{self.seconds / self.reference_s:5.2f}×" if self.reference_s else " " * 6
        verdict = "ok" if self.seconds <= self.limit_s else "TOO SLOW"
        return f"{self.name:38} {self.seconds:7.3f} s  {self.reference:28} {self.reference_s:7.3f} s  {ratio}  {verdict}"


def bare_tar(root: Path, container: str) -> None:
    """The same files, by the shortest way there is."""
    pack = subprocess.Popen(["tar", "-c", "-f", "-", "--exclude=./.git", "."], cwd=root, stdout=subprocess.PIPE)
    unpack = ["docker", "exec", "-i", "-u", "10001", "-w", "/workspace", container, "tar", "-x", "-f", "-", "--no-same-owner"]
    subprocess.run(unpack, stdin=pack.stdout, check=True)
    assert pack.stdout
    pack.stdout.close()
    if pack.wait():
        raise SystemExit("tar failed")


async def started(sandbox: DockerSandbox) -> str:
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    return sandbox._container


async def emptied(sandbox: DockerSandbox) -> None:
    clear = Command("empty", argv=("/bin/sh", "-c", "find /workspace -mindepth 1 -delete"), timeout_s=120)
    async with aclosing(sandbox.run(clear)) as items:
        async for item in items:
            if isinstance(item, Exit) and not item.passed:
                raise SystemExit(f"the workspace could not be emptied: {item}")


async def seeded(workspace: GitWorkspace, sandbox: DockerSandbox) -> tuple[float, float]:
    """Seconds from the first look at the repository until the container holds it and is known to, and for its baseline."""
    began = time.monotonic()
    info = await workspace.open()
    opened = time.monotonic()
    sandbox._seeded = True  # so that the baseline comes apart
    await sandbox.unpack(workspace.seed())
    sent = time.monotonic()
    workspace.synced(await sandbox.listing())
    ended = time.monotonic()
    parts = f"open {opened - began:.2f} s, transfer {sent - opened:.2f} s, listing {ended - sent:.2f} s"
    print(f"  seed of {info.files} files: {parts}", flush=True)
    sandbox._seeded = False
    await sandbox.unpack([END])
    return ended - began, time.monotonic() - ended


async def measured(root: Path, rounds: int) -> list[Row]:
    bare, seed, baseline, snapshot, reference, diff = [], [], [], [], [], []
    for number in range(rounds):
        shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)
        sandbox = DockerSandbox(_SETTINGS, "bench", str(root))
        workspace = GitWorkspace(root, WorkspaceSettings(), f"bench{number}")
        try:
            container = await started(sandbox)
            bare.append(await asyncio.to_thread(timed, partial(bare_tar, root, container)))
            await emptied(sandbox)
            sent, committed = await seeded(workspace, sandbox)
            seed.append(sent)
            baseline.append(committed)
            await asyncio.to_thread(add_and_write_tree, root)
            await workspace.refresh()
            edit(root, number * 2)
            reference.append(await asyncio.to_thread(timed, partial(add_and_write_tree, root)))
            edit(root, number * 2 + 1)
            began = time.monotonic()
            edits = await workspace.refresh()
            snapshot.append(time.monotonic() - began)
            assert len(edits.paths) == 10
            text = "".join(f"line {line}\n" for line in range(CHANGED_LINES))
            await workspace.apply({"part1/long.py": text})
            began = time.monotonic()
            change = await workspace.diff()
            diff.append(time.monotonic() - began)
            assert change.added == CHANGED_LINES
        finally:
            await sandbox.close()
            workspace.close()
    sent, by_tar = _best(seed, bare)
    committed, beside = _best(baseline, bare)
    later, warm = _best(snapshot, reference)
    return [
        Row("seed, end to end", sent, "tar c | docker exec tar x", by_tar, SEED_RATIO * by_tar),
        Row("the container's own git baseline", committed, "the same", beside, SEED_RATIO * beside),
        Row("later snapshot, 10 files edited", later, "git add -A && write-tree", warm, max(SNAPSHOT_S, SNAPSHOT_RATIO * warm)),
        Row(f"diff of {CHANGED_LINES} lines", min(diff), f"(at most {DIFF_S} s)", 0.0, DIFF_S),
    ]


def _best(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """The round with the best ratio: figures of different rounds are not compared, since other programs run meanwhile."""
    return min(zip(ours, theirs, strict=True), key=lambda pair: pair[0] / pair[1])


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        root.mkdir()
        os.environ["XDG_STATE_HOME"] = str(Path(folder) / "state")
        size = generate(root, files)
        print(f"{files} files, {size / 1e6:.0f} MB", flush=True)
        rows = asyncio.run(measured(root, rounds))
    for row in rows:
        print(row)
    if any(row.seconds > row.limit_s for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
