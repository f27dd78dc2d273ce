"""Accepts on a full disk, in a mount namespace of its own (`unshare --mount --map-root-user`).

Told on stdout, a line a try: how many pages (or inodes) were free, and what came of the accept.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from oci_tui.core.errors import WorkspaceError
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Repository

PAGE = 4096


def mount(place: Path, options: str) -> None:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)


def fill(place: Path, what: str, left: int) -> list[Path]:
    """Use up all pages (or inodes) of the file system but `left`; what takes them."""
    facts = os.statvfs(place)
    if what == "inodes":
        fillers = [place / f"filler{number}" for number in range(facts.f_favail - left)]
        for filler in fillers:
            filler.touch()
        return fillers
    filler = place / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, facts.f_bavail * facts.f_frsize - left * PAGE))
    return [filler]


async def attempt(place: Path, full: str, what: str, left: int) -> str:
    """One accept with so much left on the disk that is `full`: the tree's or the state's."""
    disk = place / "disk"
    mount(disk, "size=1m,nr_inodes=400" if full == "tree" else "size=8m,nr_inodes=4000")
    os.environ["XDG_STATE_HOME"] = str(disk / "state" if full == "state" else place / f"state{what}{left}")
    repository = Repository((disk if full == "tree" else place / f"tree{left}") / "project")
    repository.write({"main.py": b"x" * 5 * PAGE, "lib/tool.py": "tool\n", "old.txt": b"y" * 3 * PAGE})
    repository.commit()
    before = repository.state()
    workspace = GitWorkspace(repository.root, WorkspaceSettings(), "s")
    await workspace.open()
    await workspace.apply({"a/b/new.py": "z" * 4 * PAGE, "main.py": "X" * 6 * PAGE, "old.txt": "Y", "z/y/x/new.py": "new\n"})
    fillers = fill(disk, what, left)
    try:
        await workspace.changes.accept()
        outcome = "accepted"
        assert (repository.read("old.txt"), repository.read("z/y/x/new.py")) == ("Y", "new\n")
    except WorkspaceError as error:
        outcome = str(error)
    if outcome != "accepted":
        assert repository.state() == before, f"{what} {left}: torn after: {outcome}"
        assert not (repository.root / "z").exists(), "the folders made for a new file are gone too"
    assert not list(repository.root.rglob(".oci-tui-*")), f"{what} {left}: litter after: {outcome}"
    for filler in fillers:
        filler.unlink()
    if outcome != "accepted":
        assert len((await workspace.changes.accept()).paths) == 4, "with room again it works"
    await workspace.changes.undo()
    assert repository.state() == before
    workspace.close()
    subprocess.run(["umount", str(disk)], check=True)
    return outcome


if __name__ == "__main__":
    _, folder, which, kind, *amounts = sys.argv
    for amount in map(int, amounts):
        sys.stdout.write(f"{amount} {asyncio.run(attempt(Path(folder), which, kind, amount))}\n")
