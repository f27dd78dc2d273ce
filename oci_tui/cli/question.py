"""The person at a terminal, asked whether a command of the model's may run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from oci_tui.core.ports import Answer, Command
from oci_tui.core.terminal import visible_line

_ANSWERS: dict[str, Answer] = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "a": "always", "always": "always"}


class AtTerminal:
    """A `core.ports.Approver` that asks below the command, which the printer shows. `read` puts a question to the person."""

    def __init__(self, read: Callable[[str], Awaitable[str]]) -> None:
        self._read = read

    async def ask(self, command: Command, pattern: str) -> Answer:  # noqa: ARG002
        same = f"all that is `{visible_line(pattern)}`" if pattern else "exactly this"
        while True:
            said = await self._read(f"y yes, n no, a always in this session: {same}")
            if answer := _ANSWERS.get(said.strip().lower()):
                return answer
