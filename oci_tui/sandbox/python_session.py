"""The Python process that runs one code block after another in the same namespace, as a notebook's kernel does.

Sent into the container as source and run there by the profile's interpreter; standard library only, Python 3.9 and newer.
On descriptor `sys.argv[1]` it is told a block (4 bytes of length, then the text) and answers with frames (`frames`): how the
block ended. What it says of itself is as true as an exit status: the code that runs here could say it too.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import io
import linecache
import os
import signal
import socket
import struct
import sys
import tokenize
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

WORKSPACE = "/workspace/"
DONE, PLOT = b"X", b"P"
PART = 1 << 18

Stamp = tuple[int, ...]  # inode, change time, size of a module's file


def no_input(prompt: object = "") -> NoReturn:  # noqa: ARG001
    """What stands for `input`."""
    raise EOFError("nobody can answer input() here: assign the value in the code")


class Session:
    """The namespace, and the files that the workspace's modules were loaded from."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.pid = os.getpid()
        self.number = 0
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        self.loaded: dict[str, Stamp] = {}

    def serve(self) -> None:
        while True:
            code = self.receive().decode("utf-8", "surrogatepass")
            self.number += 1
            signal.signal(signal.SIGINT, signal.default_int_handler)
            status = self.run(code, f"<block {self.number}>")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            flush()
            if os.getpid() != self.pid:
                os._exit(status)  # a child that the block forked, and that came to its end
            self.tell(DONE, str(status).encode())

    def receive(self) -> bytes:
        size = struct.unpack(">I", self.take(4))[0]
        return self.take(size)

    def take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.control.recv(size - len(data))
            if not part:
                sys.exit(0)
            data += part
        return data

    def tell(self, kind: bytes, payload: bytes) -> None:
        self.control.sendall(struct.pack(">c16sI", kind, bytes(16), len(payload)) + payload)

    def run(self, code: str, name: str) -> int:
        """Run a block and show the figures that it leaves open; its exit status."""
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        guarded(self.forget_changed_modules)
        status = guarded(lambda: self.execute(code, name))
        status = guarded(self.show_figures) or status
        self.loaded = {key: stamp(file) for key, file in workspace_modules().items()}
        return status

    def execute(self, code: str, name: str) -> None:
        """The value of a last expression is printed unless it is None or a `;` follows."""
        tree = ast.parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and not silenced(code) else None
        exec(compile(tree, name, "exec"), self.module.__dict__)
        if isinstance(last, ast.Expr):
            sys.displayhook(eval(compile(ast.Expression(last.value), name, "eval"), self.module.__dict__))  # noqa: S307

    def show_figures(self) -> None:
        """What stands for `matplotlib.pyplot.show`: hand over every open figure as PNG, and close it."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        for number in pyplot.get_fignums() if pyplot else ():
            figure, data = pyplot.figure(number), io.BytesIO()
            pyplot.close(figure)
            figure.savefig(data, format="png", bbox_inches="tight")
            for start in range(0, len(data.getvalue()), PART):
                self.tell(PLOT, data.getvalue()[start : start + PART])
            self.tell(PLOT, b"")

    def forget_changed_modules(self) -> None:
        """Drop the workspace's modules when a file of one has changed: any of them may hold names of it."""
        modules = workspace_modules()
        if any(stamp(modules[key]) != self.loaded.get(key) for key in modules):
            for key in modules:
                sys.modules.pop(key, None)
        importlib.invalidate_caches()


class PyplotFinder(importlib.abc.MetaPathFinder):
    """Finds matplotlib.pyplot as ever, and gives it another `show`; nothing is imported for it."""

    def __init__(self, show: Callable[[], None]) -> None:
        self.show = show

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name == "matplotlib.pyplot" else None
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            # a function, since matplotlib gives it a signature
            def show(*_: object, **__: object) -> None:
                self.show()

            def load_and_replace(module: Any) -> None:
                load(module)
                module.show = show

            spec.loader.exec_module = load_and_replace  # type: ignore[method-assign]
        return spec


def guarded(work: Callable[[], None]) -> int:
    """Do it, print what it raises; the exit status."""
    try:
        work()
    except SystemExit as end:
        return exit_status(end)
    except BaseException as error:  # noqa: BLE001
        print_error(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def workspace_modules() -> dict[str, str]:
    """Name → file of every module that was loaded from the workspace."""
    files = {key: getattr(module, "__file__", None) for key, module in list(sys.modules.items())}
    return {key: file for key, file in files.items() if isinstance(file, str) and file.startswith(WORKSPACE)}


def stamp(file: str) -> Stamp:
    """What changes with a file; not the time of its content, which whoever copies files may set."""
    try:
        found = Path(file).stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_ctime_ns, found.st_size)


def silenced(code: str) -> bool:
    """Whether the last token is a semicolon."""
    last = ""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT):
            last = token.string
    return last == ";"


def exit_status(end: SystemExit) -> int:
    """The exit status that a process would have."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    sys.stderr.write(f"{end.code}\n")
    return 1


def print_error(error: BaseException) -> None:
    """The traceback, from the block's own first line on."""
    place = error.__traceback__
    while place is not None and not place.tb_frame.f_code.co_filename.startswith("<block "):
        place = place.tb_next
    traceback.print_exception(type(error), error, place)


def flush() -> None:
    """Have everything that was printed leave this process; a stream that the block broke is put right."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        try:
            getattr(sys, name).flush()
        except Exception:  # noqa: BLE001
            setattr(
                sys, name, io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), "utf-8", "replace", write_through=True)
            )


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    sys.argv = ["block.py"]
    for stream in (sys.stdout, sys.stderr):
        # a line at a time: what is printed is seen at once, at half the price of unbuffered
        stream.reconfigure(line_buffering=True, write_through=False)  # type: ignore[union-attr]
    builtins.input = no_input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    session = Session(control)
    sys.meta_path.insert(0, PyplotFinder(session.show_figures))
    session.serve()


if __name__ == "__main__":
    main()
