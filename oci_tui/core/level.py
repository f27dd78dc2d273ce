"""Keeps mirror and sandbox level: what one has newer goes to the other."""

from __future__ import annotations

from oci_tui.core.changes import Level
from oci_tui.core.ports import Sandbox, Workspace


async def bring_level(sandbox: Sandbox | None, workspace: Workspace, level: Level) -> None:
    """Bring the sandbox, where there is one, to where the mirror is."""
    if sandbox is None:
        return
    if level.removed:
        await sandbox.remove(level.removed)
    if level.tar:
        await sandbox.unpack([level.tar])
    if level.removed or level.tar:
        workspace.synced(await sandbox.listing())


async def collect(sandbox: Sandbox, workspace: Workspace) -> tuple[str, ...]:
    """Bring the files that a run changed into the mirror; what was refused, a line each."""
    listing = await sandbox.listing()
    wanted = await workspace.changed(listing)
    return await workspace.bring_back(listing, await sandbox.pack(wanted) if wanted else b"")
