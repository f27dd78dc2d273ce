"""One process that the daemon starts in a container (`exec`), as an asynchronous stream of frames.

docker-py only sets the exec up: its own reading loses early output, cannot time out and cannot be written to. So the
socket is taken from it before anything can arrive (the process speaks only when spoken to) and read here.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from oci_tui.sandbox.frames import Decoder, Frame, ProtocolError

_MULTIPLEX = struct.Struct(">BxxxL")
_STDOUT, _STDERR = 1, 2
_LOG_SIZE = 4096
_READ_AHEAD = 1 << 18


def taken_socket(wrapped: Any) -> socket.socket:
    """The connection behind what docker-py returns for `socket=True`, ours alone to read and close."""
    own = socket.socket(fileno=os.dup(wrapped._sock.fileno()))
    own.settimeout(None)
    wrapped._response.close()
    wrapped.close()
    return own


class ExecStream:
    """Frames to and from one exec'ed process. `log` is the end of what it wrote to standard error."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._decoder = Decoder()
        self._ready: list[Frame] = []
        self.log = b""

    @classmethod
    async def over(cls, connection: socket.socket) -> ExecStream:
        """Takes `connection` over; it is closed with the stream."""
        connection.setblocking(False)
        return cls(*await asyncio.open_connection(sock=connection, limit=_READ_AHEAD))

    async def send(self, data: bytes) -> None:
        """Write, waiting while the other end is slow. Raises OSError."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> Frame:
        """The next frame; not reading holds the writer back. Raises EOFError (the process is gone), ProtocolError, OSError."""
        while not self._ready:
            header = await self._reader.readexactly(_MULTIPLEX.size)
            stream, length = _MULTIPLEX.unpack(header)
            if stream not in (_STDOUT, _STDERR):
                raise ProtocolError(f"stream {stream}")
            while length:
                data = await self._reader.read(min(length, _READ_AHEAD))
                if not data:
                    raise EOFError
                length -= len(data)
                if stream == _STDOUT:
                    self._ready += self._decoder.feed(data)
                else:
                    self.log = (self.log + data)[-_LOG_SIZE:]
        return self._ready.pop(0)

    async def close(self) -> None:
        """Hang up; the process reads end of file."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return  # the other end was gone first
