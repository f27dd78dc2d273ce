"""A new repository with one commit, for people to try the product on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.safe_git import SafeGit

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "oci-tui demo"), ("EMAIL", "demo@localhost"))
}


def create_repository(folder: Path, files: Mapping[str, str]) -> None:
    """Make `folder` a git repository whose only commit holds `files` (path → text). Raises WorkspaceError."""
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
    git = SafeGit(folder)
    git.run("init", "-q", "-b", "main", "--template=")
    git.run("add", "--", *files)
    git.run("commit", "-q", "--no-gpg-sign", "-m", "A small repository with failing tests", extra=_NOBODY)
