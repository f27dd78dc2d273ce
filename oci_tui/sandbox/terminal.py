"""A pseudo-terminal in the container with a program in it, for a person; its output is one raw stream, not frames."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from oci_tui.sandbox.container import AGENT
from oci_tui.sandbox.daemon import told
from oci_tui.sandbox.stream import taken_socket

Call = Callable[..., Awaitable[Any]]
"""Runs a function in the thread that may use the docker-py client."""


class Terminal:
    """`connection` carries what is typed in and what is painted out; the program ends when it is closed."""

    def __init__(self, call: Call, api: Any, exec_id: str, connection: socket.socket) -> None:
        self._call, self._api, self._exec_id = call, api, exec_id
        self.connection = connection

    async def resize(self, columns: int, rows: int) -> None:
        """Raises SandboxError."""
        await self._call(self._resized, columns, rows)

    def _resized(self, columns: int, rows: int) -> None:
        with told("resizing the terminal"):
            self._api.exec_resize(self._exec_id, height=rows, width=columns)

    async def exit_code(self) -> int:
        """How the program ended; 0 while it has not. Raises SandboxError."""
        return int((await self._call(self._inspected))["ExitCode"] or 0)

    def _inspected(self) -> Any:
        with told("asking how the shell ended"):
            return self._api.exec_inspect(self._exec_id)


async def open_terminal(call: Call, api: Any, container: str, argv: Sequence[str], environment: Mapping[str, str]) -> Terminal:
    """Start `argv` in the workspace on a terminal of its own, as the user of the model's code. Raises SandboxError."""

    def opened() -> tuple[str, socket.socket]:
        with told("opening a terminal in the container"):
            made = api.exec_create(
                container,
                list(argv),
                stdin=True,
                tty=True,
                user=f"{AGENT}:{AGENT}",
                environment=dict(environment),
                workdir="/workspace",
            )
            return made["Id"], taken_socket(api.exec_start(made["Id"], tty=True, socket=True))

    exec_id, connection = await call(opened)
    return Terminal(call, api, exec_id, connection)
