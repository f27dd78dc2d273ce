"""A command of a turn: it runs in the sandbox, what it changed comes into the mirror, damaged tests are put back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from msgspec.structs import replace

from oci_tui.core import check, failure, feedback, guards, missing
from oci_tui.core.events import Event
from oci_tui.core.labels import SHELL_TAGS
from oci_tui.core.level import bring_level, collect
from oci_tui.core.ports import Command, Exit, Sandbox, Snapshot
from oci_tui.core.running import Running
from oci_tui.core.terminal import printed
from oci_tui.core.tested import is_test


class Execution:
    """Once `told` is through: how it ended, the `text` it printed as a terminal shows it, what the model is told (`said`), what
    the sandbox lacked for it, and the `places` that it named where it failed. `changed` are the files that the change touches.
    """

    def __init__(
        self, command: Command, sandbox: Sandbox, workspace: Snapshot, prompt: str, changed: Collection[str] = ()
    ) -> None:
        self.end = Exit(1, "connection lost")
        self.text = ""
        self.said: list[str] = []
        self.lacking: missing.Missing | None = None
        self.places: tuple[failure.Place, ...] = ()
        self._command = replace(command, imports=check.imports(workspace.paths()))
        self._sandbox, self._workspace, self._prompt = sandbox, workspace, prompt
        self._changed = changed

    @property
    def outcome(self) -> str:
        return check.outcome(self.text, self.end.code, self.end.reason)

    async def told(self) -> AsyncGenerator[Event]:
        """From its start until its changes are in the mirror. Raises SandboxError."""
        workspace, running = self._workspace, Running(self._command, self._sandbox)
        tests = {path: text for path in workspace.paths() if is_test(path) and (text := workspace.read(path))}
        async with aclosing(running.told()) as happened:
            async for event in happened:
                yield event
        self.end, self.text = running.end, printed(running.output.text())
        shown, expected = self.text + feedback.IMAGE * running.images, bool(self._command.language)
        self.said = [feedback.execution_result(shown, self.end, expect_output=expected, omitted=running.output.omitted)]
        self.said += await collect(self._sandbox, workspace)
        if lost := guards.damaged_tests(tests, workspace.read, self._prompt):
            await bring_level(self._sandbox, workspace, await workspace.apply(lost))
            self.said.append(feedback.tests_kept(tuple(lost)))
        if self.end.passed:
            return
        if lacking := missing.found(self.text, workspace.paths(), workspace.read):
            self.lacking = lacking
            self.said.append(feedback.not_installed(lacking.name))
            return
        if self._command.language in SHELL_TAGS and feedback.installs(self._command.code):
            self.said.append(feedback.NO_NETWORK)
        self.places = failure.places(self.text, set(workspace.paths()))
        if own := [place.path for place in self.places if is_test(place.path) and place.path in self._changed]:
            self.said.append(feedback.own_tests(own))
