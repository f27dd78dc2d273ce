"""A command that the person runs themselves, in the sandbox, on the files as they are in the mirror."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import check, events
from oci_tui.core.events import Event
from oci_tui.core.level import bring_level, collect
from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Command, Sandbox, Workspace
from oci_tui.core.running import Running


async def run(text: str, timeout_s: float, sandbox: Sandbox, workspace: Workspace, kept: KeptOutput) -> AsyncGenerator[Event]:
    """Run a shell command; its output goes to `kept`, what it changed into the mirror. Raises the ports' errors."""
    edits = await workspace.refresh()
    await bring_level(sandbox, workspace, edits.level)
    imports = check.imports(workspace.paths())
    command = Command(label=text, language="bash", code=f"{text}\n", timeout_s=timeout_s, imports=imports)
    async with aclosing(Running(command, sandbox, kept).told()) as happened:
        async for event in happened:
            yield event
    refused = await collect(sandbox, workspace)
    if refused:
        yield events.EditsRefused(refused)
    yield events.DiffChanged(await workspace.diff())
