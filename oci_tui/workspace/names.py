"""Names of files: how bytes are shown, and which names from outside may never be taken.

Git on some systems treats `.GIT`, `git~1` or `.g<zero-width>it` as `.git`, so no such name enters the mirror on any system.
"""

from __future__ import annotations

import os
import re

LONGEST_PATH = 4095
LONGEST_PART = 255
DEEPEST = 64
_HFS_IGNORES = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS_SHORT = re.compile(r"gi(t|7)[0-9a-f]*~[0-9]+|git~[0-9]+")
_CACHES = frozenset(
    b"__pycache__ .pytest_cache .mypy_cache .ruff_cache .hypothesis .ipynb_checkpoints .tox .nox .cache .coverage"
    b" node_modules".split()
)
_NO_NAMES = frozenset({b"", b".", b".."})
_COMPILED = (b".pyc", b".pyo")


def shown(path: bytes) -> str:
    """A path as the port gives it: UTF-8, other bytes as `\\xNN`."""
    return path.decode("utf-8", "backslashreplace")


def ancestors(path: bytes) -> list[bytes]:
    """The folders above a path, the outermost first."""
    parts = path.split(b"/")
    return [b"/".join(parts[:count]) for count in range(1, len(parts))]


def is_dot_git(part: bytes) -> bool:
    """Whether some file system would take this part of a path for `.git`."""
    name = _HFS_IGNORES.sub("", part.decode("utf-8", "surrogateescape")).lower()
    name = name.partition(":")[0].rstrip(". ")
    return name == ".git" or bool(_NTFS_SHORT.fullmatch(name))


def dot_git(path: bytes) -> bytes | None:
    """The path up to and with its first part that is `.git`; None when there is none."""
    if b"git" not in path.lower() and b"~" not in path and path.isascii():
        return None
    parts = path.split(b"/")
    for index, part in enumerate(parts):
        if is_dot_git(part):
            return b"/".join(parts[: index + 1])
    return None


def refusal(path: bytes) -> str:
    """Why a name from outside may not be taken, in one phrase; "" when it may."""
    if not path:
        return "an empty name"
    if b"\0" in path:
        return "a name with a zero byte"
    if path.startswith(b"/"):
        return "an absolute name"
    if len(path) > LONGEST_PATH:
        return f"a name longer than {LONGEST_PATH} bytes"
    parts = path.split(b"/")
    if len(parts) > DEEPEST:
        return f"deeper than {DEEPEST} folders"
    if not _NO_NAMES.isdisjoint(parts):
        return 'a name with an empty, "." or ".." part'
    if len(path) > LONGEST_PART and max(map(len, parts)) > LONGEST_PART:
        return f"a part of the name is longer than {LONGEST_PART} bytes"
    if dot_git(path) is not None:
        return "inside .git"
    return ""


def is_cache(path: bytes) -> bool:
    """Whether a file is what tools leave behind (byte code, test caches, installed packages)."""
    return path.endswith(_COMPILED) or not _CACHES.isdisjoint(path.split(b"/"))


def bare_repositories(paths: set[bytes]) -> list[bytes]:
    """The folders among these files that git would take for a repository: HEAD beside objects/ and refs/."""
    folders = {path[: -len(b"HEAD")] for path in paths if path.rpartition(b"/")[2].lower() == b"head"}
    if not folders:
        return []
    holders: dict[bytes, set[bytes]] = {folder.lower(): set() for folder in folders}
    for path in paths:
        folder = path.lower()
        for part in (b"objects/", b"refs/"):
            start = folder.find(part)
            while start >= 0:
                if folder[:start] in holders:
                    holders[folder[:start]].add(part)
                start = folder.find(part, start + 1)
    return sorted(folder for folder in folders if len(holders[folder.lower()]) == 2)


def folds_case(root: os.PathLike[str]) -> bool:
    """Whether the file system of this repository takes `.GIT` for `.git`."""
    try:
        return os.path.samefile(os.path.join(root, ".git"), os.path.join(root, ".GIT"))  # noqa: PTH118, PTH121
    except OSError:
        return False
