"""A command in the sandbox, told as it runs; what of its output is kept, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import events
from oci_tui.core.events import Event
from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Command, Exit, Output, Plot, Sandbox


class Running:
    """`output`, `images` (how many were drawn) and `end` are those of the command once `told` is through."""

    def __init__(self, command: Command, sandbox: Sandbox, output: KeptOutput | None = None) -> None:
        self.command = command
        self.output = output or KeptOutput()
        self.images = 0
        self.end = Exit(1, "connection lost")
        self._sandbox = sandbox

    async def told(self) -> AsyncGenerator[Event]:
        """From its start to its end. Raises SandboxError."""
        yield events.CommandStarted(self.command)
        async with aclosing(self._sandbox.run(self.command)) as happened:
            async for item in happened:
                if isinstance(item, Output):
                    self.output.add(item.stream, item.text)
                    yield events.OutputArrived(item.stream, item.text)
                elif isinstance(item, Plot):
                    self.images += 1
                    yield events.PlotDrawn(item)
                else:
                    self.end = item
        yield events.CommandFinished(self.command, self.end)
