"""A crash at any point of an accept leaves the tree as it was before, or as it is after (fault F19)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from tests.workspace.repository import Opener, Repository

_CRASH = """
import asyncio, os, shutil, sys
from pathlib import Path
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace

WRITES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink"}
original, copies, point = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
left = None
renamed = begun = False

def count(event, arguments):
    global left, renamed, begun
    write = event in WRITES or event == "open" and arguments[2] & os.O_CREAT
    begun = begun or event == "open" and str(arguments[0]).endswith("apply.json.new")
    if left is None or not begun or not write:
        return
    left -= 1
    if left < 0 or point == "after main.py" and renamed:
        os._exit(9)
    renamed = event == "os.rename" and arguments[1] == b"main.py"

async def accept(root, at):
    global left
    workspace = GitWorkspace(root, WorkspaceSettings(), "s")
    await workspace.open()
    await workspace.apply({"main.py": "changed", "deep/er/new.py": "new"})
    here = b"f 644 1 1.0 1 main.py\\0f 644 1 1.0 1 old.txt\\0f 644 1 1.0 1 deep/er/new.py\\0"
    workspace.synced(here + b"f 644 1 1.0 1 lib/tool.py\\0")
    assert await workspace.bring_back(here, b"") == ()
    left = at
    await workspace.changes.accept()
    left = None
    workspace.close()

sys.addaudithook(count)
at, status = 0, 9
while status == 9:
    root = copies / f"crash{at}"
    shutil.copytree(original, root)
    child = os.fork()
    if not child:
        asyncio.run(accept(root, at if point == "every" else 10_000))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    at += 1
    if point != "every":
        break
sys.exit({0: 0, 9: 9}.get(status, 1))
"""


def _crash(repository: Repository, copies: Path, point: str) -> list[Repository]:
    """Accept a change in copies of the repository and crash at one write after the other; the last copy is whole."""
    copies.mkdir()
    command = [sys.executable, "-c", _CRASH, str(repository.root), str(copies), point]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.getcwd()}, capture_output=True, check=False)
    assert done.returncode == (0 if point == "every" else 9), done.stderr.decode()
    return [Repository.at(copies / f"crash{number}") for number in range(len(list(copies.iterdir())))]


async def test_a_crash_at_every_step(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    before = repository.state()
    *crashed, whole = _crash(repository, tmp_path / "copies", "every")
    after = whole.state()
    assert sorted(after.keys() ^ before.keys()) == [b"deep/er/new.py", b"lib/tool.py"]
    found: list[str] = []
    for number, copy in enumerate(crashed):
        torn = copy.state() not in (before, after)
        workspace = await opened(copy.root, "s")
        assert copy.state() in (before, after), f"crash {number}"
        found.append("torn" if torn else "before" if copy.state() == before else "after")
        workspace.close()
    assert {"before", "after", "torn"} <= set(found), "some crashes did leave something to mend"


async def test_what_changed_since_the_crash_stays(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    (copy,) = _crash(repository, tmp_path / "copies", "after main.py")
    assert copy.read("main.py") == "changed"
    copy.write({"main.py": "mine\n"})
    info = await opened.unopened(copy.root, "s").open()
    assert copy.read("main.py") == "mine\n"
    assert not list(copy.root.rglob(".oci-tui-*"))
    assert copy.read("deep/er/new.py") == "new"
    assert info.left_out == (("main.py", "changed since an accept was interrupted; left as it is"),)


async def test_a_damaged_journal_is_named(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    (folder,) = Path(os.environ["XDG_STATE_HOME"], "oci-tui").iterdir()
    (folder / "apply.json").write_text("{")
    with pytest.raises(WorkspaceError, match=r"apply\.json"):
        await workspace.open()
    (folder / "apply.json").unlink()
    assert (await workspace.open()).files == 3
