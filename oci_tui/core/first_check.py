"""The check before the first reply, where the person says that something fails: the model knows then how it fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import events, failure, feedback
from oci_tui.core.checking import Checking
from oci_tui.core.events import Event
from oci_tui.core.execution import Execution
from oci_tui.core.ports import Command, Sandbox, Snapshot


class FirstCheck:
    """Once `told` is through: what the model is told ("" where the check passes), the output, which failure it is, and the
    `places` that it named. It `fails` for a fault of the code, not for what the sandbox lacks. Without `told` nothing was run.
    """

    def __init__(self) -> None:
        self.said = self.output = self.failure = ""
        self.fails = False
        self.places: tuple[failure.Place, ...] = ()

    async def told(
        self, check: Command, sandbox: Sandbox, workspace: Snapshot, prompt: str, checking: Checking
    ) -> AsyncGenerator[Event]:
        """The run, what it changed, and the offer of what it lacked. Raises SandboxError."""
        execution, before = Execution(check, sandbox, workspace, prompt), await workspace.diff()
        async with aclosing(execution.told()) as happened:
            async for event in happened:
                yield event
        if (diff := await workspace.diff()) != before:
            yield events.DiffChanged(diff)
        for event in checking.offered(execution.lacking) if execution.lacking else ():
            yield event
        self.output = execution.text
        if not execution.end.passed:
            self.said = feedback.as_it_is(check.label, "\n\n".join(execution.said))
            self.places = execution.places
            self.fails = execution.lacking is None
            self.failure = failure.signature(execution.text) if self.fails else ""
