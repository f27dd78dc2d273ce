"""The user's tree as the mirror would hold it, for containers that are no session: a shell, a preparation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.apply import locked
from oci_tui.workspace.mirror import Mirror
from oci_tui.workspace.past import folder_of
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.user_tree import UserTree


@contextmanager
def copied(root: Path, settings: WorkspaceSettings) -> Iterator[tuple[Iterable[bytes], dict[bytes, str]]]:
    """The tree of the repository at `root` as a tar stream, and the files that stay out of it with why.

    Nothing of it is remembered as a session. Raises WorkspaceError.
    """
    folder = folder_of(root)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shadow = Shadow(folder / "shadow.git")
    with locked(folder):
        shadow.make()
    try:
        user = UserTree(root, shadow, settings)
        mirror, snapshot = Mirror(user, shadow), user.snapshot()
        mirror.rebase(snapshot)
        yield mirror.seed(), snapshot.left_out
    finally:
        shadow.close()
