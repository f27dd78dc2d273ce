"""Faults F11, F13, F14 end to end: odd repositories and names go into a real container, are changed there, accepted, undone."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.workspace.discovery import find_root
from tests.test_session import session_on, turn
from tests.workspace.repository import Repository

pytestmark = pytest.mark.docker

CHANGE = "```bash\nfind . -path ./.git -prune -o -type f -exec sh -c 'for f; do printf changed >> \"$f\"; done' _ {} +\n```"
NFC, NFD = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
NAMES = [
    b"\xff\xfe.txt",
    b"new\nline",
    b"cr\rtab\tquo\"te'back\\slash ",
    b"-rf",
    b":(glob)*",
    b"Case",
    b"case",
    f"{NFC}.txt".encode(),
    f"{NFD}.txt".encode(),
    b"/".join([b"n" * 255] * 15) + b"/" + b"last",
    b"/".join([b"d"] * 63) + b"/deep",
]
CONTENTS = [b"", b"crlf\r\n", b"no end", b"\0\xff\xfe binary", b"$Id$ \xef\xbb\xbf\n", "ü\n".encode("utf-16")]


def plain(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.write({"a.py": "a\n"})
    made.commit()
    return made


def without_commits(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.write({"a.py": "a\n"})
    return made


def detached(tmp_path: Path) -> Repository:
    made = plain(tmp_path)
    made.git("checkout", "-q", "--detach")
    return made


def shallow(tmp_path: Path) -> Repository:
    made = plain(tmp_path)
    made.write({"b.py": "b\n"})
    made.commit()
    made.git("clone", "-q", "--depth", "1", f"file://{made.root}", str(tmp_path / "shallow"))
    return Repository.at(tmp_path / "shallow")


def worktree(tmp_path: Path) -> Repository:
    plain(tmp_path).git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    return Repository.at(tmp_path / "linked")


def with_filters(tmp_path: Path) -> Repository:
    """What git stores is not what the tree holds: as with LFS, line ends, another encoding, keywords."""
    made = plain(tmp_path)
    for name, program in (("clean", "tr a-z A-Z"), ("smudge", "tr A-Z a-z")):
        made.git("config", f"filter.lfs.{name}", program)
    made.git("config", "core.autocrlf", "true")
    made.write({".gitattributes": "*.txt filter=lfs\n*.u working-tree-encoding=UTF-16\n* ident\n", "large.txt": "large\n"})
    made.write({"x.u": "ü\n".encode("utf-16"), "crlf.py": "x\r\ny\r\n"})
    made.commit()
    return made


def subfolder(tmp_path: Path) -> Repository:
    made = plain(tmp_path)
    made.write({"deep/er/x.py": "x\n"})
    assert find_root(made.root / "deep" / "er") == made.root
    return made


def with_odd_names(tmp_path: Path) -> Repository:
    made = plain(tmp_path)
    top = os.open(made.root, os.O_RDONLY)
    for number, name in enumerate(NAMES):
        *folders, last = name.split(b"/")
        here = os.dup(top)
        for folder in folders:
            if not os.access(folder, os.F_OK, dir_fd=here):
                os.mkdir(folder, dir_fd=here)
            inner = os.open(folder, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        with os.fdopen(os.open(last, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here), "wb") as file:
            file.write(CONTENTS[number % len(CONTENTS)])
        os.close(here)
    os.close(top)
    return made


@pytest.mark.parametrize("make", [plain, without_commits, detached, shallow, worktree, with_filters, subfolder, with_odd_names])
async def test_seed_change_accept_undo(make: Callable[[Path], Repository], tmp_path: Path) -> None:
    repository = make(tmp_path)
    before = repository.state()
    sizes = {path: os.lstat(os.path.join(os.fsencode(repository.root), path)).st_size for path in before}
    async with session_on(repository.root, [CHANGE, "Done."]) as session:
        happened = await turn(session)
        (ready,) = [event for event in happened if isinstance(event, events.WorkspaceReady)]
        assert ready.info.files == len(before)
        assert ready.info.left_out == ()
        async with aclosing(session.settle.accept()) as accepting:
            accepted = [event async for event in accepting]
        assert isinstance(accepted[0], events.ChangeAccepted), accepted
        assert len(accepted[0].paths) == len(before)
        after = repository.state()
        assert after.keys() == before.keys()
        assert all(after[path] != before[path] for path in before)
        for path, size in sizes.items():
            assert os.lstat(os.path.join(os.fsencode(repository.root), path)).st_size == size + len(b"changed")
        async with aclosing(session.settle.undo()) as undoing:
            undone = [event async for event in undoing]
        assert isinstance(undone[0], events.ChangeUndone), undone
    assert repository.state() == before
