"""Rounds are remembered, and the mirror goes back to any of them; the old line is never lost."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.workspace_info import WorkspaceInfo
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace import past
from oci_tui.workspace.git import GitWorkspace
from oci_tui.workspace.past import last_history
from tests.workspace.repository import Opener, PlainFolder, Repository


async def rounds(workspace: GitWorkspace, *texts: str) -> list[int]:
    numbers = []
    for text in texts:
        await workspace.apply({"main.py": f"{text}\n"})
        numbers.append(await workspace.history.keep(f"wrote {text}"))
    return numbers


async def test_back_and_on_in_another_direction(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    before = repository.state()
    assert await rounds(workspace, "one", "two", "two", "three") == [1, 2, 3, 4]
    (folder.root / "main.py").write_text("three\n")
    folder.level(await workspace.history.restore(1))
    assert workspace.read("main.py") == (folder.root / "main.py").read_text() == "one\n"
    assert repository.state() == before
    assert await rounds(workspace, "other") == [5]
    assert [(kept.kind, kept.number, kept.said, kept.grew_from) for kept in await workspace.history.log()] == [
        ("round", 1, "wrote one", 0),
        ("round", 2, "wrote two", 1),
        ("round", 3, "wrote two", 2),
        ("round", 4, "wrote three", 3),
        ("round", 5, "wrote other", 1),
    ]
    await workspace.history.restore(4)
    assert workspace.read("main.py") == "three\n"
    await workspace.changes.accept()
    assert repository.read("main.py") == "three\n"
    await workspace.history.restore(2)
    assert (await workspace.diff()).summary() == "1 file +1 −1", "what is pending leads from the user's files to the round"
    with pytest.raises(WorkspaceError, match="no round 6; there are 1 to 5"):
        await workspace.history.restore(6)


async def test_the_log_names_accepts_and_what_became_of_them(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    for name in ("a.py", "b.py\x1b[2J"):
        await workspace.apply({name: "x\n"})
        await workspace.changes.accept()
    await workspace.changes.undo()
    assert [(kept.kind, kept.said) for kept in await workspace.history.log()] == [("accepted", "a.py"), ("undone", "b.py␛[2J")]
    await workspace.apply({"c.py": "x\n"})
    await workspace.changes.accept()
    assert [(kept.kind, kept.number) for kept in await workspace.history.log()] == [
        ("accepted", 1),
        ("dropped", 2),
        ("accepted", 3),
    ]


async def test_the_next_session_begins_at_a_round_of_the_last(repository: Repository, opened: Opener) -> None:
    with pytest.raises(WorkspaceError, match="no session here"), last_history(repository.root):
        pass
    first = await opened(repository.root, "first")
    await rounds(first, "one", "two")
    first.close()
    idle = await opened(repository.root, "idle")
    idle.close()
    repository.write({".gitignore": "hidden.txt\n", "old.txt": "mine\n"})
    before = repository.state()
    with last_history(repository.root) as last:
        assert (last.session, [kept.said for kept in last.listed()]) == ("first", ["wrote one", "wrote two"])
        last.begin_next_at(1)
    second = await opened(repository.root, "second")
    assert second.read("main.py") == "one\n"
    assert {file.path for file in (await second.diff()).files} == {"main.py", "old.txt", ".gitignore"}
    assert repository.state() == before
    assert await rounds(second, "else") == [1]
    assert [kept.grew_from for kept in await second.history.log()] == [0]
    third = await opened(repository.root, "third")
    assert third.read("main.py") == repository.read("main.py"), "it was asked for once"


async def test_a_file_that_stays_out_by_now_does_not_come_back(repository: Repository, opened: Opener) -> None:
    repository.write({"server.pem": "key\n"})
    workspace = await opened(repository.root, "first", include=("server.pem",))
    assert workspace.read("server.pem") == "key\n"
    await rounds(workspace, "one")
    workspace.close()
    with last_history(repository.root) as last:
        last.begin_next_at(1)
    second = await opened(repository.root, "second")
    assert (second.read("server.pem"), second.read("main.py")) == (None, "one\n")


async def test_an_old_session_is_resumed_before_old_ones_are_forgotten(repository: Repository, opened: Opener) -> None:
    """One of 40 days ago goes on while there are newer ones; one that was forgotten meanwhile says so."""
    first = await opened(repository.root, "first")
    await rounds(first, "one")
    held = first.history.held
    first.close()
    shadow = past.folder_of(repository.root) / "shadow.git"
    age(shadow, "first")
    assert not (await resumed(repository.root, "first", held)).lost
    age(shadow, "first")
    await opened(repository.root, "second")
    assert "forgotten after 30 days" in (await resumed(repository.root, "first", held)).lines()[0]


async def resumed(root: Path, session: str, state: int) -> WorkspaceInfo:
    workspace = GitWorkspace(root, WorkspaceSettings(), session, state)
    try:
        info = await workspace.open()
        assert (workspace.read("main.py") == "one\n") is not bool(info.lost)
    finally:
        workspace.close()
    return info


def age(shadow: Path, session: str) -> None:
    """Let all that is kept of a session be 40 days older."""
    git = ["git", "-C", str(shadow)]
    listed = subprocess.run([*git, "for-each-ref", f"refs/oci/{session}"], capture_output=True, text=True, check=True).stdout
    for commit, name in [(line.split()[0], line.split("\t")[1]) for line in listed.splitlines()]:
        raw = subprocess.run([*git, "cat-file", "commit", commit], capture_output=True, text=True, check=True).stdout
        older = re.sub(r"> (\d+) ", lambda found: f"> {int(found[1]) - 40 * 86400} ", raw)
        made = subprocess.run(
            [*git, "hash-object", "-t", "commit", "-w", "--stdin"], input=older, capture_output=True, text=True, check=True
        ).stdout.strip()
        subprocess.run([*git, "update-ref", name, made], check=True)
