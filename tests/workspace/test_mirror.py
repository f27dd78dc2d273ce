"""Edits named by the model: which paths may be written, and what is read back."""

from __future__ import annotations

import pytest

from oci_tui.core.errors import WorkspaceError
from tests.workspace.repository import Opener, Repository


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("../x", '".."'),
        ("a/../b", '".."'),
        ("", "empty"),
        ("lib/", "empty"),
        (".git/config", ".git"),
        ("x/.GIT/hooks/y", ".git"),
        ("a\0b", "zero"),
        ("\ud800", "empty"),
        ("lib", "a folder"),
        ("main.py/x", "below a file"),
        ("link", "a symlink"),
        ("latin.py", "not UTF-8 text"),
        ("binary", "not UTF-8 text"),
        ("link/x", "below a symlink"),
        ("logs/a.log", "ignore rules"),
        ("logs/new", "ignore rules"),
        ("server.pem", "left out"),
        ("objects/a", "repository"),
    ],
)
async def test_paths_that_may_not_be_written(repository: Repository, opened: Opener, path: str, why: str) -> None:
    repository.write({".gitignore": "*.log\n/logs/\n", "server.pem": "key", "HEAD": "ref", "refs/x": "1"})
    repository.write({"latin.py": "x = 'é'\n".encode("latin-1"), "binary": b"\0\1"})
    (repository.root / "link").symlink_to("lib")
    workspace = await opened(repository.root)
    assert why in workspace.check(path)
    with pytest.raises(WorkspaceError, match="may not be written"):
        await workspace.apply({"fine.txt": "x", path: "x"})
    assert workspace.read("fine.txt") is None


async def test_paths_that_may_be_written(repository: Repository, opened: Opener) -> None:
    repository.write({"kept.log": "tracked\n", "ünï\ncode": "x", "run.sh": "#!/bin/sh\n"})
    (repository.root / "run.sh").chmod(0o755)
    repository.commit()
    repository.write({".gitignore": "*.log\n"})
    workspace = await opened(repository.root)
    for path in ("main.py", "kept.log", "ünï\ncode", "deep/er/new.py", ":(exclude)x", "*", ".github/x.yml"):
        assert workspace.check(path) == "", path
        await workspace.apply({path: "text ü\n"})
        assert workspace.read(path) == "text ü\n"
    await workspace.apply({"run.sh": "#!/bin/sh\ntrue\n"})
    (change,) = [change for change in (await workspace.diff()).files if change.path == "run.sh"]
    assert (change.old_mode, change.new_mode, change.flags) == ("100755", "100755", ())


async def test_what_is_no_text_is_not_read(repository: Repository, opened: Opener) -> None:
    repository.write({"binary": b"\0\1", "latin": b"\xe9\n", "empty": ""})
    (repository.root / "link").symlink_to("main.py")
    workspace = await opened(repository.root)
    assert workspace.read("main.py") == "one\ntwo\nthree\nfour\nfive\n"
    assert workspace.read("empty") == ""
    assert [workspace.read(path) for path in ("binary", "latin", "link", "absent", "lib")] == [None] * 5


async def test_two_edits_that_exclude_each_other(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    with pytest.raises(WorkspaceError):
        await workspace.apply({"a": "file\n", "a/b": "below it\n"})
    assert (await workspace.diff()).files == ()


async def test_the_change_as_a_person_sees_it(repository: Repository, opened: Opener) -> None:
    workspace = await opened(repository.root)
    await workspace.apply({"pic": "a\0b", "huge.txt": "line\n" * 800_000, "evil.py": "x = '\u202e'\n", "conftest.py": "\n"})
    shown = {change.path: (change.binary, change.flags) for change in (await workspace.diff()).files}
    assert shown == {
        "conftest.py": (False, ("runs on install",)),
        "evil.py": (False, ("hidden characters",)),
        "huge.txt": (True, ("large",)),
        "pic": (True, ("binary",)),
    }
