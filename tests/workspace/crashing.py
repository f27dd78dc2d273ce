"""Processes that die at a chosen write, or at any moment: `python -m tests.workspace.crashing`; the tests look at what is left.

What counts as a write are the calls that change a folder (make, rename, remove, link), as Python's audit hook names them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.accept import Acceptance
from oci_tui.workspace.git import GitWorkspace
from oci_tui.workspace.past import folder_of, references_of
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.user_tree import UserTree
from tests.workspace.repository import snapshot

DEAD = 9
SESSION = "s"
_WRITES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink"}


class Fuse:
    """Once lit, ends the process at the write that `last` says, of which it gets the number, from 0, and the arguments.

    Writes count from the first one to the journal on (before it nothing is in the user's tree); with `at_once` from the first.
    """

    def __init__(self) -> None:
        self._last: Callable[[int, tuple[object, ...]], bool] | None = None
        self._count = 0
        self._begun = False
        sys.addaudithook(self._burn)

    def light(self, last: Callable[[int, tuple[object, ...]], bool], *, at_once: bool = False) -> None:
        self._last, self._count, self._begun = last, 0, at_once

    def _burn(self, event: str, arguments: tuple[object, ...]) -> None:
        made = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if self._last is None or not (event in _WRITES or made):
            return
        self._begun = self._begun or (bool(made) and str(arguments[0]).endswith("apply.json.new"))
        if not self._begun:
            return
        if self._last(self._count, (event, *arguments)):
            os._exit(DEAD)
        self._count += 1


async def changed(root: Path) -> GitWorkspace:
    """A session with a change pending: a file changed, one deleted with its folder, one new in new folders."""
    workspace = GitWorkspace(root, WorkspaceSettings(), SESSION)
    await workspace.open()
    await workspace.apply({"main.py": "changed", "deep/er/new.py": "new"})
    here = b"f 644 1 1.0 1 main.py\0f 644 1 1.0 1 old.txt\0f 644 1 1.0 1 deep/er/new.py\0"
    workspace.synced(here + b"f 644 1 1.0 1 lib/tool.py\0")
    assert await workspace.bring_back(here, b"") == ()
    return workspace


def recover(root: Path) -> None:
    """What opening a session does first."""
    shadow = Shadow(folder_of(root) / "shadow.git")
    Acceptance(UserTree(root, shadow, WorkspaceSettings()), shadow, folder_of(root), references_of(SESSION)).begin()
    shadow.close()


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a child that does this."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_every_write(what: str, stride: int, original: Path, copies: Path) -> None:
    """Accept (or undo) in copies of the repository, dead at a write that is `stride` later each time; the last one is whole."""
    fuse = Fuse()

    async def settle(root: Path, number: int) -> None:
        workspace = await changed(root)
        if what == "undo":
            await workspace.changes.accept()
        fuse.light(lambda count, _: count == number)
        await (workspace.changes.undo() if what == "undo" else workspace.changes.accept())
        os._exit(0)

    status, number = DEAD, 0
    while status == DEAD:
        root = copies / str(number)
        shutil.copytree(original, root, symlinks=True)
        status = in_child(lambda root=root, number=number: asyncio.run(settle(root, number)))  # type: ignore[misc]
        assert status in (0, DEAD), status
        number += stride


def once_main_was_renamed(root: Path) -> None:
    """Accept, dead at the first write after the one that puts main.py in its place."""
    renamed = False

    def last(_: int, call: tuple[object, ...]) -> bool:
        nonlocal renamed
        if renamed:
            return True
        renamed = call[0] == "os.rename" and call[2] == b"main.py"
        return False

    async def accept() -> None:
        workspace = await changed(root)
        fuse.light(last)
        await workspace.changes.accept()

    fuse = Fuse()
    asyncio.run(accept())


def in_recovery(before: Path, after: Path, crashed: Path) -> None:
    """In one crashed tree: recovery, dead at its first write, then at its second, and so on; the next one mends the rest."""
    fuse = Fuse()
    sides = [snapshot(folder, skip=".git") for folder in (before, after)]
    kept = crashed.parent / "kept"
    shutil.copytree(crashed, kept / "tree", symlinks=True)
    shutil.copytree(folder_of(crashed), kept / "state")
    status, number = DEAD, 0
    while status == DEAD:
        for source, place in (("tree", crashed), ("state", folder_of(crashed))):
            shutil.rmtree(place)
            shutil.copytree(kept / source, place, symlinks=True)

        def dying(number: int = number) -> None:
            fuse.light(lambda count, _: count == number, at_once=True)
            recover(crashed)

        status = in_child(dying)
        assert in_child(lambda: recover(crashed)) == 0
        assert snapshot(crashed, skip=".git") in sides, f"dead at write {number} of the recovery"
        number += 1
    shutil.rmtree(kept)
    sys.stdout.write(f"{number}\n")


async def back_and_forth(root: Path) -> None:
    """Accept and undo until killed, after a word that it has begun."""
    workspace = await changed(root)
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    while True:
        await workspace.changes.accept()
        await workspace.changes.undo()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command, *paths = sys.argv[1:]
    folders = [Path(path) for path in paths]
    if command in ("accept", "undo"):
        at_every_write(command, int(paths[0]), *folders[1:])
    elif command == "main":
        once_main_was_renamed(*folders)
    elif command == "recovery":
        in_recovery(*folders)
    else:
        asyncio.run(back_and_forth(*folders))
