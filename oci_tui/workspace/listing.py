"""Which files belong into the mirror by git's rules, and what git keeps apart: submodules, repositories, ignored folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.workspace_info import Ignored
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace import names
from oci_tui.workspace.descent import BlockedError, Descent
from oci_tui.workspace.safe_git import SafeGit

SUBMODULE = "a submodule; its files are not mirrored"
NESTED = "a repository of its own; its files are not mirrored"
READ_SUBMODULE = "a submodule, copied in to be read; changes in it are not taken"
READ_IGNORED = "ignored by git, copied in to be read; changes in it are not taken"
_GITLINK = b"160000"
_DEEPEST = 8
_MOST_COUNTED = 20_000


class Listed(NamedTuple):
    """What git lists: path → whether it is tracked. `closed` are the places that nothing comes back from, and why."""

    files: dict[bytes, bool]
    closed: dict[bytes, str]


def listed(root: Path, settings: WorkspaceSettings) -> Listed:
    """The repository's files: tracked, or neither tracked nor ignored; those of submodules; ignored ones that were let in."""
    found = _of_repository(root)
    if settings.submodules:
        for place in [place for place, why in found.closed.items() if why == SUBMODULE]:
            _add_submodule(found, root, place, _DEEPEST)
    for folder in filter(None, (os.fsencode(name).strip(b"/") for name in settings.ignored)):
        apart = ("--others", "--ignored", "--exclude-standard", "--", f":(top,literal){os.fsdecode(folder)}")
        _sort(found, SafeGit(root).run("ls-files", "-z", *apart).out)
        found.closed[folder] = READ_IGNORED
    return found


def ignored(root: Path, settings: WorkspaceSettings, most: int = _MOST_COUNTED) -> tuple[Ignored, ...]:
    """The folders that git ignores and that stay out, the largest first, but for what tools keep there for themselves.

    Of each at most about `most` files are counted.
    """
    apart = ("--others", "--ignored", "--exclude-standard", "--directory", "--no-empty-directory")
    let_in = {os.fsencode(name).strip(b"/") for name in settings.ignored}
    found: list[Ignored] = []
    for record in SafeGit(root).run("ls-files", "-z", *apart).out.split(b"\0"):
        folder = record.removesuffix(b"/")
        kept_by_tools = names.is_cache(folder) and not folder.endswith(b"node_modules")
        if folder != record and folder not in let_in and not kept_by_tools:
            found.append(_counted(root, folder, most))
    return tuple(sorted(found, key=lambda one: -one.bytes))


def _of_repository(root: Path) -> Listed:
    found = Listed({}, {})
    git = SafeGit(root)
    for record in git.run("ls-files", "-z", "--cached", "--stage").out.split(b"\0"):
        meta, _, path = record.partition(b"\t")
        if meta.startswith(_GITLINK):
            found.closed[path] = SUBMODULE
        elif path:
            found.files[path] = True
    _sort(found, git.run("ls-files", "-z", "--others", "--exclude-standard").out)
    return found


def _sort(found: Listed, listing: bytes) -> None:
    """Untracked paths: a repository of its own is listed as a folder."""
    for path in listing.split(b"\0"):
        if path.endswith(b"/"):
            found.closed.setdefault(path[:-1], NESTED)
        elif path:
            found.files.setdefault(path, False)


def _add_submodule(found: Listed, root: Path, place: bytes, depth: int) -> None:
    """The files of a submodule that is checked out, and of those in it; git is asked in its folder only if it has its own."""
    try:
        with Descent(root) as descent:
            if descent.facts(place + b"/.git") is None:
                return
        inside = _of_repository(root / os.fsdecode(place))
    except (BlockedError, WorkspaceError) as error:
        found.closed[place] = f"a submodule that git does not list: {error}"
        return
    found.closed[place] = READ_SUBMODULE
    for path, tracked in inside.files.items():
        found.files[place + b"/" + path] = tracked
    for path, why in inside.closed.items():
        found.closed[place + b"/" + path] = why
        if why == SUBMODULE and depth:
            _add_submodule(found, root, place + b"/" + path, depth - 1)


def _counted(root: Path, folder: bytes, most: int) -> Ignored:
    """How much is in a folder, as far as it is counted."""
    files = size = 0
    waiting = [os.path.join(os.fsencode(root), folder)]  # noqa: PTH118 - bytes
    while waiting and files < most:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    facts = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(facts.st_mode):
                        waiting.append(entry.path)
                    else:
                        files += 1
                        size += facts.st_size
        except OSError:
            continue  # what cannot be looked at, or is gone, is not counted
    return Ignored(names.shown(folder), files, size, whole=not waiting)
