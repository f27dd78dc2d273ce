"""Undo and redo when no session is open: the same three-way, over all sessions on a repository."""

from __future__ import annotations

import pytest

from oci_tui.core.errors import ConflictError, WorkspaceError
from oci_tui.workspace.past import redo, undo
from tests.workspace.repository import Opener, Repository

FIVE = "one\ntwo\nthree\nfour\nfive\n"


async def accepted(opened: Opener, repository: Repository, session: str, **files: str) -> None:
    workspace = await opened(repository.root, session)
    await workspace.apply({name.replace("_", "."): text for name, text in files.items()})
    await workspace.changes.accept()
    workspace.close()


async def test_undo_after_accept_is_the_identity_and_redo_works_after_edits(repository: Repository, opened: Opener) -> None:
    before, private = repository.state(), repository.private()
    await accepted(opened, repository, "one", main_py=FIVE.replace("two", "TWO"), new_py="new\n")
    after = repository.state()
    assert undo(repository.root) == ("one", ("main.py", "new.py"))
    assert repository.state() == before
    assert redo(repository.root, "one") == ("one", ("main.py", "new.py"))
    assert repository.state() == after
    assert undo(repository.root, "one")[1] == ("main.py", "new.py")
    repository.write({"main.py": FIVE.replace("five", "FIVE"), "mine.txt": "mine\n"})
    assert redo(repository.root)[1] == ("main.py", "new.py")
    assert repository.read("main.py") == FIVE.replace("two", "TWO").replace("five", "FIVE")
    undo(repository.root)
    repository.write({"main.py": FIVE.replace("two", "mine")})
    with pytest.raises(ConflictError, match="not done again"):
        redo(repository.root)
    assert not (repository.root / "new.py").exists()
    repository.write({"main.py": FIVE.replace("two", "TWO"), "new.py": "new\n"})
    assert redo(repository.root) == ("one", ()), "the user has done it by hand"
    assert repository.private() == private


async def test_the_last_of_all_sessions_goes_first(repository: Repository, opened: Opener) -> None:
    for session, text in (("one", "1\n"), ("two", "2\n"), ("one", "3\n")):
        await accepted(opened, repository, session, main_py=text)
    assert [undo(repository.root)[0], repository.read("main.py")] == ["one", "2\n"]
    assert [undo(repository.root)[0], repository.read("main.py")] == ["two", "1\n"]
    assert [undo(repository.root)[0], repository.read("main.py")] == ["one", FIVE]
    with pytest.raises(WorkspaceError, match="no accepted change to undo here"):
        undo(repository.root)
    for text in ("1\n", "2\n", "3\n"):
        redo(repository.root)
        assert repository.read("main.py") == text
    with pytest.raises(WorkspaceError, match="no undone change to redo in session two"):
        redo(repository.root, "two")
    with pytest.raises(WorkspaceError, match="in session nobody"):
        undo(repository.root, "nobody")


async def test_an_open_session_goes_on_after_an_undo_from_outside(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root, "one")
    await workspace.apply({"main.py": FIVE.replace("two", "TWO")})
    await workspace.changes.accept()
    await workspace.apply({"main.py": FIVE.replace("two", "TWO").replace("five", "FIVE")})
    undo(repository.root)
    assert (await workspace.refresh()).paths == ("main.py",)
    assert workspace.read("main.py") == FIVE.replace("five", "FIVE")
    assert (await workspace.changes.undo()).paths == ()
    assert (await workspace.changes.redo()).paths == ("main.py",)


def test_a_repository_without_sessions(repository: Repository) -> None:
    with pytest.raises(WorkspaceError, match="no accepted change to undo here"):
        undo(repository.root)
