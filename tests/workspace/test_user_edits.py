"""What the user does while the model works is noticed, merged where it can be, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import ConflictError
from oci_tui.core.feedback import user_edits
from oci_tui.core.ports import UserEdits
from tests.workspace.repository import Opener, PlainFolder, Repository

FIVE = "one\ntwo\nthree\nfour\nfive\n"


async def test_edits_go_under_the_pending_change(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": FIVE.replace("one", "ONE"), "new.py": "new\n"}))
    repository.write({"main.py": FIVE.replace("five", "FIVE"), "mine.txt": "mine\n"})
    (repository.root / "old.txt").unlink()
    edits = await workspace.refresh()
    assert (edits.paths, edits.conflicts) == (("main.py", "mine.txt", "old.txt"), ())
    folder.level(edits.level)
    assert (folder.root / "main.py").read_text() == FIVE.replace("one", "ONE").replace("five", "FIVE")
    assert not (folder.root / "old.txt").exists()
    assert [file.path for file in (await workspace.diff()).files] == ["main.py", "new.py"]
    assert (await workspace.diff()).summary() == "2 files +2 −1", "the user's edits are no part of the change"
    assert await workspace.refresh() == UserEdits()
    await workspace.changes.reject()
    assert workspace.read("main.py") == FIVE.replace("five", "FIVE")


async def test_edits_of_the_same_lines_are_told_once_and_still_conflict(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": FIVE.replace("two", "model")})
    repository.write({"main.py": FIVE.replace("two", "mine"), "mine.txt": "mine\n"})
    edits = await workspace.refresh()
    assert (edits.paths, edits.conflicts) == (("mine.txt",), ("main.py",))
    assert await workspace.refresh() == UserEdits()
    repository.write({"main.py": FIVE.replace("two", "mine again")})
    assert (await workspace.refresh()).conflicts == ("main.py",)
    with pytest.raises(ConflictError):
        await workspace.changes.accept()
    repository.write({"main.py": FIVE})
    assert await workspace.refresh() == UserEdits()
    await workspace.changes.accept()
    assert repository.read("main.py") == FIVE.replace("two", "model")


async def test_a_renamed_file_keeps_the_models_edit(repository: Repository, opened: Opener) -> None:
    long = "".join(f"{number}\n" for number in range(30))
    repository.write({"main.py": long})
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "first\n" + long})
    (repository.root / "main.py").rename(repository.root / "renamed.py")
    assert (await workspace.refresh()).conflicts == ()
    assert (workspace.read("main.py"), workspace.read("renamed.py")) == (None, "first\n" + long)


async def test_a_folder_in_a_pending_files_place_is_a_conflict(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"new": "model\n"})
    repository.write({"new/inner": "mine\n", "old.txt": "mine\n"})
    edits = await workspace.refresh()
    assert (edits.paths, edits.conflicts) == (("old.txt",), ("new/inner",))
    assert workspace.read("new") == "model\n"
    with pytest.raises(ConflictError):
        await workspace.changes.accept()
    assert repository.read("new/inner") == "mine\n"


async def test_a_branch_switch_and_a_reset_are_said(repository: Repository, opened: Opener) -> None:
    """F9."""
    workspace = await opened(repository.root)
    repository.write({"main.py": "committed\n"})
    repository.commit()
    assert (await workspace.refresh()).moved == "", "a commit on top is nothing to say"
    await workspace.apply({"lib/tool.py": "model\n"})
    repository.git("checkout", "-q", "-b", "side")
    repository.git("reset", "-q", "--hard", "HEAD~")
    edits = await workspace.refresh()
    assert (edits.moved, edits.paths) == ("switched from main to side", ("main.py",))
    assert workspace.read("lib/tool.py") == "model\n"
    repository.write({"main.py": "other\n"})
    repository.commit()
    repository.git("reset", "-q", "--hard", "main")
    assert (await workspace.refresh()).moved == "", "side has grown to main"
    repository.git("reset", "-q", "--hard", "main~")
    assert (await workspace.refresh()).moved == "side was reset or rewritten"
    repository.git("checkout", "-q", "--detach")
    assert (await workspace.refresh()).moved == "switched from side to a detached HEAD"


def test_what_the_model_is_told() -> None:
    assert user_edits(UserEdits()) == ""
    told = user_edits(UserEdits(("a.py",), ("b.py",), "switched from main to side"))
    assert told.splitlines() == [
        "The user switched from main to side.",
        "The user changed a.py. Your edits are kept on top.",
        "The user changed b.py in the same lines as you; here they are still as you wrote them.",
    ]
