"""Runs a program's function on inputs in one sandbox and hands its outputs over as they come: the outer end of `harness`."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command, Exit, Output, Plot, Sandbox
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import values

_MODULES = {"oci_tui.evaluate.values": "values.py", "oci_tui.evaluate.harness": "harness.py"}
_INSTALL = """
import sys, types
for name, source in {sources!r}:
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)
harness = sys.modules[name]
harness.prepare()
"""
_INSTALL_S = 30.0
_GRACE_S = 5.0
_WHOLE_S = 60.0
# Inside, the time that a program waits for a processor does not count; here it does.
_BUSY = 3.0
# A program that has failed and still runs is stopped after this; before, it is cheaper to let it end.
_HURRY_S = 0.3
# The harness says something every few seconds.
_SILENCE_S = 20.0


class Reader(Protocol):
    """Who takes a part's outputs. `settled`: nothing that may still come matters."""

    settled: bool

    def take(self, line: str) -> None: ...

    def end(self, why: str) -> None: ...


R = TypeVar("R", bound=Reader)


class Part(msgspec.Struct):
    """Inputs for one process: `inputs` as `values.whole`, `limits` has seconds for each; `timed` wants the times too."""

    inputs: str
    limits: Sequence[float]
    timed: bool = False
    cap: float = 0.0


class Program(msgspec.Struct, frozen=True):
    """What is called; `memory` in bytes.

    `secret`: later programs may not find this one in memory. `listed`: what an iterator holds is its output.
    """

    code: str
    entry: str
    memory: int
    listed: bool = False
    secret: bool = False


class Caller:
    """One sandbox, started when first needed, and again after a program has harmed it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._started = self._installed = self._secret = False

    async def call(self, program: Program, parts: Sequence[Part], readers: Callable[[], Sequence[R]]) -> Sequence[R]:
        """The readers, fed. A program that takes the sandbox along is run once more in a fresh one, so that no other's
        harm is laid to it; the second time that is how it ended. Raises SandboxError when there is no sandbox to be had.
        """
        for part in parts:
            part.cap = min(_WHOLE_S, sum(part.limits)) + 1.0
        for last in (False, True):
            fed = readers()
            try:
                if await self._called(program, parts, fed):
                    return fed
            except SandboxError:
                if last:
                    raise
            await self.close()
        for reader in fed:
            if not reader.settled:
                reader.end("lost")
        return fed

    async def close(self) -> None:
        self._started = self._installed = False
        await self._sandbox.close()

    async def _called(self, program: Program, parts: Sequence[Part], readers: Sequence[Reader]) -> bool:
        await self._prepare(secret=program.secret)
        # json, unlike msgspec, takes lone surrogates, which a model may write
        asked = json.dumps({**msgspec.structs.asdict(program), "parts": [msgspec.structs.asdict(part) for part in parts]})
        command = Command(
            "solution",
            language="python",
            code=f"harness.run({base64.b64encode(zlib.compress(asked.encode(), 1)).decode()!r})",
            stateful=True,
            timeout_s=_BUSY * sum(part.cap for part in parts) + _GRACE_S,
        )
        feed, installed, self._installed = _Feed(readers), self._installed, False
        early = asyncio.get_running_loop().time() + _HURRY_S
        try:
            async with aclosing(self._sandbox.run(command)) as items, aclosing(_heard(items)) as heard:
                async for item in heard:
                    if isinstance(item, Output) and item.stream == "stdout":
                        feed.take(item.text)
                        if all(reader.settled for reader in readers) and asyncio.get_running_loop().time() > early:
                            return True
                    elif isinstance(item, Exit):
                        self._installed = installed and not item.forgotten
                        return item.passed and feed.whole
        except (SandboxError, TimeoutError):
            return False
        return False

    async def _prepare(self, *, secret: bool) -> None:
        """A running sandbox whose session holds the harness and nothing that is secret."""
        if not self._started:
            async with aclosing(self._sandbox.start()) as steps:
                async for _ in steps:
                    pass
            self._started, self._installed = True, False
        if self._secret and not secret:
            await self._run("import os; os._exit(0)")
            self._installed = False
        self._secret = secret
        if not self._installed:
            end, said = await self._run(_INSTALL.format(sources=[(name, _source(file)) for name, file in _MODULES.items()]))
            if not end.passed:
                why = visible_line(said.strip().rpartition("\n")[2])[:200]
                raise SandboxError(f"the sandbox cannot score: {why or end.reason}; it needs a profile with Python")
            self._installed = True

    async def _run(self, code: str) -> tuple[Exit, str]:
        said = ""
        end = Exit(1, "connection lost")
        command = Command("scoring", language="python", code=code, stateful=True, timeout_s=_INSTALL_S)
        async with aclosing(self._sandbox.run(command)) as items:
            async for item in items:
                if isinstance(item, Exit):
                    end = item
                elif isinstance(item, Output):
                    said += item.text
        return end, said


async def _heard(items: AsyncIterator[Output | Plot | Exit]) -> AsyncGenerator[Output | Plot | Exit]:
    """The items. Raises TimeoutError when none comes for long: a solution has stopped the harness."""
    while True:
        async with asyncio.timeout(_SILENCE_S):
            item = await anext(items, None)
        if item is None:
            return
        yield item


class _Feed:
    """Cuts what the harness says into lines, and gives each to the reader of its part."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = list(readers)
        self._rest = ""
        self.whole = not readers

    def take(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith(" ") and self._readers:
                if not line.startswith(" #"):
                    self._readers[0].take(line[1:])
            elif line.startswith(".") and self._readers:
                why, _, state = line[1:].partition(" ")
                self._readers.pop(0).end(why)
                self.whole = not self._readers and state == "clean"


def _source(file: str) -> str:
    path = Path(values.__file__).with_name(file)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SandboxError(f"{path}: cannot be read: {error.strerror}; install oci-tui again") from error
