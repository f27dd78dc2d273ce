"""A set-up command that the person approved, run once with network and no secrets; what it leaves is this repository's image.

The repository's files are there while it runs, in a folder kept in memory, so that none of them gets into the image.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import socket
import struct
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Progress
from oci_tui.core.terminal import printed, visible_line
from oci_tui.resources import state_folder
from oci_tui.sandbox import container as containers
from oci_tui.sandbox import images, lockfiles, reaper, verification
from oci_tui.sandbox.daemon import told
from oci_tui.sandbox.profile import Profile
from oci_tui.sandbox.session_lock import SessionLock
from oci_tui.sandbox.stream import taken_socket
from oci_tui.settings import SandboxSettings

_HEADER = struct.Struct(">BxxxL")
# Standard input is the repository; packages of node go where every folder finds them, since /workspace is not kept.
_SCRIPT = """
tar -x -C /workspace --no-same-owner || exit
cd /workspace
sh -c "$1" </dev/null || exit
if [ -d node_modules ]; then cp -a node_modules /; fi
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "npm_config_cache": "/tmp/npm",
}


class Prepared(msgspec.Struct, frozen=True):
    """A repository's own image: its id and name, the command that made it, and why it is stale, or "".

    One that was made from another state of the profile is not `usable`; one whose packages may be outdated is, and it is said.
    """

    image: str
    name: str
    command: str
    stale: str = ""
    usable: bool = True

    @property
    def note(self) -> str:
        """What a person has to know of it; "" where nothing was prepared."""
        if not self.command:
            return ""
        made = f"prepared with `{visible_line(self.command)}`"
        again = f"{self.stale}: run `oci-tui sandbox prepare {visible_line(shlex.quote(self.command))}` again"
        if not self.usable:
            return f"the image {made} is not used: {again}"
        return f"the image {made} is stale: {again}" if self.stale else made


def described(profile: Profile, root: Path, command: str) -> str:
    """What is to be approved, in lines: the exact command, what it gets, and what it leaves."""
    return "\n".join(
        (
            f"  {visible_line(command)}",
            "runs once, as root of a container that has a network and a system it can write. It gets the files of",
            f"{visible_line(str(root))} without secrets, and nothing of your environment, keys or settings.",
            f"What it installs becomes the image {image_name(profile, str(root))},",
            "which sessions in this repository use from then on, without a network as before.",
        )
    )


def image_name(profile: Profile, repository: str) -> str:
    """The name and tag of a repository's own image."""
    return f"oci-tui-{profile.name}-prepared:{containers.repository_hash(repository)}"


def find(api: Any, profile: Profile, base: str, repository: str) -> Prepared | None:
    """The image prepared for this repository; `base` is the id of the profile's image. Raises SandboxError."""
    import docker

    name = image_name(profile, repository)
    try:
        with told("looking for the prepared image"):
            found = api.inspect_image(name)
    except SandboxError as error:
        if isinstance(error.__cause__, docker.errors.ImageNotFound):
            return None
        raise
    have = found["Config"].get("Labels") or {}
    if have.get("oci.app") != "1":
        return None
    prepared = Prepared(found["Id"], name, have.get("oci.command", ""))
    if have.get("oci.base") != base:
        return msgspec.structs.replace(prepared, stale="the profile's image is another now", usable=False)
    then: dict[str, str] = json.loads(have.get("oci.locks", "{}"))
    now = lockfiles.hashes(Path(repository))
    changed = sorted(file for file in {*then, *now} if then.get(file) != now.get(file))
    if changed:
        return msgspec.structs.replace(prepared, stale=f"{', '.join(map(visible_line, changed[:3]))} changed since")
    return prepared


def chosen(api: Any, profile: Profile, repository: str) -> Prepared:
    """The image for sessions about this repository: its own, else the profile's (`command` ""). Raises SandboxError."""
    base = images.find(api, profile)
    if base is None:
        make = f"run `oci-tui sandbox build {profile.name}`, or /build in the app"
        raise SandboxError(f"the sandbox image {profile.image} is not there: {make}")
    own = find(api, profile, base, repository)
    if own is not None and own.usable:
        return own
    return Prepared(base, profile.image, own.command if own else "", own.stale if own else "", usable=own is None)


def prepare(
    api: Any, profile: Profile, settings: SandboxSettings, repository: str, tar: Iterable[bytes], command: str
) -> Iterator[Progress]:
    """Run `command` on the files of `tar`, and keep what it installed as the repository's image. Yields what it prints.

    Closing it early, or a command that fails, leaves nothing. Raises SandboxError.
    """
    base = images.find(api, profile)
    if base is None:
        raise SandboxError(
            f"the sandbox image {profile.image} is not there: run `oci-tui sandbox build {profile.name}`, or /build in the app"
        )
    seen = lockfiles.hashes(Path(repository))
    session = f"prepare-{secrets.token_hex(6)}"
    lock = SessionLock(session)
    made, leash = "", None
    try:
        body = containers.preparing(api, base, profile, settings, session, repository)
        made, warnings = containers.create(api, body)
        with told("starting the container"):
            leash = taken_socket(api.attach_socket(made, params={"stdin": 1, "stream": 1}))
            api.start(made)
        verification.check(api, made, body, settings, warnings)
        yield from _executed(api, made, tar, command)
        yield Progress("keeping what was installed")
        _kept(api, made, profile, repository, {"oci.base": base, "oci.command": command, "oci.locks": json.dumps(seen)})
    finally:
        if leash is not None:
            leash.close()
        if made:
            reaper.remove(api, made)
        lock.release()


def _executed(api: Any, made: str, tar: Iterable[bytes], command: str) -> Iterator[Progress]:
    """Run the command as root of the container; what it prints, line by line. All of it is in prepare.log."""
    log = state_folder() / "prepare.log"
    with told("starting the command"):
        exec_id = api.exec_create(
            made, ["/bin/sh", "-c", _SCRIPT, "prepare", command], stdin=True, user="0:0", environment=_ENVIRONMENT
        )["Id"]
        connection = taken_socket(api.exec_start(exec_id, socket=True))
    trouble: list[BaseException] = []

    def send() -> None:
        try:
            for chunk in tar:
                connection.sendall(chunk)
            connection.shutdown(socket.SHUT_WR)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that can be told
            trouble.append(error)
            connection.close()

    last = ""
    with connection, log.open("wb") as file:
        sending = threading.Thread(target=send)
        sending.start()
        try:
            with told("reading what the command prints"):
                for line in _lines(connection, file):
                    last = line or last
                    yield Progress(line)
        finally:
            connection.close()
            sending.join()
    if trouble:
        raise SandboxError(f"the files could not be sent into the container: {trouble[0]}; try again") from trouble[0]
    with told("asking how the command ended"):
        code = api.exec_inspect(exec_id)["ExitCode"]
    if code:
        raise SandboxError(f"the command failed ({code}): {last or 'it said nothing'}; nothing was kept. All it said: {log}")


def _lines(connection: socket.socket, log: Any) -> Generator[str, None, None]:
    """The lines that come over a connection of two multiplexed streams, made harmless; all of it goes to `log`."""
    with connection.makefile("rb") as stream:
        rest = b""
        while len(header := stream.read(_HEADER.size)) == _HEADER.size:
            data = stream.read(_HEADER.unpack(header)[1])
            log.write(data)
            *whole, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
            for line in whole:
                yield printed(line.decode("utf-8", "replace"))
        if rest:
            yield printed(rest.decode("utf-8", "replace"))


def _kept(api: Any, made: str, profile: Profile, repository: str, labels: dict[str, str]) -> None:
    """Make an image of the container, with nothing of its own configuration but what the profile's image has.

    The image inherits the container's labels: without its owner, or what somebody runs of the image would be an orphan.
    """
    name, tag = image_name(profile, repository).split(":")
    own = {"oci.repo": containers.repository_hash(repository), "oci.owner": "", "oci.session": ""}
    marks = {**images.labels(profile), **labels, **own}
    changes = ["USER agent", "WORKDIR /workspace", *(f"LABEL {key}={json.dumps(value)}" for key, value in marks.items())]
    with told("keeping what was installed"):
        old = api.images(name=f"{name}:{tag}", quiet=True)
        api.commit(made, repository=name, tag=tag, changes=changes)
    for image in old:
        with contextlib.suppress(SandboxError), told("removing the image's last state"):
            api.remove_image(image)


def drop(api: Any, profile: Profile, repository: str) -> bool:
    """Remove the repository's own image; whether there was one. Raises SandboxError."""
    import docker

    try:
        with told("removing the prepared image"):
            api.remove_image(image_name(profile, repository))
    except SandboxError as error:
        if isinstance(error.__cause__, docker.errors.ImageNotFound):
            return False
        raise
    return True
