"""Accept and undo against a user who works on (faults F7, F8, F16; threat T16)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from oci_tui.core.changes import Level
from oci_tui.core.errors import ConflictError, WorkspaceError
from tests.workspace.repository import Opener, PlainFolder, Repository, snapshot


async def test_edits_of_both_sides_are_merged(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": "ONE\ntwo\nthree\nfour\nfive\n"}))
    repository.write({"main.py": "one\ntwo\nthree\nfour\nFIVE\n", "other.txt": "mine\n"})
    written = await workspace.changes.accept()
    assert repository.read("main.py") == "ONE\ntwo\nthree\nfour\nFIVE\n"
    assert repository.read("other.txt") == "mine\n"
    folder.level(written.level)
    assert (folder.root / "main.py").read_text() == repository.read("main.py")
    repository.write({"main.py": "ONE\ntwo\n3\nfour\nFIVE\n"})
    await workspace.changes.undo()
    assert repository.read("main.py") == "one\ntwo\n3\nfour\nFIVE\n"


@pytest.mark.parametrize(
    "theirs", ["edit", "delete", "replace by folder", "replace by symlink", "parent is a symlink", "same new file"]
)
async def test_on_a_conflict_nothing_is_written(repository: Repository, opened: Opener, tmp_path: Path, theirs: str) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"lib/tool.py": "agent\n", "main.py": "agent\n", "fresh.py": "agent\n"})
    tool = repository.root / "lib" / "tool.py"
    if theirs == "edit":
        tool.write_text("mine\n")
    elif theirs == "same new file":
        (repository.root / "fresh.py").write_text("mine\n")
    elif theirs == "parent is a symlink":
        (repository.root / "lib").rename(tmp_path / "away")
        (repository.root / "lib").symlink_to(tmp_path / "away")
    else:
        tool.unlink()
        if theirs == "replace by folder":
            tool.mkdir()
            (tool / "kept").write_text("mine\n")
        elif theirs == "replace by symlink":
            tool.symlink_to("../old.txt")
    before = repository.state()
    with pytest.raises(ConflictError) as caught:
        await workspace.changes.accept()
    assert caught.value.paths == (("fresh.py",) if theirs == "same new file" else ("lib/tool.py",))
    assert repository.state() == before
    assert (await workspace.diff()).files != ()


async def test_undo_conflicts_too(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "agent\n"})
    await workspace.changes.accept()
    repository.write({"main.py": "mine\n"})
    with pytest.raises(ConflictError):
        await workspace.changes.undo()
    repository.write({"main.py": "agent\n"})
    assert (await workspace.changes.undo()).paths == ("main.py",)


async def test_a_file_becomes_a_folder_and_back(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    before = repository.state()
    (folder.root / "old.txt").unlink()
    (folder.root / "old.txt").mkdir()
    (folder.root / "old.txt" / "inner").write_text("x")
    (folder.root / "lib" / "tool.py").unlink()
    (folder.root / "lib").rmdir()
    (folder.root / "lib").symlink_to("old.txt")
    assert await folder.collect(workspace) == ()
    assert (await workspace.changes.accept()).paths == ("lib", "lib/tool.py", "old.txt", "old.txt/inner")
    assert (repository.root / "lib").readlink() == Path("old.txt")
    await workspace.changes.undo()
    assert repository.state() == before


async def test_permissions_are_kept(repository: Repository, opened: Opener) -> None:
    (repository.root / "main.py").chmod(0o640)
    (repository.root / "old.txt").chmod(0o444)
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "x\n", "old.txt": "y\n"})
    await workspace.changes.accept()
    assert (repository.root / "main.py").stat().st_mode & 0o777 == 0o640
    assert (repository.root / "old.txt").stat().st_mode & 0o777 == 0o444


_AS_NOBODY = """
import asyncio, concurrent.futures.thread, encodings.ascii, encodings.unicode_escape, os, sys
from pathlib import Path
from oci_tui.core.errors import WorkspaceError
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace
import oci_tui.workspace.git
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
async def main():
    workspace = GitWorkspace(Path(sys.argv[1]), WorkspaceSettings(), "s")
    await workspace.open()
    await workspace.apply({"a/new.py": "x", "main.py": "changed", "lib/tool.py": "changed"})
    try:
        print((await workspace.changes.accept()).paths)
    except WorkspaceError as error:
        print(error)
    workspace.close()
asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="root starts the other user")
@pytest.mark.parametrize("locked", [True, False])
def test_a_folder_that_may_not_be_written(locked: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    """F16: the error names the file, and nothing is half-written."""
    top = tmp_path_factory.mktemp("shared")
    for folder in (top, *top.parents[:2]):
        folder.chmod(0o755)
    repository = Repository(top / "project")
    repository.write({"main.py": "main\n", "lib/tool.py": "tool\n"})
    for path in (top, *top.rglob("*")):
        os.chown(path, 65534, 65534)
    (repository.root / "lib").chmod(0o555 if locked else 0o755)
    before = repository.state()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(top),
        "XDG_STATE_HOME": str(top / "state"),
        "PYTHONPATH": os.getcwd(),
    }
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(repository.root)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if locked:
        assert "lib/tool.py: Permission denied; nothing was written" in done.stdout
        assert repository.state() == before
    else:
        assert done.stdout == "('a/new.py', 'lib/tool.py', 'main.py')\n"


async def test_an_immutable_file_rolls_everything_back(repository: Repository, opened: Opener) -> None:
    """F16: found out only when the rename is tried, after other files were written."""
    target = repository.root / "main.py"
    workspace = await opened(repository.root)
    await workspace.apply({"lib/tool.py": "x\n", "main.py": "y\n", "a.py": "z\n"})
    if subprocess.run(["chattr", "+i", str(target)], check=False, capture_output=True).returncode:
        pytest.skip("this file system or user cannot make a file immutable")
    try:
        before = repository.state()
        with pytest.raises(WorkspaceError, match=r"main\.py: Operation not permitted; nothing was written"):
            await workspace.changes.accept()
        assert repository.state() == before
    finally:
        subprocess.run(["chattr", "-i", str(target)], check=True)
    assert (await workspace.changes.accept()).paths == ("a.py", "lib/tool.py", "main.py")


async def test_two_sessions_accept_at_once(repository: Repository, opened: Opener) -> None:
    """F7: whoever comes second merges with the first, or conflicts; nothing of either is lost."""
    repository.write({"shared.txt": "".join(f"{number}\n" for number in range(30))})
    workspaces = [await opened(repository.root, name) for name in ("one", "two")]
    for round_ in range(5):
        for workspace in workspaces:
            await workspace.refresh()
        first, second = (workspace.read("shared.txt") or "" for workspace in workspaces)
        assert first == second == repository.read("shared.txt")
        await workspaces[0].apply({"shared.txt": f"A{round_}\n" + first, "only-one.txt": f"{round_}"})
        await workspaces[1].apply({"shared.txt": second + f"B{round_}\n", "only-two.txt": f"{round_}"})
        await asyncio.gather(*(workspace.changes.accept() for workspace in workspaces))
        assert repository.read("shared.txt") == f"A{round_}\n{first}B{round_}\n"
        for workspace in workspaces:
            await workspace.refresh()
            await workspace.apply({"main.py": f"{workspace.paths()}{id(workspace)}{round_}\n"})
        outcomes = await asyncio.gather(*(workspace.changes.accept() for workspace in workspaces), return_exceptions=True)
        assert sorted(isinstance(outcome, ConflictError) for outcome in outcomes) == [False, True]
        for workspace in workspaces:
            await workspace.changes.reject()


async def test_a_symlink_swapped_in_while_writing_leads_nowhere(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """T16: someone swaps a folder for a symlink, over and over, while changes are accepted into it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "tool.py").write_text("outside\n")
    before = snapshot(outside)
    workspace = await opened(repository.root)
    lib, away = repository.root / "lib", repository.root / "away"
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            lib.rename(away)
            while not lib.is_symlink():
                try:
                    lib.symlink_to(outside)
                except FileExistsError:  # the accept made the folder that it missed
                    shutil.rmtree(lib, ignore_errors=True)
            lib.unlink()
            while away.exists():
                try:
                    away.rename(lib)
                except OSError:  # the accept made the folder here too, with a file in it
                    shutil.rmtree(lib, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    outcomes: list[str] = []
    try:
        for round_ in range(25):
            await workspace.apply({"lib/tool.py": f"{round_}\n", "lib/new.py": f"{round_}\n", "main.py": f"{round_}\n"})
            try:
                await workspace.changes.accept()
                outcomes.append("written")
            except WorkspaceError as error:
                outcomes.append(type(error).__name__)
        safe = snapshot(outside)
        until = time.monotonic() + 20
        while not (outside / "naive.py").exists() and time.monotonic() < until:
            with contextlib.suppress(OSError):
                (lib / "naive.py").write_text("the control: a plain write follows the link\n")
    finally:
        done.set()
        thread.join()
    assert safe == before
    assert (outside / "naive.py").exists()
    await workspace.changes.reject()
    await workspace.refresh()
    await workspace.apply({"lib/tool.py": "last\n"})
    await workspace.changes.accept()
    assert (lib / "tool.py").read_text() == "last\n"
    assert not list(repository.root.rglob(".oci-tui-*"))


async def test_another_repository_swapped_in_while_writing_is_not_written(
    repository: Repository, opened: Opener, tmp_path: Path
) -> None:
    """F10: what is opened is the folder, not its name: another one by that name stays as it is."""
    decoy = Repository(tmp_path / "decoy")
    decoy.write({"main.py": repository.read("main.py")})
    before = snapshot(decoy.root)
    workspace = await opened(repository.root)
    done = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not done.is_set():
            for source, place in ((repository.root, "away"), (decoy.root, "project"), (tmp_path / "project", "decoy")):
                source.rename(tmp_path / place)
            (tmp_path / "away").rename(repository.root)
            swaps += 1

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for round_ in range(15):
            with contextlib.suppress(WorkspaceError):
                await workspace.apply({"main.py": f"{round_}\n", "new.py": f"{round_}\n"})
                await workspace.changes.accept()
    finally:
        done.set()
        thread.join()
    assert swaps > 15
    assert snapshot(decoy.root) == before
    new = repository.root / "new.py"
    untouched = repository.git("show", "HEAD:main.py")
    assert repository.read("main.py") == (new.read_text() if new.exists() else untouched), "all of a change or nothing"
    await workspace.apply({"main.py": "last\n", "new.py": "last\n"})
    await workspace.changes.accept()
    assert new.read_text() == repository.read("main.py") == "last\n"


async def test_what_an_earlier_write_left_aside_is_swept(repository: Repository, opened: Opener) -> None:
    litter, own = repository.root / "lib" / ".oci-tui-0123456789ab-7", repository.root / "lib" / ".oci-tui-notes"
    litter.write_text("half")
    own.write_text("mine")
    workspace = await opened(repository.root)
    await workspace.apply({"lib/tool.py": "x\n"})
    await workspace.changes.accept()
    assert (litter.exists(), own.read_text()) == (False, "mine")


async def test_nothing_to_accept(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    written = await workspace.changes.accept()
    assert (written.paths, written.level) == ((), Level())


async def test_what_the_tree_held_already_is_said_and_undo_is_of_the_accept_before(
    repository: Repository, opened: Opener
) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "one\n"})
    await workspace.changes.accept()
    await workspace.apply({"main.py": "two\n", "fresh.py": "new\n"})
    repository.write({"main.py": "two\n"})
    written = await workspace.changes.accept()
    assert (written.paths, written.held) == (("fresh.py",), ("main.py",))
    await workspace.apply({"main.py": "three\n"})
    repository.write({"main.py": "three\n"})
    written = await workspace.changes.accept()
    assert (written.paths, written.held) == ((), ("main.py",))
    assert (await workspace.diff()).files == ()
    undone = await workspace.changes.undo()
    assert undone.paths == ("fresh.py",)
    assert repository.read("main.py") == "three\n"
