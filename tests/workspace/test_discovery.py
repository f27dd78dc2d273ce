"""Which repository a folder belongs to (faults F11, F17)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.discovery import examine, find_root, head
from tests.workspace.repository import Opener, Repository


def test_a_subdirectory_leads_to_the_root(repository: Repository) -> None:
    assert find_root(repository.root / "lib") == repository.root
    assert find_root(repository.root) == repository.root
    assert head(repository.root).branch == "main"


@pytest.mark.parametrize("name", ["a$HOME b", "~x", "nl\nname", "ünïcode"])
def test_a_root_with_an_odd_name(tmp_path: Path, name: str) -> None:
    made = Repository(tmp_path / name)
    assert find_root(made.root) == made.root


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="git init"):
        find_root(tmp_path)
    with pytest.raises(WorkspaceError, match="no such folder"):
        find_root(tmp_path / "absent")


def test_a_bare_repository(tmp_path: Path) -> None:
    made = Repository(tmp_path / "bare.git", bare=True)
    with pytest.raises(WorkspaceError, match="bare repository"):
        find_root(made.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    os.chown(repository.root, 12345, 12345)
    os.chown(repository.root / ".git", 12345, 12345)
    with pytest.raises(WorkspaceError, match=r"git config --global --add safe\.directory") as caught:
        find_root(repository.root)
    assert str(repository.root) in str(caught.value)
    Path(os.environ["HOME"], ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository.root}\n")
    assert find_root(repository.root) == repository.root


def test_settings_that_point_elsewhere(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    repository.git("config", "core.worktree", str(tmp_path / "private"))
    with pytest.raises(WorkspaceError, match=r"core\.worktree"):
        find_root(repository.root)


def test_the_environment_does_not_lead_away(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    assert find_root(repository.root) == repository.root


async def test_odd_states_work(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    empty = Repository(tmp_path / "empty")
    info = await opened.unopened(empty.root).open()
    assert (info.branch, info.files) == ("main", 0)

    repository.git("checkout", "-q", "--detach")
    assert (await opened.unopened(repository.root).open()).branch == ""

    repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    info = await opened.unopened(tmp_path / "linked").open()
    assert (info.root, info.branch, info.files) == (str(tmp_path / "linked"), "side", 3)

    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(tmp_path / "shallow"))
    assert (await opened.unopened(tmp_path / "shallow").open()).files == 3


@pytest.mark.parametrize("fixture", ["empty", "detached", "linked"])
async def test_odd_states_accept_and_undo(repository: Repository, opened: Opener, tmp_path: Path, fixture: str) -> None:
    if fixture == "empty":
        root = Repository(tmp_path / "empty").root
    elif fixture == "detached":
        repository.git("checkout", "-q", "--detach")
        root = repository.root
    else:
        root = tmp_path / "linked"
        repository.git("worktree", "add", "-q", str(root), "-b", "side")
    workspace = await opened(root / ".")
    await workspace.apply({"deep/new.py": "x = 1\n"})
    assert (await workspace.changes.accept()).paths == ("deep/new.py",)
    assert (root / "deep" / "new.py").read_text() == "x = 1\n"
    assert (await workspace.changes.undo()).paths == ("deep/new.py",)
    assert not (root / "deep").exists()


def test_git_is_examined(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = examine()
    assert (found.state, found.needed) == ("ok", True)
    monkeypatch.setenv("PATH", str(repository.root))
    (missing,) = examine()
    assert missing.state == "missing"
    assert "install git" in missing.fix
    with pytest.raises(WorkspaceError, match="install git"):
        find_root(repository.root)
