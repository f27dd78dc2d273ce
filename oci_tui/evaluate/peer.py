"""How aider does a repository task: its own program on the same model server; its test command runs in our sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError, SettingsError
from oci_tui.core.ports import Sandbox
from oci_tui.core.terminal import visible_line
from oci_tui.core.tested import is_test
from oci_tui.evaluate import peer_check
from oci_tui.evaluate.hidden_check import run_on
from oci_tui.evaluate.task_folders import Files, RepositoryTask
from oci_tui.evaluate.tasks import Done, OpenSandbox, State, opened

PATIENCE_S = 1_800.0
"""How long a peer may take for one task."""

_VERSION_S = 60.0
_SETTLED = (
    *("--no-auto-commits", "--no-dirty-commits", "--no-gitignore", "--no-check-update", "--no-analytics"),
    *("--no-show-release-notes", "--no-show-model-warnings", "--no-suggest-shell-commands", "--no-detect-urls"),
    *("--no-pretty", "--no-stream", "--no-fancy-input", "--yes-always", "--no-auto-lint"),
)


class Server(msgspec.Struct, frozen=True):
    """An OpenAI-compatible model server: where its API begins, and the model's name there."""

    url: str
    model: str


class Aider:
    """`tasks.Way`. What the check finds of the files when aider runs it is the state at the end of a round.

    `create` makes a git repository of texts. aider reads no settings but what is given here, and has no keys but a false one.
    """

    def __init__(
        self, command: Sequence[str], server: Server, sandbox: OpenSandbox, create: Callable[[Path, dict[str, str]], None]
    ) -> None:
        self.name = "aider"
        self._command, self._server, self._sandbox, self._create = command, server, sandbox, create

    async def version(self) -> str:
        """What the program says that it is. Raises SettingsError when it cannot be run."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, "--version", stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
            )
        except OSError as error:
            raise SettingsError(f"--peer-command {self._command[0]}: cannot be run ({error.strerror})") from error
        said, _ = await _ended(process, _VERSION_S)
        if process.returncode != 0 or not (lines := said.split()):
            raise SettingsError(f"--peer-command {self._command[0]}: it does not say its version; is it aider's program?")
        return visible_line(lines[-1])

    async def do(self, task: RepositoryTask) -> Done:
        with tempfile.TemporaryDirectory(prefix="oci-tui-peer-") as place:
            root = Path(place) / task.name
            await asyncio.to_thread(self._create, root, {path: text.decode() for path, text in task.repo.items()})
            async with (
                opened(self._sandbox(task.profile)) as sandbox,
                _checking(sandbox, task, root, Path(place)) as (test, states),
            ):
                process = await asyncio.create_subprocess_exec(
                    *self._arguments(task, test),
                    stdin=DEVNULL,
                    stdout=PIPE,
                    stderr=STDOUT,
                    cwd=root,
                    env=_environment(Path(place) / "home"),
                    start_new_session=True,
                )
                said, in_time = await _ended(process, PATIENCE_S)
            last = files_of(root)
            if not states or states[-1].files != last:
                states.append(State(last, said[-2_000:]))
        if process.returncode != 0 and in_time and last == task.repo:
            line = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
            raise EngineError(f"aider ended with exit code {process.returncode}: {visible_line(line)[:300]}")
        return Done(tuple(states), "" if in_time else f"ended after {PATIENCE_S:.0f} s")

    def _arguments(self, task: RepositoryTask, test: Sequence[str]) -> list[str]:
        tests = [path for path in task.repo if is_test(path)]
        given = [*(path for path in task.repo if path not in tests), *(word for path in tests for word in ("--read", path))]
        model = ("--model", f"openai/{self._server.model}", "--openai-api-base", self._server.url, "--openai-api-key", "none")
        check = ("--auto-test", "--test-cmd", shlex.join(test)) if task.check else ()
        return [*self._command, *model, *_SETTLED, *check, "--message", task.prompt, *given]


def files_of(root: Path) -> Files:
    """The files of a repository, without git's and aider's own."""
    found = (file for file in sorted(root.rglob("*")) if file.is_file() and not file.is_symlink())
    paths = ((str(file.relative_to(root)), file) for file in found)
    return {path: file.read_bytes() for path, file in paths if not path.startswith((".git/", ".aider"))}


@asynccontextmanager
async def _checking(
    sandbox: Sandbox, task: RepositoryTask, root: Path, place: Path
) -> AsyncGenerator[tuple[tuple[str, ...], list[State]]]:
    """The command that runs the task's check in the sandbox, and the states it finds the files in."""
    states: list[State] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        files = files_of(root)
        states.append(State(files))
        end, said = await run_on(sandbox, files, f"state-{len(states)}", task.check, task.timeout_s)
        writer.write(f"{end.code or int(not end.passed)}\n{said}\n".encode("utf-8", "replace"))
        await writer.drain()
        writer.close()

    socket = place / "check"
    async with await asyncio.start_unix_server(answer, socket):
        yield (sys.executable, "-I", peer_check.__file__, str(socket)), states


async def _ended(process: Process, seconds: float) -> tuple[str, bool]:
    """What a program says until it ends, or is ended with all that it started; whether it ended by itself."""
    in_time = True
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate()
    except TimeoutError:
        in_time, said = False, b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return said.decode("utf-8", "replace"), in_time


def _environment(home: Path) -> dict[str, str]:
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(home), "TERM": "dumb", "GIT_CONFIG_NOSYSTEM": "1"}
