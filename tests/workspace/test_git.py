"""GitWorkspace from open to undo: nothing of the user's changes but what was accepted."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from pathlib import Path

import pytest

from oci_tui.core.changes import Level
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import UserEdits
from oci_tui.resources import state_folder
from tests.workspace.repository import Opener, PlainFolder, Repository, snapshot


async def test_a_whole_cycle_leaves_the_repository_itself_alone(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """T14: .git byte-identical, time stamps included; the tree untouched before accept; undo after accept is the identity."""
    repository.write({"staged.py": "staged\n", "main.py": "one\ntwo\nthree\nfour\n5\n"})
    repository.git("add", "staged.py")
    repository.git("status")
    before, private = repository.state(), repository.private()

    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "main.py").write_text("ONE\ntwo\nthree\nfour\n5\n")
    (folder.root / "old.txt").unlink()
    (folder.root / "new").mkdir()
    (folder.root / "new" / "run.sh").write_text("#!/bin/sh\n")
    (folder.root / "new" / "run.sh").chmod(0o755)
    assert await folder.collect(workspace) == ()
    folder.level(await workspace.apply({"lib/tool.py": "print('better')\n"}))
    workspace.synced(folder.listing())
    diff = await workspace.diff()
    assert [(change.path, change.status) for change in diff.files] == [
        ("lib/tool.py", "modified"),
        ("main.py", "modified"),
        ("new/run.sh", "added"),
        ("old.txt", "deleted"),
    ]
    assert repository.state() == before

    written = await workspace.changes.accept()
    assert written.paths == ("lib/tool.py", "main.py", "new/run.sh", "old.txt")
    assert written.level == Level()
    assert repository.read("main.py") == "ONE\ntwo\nthree\nfour\n5\n"
    assert stat.S_IMODE((repository.root / "new" / "run.sh").stat().st_mode) & 0o111
    assert not (repository.root / "old.txt").exists()
    assert (await workspace.diff()).files == ()

    undone = await workspace.changes.undo()
    assert repository.state() == before
    folder.level(undone.level)
    assert folder.root.joinpath("old.txt").read_text() == "old\n"
    assert not (folder.root / "new").exists() or not any((folder.root / "new").iterdir())
    assert (await workspace.changes.undo()).paths == ()
    assert repository.private() == private


async def test_reject_brings_the_sandbox_back(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    before = folder.state()
    (folder.root / "main.py").write_text("changed\n")
    (folder.root / "extra.py").write_text("extra\n")
    (folder.root / "old.txt").unlink()
    await folder.collect(workspace)
    assert workspace.read("main.py") == "changed\n"
    folder.level(await workspace.changes.reject())
    assert folder.state() == before
    assert workspace.paths() == ("lib/tool.py", "main.py", "old.txt")


async def test_only_changes_are_fetched_and_a_second_round_deletes(
    repository: Repository, opened: Opener, tmp_path: Path
) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert await workspace.changed(folder.listing()) == ()
    (folder.root / "scratch.txt").write_text("first round\n")
    assert await workspace.changed(folder.listing()) == (b"scratch.txt",)
    await folder.collect(workspace)
    assert await workspace.changed(folder.listing()) == ()
    (folder.root / "scratch.txt").unlink()
    await folder.collect(workspace)
    assert (await workspace.diff()).files == ()


async def test_refresh_takes_what_the_user_did(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert await workspace.refresh() == UserEdits()
    repository.write({"main.py": "mine\n", "more.py": "more\n"})
    (repository.root / "old.txt").unlink()
    edits = await workspace.refresh()
    assert (edits.paths, edits.conflicts, edits.moved) == (("main.py", "more.py", "old.txt"), (), "")
    assert edits.level.removed == (b"old.txt",)
    folder.level(edits.level)
    assert folder.root.joinpath("more.py").read_text() == "more\n"
    assert (await workspace.diff()).files == ()


async def test_an_edit_of_the_same_size_within_the_clock_step_is_seen(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    for text in ("aaaa\n", "bbbb\n", "cccc\n"):
        (repository.root / "main.py").write_text(text)
        await workspace.refresh()
        assert workspace.read("main.py") == text


async def test_files_survive_byte_for_byte(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """F13, F14: filters and line ends are nobody's business here; any name goes both ways."""
    names = [
        b"\xff\xfe.txt",
        b"new\nline",
        b'quo"te',
        b"tab\tand space ",
        b":(glob)x",
        "é/ü".encode(),
        b"l" * 200 + b"/" + b"m" * 200,
    ]
    for name in names:
        path = os.path.join(os.fsencode(repository.root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(os.fsdecode(path)).write_bytes(b"crlf\r\n$Id$\r\n\0")
    repository.write(
        {".gitattributes": "* text eol=crlf ident filter=lfs working-tree-encoding=UTF-16\n", "Case": "1", "case": "2"}
    )
    (repository.root / "link").symlink_to("lib/tool.py")
    (repository.root / "away").symlink_to("/etc/passwd")
    (repository.root / "lib" / "tool.py").chmod(0o755)
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    expected = {
        path: (kind, 0 if kind == "link" else bits & 0o111, what) for path, (kind, bits, what) in repository.state().items()
    }
    assert {path: (kind, bits & 0o111, what) for path, (kind, bits, what) in folder.state().items()} == expected
    assert "\\xff\\xfe.txt" in workspace.paths()

    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(folder.root), name))).write_bytes(b"changed\r\n")
    assert await folder.collect(workspace) == ()
    assert len((await workspace.diff()).files) == len(names)
    await workspace.changes.accept()
    for name in names:
        assert Path(os.fsdecode(os.path.join(os.fsencode(repository.root), name))).read_bytes() == b"changed\r\n"
    assert (repository.root / "away").readlink() == Path("/etc/passwd")


async def test_secrets_stay_out(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """T19: neither in the sandbox nor in the shadow; they cannot come back as deletions, nor be overwritten."""
    canary = "ghp_" + "c4n4ry" * 6
    files = {
        ".env": f"KEY={canary}\n",
        "deploy/id_rsa": canary,
        "notes.py": f"token = '{canary}'\n",
        "big.bin": "x" * (2 << 20),
    }
    repository.write({**files, "fine.py": "token = ''\n"})
    before = repository.state()
    workspace = opened.unopened(repository.root, max_untracked_mb=1)
    info = await workspace.open()
    assert {path for path, _ in info.left_out} == set(files)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert set(os.listdir(folder.root)) == {"fine.py", "lib", "main.py", "old.txt"}
    shadow = state_folder().glob("*/shadow.git")
    command = ["git", "--git-dir", str(next(shadow)), "cat-file", "--batch-all-objects", "--batch"]
    assert canary.encode() not in subprocess.run(command, check=True, capture_output=True).stdout
    assert "left out" in workspace.check(".env")
    (folder.root / ".env").write_text("mine\n")
    (folder.root / "fine.py").unlink()
    (refusal,) = await folder.collect(workspace)
    assert refusal.startswith(".env: ")
    assert (await workspace.changes.accept()).paths == ("fine.py",)
    before.pop(b"fine.py")
    assert repository.state() == before

    open_to_all = opened.unopened(repository.root, "two", include=(".env", "deploy/*", "notes.py"))
    assert (await open_to_all.open()).left_out == ()
    assert canary in (open_to_all.read(".env") or "")


async def test_what_is_no_file_stays_out(repository: Repository, opened: Opener) -> None:
    os.mkfifo(repository.root / "lib" / "pipe")
    (repository.root / "old.txt").unlink()
    (repository.root / "old.txt").mkdir()
    workspace = opened.unopened(repository.root)
    await workspace.open()
    assert workspace.paths() == ("lib/tool.py", "main.py")


async def test_a_tracked_folder_that_became_a_symlink_is_not_followed(
    repository: Repository, opened: Opener, tmp_path: Path
) -> None:
    (repository.root / "lib").rename(tmp_path / "moved")
    (repository.root / "lib").symlink_to(tmp_path / "moved")
    workspace = await opened(repository.root)
    assert workspace.paths() == ("lib", "main.py", "old.txt")
    assert workspace.check("lib/tool.py") == "below a symlink"


async def test_the_users_lock_and_gc_do_not_matter(repository: Repository, opened: Opener) -> None:
    """F18: the index may be locked, and git may pack the repository meanwhile."""
    (repository.root / ".git" / "index.lock").write_text("")
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "x\n"})
    command = ["git", "-C", str(repository.root), "gc", "-q", "--prune=now"]
    packing = await asyncio.create_subprocess_exec(*command)
    for round_ in range(5):
        assert (await workspace.changes.accept()).paths == ("main.py",)
        await workspace.apply({"main.py": f"x{round_}\n"})
    await packing.wait()
    assert (repository.root / ".git" / "index.lock").exists()


async def test_a_repository_that_moved_is_not_written(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """F10."""
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "x\n"})
    moved = tmp_path / "moved"
    repository.root.rename(moved)
    with pytest.raises(WorkspaceError, match="gone"):
        await workspace.changes.accept()
    Repository(repository.root).write({"main.py": "one\ntwo\nthree\nfour\nfive\n"})
    before = snapshot(repository.root)
    with pytest.raises(WorkspaceError, match="moved or replaced"):
        await workspace.changes.accept()
    assert snapshot(repository.root) == before
    assert (moved / "main.py").read_text() == "one\ntwo\nthree\nfour\nfive\n"


async def test_a_session_that_goes_on_can_undo(repository: Repository, opened: Opener) -> None:
    first = await opened(repository.root, "../odd name")
    await first.apply({"main.py": "x\n"})
    await first.changes.accept()
    first.close()
    other = await opened(repository.root, "other")
    assert (await other.changes.undo()).paths == ()
    again = await opened(repository.root, "../odd name")
    assert (await again.changes.undo()).paths == ("main.py",)
    assert repository.read("main.py").startswith("one\n")


async def test_a_change_that_adds_a_secret_says_so(repository: Repository, opened: Opener) -> None:
    token = "glpat-" + "a1" * 10
    repository.write({"known.py": f"old = '{token}'\n"})
    workspace = await opened(repository.root, include=("known.py",))
    await workspace.apply({"main.py": f"token = '{token}'\n", "known.py": f"old = '{token}'\nnew = 1\n", "fine.py": "x = 1\n"})
    flagged = {file.path: file.flags for file in (await workspace.diff()).files}
    assert flagged == {"main.py": ("holds a GitLab token",), "known.py": (), "fine.py": ()}
