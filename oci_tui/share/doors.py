"""The sockets of hosts: where they are, who may knock, and who does.

A host's own door is a Unix socket in a folder that only its user can enter; another, in a folder of its own, may belong to a
group; a third, on the loopback interface, asks for a token. Paths are taken through an open folder, so that what was checked is
what is used, and a long name of a folder does not matter.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import re
import secrets
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from oci_tui.core.errors import ShareError

_BACKLOG = 32
_CREDENTIALS = struct.Struct("3i")
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])?:(\d{1,5})")


class Door(NamedTuple):
    """A listening socket: for its `own` user, a group's, or on `loopback` with a token. `path` is that of a Unix socket."""

    kind: Literal["own", "group", "loopback"]
    socket: socket.socket
    path: Path | None = None

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1]) if self.kind == "loopback" else 0

    def close(self) -> None:
        """Close it and take its name away."""
        self.socket.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            if self.kind == "group":
                self.path.parent.rmdir()


def own_door(folder: Path, name: str) -> Door:
    """The host's own door, `folder`/`name`.sock. Raises ShareError when the folder is not private."""
    return Door("own", _unix(folder, f"{name}.sock", 0o600), folder / f"{name}.sock")


def group_door(group: str, name: str) -> Door:
    """A door for the members of a group, in a new folder of the machine's temporary one. Raises ShareError."""
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        raise ShareError(f"there is no group {group}; `getent group` lists them") from None
    folder = Path(tempfile.mkdtemp(prefix="oci-tui-"))
    try:
        os.chown(folder, -1, gid)
        folder.chmod(0o710)
        return Door("group", _unix(folder, f"{name}.sock", 0o660, gid), folder / f"{name}.sock")
    except OSError as error:
        folder.rmdir()
        raise ShareError(f"no socket for the group {group}: {error.strerror}; you have to be a member of it") from error


def loopback_door(port: int = 0) -> Door:
    """A door on the loopback interface, for `ssh -L`; port 0 is any."""
    listening = socket.socket(socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ShareError(f"port {port}: {error.strerror}; choose another with --port") from error
    return Door("loopback", listening)


def peer(connected: socket.socket) -> int:
    """The user at the other end of a Unix socket, as the kernel says."""
    _, uid, _ = _CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)


def user_name(uid: int) -> str:
    """The user's name, or their number where the machine has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def hosts(folder: Path) -> list[str]:
    """The names of the doors in there; those that nobody opens any more are taken away."""
    return sorted(file.stem for file in folder.glob("*.sock") if _is_open(folder, file))


def free_name(folder: Path) -> str:
    """A short name that no host has."""
    while (folder / f"{(name := secrets.token_hex(2))}.sock").exists():
        continue
    return name


def connect(address: str, folder: Path) -> socket.socket:
    """A connection to a host: by its name in `folder`, the path of a Unix socket, or HOST:PORT of the loopback interface.

    Raises ShareError.
    """
    try:
        if found := _LOOPBACK.fullmatch(address):
            return socket.create_connection(("127.0.0.1", int(found[1])), 10)
        if "/" in address:
            path = Path(address)
            return _connected(path.parent, path.name)
        if ":" in address:
            raise ShareError(f"{address}: a host on another machine is reached through `ssh -L`: give 127.0.0.1:PORT")
        return _connected(folder, f"{address}.sock")
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise ShareError(f"{address}: no host there ({why}); `oci-tui hosts` lists yours") from error


def _connected(folder: Path, name: str) -> socket.socket:
    connecting = socket.socket(socket.AF_UNIX)
    try:
        with _entered(folder) as entered:
            connecting.connect(f"/proc/self/fd/{entered}/{name}")
    except OSError:
        connecting.close()
        raise
    return connecting


def _unix(folder: Path, name: str, mode: int, group: int = -1) -> socket.socket:
    """A listening socket that appears under its name only once it listens and has its owner."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        with _entered(folder) as entered:
            found = os.fstat(entered)
            if found.st_uid != os.getuid() or (group < 0 and stat.S_IMODE(found.st_mode) & 0o077):
                raise ShareError(f"{folder}: others can enter it; `chmod 700` it, or set XDG_RUNTIME_DIR to one of yours")
            before = f".{name}"
            listening.bind(f"/proc/self/fd/{entered}/{before}")
            os.chown(before, -1, group, dir_fd=entered)
            os.chmod(before, mode, dir_fd=entered)
            listening.listen(_BACKLOG)
            os.rename(before, name, src_dir_fd=entered, dst_dir_fd=entered)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def _entered(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_open(folder: Path, file: Path) -> bool:
    try:
        _connected(folder, file.name).close()
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            file.unlink(missing_ok=True)
            return False
        return error.errno != errno.ENOENT
    return True
