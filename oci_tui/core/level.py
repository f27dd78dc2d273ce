"""Keeps mirror and sandbox level: what one has newer goes to the other."""

from __future__ import annotations

from oci_tui.core.changes import Level
from oci_tui.core.ports import Sandbox, Snapshot


async def bring_level(sandbox: Sandbox | None, files: Snapshot, level: Level) -> None:
    """Bring the sandbox, where there is one, to where the mirror is."""
    if sandbox is None:
        return
    if level.removed:
        await sandbox.remove(level.removed)
    if level.tar:
        await sandbox.unpack([level.tar])
    if level.removed or level.tar:
        files.synced(await sandbox.listing())


async def collect(sandbox: Sandbox, files: Snapshot) -> tuple[str, ...]:
    """Bring the files that a run changed into the mirror; what was refused, a line each."""
    listing = await sandbox.listing()
    wanted = await files.changed(listing)
    return await files.bring_back(listing, await sandbox.pack(wanted) if wanted else b"")
