"""What every Workspace does, with a plain folder in the sandbox's place: seed, change, list, pack, bring back, diff, accept."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import Workspace
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace, find_root
from tests.workspace.repository import PlainFolder, Repository


async def test_the_files_go_out_and_the_change_comes_back(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.write({"main.py": "print(1)\n", "lib/a.py": "a = 1\n", "gone.txt": "gone\n"})
    repository.commit()
    before = repository.state()
    made = GitWorkspace(find_root(repository.root), WorkspaceSettings(), "contract")
    workspace: Workspace = made
    info = await workspace.open()
    assert (info.root, info.branch, info.files, info.left_out) == (str(repository.root), "main", 3, ())
    assert workspace.paths() == ("gone.txt", "lib/a.py", "main.py")

    folder = PlainFolder(tmp_path / "sandbox")
    folder.unpack(workspace.seed())
    workspace.synced(folder.listing())
    assert folder.state() == before
    assert await workspace.changed(folder.listing()) == ()

    folder.level(await workspace.apply({"main.py": "print(2)\n"}))
    workspace.synced(folder.listing())
    assert (folder.root / "main.py").read_text() == "print(2)\n"
    (folder.root / "out").mkdir()
    (folder.root / "out" / "result.txt").write_text("42\n")
    (folder.root / "gone.txt").unlink()
    listing = folder.listing()
    wanted = await workspace.changed(listing)
    assert wanted == (b"out/result.txt",)
    assert await workspace.bring_back(listing, folder.pack(wanted)) == ()

    diff = await workspace.diff()
    assert diff.summary() == "3 files +2 −2"
    assert [(file.path, file.status) for file in diff.files] == [
        ("gone.txt", "deleted"),
        ("main.py", "modified"),
        ("out/result.txt", "added"),
    ]
    assert repository.state() == before

    assert (await workspace.changes.accept()).paths == ("gone.txt", "main.py", "out/result.txt")
    assert repository.read("main.py") == "print(2)\n"
    assert repository.state() == folder.state()
    assert (await workspace.changes.undo()).paths == ("gone.txt", "main.py", "out/result.txt")
    assert repository.state() == before
    workspace.close()
    workspace.close()


async def test_forks_go_their_own_ways_and_one_is_adopted(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.write({"main.py": "print(1)\n", "gone.txt": "gone\n"})
    repository.commit()
    before = repository.state()
    workspace: Workspace = GitWorkspace(find_root(repository.root), WorkspaceSettings(), "contract")
    await workspace.open()
    folder = PlainFolder(tmp_path / "sandbox")
    folder.unpack(workspace.seed())
    workspace.synced(folder.listing())
    one, other = workspace.fork(), workspace.fork()

    await one.apply({"main.py": "print(2)\n"})
    beside = PlainFolder(tmp_path / "beside")
    beside.unpack(one.seed())
    one.synced(beside.listing())
    (beside.root / "gone.txt").unlink()
    (beside.root / "new.txt").write_text("new\n")
    listing = beside.listing()
    assert await one.bring_back(listing, beside.pack(await one.changed(listing))) == ()
    await other.apply({"main.py": "print(3)\n"})
    assert (one.read("main.py"), other.read("main.py"), workspace.read("main.py")) == ("print(2)\n", "print(3)\n", "print(1)\n")
    assert (one.paths(), other.paths()) == (("main.py", "new.txt"), ("gone.txt", "main.py"))
    further = one.fork()
    await further.apply({"further.txt": "x\n"})
    assert "further.txt" not in one.paths()

    folder.level(await workspace.adopt(one))
    workspace.synced(folder.listing())
    assert folder.state() == beside.state()
    assert (await workspace.diff()).summary() == (await one.diff()).summary() == "3 files +2 −2"
    assert repository.state() == before
    repository.write({"mine.txt": "mine\n"})
    await workspace.refresh()
    with pytest.raises(WorkspaceError, match="ask again"):
        await workspace.adopt(other)
    assert workspace.read("mine.txt") == "mine\n"
    workspace.close()
