"""What the sandbox's tests have in common: a started sandbox, a command run to its end, a tar in memory."""

from __future__ import annotations

import io
import os
import select
import tarfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

from oci_tui.core.ports import Command, Exit, Output, Sandbox, Stream
from oci_tui.sandbox import daemon, profile, reaper
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings

# Of this run of the tests alone: others may be running on the same machine.
SESSION = f"test-{os.getpid()}"


class Ran(NamedTuple):
    stdout: str
    stderr: str
    exit: Exit


@asynccontextmanager
async def started(settings: SandboxSettings | None = None, repository: str = "/repository") -> AsyncGenerator[DockerSandbox]:
    """A sandbox that runs, and is gone afterwards."""
    sandbox = DockerSandbox(settings or SandboxSettings(), SESSION, repository)
    try:
        async with aclosing(sandbox.start()) as progress:
            async for _ in progress:
                pass
        yield sandbox
    finally:
        await sandbox.close()


async def finished(sandbox: Sandbox, command: Command) -> Ran:
    """Run `command` to its end."""
    said: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
    end: Exit | None = None
    async with aclosing(sandbox.run(command)) as items:
        async for item in items:
            assert end is None, "something came after the exit"
            if isinstance(item, Output):
                assert item.text
                said[item.stream].append(item.text)
            elif isinstance(item, Exit):
                end = item
    assert end is not None
    return Ran("".join(said["stdout"]), "".join(said["stderr"]), end)


async def python(sandbox: Sandbox, code: str, timeout_s: float = 60.0) -> Ran:
    return await finished(sandbox, Command("block", language="python", code=code, timeout_s=timeout_s))


async def shell(sandbox: Sandbox, script: str, timeout_s: float = 60.0) -> Ran:
    return await finished(sandbox, Command("script", argv=("/bin/sh", "-c", script), timeout_s=timeout_s))


def tar_of(files: Mapping[bytes, bytes], links: Mapping[bytes, bytes] | None = None) -> bytes:
    """An uncompressed tar of regular files and symbolic links."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target.decode("utf-8", "surrogateescape")
            tar.addfile(entry)
    return data.getvalue()


def untarred(data: bytes) -> dict[bytes, bytes]:
    """Name → content, or `-> target` for a symbolic link."""
    found: dict[bytes, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for entry in tar:
            name = entry.name.encode("utf-8", "surrogateescape")
            content = tar.extractfile(entry) if entry.isreg() else None
            found[name] = content.read() if content else b"-> " + entry.linkname.encode("utf-8", "surrogateescape")
    return found


def listed(listing: bytes) -> dict[bytes, bytes]:
    """Path → type letter."""
    records = [record.split(b" ", 5) for record in listing.split(b"\0") if record]
    return {record[5]: record[0] for record in records}


def client() -> Any:
    """A docker-py client of the daemon that the sandbox uses."""
    return daemon.connect(daemon.find())


def image() -> str:
    return profile.load("python").image


def of_session(api: Any, session: str) -> list[str]:
    """The ids of the containers of a session, without those that the daemon is removing."""
    found = api.containers(all=True, filters={"label": f"oci.session={session}"})
    return [container["Id"] for container in found if container["State"] != "removing"]


def until_none(api: Any, session: str) -> None:
    """Return when no container of a session is left; the daemon may still be at the removal that was asked of it."""
    for container in of_session(api, session):
        until_removed(api, container)


def until_removed(api: Any, container: str, seconds: float = 10) -> None:
    """Return when the container is gone: asked again and again, since a daemon of 20.10 never answers a wait for a
    removal that is under way.
    """
    deadline = time.monotonic() + seconds
    while any(found["Id"] == container for found in api.containers(all=True)):
        assert time.monotonic() < deadline, "the container is still there"
        select.select([], [], [], 0.05)


def loosely(api: Any, code: str, user: str = "10001", readonly_paths: list[str] | None = None, **bolts: Any) -> str:
    """What `code` prints in a container of the same image that has only these bolts: the control of what is refused."""
    host_config = api.create_host_config(**bolts)
    if readonly_paths is not None:
        host_config["ReadonlyPaths"] = readonly_paths
    made = api.create_container(image(), ["/usr/bin/python3", "-c", code], user=user, host_config=host_config)
    try:
        api.start(made["Id"])
        api.wait(made["Id"], timeout=20)
        return str(api.logs(made["Id"]).decode())
    finally:
        reaper.remove(api, made["Id"])
