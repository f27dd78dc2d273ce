"""A command that the person runs themselves, in the sandbox, on the files as they are in the mirror."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import events
from oci_tui.core.errors import SandboxError
from oci_tui.core.events import Event
from oci_tui.core.level import bring_level, collect
from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Command, Exit, Output, Plot, Sandbox, Workspace


async def run(text: str, timeout_s: float, sandbox: Sandbox, workspace: Workspace, kept: KeptOutput) -> AsyncGenerator[Event]:
    """Run a shell command; its output goes to `kept`, what it changed into the mirror. Raises the ports' errors."""
    edits = await workspace.refresh()
    await bring_level(sandbox, workspace, edits.level)
    command = Command(label=text, language="bash", code=f"{text}\n", timeout_s=timeout_s)
    end: Exit | None = None
    yield events.CommandStarted(command)
    async with aclosing(sandbox.run(command)) as happened:
        async for item in happened:
            if isinstance(item, Output):
                kept.add(item.stream, item.text)
                yield events.OutputArrived(item.stream, item.text)
            elif isinstance(item, Plot):
                yield events.PlotDrawn(item)
            else:
                end = item
    if end is None:
        raise SandboxError("the connection to the sandbox was lost; the next command starts it anew")
    yield events.CommandFinished(command, end)
    refused = await collect(sandbox, workspace)
    if refused:
        yield events.EditsRefused(refused)
    yield events.DiffChanged(await workspace.diff())
