"""What can be done when the user and the change are about the same lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.conflict import Versions, marked
from oci_tui.core.errors import ConflictError
from oci_tui.core.ports import UserEdits
from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Opener, PlainFolder, Repository

FIVE = "one\ntwo\nthree\nfour\nfive\n"


async def conflict_of(workspace: GitWorkspace, *, clean_only: bool = False) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        await workspace.changes.accept(clean_only=clean_only)
    return caught.value


async def test_only_the_clean_files(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": FIVE.replace("two", "model"), "lib/tool.py": "model\n", "new.py": "new\n"})
    repository.write({"main.py": FIVE.replace("two", "mine")})
    error = await conflict_of(workspace)
    assert (error.paths, error.clean) == (("main.py",), ("lib/tool.py", "new.py"))
    written = await workspace.changes.accept(clean_only=True)
    assert (written.paths, written.conflicts) == (("lib/tool.py", "new.py"), ("main.py",))
    assert repository.read("main.py") == FIVE.replace("two", "mine")
    assert [file.path for file in (await workspace.diff()).files] == ["main.py"], "it stays pending"
    assert (await conflict_of(workspace, clean_only=True)).clean == (), "nothing is left that could be written"
    repository.write({"main.py": FIVE})
    assert (await workspace.changes.accept(clean_only=True)).paths == ("main.py",)
    await workspace.changes.undo()
    await workspace.changes.undo()
    assert (repository.read("lib/tool.py"), (repository.root / "new.py").exists()) == ("print('tool')\n", False)


async def test_both_names_of_a_renamed_file_go_together(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    repository.write({"old.txt": "".join(f"{number}\n" for number in range(20))})
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "old.txt").rename(folder.root / "there.txt")
    (folder.root / "main.py").write_text("model\n")
    await folder.collect(workspace)
    repository.write({"there.txt": "mine\n"})
    written = await workspace.changes.accept(clean_only=True)
    assert (written.paths, written.conflicts) == (("main.py",), ("old.txt", "there.txt"))
    assert (repository.root / "old.txt").exists()


async def test_the_three_versions(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": FIVE.replace("two", "model"), "lib/tool.py": "model\n", "old.txt": "model\n"})
    repository.write({"main.py": FIVE.replace("two", "mine"), "lib/tool.py": b"\0"})
    (repository.root / "old.txt").unlink()
    versions = {shown.path: shown for shown in (await conflict_of(workspace)).versions}
    assert marked(versions["main.py"]).splitlines() == [
        "main.py: changed by you, changed by the model",
        "one",
        "<<<<<<< yours",
        "mine",
        "||||||| before",
        "two",
        "=======",
        "model",
        ">>>>>>> the model's",
        "three",
        "four",
        "five",
    ]
    assert versions["lib/tool.py"] == Versions("lib/tool.py", "changed", "changed")
    assert versions["old.txt"].heading() == "old.txt: deleted by you, changed by the model"
    assert [line.side for line in versions["old.txt"].lines] == ["base", "theirs"]


async def test_lines_that_look_like_markers_are_lines(repository: Repository, opened: Opener) -> None:
    text = "<<<<<<< yours\n=======\n" + "=" * 7 + "\n>>>>>>> the model's\n"
    repository.write({"main.py": text + "two\n"})
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": text + "model\n"})
    repository.write({"main.py": text + "mine\n"})
    (versions,) = (await conflict_of(workspace)).versions
    assert [line.side for line in versions.lines] == ["gap", "both", "both", "both", "yours", "base", "theirs"]


async def test_the_users_version_goes_to_the_model(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": FIVE.replace("two", "model"), "new.py": "new\n", "old.txt": "model\n"}))
    repository.write({"main.py": FIVE.replace("two", "mine"), "note.txt": "x"})
    (repository.root / "old.txt").unlink()
    error = await conflict_of(workspace)
    folder.level(await workspace.changes.give_way(error.paths))
    assert workspace.read("main.py") == (folder.root / "main.py").read_text() == repository.read("main.py")
    assert workspace.read("old.txt") is None
    assert not (folder.root / "old.txt").exists()
    assert [file.path for file in (await workspace.diff()).files] == ["new.py"], "the rest is still pending"
    assert (await workspace.refresh()).paths == ("note.txt",)
    assert await workspace.refresh() == UserEdits()
    await workspace.apply({"main.py": FIVE.replace("two", "both")})
    await workspace.changes.accept()
    assert repository.read("main.py") == FIVE.replace("two", "both")


async def test_what_the_model_changed_elsewhere_in_the_file_stays_pending(
    repository: Repository, opened: Opener, tmp_path: Path
) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": FIVE.replace("two", "model").replace("five", "FIVE")}))
    repository.write({"main.py": FIVE.replace("two", "mine")})
    error = await conflict_of(workspace)
    folder.level(await workspace.changes.give_way(error.paths))
    wanted = FIVE.replace("two", "mine").replace("five", "FIVE")
    assert workspace.read("main.py") == (folder.root / "main.py").read_text() == wanted
    assert repository.read("main.py") == FIVE.replace("two", "mine")
    (hunk,) = (await workspace.diff()).files[0].hunks
    assert [line.kind + line.text for line in hunk.lines if line.kind != " "] == ["-five", "+FIVE"]
    await workspace.changes.accept()
    assert repository.read("main.py") == wanted


async def test_a_secret_in_the_users_version_stays_out(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "model\n"})
    repository.write({"main.py": "token = 'ghp_" + "c4n4ry" * 6 + "'\n"})
    await workspace.changes.give_way((await conflict_of(workspace)).paths)
    assert workspace.read("main.py") is None
    assert (await workspace.diff()).files == ()
    assert "left out" in workspace.check("main.py")


async def test_what_was_wanted_is_said(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": "model\n"})
    await workspace.changes.accept()
    repository.write({"main.py": "mine\n"})
    with pytest.raises(ConflictError, match=r"^not undone: main\.py changed in your tree too") as caught:
        await workspace.changes.undo()
    assert [line.text for line in caught.value.versions[0].lines if line.side == "theirs"] == FIVE.splitlines()
    repository.write({"main.py": "model\n"})
    await workspace.changes.undo()
    repository.write({"main.py": "mine\n"})
    with pytest.raises(ConflictError, match=r"^not done again: "):
        await workspace.changes.redo()


async def test_what_both_sides_deleted_is_no_conflict(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    for root in (folder.root, repository.root):
        (root / "old.txt").unlink()
    await folder.collect(workspace)
    before = repository.state()
    for settle in (workspace.changes.accept, workspace.changes.undo, workspace.changes.redo):
        assert (await settle()).paths == ()
        assert repository.state() == before


async def test_a_folder_in_the_place_of_a_deleted_file_stays(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "old.txt").unlink()
    (folder.root / "main.py").write_text("model\n")
    await folder.collect(workspace)
    (repository.root / "old.txt").unlink()
    repository.write({"old.txt/mine": "mine\n"})
    assert (await workspace.changes.accept()).paths == ("main.py",)
    await workspace.changes.undo()
    assert (repository.read("old.txt/mine"), repository.read("main.py")) == ("mine\n", FIVE)


TOKEN = "ghp_" + "c4n4ry" * 6


async def test_a_secret_the_user_wrote_meanwhile_comes_in_with_no_accept(
    repository: Repository, opened: Opener, tmp_path: Path
) -> None:
    """T19: it is merged in the user's file, and in neither mirror nor sandbox; with an undo too."""
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": FIVE.replace("one", "ONE"), "new.py": "new\n"}))
    repository.write({"main.py": FIVE.replace("five", TOKEN)})
    folder.level((await workspace.changes.accept()).level)
    assert repository.read("main.py") == FIVE.replace("one", "ONE").replace("five", TOKEN)
    assert (workspace.read("main.py"), workspace.read("new.py")) == (None, "new\n")
    assert "left out" in workspace.check("main.py")
    assert not (folder.root / "main.py").exists()
    folder.level((await workspace.changes.undo()).level)
    assert repository.read("main.py") == FIVE.replace("five", TOKEN)
    assert not (folder.root / "main.py").exists()
    repository.write({"main.py": FIVE})
    folder.level((await workspace.refresh()).level)
    assert (folder.root / "main.py").read_text() == FIVE


async def test_a_secret_is_not_among_the_versions(repository: Repository, opened: Opener) -> None:
    """T19: they are told in an event, and events are kept in the journal."""
    workspace = await opened(repository.root)
    await workspace.apply({"main.py": FIVE.replace("five", "model")})
    repository.write({"main.py": FIVE.replace("five", TOKEN)})
    assert (await conflict_of(workspace)).versions == (Versions("main.py", "changed", "changed"),)
