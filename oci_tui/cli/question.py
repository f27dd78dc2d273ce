"""The person at a terminal, asked whether a command of the model's may run."""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable

from oci_tui.core.ports import Answer, Command
from oci_tui.core.terminal import visible_line

_ANSWERS: dict[str, Answer] = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "a": "always", "always": "always"}


class AtTerminal:
    """A `core.ports.Approver` that asks below the command, which the printer shows. Ctrl+C calls `stop`."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    async def ask(self, command: Command, pattern: str) -> Answer:  # noqa: ARG002
        from prompt_toolkit import PromptSession

        same = f"all that is `{visible_line(pattern)}`" if pattern else "exactly this"
        reader: PromptSession[str] = PromptSession()
        # what was typed before the question was there is no answer to it
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        try:
            while True:
                said = await reader.prompt_async(f"y yes · n no · a always in this session: {same} ❯ ", handle_sigint=False)
                if answer := _ANSWERS.get(said.strip().lower()):
                    return answer
        except EOFError:
            return "no"
        except KeyboardInterrupt:
            self._stop()
            return "no"
