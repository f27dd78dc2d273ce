"""Runs commands inside the container and frames their output; sent in as source, standard library only, Python 3.9 and newer.

It runs as the same user as the code it starts: without capabilities no process in the container can change its user, and
`kill(-1)` from here then reaches every process the code left behind, except this one and the supervisor (another user,
PID 1). Code can kill or stop this process; the app then starts another. It cannot speak for it: the process is not
dumpable, so its memory and descriptors are closed to others of the same user. It is a convenience, not a boundary: the
app keeps its own deadline and byte cap.
"""

from __future__ import annotations

import json
import selectors
import signal
import socket
import sys

from oci_tui.sandbox.confinement import hide, kill_others, report
from oci_tui.sandbox.frames import HELLO, RUN
from oci_tui.sandbox.runner_block import BlockRun
from oci_tui.sandbox.runner_command import Run
from oci_tui.sandbox.runner_python import PythonSession
from oci_tui.sandbox.runner_wire import CHUNK, Wire


def main() -> None:
    hide()
    kill_others()
    children, wakeup = socket.socketpair()
    children.setblocking(False)
    wakeup.setblocking(False)
    # Handlers, because what is ignored here would stay ignored in every command.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(children, selectors.EVENT_READ)
    wire = Wire(selector)
    session = PythonSession()
    while not wire.closed or wire.inbox:
        while wire.inbox:
            frame = wire.inbox.pop(0)
            if frame.kind == HELLO:
                wire.send(HELLO, frame.nonce, report())
            elif frame.kind == RUN:
                request = json.loads(frame.payload)
                kind = BlockRun if request["session"] else Run
                kind(wire, children, session, frame.nonce, request).run()
        for key, _ in selector.select():
            if key.data is not None:
                key.data()
            else:
                children.recv(CHUNK)
    kill_others()


if __name__ == "__main__":
    main()
    sys.exit(0)
