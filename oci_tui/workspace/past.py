"""What sessions on a repository left behind, without opening one: their history, and their accepts to undo and redo."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.terminal import visible_line
from oci_tui.resources import state_folder
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.accept import Acceptance
from oci_tui.workspace.apply import locked
from oci_tui.workspace.history import SESSIONS, History
from oci_tui.workspace.names import shown
from oci_tui.workspace.shadow import Note, Shadow
from oci_tui.workspace.user_tree import UserTree


def folder_of(root: Path) -> Path:
    """Where everything about a repository is kept."""
    return state_folder() / hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]


def references_of(session: str) -> str:
    """Where a session's references are in the shadow repository."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,100}", session):
        return f"{SESSIONS}/{session}"
    return f"{SESSIONS}/{hashlib.sha256(session.encode('utf-8', 'replace')).hexdigest()[:32]}"


@contextmanager
def last_history(root: Path) -> Iterator[History]:
    """What the last session on the repository at `root` remembers. Raises WorkspaceError when there is none."""
    shadow = Shadow(folder_of(root) / "shadow.git")
    noted = [note for note in _notes(shadow, SESSIONS) if _kind(note) not in ("user", "base", "state")]
    if not noted:
        raise WorkspaceError(f"{shown(os.fsencode(root))}: no session here has rounds to show yet; start one with oci-tui")
    with locked(folder_of(root)):
        yield History(shadow, _session(max(noted, key=lambda note: note.at)))


def fork(root: Path, session: str, new: str, state: int, number: int) -> None:
    """Let the session `new` have this state of another one's files, and its rounds up to this number."""
    folder = folder_of(root)
    shadow = Shadow(folder / "shadow.git")
    if shadow.folder.is_dir():
        with locked(folder):
            History(shadow, references_of(session)).lend(History(shadow, references_of(new)), state, number)


def forget(root: Path, session: str) -> None:
    """Remove what is kept of this session's files."""
    folder = folder_of(root)
    shadow = Shadow(folder / "shadow.git")
    if shadow.folder.is_dir():
        with locked(folder):
            History(shadow, references_of(session)).forget()


def undo(root: Path, session: str = "") -> tuple[str, tuple[str, ...]]:
    """Take back the change accepted last, in this session or in any: the session, and the paths written.

    Raises ConflictError, WorkspaceError; then nothing was written.
    """
    return _replay(root, session, back=True)


def redo(root: Path, session: str = "") -> tuple[str, tuple[str, ...]]:
    """Do again what was undone last, in this session or in any: as `undo`."""
    return _replay(root, session, back=False)


def _replay(root: Path, session: str, *, back: bool) -> tuple[str, tuple[str, ...]]:
    folder = folder_of(root)
    shadow = Shadow(folder / "shadow.git")
    refs = references_of(session) if session else SESSIONS
    kind = "accepted" if back else "undone"
    noted = [note for note in _notes(shadow, refs) if _kind(note) == kind]
    if not noted:
        where = f"in session {visible_line(session)}" if session else "here"
        what = "accepted change to undo" if back else "undone change to redo"
        raise WorkspaceError(f"there is no {what} {where}; `oci-tui log` shows the last session")
    refs = _session(max(noted, key=lambda note: note.at))
    try:
        acceptance = Acceptance(UserTree(root, shadow, WorkspaceSettings()), shadow, folder, refs)
        acceptance.begin()
        replayed = acceptance.undo() if back else acceptance.redo()
    finally:
        shadow.close()
    written = replayed.outcome.written if replayed else []
    return refs.removeprefix(f"{SESSIONS}/"), tuple(map(shown, sorted(written)))


def _notes(shadow: Shadow, prefix: str) -> list[Note]:
    return shadow.notes(prefix) if shadow.folder.is_dir() else []


def _session(note: Note) -> str:
    return "/".join(note.name.split("/")[:3])


def _kind(note: Note) -> str:
    return note.name.split("/")[3]
