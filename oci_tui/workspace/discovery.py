"""Which repository a folder belongs to, and whether git can be used on it.

GitPython is used here and nowhere else, and only to read: it starts no command (its own would run what a repository's
settings name).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import Finding
from oci_tui.core.terminal import visible_line
from oci_tui.workspace.safe_git import SafeGit, version

OLDEST = (2, 38)


def find_root(path: Path) -> Path:
    """The root of the repository that holds `path`.

    Raises WorkspaceError: no git, no repository, a bare one, one of another owner, or settings that point elsewhere.
    """
    found = version()
    if not _new_enough(found):
        raise WorkspaceError(f"git {found} is too old; install git {OLDEST[0]}.{OLDEST[1]} or newer")
    root = _discovered(path)
    try:
        seen = SafeGit(root).run("rev-parse", "--show-toplevel").out.removesuffix(b"\n")
    except WorkspaceError as error:
        if "dubious ownership" not in str(error):
            raise
        raise WorkspaceError(
            f"{_shown(root)} belongs to another user, so git does not trust it; "
            f"if you do, run: git config --global --add safe.directory {_shown(root)}"
        ) from error
    if not root.samefile(os.fsdecode(seen)) or not os.path.lexists(root / ".git"):
        raise WorkspaceError(
            f"{_shown(root)}: core.worktree in the repository's settings names another folder; unset it to work here"
        )
    return root


class Head(NamedTuple):
    """What is checked out: the branch ("" when detached) and the commit ("" when there is none yet)."""

    branch: str
    commit: str


def head(root: Path) -> Head:
    """What is checked out in the repository at `root`."""
    git = SafeGit(root)
    branch = git.run("symbolic-ref", "--quiet", "--short", "HEAD", expected=(0, 1))
    commit = git.run("rev-parse", "--quiet", "--verify", "HEAD", expected=(0, 1))
    name = branch.out.removesuffix(b"\n").decode("utf-8", "backslashreplace")
    return Head(name, commit.out.decode("ascii", "replace").strip() if commit.code == 0 else "")


def moved(root: Path, before: Head, now: Head) -> str:
    """One phrase when something else was checked out or the branch was reset; "" for the same, or commits on top."""
    if now.branch != before.branch:
        return f"switched from {before.branch or 'a detached HEAD'} to {now.branch or 'a detached HEAD'}"
    if before.commit in ("", now.commit) or not now.commit:
        return ""
    grown = SafeGit(root).run("merge-base", "--is-ancestor", before.commit, now.commit, expected=(0, 1, 128))
    return "" if grown.code == 0 else f"{now.branch or 'the detached HEAD'} was reset or rewritten"


def examine() -> list[Finding]:
    """Git as `oci-tui doctor` shows it."""
    fix = "sudo apt-get install git"
    try:
        found = version()
    except WorkspaceError:
        return [Finding("git", "missing", "the git command is not installed", fix, needed=True)]
    if not _new_enough(found):
        detail = f"git {found} is older than {OLDEST[0]}.{OLDEST[1]}"
        return [Finding("git", "missing", detail, fix, needed=True)]
    return [Finding("git", "ok", f"git {found}", needed=True)]


def _discovered(path: Path) -> Path:
    import git

    try:
        with git.Repo(path.resolve(), search_parent_directories=True, expand_vars=False) as repository:
            if repository.bare or repository.working_tree_dir is None:
                raise WorkspaceError(f"{_shown(path)} is a bare repository without files; clone it and start in the clone")
            return Path(repository.working_tree_dir).resolve()
    except git.NoSuchPathError as error:
        raise WorkspaceError(f"{_shown(path)}: no such folder; start oci-tui inside a git repository") from error
    except git.InvalidGitRepositoryError as error:
        raise WorkspaceError(f"{_shown(path)} is not in a git repository; run `git init` there first") from error
    except (git.GitError, OSError, ValueError) as error:
        raise WorkspaceError(f"{_shown(path)}: the repository cannot be read: {visible_line(str(error))[:200]}") from error


def _new_enough(found: str) -> bool:
    digits = re.match(r"(\d+)\.(\d+)", found)
    return bool(digits) and (int(digits[1]), int(digits[2])) >= OLDEST if digits else False


def _shown(path: Path) -> str:
    return visible_line(os.fsencode(path).decode("utf-8", "backslashreplace"))
