"""A crash at any point of an accept leaves the tree as it was before, or as it is after (fault F19)."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from tests.workspace.crashing import DEAD, SESSION
from tests.workspace.repository import Opener, Repository

SOAK = "SOAK" in os.environ
"""With this variable set every write of an undo and of every recovery is tried, as those of an accept always are."""
KILLS = 40 if SOAK else 8


def crashing(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.workspace.crashing", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def done(*arguments: str | Path, code: int = 0) -> str:
    process = crashing(*arguments)
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == code, complaint
    return said


def crashed(what: str, repository: Repository, copies: Path) -> list[Repository]:
    """Copies in which the process died at one write after the other; the last copy is whole."""
    copies.mkdir()
    done(what, "1" if SOAK or what == "accept" else "3", repository.root, copies)
    return [Repository.at(copy) for copy in sorted(copies.iterdir(), key=lambda copy: int(copy.name))]


@pytest.mark.parametrize("what", ["accept", "undo"])
async def test_a_crash_at_every_write(repository: Repository, opened: Opener, tmp_path: Path, what: str) -> None:
    copies = crashed(what, repository, tmp_path / "copies")
    before, after = copies[0].state(), copies[-1].state()
    assert repository.state() == (after if what == "undo" else before), "undo after accept is the identity"
    assert sorted(after.keys() ^ before.keys()) == [b"deep/er/new.py", b"lib/tool.py"]
    found: list[str] = []
    for number, copy in enumerate(copies[:-1]):
        torn = copy.state() not in (before, after)
        workspace = await opened(copy.root, SESSION)
        assert copy.state() in (before, after), f"dead at write {number}"
        assert not list(copy.root.rglob(".oci-tui-*"))
        found.append("torn" if torn else "before" if copy.state() == before else "after")
        workspace.close()
    assert {"before", "after", "torn"} <= set(found), "some crashes did leave something to mend"


async def test_a_crash_at_every_write_of_the_recovery(repository: Repository, tmp_path: Path) -> None:
    """A recovery that dies too is mended by the next one, wherever the accept died."""
    copies = crashed("accept", repository, tmp_path / "copies")
    before, after = repository.state(), copies[-1].state()
    torn = [copy for copy in copies if copy.state() not in (before, after)]
    assert len(torn) >= 4
    tried = torn if SOAK else torn[::6]
    writes = [int(done("recovery", repository.root, copies[-1].root, copy.root)) for copy in tried]
    assert min(writes) > 2, "each recovery was killed more than once"


async def test_a_kill_at_any_moment(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    before = repository.state()
    whole = Repository.at(tmp_path / "whole")
    shutil.copytree(repository.root, whole.root)
    after: dict[bytes, tuple[str, int, str]] = {}
    torn = 0
    # A machine with little to do may be too quick for the first of them: they go on until one falls between two writes.
    for number in itertools.count():
        if number >= KILLS and (torn or number >= 10 * KILLS):
            break
        copy = Repository.at(tmp_path / f"copy{number}")
        shutil.copytree(repository.root, copy.root)
        process = crashing("forever", copy.root)
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        try:
            process.wait(random.Random(number).uniform(0.02, 0.6))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        assert process.returncode == -DEAD
        torn += (copy.state() != before) + bool(list(copy.root.rglob(".oci-tui-*")))
        workspace = await opened(copy.root, SESSION)
        if copy.state() != before:
            after = after or copy.state()
            assert (copy.read("main.py"), copy.read("deep/er/new.py")) == ("changed", "new")
            assert not (copy.root / "lib").exists()
            assert copy.state() == after, f"kill {number}"
            await workspace.changes.undo()
        assert copy.state() == before, f"kill {number}"
        workspace.close()
    assert torn, "some were killed after something was written"


async def test_what_changed_since_the_crash_stays(repository: Repository, opened: Opener) -> None:
    done("main", repository.root, code=DEAD)
    assert repository.read("main.py") == "changed"
    repository.write({"main.py": "mine\n"})
    info = await opened.unopened(repository.root, SESSION).open()
    assert repository.read("main.py") == "mine\n"
    assert not list(repository.root.rglob(".oci-tui-*"))
    assert repository.read("deep/er/new.py") == "new"
    assert info.left_out == (("main.py", "changed since an accept was interrupted; left as it is"),)


async def test_a_damaged_journal_is_named(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    (folder,) = Path(os.environ["XDG_STATE_HOME"], "oci-tui").iterdir()
    (folder / "apply.json").write_text("{")
    with pytest.raises(WorkspaceError, match=r"apply\.json"):
        await workspace.open()
    (folder / "apply.json").unlink()
    assert (await workspace.open()).files == 3
