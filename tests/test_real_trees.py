"""Source trees that people published, fetched by their checksum: seed, change, accept, undo leave them byte for byte."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from tests.test_odd_files import CHANGE
from tests.test_session import session_on, turn
from tests.workspace.repository import Repository

pytestmark = pytest.mark.docker

# pure Python; an extension in C; mostly data
SDISTS = {
    "click==8.1.7": "ca9853ad459e787e2192211578cc907e7594e294c7ccc834310722b41b9ca6de",
    "markupsafe==2.1.5": "d283d37a890ba4c1ae73ffadf8046435c76e7bc2247bbb63c00bd1a709c6544b",
    "tzdata==2024.1": "2674120f8d891909751c38abcdfd386ac0a5a1127954fbc332af6b5ceae07efd",
}
MORE = CHANGE.replace("\n```", "\nmkdir -p added/deep && echo new > added/deep/file.txt && rm -f setup.cfg PKG-INFO\n```")


def fetched(wanted: str, folder: Path) -> Path:
    """The source distribution's file. Skips where none can be had; another content than the pinned one is a failure."""
    asked = folder / "asked.txt"
    asked.write_text(f"{wanted} --hash=sha256:{SDISTS[wanted]}\n")
    options = ["--quiet", "--no-binary", ":all:", "--no-deps", "--require-hashes", "--timeout", "20", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder / "got"), "-r", str(asked)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{wanted}: the package index did not answer in time")
    if done.returncode and "DO NOT MATCH" not in done.stderr:
        pytest.skip(f"{wanted} cannot be fetched here: pip needs a package index")
    assert done.returncode == 0, done.stderr
    (file,) = (folder / "got").iterdir()
    return file


@pytest.mark.parametrize("wanted", SDISTS)
async def test_a_published_tree_is_as_it_was_after_undo(wanted: str, tmp_path: Path) -> None:
    with tarfile.open(fetched(wanted, tmp_path)) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (root,) = (tmp_path / "source").iterdir()
    root.rename(tmp_path / "tree")
    repository = Repository.at(tmp_path / "tree")
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    before, private = repository.state(), repository.private()
    async with session_on(repository.root, [MORE, "Done."]) as session:
        happened = await turn(session, "change everything")
        (ready,) = [event for event in happened if isinstance(event, events.WorkspaceReady)]
        assert ready.info.files == len(before) - len(ready.info.left_out)
        async with aclosing(session.settle.accept()) as accepting:
            accepted = [event async for event in accepting]
        assert isinstance(accepted[0], events.ChangeAccepted), accepted
        after = repository.state()
        assert b"added/deep/file.txt" in after
        assert before.keys() - after.keys() <= {b"setup.cfg", b"PKG-INFO"}
        stayed_out = {path.encode() for path, _ in ready.info.left_out}
        assert {path for path in before.keys() & after.keys() if before[path] == after[path]} == stayed_out
        async with aclosing(session.settle.undo()) as undoing:
            undone = [event async for event in undoing]
        assert isinstance(undone[0], events.ChangeUndone), undone
    assert repository.state() == before
    assert repository.private() == private
