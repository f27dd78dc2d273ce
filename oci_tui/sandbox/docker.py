"""DockerSandbox: commands run in a hardened container, through one warm runner that is replaced when the code harms it.

The runner and the code share uid 10001 (see `runner`); the supervisor, PID 1, is uid 10000 and out of their reach, so the
container and its files outlive `kill -9 -1`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command, EndReason, Exit, Output, Plot, Progress, SandboxInfo, Stream
from oci_tui.core.terminal import visible_line
from oci_tui.resources import state_folder
from oci_tui.sandbox import container as containers
from oci_tui.sandbox import daemon, files, frames, preparation, reaper, verification
from oci_tui.sandbox.decoding import Decoder
from oci_tui.sandbox.plots import Plots
from oci_tui.sandbox.preparation import Prepared
from oci_tui.sandbox.profile import Profile, load
from oci_tui.sandbox.runner_process import Ended, Request, RunnerLostError, RunnerProcess, exec_runner, session_program
from oci_tui.sandbox.session_lock import SessionLock
from oci_tui.sandbox.stream import taken_socket
from oci_tui.sandbox.terminal import Terminal, open_terminal
from oci_tui.settings import SandboxSettings

_RUNNER_TRIES = 3
_END_PATIENCE_S = 2.0
_JOINED = 1 << 19
_STREAMS: dict[bytes, Stream] = {frames.STDOUT: "stdout", frames.STDERR: "stderr"}

T = TypeVar("T")


class DockerSandbox:
    """A `core.ports.Sandbox` on a Docker daemon. `session` and `repository` label the container.

    After "connection lost", or a SandboxError that says so, `start` makes a fresh container with an empty workspace.
    """

    def __init__(self, settings: SandboxSettings, session: str, repository: str, reap_every_s: float = 60.0) -> None:
        self._settings, self._session, self._repository = settings, session, repository
        self._reap_every_s = reap_every_s
        self._reaping: asyncio.Task[None] | None = None
        self._lock: SessionLock | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._api: Any = None
        self._address = self._container = ""
        self._leash: socket.socket | None = None
        self._runner: RunnerProcess | None = None
        self._profile: Profile | None = None
        self._info: SandboxInfo | None = None
        self._busy = asyncio.Lock()
        self._seeded = False
        self._caches: tuple[str, ...] = files.CACHES
        self._oom_kills = 0
        self._own_kernel = False
        self._remembers = False
        self._plots = Plots(state_folder() / "sessions" / session)

    async def start(self) -> AsyncGenerator[Progress]:
        """Make a fresh container with an empty workspace. Closing it early removes what was made."""
        await self.close()
        profile = self._profile = load(self._settings.profile)
        try:
            yield Progress("looking for the Docker daemon", 0.0)
            self._thread = ThreadPoolExecutor(1, "docker")
            self._lock = SessionLock(self._session)
            address = await self._call(self._connect)
            yield Progress("removing containers left behind", 0.2)
            await self._call(reaper.reap, self._api)
            image = await self._call(preparation.chosen, self._api, profile, self._repository)
            yield Progress("starting the container", 0.4)
            wanted, warnings = await self._call(self._make, image.image, profile)
            self._own_kernel = verification.is_own_kernel(wanted)
            yield Progress("checking the container", 0.7)
            unkept = await self._call(verification.check, self._api, self._container, wanted, self._settings, warnings)
            # the daemon tells about itself while the runner starts
            _, info = await asyncio.gather(self._revive(), self._call(self._describe, address, image, unkept))
            verification.check_inside((await self._ready()).report, wanted, self._settings, unkept)
            self._info = info
            self._reaping = asyncio.create_task(
                reaper.keep_reaping(lambda: self._call(reaper.reap, self._api), self._reap_every_s)
            )
            yield Progress("the sandbox is ready", 1.0)
        except BaseException:
            await self.close()
            raise

    async def unpack(self, tar: Iterable[bytes]) -> None:
        """Extract into the workspace; after the first time, commit what is there as the baseline for `git diff` inside."""
        await self._do("copying files into the sandbox", files.unpack(), self._in_thread(tar))
        if not self._seeded:
            names = await self._do("looking at the workspace", files.cache_folders())
            own = set(names.decode("utf-8", "surrogateescape").split("\0"))
            self._caches = tuple(name for name in files.CACHES if name not in own)
            await self._do("making the sandbox's own repository", files.baseline())
            self._seeded = True

    async def remove(self, paths: Sequence[bytes]) -> None:
        if paths:
            await self._do("removing files of the sandbox", files.remove(), _once(b"\0".join(paths)))

    async def listing(self) -> bytes:
        return await self._do("listing the sandbox", files.listing(self._caches))

    async def pack(self, paths: Sequence[bytes]) -> bytes:
        return await self._do("fetching files of the sandbox", files.pack(), _once(b"\0".join(paths)))

    async def run(self, command: Command) -> AsyncGenerator[Output | Plot | Exit]:
        """Run one command in a session of its own, with no terminal and no input."""
        request = self._request(command)
        decoders = {kind: Decoder() for kind in _STREAMS}
        started = time.monotonic()
        async with self._busy:
            runner = await self._ready()
            self._plots.begin()
            try:
                async with aclosing(runner.ask(request)) as items:
                    async for item in items:
                        if isinstance(item, Ended):
                            end = self._exit(item, command.stateful)
                        elif item.kind == frames.PLOT:
                            if taken := self._plots.take(item.payload):
                                yield taken
                        elif text := decoders[item.kind].feed(item.payload):
                            yield Output(_STREAMS[item.kind], text)
            except RunnerLostError as lost:
                end = await self._autopsy(lost, time.monotonic() - started, command.stateful)
            except (GeneratorExit, asyncio.CancelledError):
                if not runner.usable:
                    await self._revive()
                raise
            for kind, decoder in decoders.items():
                if rest := decoder.finish():
                    yield Output(_STREAMS[kind], rest)
            yield end

    async def open_terminal(self, argv: Sequence[str], environment: Mapping[str, str]) -> Terminal:
        """A terminal in the container, for a person. Raises SandboxError."""
        await self._ready()
        assert self._profile is not None
        return await open_terminal(self._call, self._api, self._container, argv, {**_environment(self._profile), **environment})

    async def describe(self) -> SandboxInfo:
        if self._info is None:
            raise SandboxError("the sandbox is not running: ask again, and it is started anew")
        return self._info

    async def close(self) -> None:
        """Remove the container. Safe to call twice, and while something runs: that ends with "connection lost"."""
        reaping, self._reaping = self._reaping, None
        runner, self._runner = self._runner, None
        thread, self._thread = self._thread, None
        if reaping is not None:
            reaping.cancel()
            await asyncio.wait([reaping])
        self._info, self._seeded, self._caches = None, False, files.CACHES
        if runner is not None:
            await runner.close()
        if thread is not None:
            # Behind whatever the thread still does, so that a container made meanwhile goes too.
            letting_go = thread.submit(self._let_go)
            thread.shutdown(wait=False)
            try:
                await asyncio.wrap_future(letting_go)
            finally:
                lock, self._lock = self._lock, None
                if lock is not None:
                    lock.release()

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        """In the one thread that may use the docker-py client."""
        if self._thread is None:
            raise SandboxError("the sandbox is not running: ask again, and it is started anew")
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    async def _in_thread(self, chunks: Iterable[bytes]) -> AsyncGenerator[bytes]:
        """The chunks, made in the thread because making them reads files: small ones joined, and the next while one is sent."""
        iterator = iter(chunks)
        following = asyncio.ensure_future(self._call(_joined, iterator))
        try:
            while data := await following:
                following = asyncio.ensure_future(self._call(_joined, iterator))
                yield data
        finally:
            await asyncio.gather(following, return_exceptions=True)

    def _make(self, image: str, profile: Profile) -> tuple[dict[str, Any], list[str]]:
        """Create the container, take the leash, start it; what was asked for, and the daemon's warnings."""
        wanted = containers.wanted(self._api, image, profile, self._settings, self._session, self._repository)
        made, warnings = containers.create(self._api, wanted)
        self._container = made
        with daemon.told("starting the container"):
            self._leash = taken_socket(self._api.attach_socket(made, params={"stdin": 1, "stream": 1}))
            self._api.start(made)
        return wanted, warnings

    def _connect(self) -> str:
        """The address of the daemon, now connected."""
        self._address = daemon.find(self._settings.docker_host)
        self._api = daemon.connect(self._address)
        return self._address

    def _let_go(self) -> None:
        api, self._api = self._api, None
        leash, self._leash = self._leash, None
        container, self._container = self._container, ""
        if leash is not None:
            leash.close()
        if api is not None:
            try:
                # The leash has it end by itself; it is removed only when that takes long.
                if container and daemon.answers(self._address) and not reaper.is_gone(api, container, _END_PATIENCE_S):
                    reaper.remove(api, container)
            finally:
                api.close()

    def _describe(self, address: str, image: Prepared, unkept: tuple[containers.Limit, ...]) -> SandboxInfo:
        with daemon.told("asking the daemon for its version"):
            version = self._api.version()
        left_out = tuple(f"{limit.words}: left out by the daemon" for limit in unkept)
        weaknesses = verification.weaknesses(self._api) or left_out
        assert self._profile is not None
        return SandboxInfo(
            name=visible_line(f"Docker {version['Version']} at {address}"),
            image=f"{image.name} ({image.image.removeprefix('sha256:')[:12]})",
            notes=(image.note,) if image.note else (),
            limits=(
                *(limit.words for limit in containers.limits(self._settings) if limit not in unkept),
                f"{self._settings.workspace_mb} MB of workspace",
                "no network",
                "read-only system",
                "no privileges",
            ),
            not_enforced=(*left_out, *verification.not_enforced(self._api, own_kernel=self._own_kernel)),
            weaknesses=weaknesses,
            languages=tuple(language.tags[0] for language in self._profile.languages.values()),
            tags=tuple(tag for language in self._profile.languages.values() for tag in language.tags),
            profile=self._profile.name,
        )

    def _request(self, command: Command) -> Request:
        profile = self._profile
        if profile is None:
            raise SandboxError("the sandbox is not running: ask again, and it is started anew")
        limit = self._settings.output_mb << 20
        environment = _environment(profile)
        if command.language or command.imports:
            environment["PYTHONPATH"] = ":".join(("/workspace", *(f"/workspace/{folder}" for folder in command.imports)))
        if not command.language:
            if not command.argv:
                raise SandboxError(f"{visible_line(command.label)[:40]!r} is no command: it has neither argv nor a language")
            return Request(command.argv, environment, command.timeout_s, limit)
        language = profile.language(command.language)
        if command.stateful:
            program = session_program()
            return Request(language.argv, environment, command.timeout_s, limit, command.code, session=program)
        return Request((*language.argv, *command.argv), environment, command.timeout_s, limit, command.code, language.suffix)

    def _exit(self, ended: Ended, stateful: bool) -> Exit:
        self._oom_kills = ended.oom_kills
        forgotten = stateful and (not ended.alive or (self._remembers and ended.fresh))
        if stateful:
            self._remembers = ended.alive
        return Exit(ended.code, ended.reason, ended.seconds, ended.max_memory, ended.omitted, forgotten)

    async def _ready(self) -> RunnerProcess:
        """A runner that takes requests; a new one where the last was harmed. Raises SandboxError."""
        if not self._container:
            raise SandboxError("the sandbox is not running: ask again, and it is started anew")
        if self._runner is None or not self._runner.usable:
            await self._revive()
        assert self._runner is not None
        return self._runner

    async def _revive(self) -> None:
        """Start a runner in the place of the last one; its first act kills all that the code left running.

        When that cannot be done the container is removed. Raises SandboxError.
        """
        old, self._runner = self._runner, None
        if old is not None:
            await old.close()
        said = ""
        try:
            for _ in range(_RUNNER_TRIES):
                try:
                    connection = await self._call(exec_runner, self._api, self._container)
                    self._runner = await RunnerProcess.start(connection, own_kernel=self._own_kernel)
                except RunnerLostError as lost:
                    said = lost.log
                else:
                    self._oom_kills = self._runner.report.oom_kills
                    return
            raise SandboxError(
                f"the container does not start commands any more ({said or 'no message'}): start the sandbox again"
            )
        except SandboxError:
            await self.close()
            raise

    async def _autopsy(self, lost: RunnerLostError, seconds: float, stateful: bool) -> Exit:
        """How a command ended that took the runner along."""
        before = self._oom_kills
        reason: EndReason = "timeout" if lost.late else "killed"
        try:
            await self._revive()
        except SandboxError:
            reason = "connection lost"
        if reason == "killed" and self._oom_kills > before:
            reason = "out of memory"
        if stateful:
            self._remembers = False
        return Exit(137, reason, seconds, forgotten=stateful)

    async def _do(self, doing: str, request: Request, data: AsyncIterator[bytes] | None = None) -> bytes:
        """Run one of our own commands; its standard output. Raises SandboxError."""
        out, said = bytearray(), bytearray()
        async with self._busy:
            runner = await self._ready()
            try:
                async with aclosing(runner.ask(request, data)) as items:
                    async for item in items:
                        if isinstance(item, Ended):
                            ended = item
                        elif item.kind == frames.STDOUT:
                            out += item.payload
                        else:
                            said += item.payload
            except RunnerLostError as lost:
                await self._revive()
                raise SandboxError(f"{doing}: the runner was lost ({lost.log or 'no message'}): try again") from lost
        self._oom_kills = ended.oom_kills
        if ended.reason == "output limit":
            raise SandboxError(
                f"{doing}: more than {request.limit >> 20} MB: let the commands write less, or start a new session"
            )
        if ended.reason != "exited" or ended.code:
            raise SandboxError(f"{doing}: {files.trouble(bytes(said))} ({ended.reason} {ended.code})")
        return bytes(out)


def _environment(profile: Profile) -> dict[str, str]:
    """Everything that a program in the container finds in its environment."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/home/agent",
        "USER": "agent",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "MPLBACKEND": "agg",
        **profile.environment,
    }


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    yield data


def _joined(chunks: Iterator[bytes]) -> bytes:
    """The next chunks, about `_JOINED` bytes of them; b"" when there are no more."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= _JOINED:
            break
    return b"".join(parts)
