"""What git keeps apart (fault F12): submodules, nested repositories and ignored folders, and how they are let in to be read."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest

from oci_tui.core.ports import Progress
from oci_tui.core.workspace_info import Ignored, WorkspaceInfo, megabytes
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace import listing
from tests.workspace.repository import Opener, PlainFolder, Repository


@pytest.fixture
def with_submodules(repository: Repository, tmp_path: Path) -> Repository:
    """A submodule that has one itself, one that is not checked out, and a repository that is no submodule."""
    inner, outer = Repository(tmp_path / "inner"), Repository(tmp_path / "outer")
    for made in (inner, outer):
        made.write({"code.py": f"{made.root.name}\n", ".env": "secret\n"})
        made.commit()
    outer.git("submodule", "add", "-q", str(inner.root), "deep")
    outer.commit()
    repository.git("submodule", "add", "-q", str(outer.root), "vendor/sub")
    repository.git("submodule", "update", "-q", "--init", "--recursive")
    repository.git("submodule", "add", "-q", str(inner.root), "vendor/absent")
    repository.commit()
    repository.git("submodule", "deinit", "-q", "-f", "vendor/absent")
    Repository(repository.root / "loose").write({"x.py": "x\n"})
    return repository


async def test_submodules_are_copied_in_to_be_read(with_submodules: Repository, opened: Opener, tmp_path: Path) -> None:
    before = with_submodules.state()
    workspace = opened.unopened(with_submodules.root)
    info = await workspace.open()
    assert dict(info.left_out) == {
        "loose": listing.NESTED,
        "vendor/absent": listing.SUBMODULE,
        "vendor/sub/.env": "a secret by its name",
        "vendor/sub/deep/.env": "a secret by its name",
    }
    assert workspace.paths() == (".gitmodules", "lib/tool.py", "main.py", "old.txt")
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert (folder.root / "vendor/sub/code.py").read_text() == "outer\n"
    assert (folder.root / "vendor/sub/deep/code.py").read_text() == "inner\n"
    assert not list(folder.root.rglob(".git"))
    assert workspace.check("vendor/sub/code.py") == listing.READ_SUBMODULE
    assert workspace.check("vendor/sub/new.py") == listing.READ_SUBMODULE
    assert "left out" in workspace.check("vendor/absent/new.py")
    assert workspace.check("vendor/own.py") == ""

    (folder.root / "vendor/sub/code.py").write_text("changed\n")
    (folder.root / "vendor/sub/new.py").write_text("new\n")
    (folder.root / "vendor/sub/deep/code.py").unlink()
    (folder.root / "main.py").write_text("mine\n")
    assert await folder.collect(workspace) == (f"vendor/sub: {listing.READ_SUBMODULE}",)
    assert await folder.collect(workspace) == (), "it is said once"
    assert [change.path for change in (await workspace.diff()).files] == ["main.py"]
    await workspace.changes.reject()
    assert with_submodules.state() == before


async def test_submodules_stay_out_by_setting(with_submodules: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = opened.unopened(with_submodules.root, submodules=False)
    assert {path for path, _ in (await workspace.open()).left_out} == {"loose", "vendor/absent", "vendor/sub"}
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert not (folder.root / "vendor").exists()


async def test_a_submodule_that_leads_elsewhere_gives_only_files_below_it(
    with_submodules: Repository, opened: Opener, tmp_path: Path
) -> None:
    """Its .git may name any repository of the machine: that one's names are looked for, and only below the submodule."""
    other = Repository(tmp_path / "private")
    other.write({"code.py": "private\n", "id.txt": "private\n"})
    other.commit()
    (with_submodules.root / "vendor/sub/.git").write_text(f"gitdir: {other.root}/.git\n")
    workspace = await opened(with_submodules.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    seen = [path.read_text() for path in folder.root.rglob("*") if path.is_file()]
    assert "outer\n" in seen
    assert "private\n" not in seen

    (with_submodules.root / "vendor/sub/.git").write_text("gitdir: /nowhere\n")
    info = await opened.unopened(with_submodules.root, "two").open()
    assert info.files == 4


@pytest.fixture
def with_ignored(repository: Repository) -> Repository:
    repository.write({".gitignore": "/data/\nnode_modules\n*.log\n__pycache__\n"})
    repository.commit()
    repository.write({"data/x.csv": "1\n" * 1000, "data/raw/y.csv": "2\n", "data/.env": "SECRET\n", "app.log": "log\n"})
    repository.write({"node_modules/left/index.js": "x", "lib/__pycache__/tool.pyc": b"\0"})
    return repository


async def test_ignored_folders_are_told_with_their_size(with_ignored: Repository, opened: Opener) -> None:
    workspace = opened.unopened(with_ignored.root)
    info = await workspace.open()
    assert info.ignored == (Ignored("data", 3, 2009), Ignored("node_modules", 1, 1))
    assert info.left_out == ()
    assert info.lines() == [
        "left out data/ is ignored by git (3 files, 2.0 kB)",
        "left out node_modules/ is ignored by git (1 file, 1 B)",
        "--ignored FOLDER or [workspace] ignored copies a folder in, to be read by what runs",
    ]
    assert not any(path.startswith(("data", "node_modules")) for path in workspace.paths())


def test_a_huge_ignored_folder_is_counted_up_to_a_number(with_ignored: Repository) -> None:
    (data, _) = listing.ignored(with_ignored.root, WorkspaceSettings(), most=2)
    assert not data.whole
    assert "more than" in data.line()


async def test_an_ignored_folder_is_let_in_to_be_read(with_ignored: Repository, opened: Opener, tmp_path: Path) -> None:
    before = with_ignored.state()
    workspace = opened.unopened(with_ignored.root, ignored=("data/",))
    info = await workspace.open()
    assert [one.path for one in info.ignored] == ["node_modules"]
    assert info.left_out == (("data/.env", "a secret by its name"),)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    assert (folder.root / "data/raw/y.csv").read_text() == "2\n"
    assert not (folder.root / "data/.env").exists()
    assert not (folder.root / "node_modules").exists()
    assert "data/x.csv" not in workspace.paths()
    assert workspace.check("data/x.csv") == listing.READ_IGNORED

    (folder.root / "data/x.csv").write_text("overwritten\n")
    (folder.root / "data/raw/y.csv").unlink()
    (folder.root / "data/__pycache__").mkdir()
    (folder.root / "data/__pycache__/z.pyc").write_bytes(b"\0")
    assert await folder.collect(workspace) == (f"data: {listing.READ_IGNORED}",)
    assert (await workspace.diff()).files == ()
    with_ignored.write({"data/x.csv": "the person's\n"})
    folder.level((await workspace.refresh()).level)
    assert (folder.root / "data/x.csv").read_text() == "the person's\n"
    with_ignored.write({"data/x.csv": "1\n" * 1000})
    assert with_ignored.state() == before


async def test_a_file_that_stayed_out_goes_in_when_it_is_asked_for(repository: Repository, opened: Opener) -> None:
    repository.write({".env": "A=1\n", "big.bin": "x" * (2 << 20)})
    workspace = opened.unopened(repository.root, max_untracked_mb=1)
    assert {path for path, _ in (await workspace.open()).left_out} == {".env", "big.bin"}
    assert not workspace.include("main.py")
    assert not workspace.include("absent")
    assert workspace.include(".env")
    assert (await workspace.refresh()).paths == (".env",)
    assert workspace.read(".env") == "A=1\n"
    assert workspace.check(".env") == ""
    assert "big.bin" not in workspace.paths(), "the control: only that one"


async def test_getting_ready_is_told_and_can_be_stopped(repository: Repository, opened: Opener) -> None:
    """The stop comes while a file is waited for that never ends: a listing holds up the reading at the first step."""
    repository.write({f"many/{number}.txt": str(number) for number in range(600)})
    told: list[Progress] = []
    workspace = opened.unopened(repository.root)
    await workspace.open(told.append)
    assert told[0].doing == "listing the repository's files"
    assert told[1].doing == "read 0 of 603 files, 0 B"
    assert told[-1].doing == "remembering them"
    copied: list[Progress] = []
    for _ in workspace.seed(copied.append):
        pass
    assert "copied 0 of 603 files" in copied[0].doing
    assert "container's own git" in copied[-1].doing

    reached, go_on, after = asyncio.Event(), threading.Event(), list[Progress]()
    loop = asyncio.get_running_loop()

    def hold(step: Progress) -> None:
        after.append(step)
        loop.call_soon_threadsafe(reached.set)
        assert go_on.wait(30)

    other = opened.unopened(repository.root, "two")
    opening = asyncio.create_task(other.open(hold))
    await reached.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    go_on.set()
    assert opening.cancelled()
    assert (await other.open()).files == 603, "it waits for the thread, and can be had again"
    assert len(after) == 1, "the control above tells more steps"


def test_sizes_and_counts_in_words() -> None:
    assert [megabytes(count) for count in (0, 999, 1000, 12_345, 9_900_000, 338_000_000, 2_100_000_000)] == [
        *("0 B", "999 B", "1.0 kB", "12 kB", "9.9 MB", "338 MB", "2.1 GB")
    ]
    many = tuple((f"{number}.pem", "a secret by its name") for number in range(12))
    info = WorkspaceInfo("/x", "main", 1, (*many, ("t", "holds a GitHub token")))
    assert info.counts() == "13 left out: 12 a secret by its name, 1 holds a GitHub token"
    assert info.lines()[10:] == [
        "and 3 more are left out",
        "--include PATH, /include PATH or [workspace] include takes a file in all the same",
    ]
    assert WorkspaceInfo("/x", "main", 1).counts() == ""


def test_a_listing_does_not_follow_links(with_ignored: Repository, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "large.bin").write_bytes(bytes(1 << 20))
    os.symlink(tmp_path / "outside", with_ignored.root / "data" / "link")
    (data, _) = listing.ignored(with_ignored.root, WorkspaceSettings())
    assert data.bytes < 5000
    assert stat.S_ISLNK(os.lstat(with_ignored.root / "data" / "link").st_mode)


async def test_huge_and_deep_files_stay_out_and_are_told(repository: Repository, opened: Opener) -> None:
    """F15: ten gigabytes without a block of disk are neither read nor held."""
    for name, size in (("sparse.bin", 10 << 30), ("tracked.bin", (100 << 20) + 1), ("at-limit.bin", 1 << 20)):
        (repository.root / name).touch()
        os.truncate(repository.root / name, size)
    repository.git("add", "-N", "tracked.bin")
    deep = repository.root / "/".join(["d"] * 64)
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("x")
    workspace = opened.unopened(repository.root, max_untracked_mb=1)
    assert dict((await workspace.open()).left_out) == {
        "sparse.bin": "larger than 100 MiB",
        "tracked.bin": "larger than 100 MiB",
        f"{'d/' * 64}x.py": "deeper than 64 folders",
    }
    assert "at-limit.bin" in workspace.paths()
    os.truncate(repository.root / "at-limit.bin", (1 << 20) + 1)
    await workspace.refresh()
    assert "at-limit.bin" not in workspace.paths(), "the control: one byte more"


async def test_git_packs_the_repository_while_it_is_copied(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """F18: with the index locked and gc at work in a loop, every seed holds the same files."""
    repository.write({f"many/{number}.py": f"{number}\n" for number in range(300)})
    repository.commit()
    expected = repository.state()
    (repository.root / ".git" / "index.lock").write_text("")
    loop = ["sh", "-c", f"while :; do git -C '{repository.root}' gc -q --prune=now; done"]
    packing = await asyncio.create_subprocess_exec(*loop, start_new_session=True)
    try:
        for number in range(4):
            workspace = await opened(repository.root, f"session{number}")
            folder = PlainFolder(tmp_path / f"sandbox{number}")
            folder.fill(workspace)
            assert folder.state() == expected
    finally:
        os.killpg(packing.pid, 9)
        await packing.wait()
    assert (repository.root / ".git" / "index.lock").exists()
