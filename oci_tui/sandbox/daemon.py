"""Finds the Docker daemon by its socket, and turns what goes wrong with it into one line that says what to do."""

from __future__ import annotations

import errno
import functools
import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from oci_tui.core.errors import SandboxError
from oci_tui.core.terminal import visible_line

Trouble = Literal["absent", "not permitted", "not answering", "too old", "another engine", "unusable address"]

OLDEST_API = (1, 41)
SYSTEM_SOCKET = Path("/var/run/docker.sock")


class DaemonError(SandboxError):
    """No Docker daemon can be used; `trouble` says which way, `origin` who named the only one looked at ("": nobody)."""

    def __init__(self, trouble: Trouble, message: str, origin: str = "") -> None:
        self.trouble, self.origin = trouble, origin
        super().__init__(message)


def find(docker_host: str = "") -> str:
    """The address (`unix://…` or `tcp://…`) of the daemon that answers.

    `docker_host` and the environment's DOCKER_HOST, where given, are the only place looked at; else the system's socket
    comes first, then the person's own (rootless Docker). Raises DaemonError.
    """
    for origin, given in (("the setting sandbox.docker_host", docker_host), ("DOCKER_HOST", os.environ.get("DOCKER_HOST", ""))):
        if given:
            try:
                _probe(given, origin)
            except DaemonError as error:
                raise _misled(error, origin, given) from error
            return given
    first: DaemonError | None = None
    for path in _candidates():
        address = f"unix://{path}"
        try:
            _probe(address, "")
        except DaemonError as error:
            if first is None or (first.trouble == "absent" and error.trouble != "absent"):
                first = error
        else:
            return address
    raise first or _absent(SYSTEM_SOCKET)


def answers(address: str) -> bool:
    """Whether somebody listens there. A daemon that is gone takes its containers along."""
    try:
        _probe(address, "")
    except DaemonError:
        return False
    return True


def connect(address: str, timeout: float = 30.0) -> Any:
    """A docker-py APIClient of that daemon, for one thread only; `timeout` in seconds for one answer. Raises DaemonError.

    It asks once for the daemon's version and facts: they stay the same as long as the connection does.
    """
    import docker
    import requests

    try:
        api = docker.APIClient(base_url=address, version="auto", timeout=timeout)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise _not_answering(address, _reason(error)) from error
    api.trust_env = False
    api.version, api.info = functools.cache(api.version), functools.cache(api.info)
    version = tuple(int(part) for part in api.api_version.split("."))
    if version < OLDEST_API:
        api.close()
        raise DaemonError(
            "too old",
            f"{visible_line(address)}: the Docker engine is too old (API {api.api_version}): update it to 20.10 or newer",
        )
    try:
        parts = {str(part.get("Name")): str(part.get("Version")) for part in api.version().get("Components") or ()}
    except (docker.errors.DockerException, requests.RequestException) as error:
        api.close()
        raise _not_answering(address, _reason(error)) from error
    if "Podman Engine" in parts:
        api.close()
        raise _podman(address, parts["Podman Engine"])
    return api


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Lets docker-py's and the connection's exceptions out as a SandboxError that begins with `doing`."""
    import docker
    import requests

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise SandboxError(f"{doing}: the image is not there: run `oci-tui setup`") from error
    except requests.exceptions.ReadTimeout as error:
        raise SandboxError(f"{doing}: the Docker daemon did not answer in time; look at its log, or restart it") from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise SandboxError(f"{doing}: {_reason(error)}") from error


def _candidates() -> list[Path]:
    places = [SYSTEM_SOCKET]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        places.append(Path(runtime) / "docker.sock")
    return places


def _probe(address: str, origin: str) -> None:
    """Connects once and hangs up. Raises DaemonError."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in ("unix", "tcp") or not rest.strip("/") or "\0" in address:
        hint = " (for a remote daemon: ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST)" if scheme == "ssh" else ""
        raise DaemonError(
            "unusable address",
            f"{origin}: {visible_line(address)[:80]}: expected unix:///path/of/docker.sock or tcp://host:port{hint}",
        )
    if scheme == "unix":
        _probe_socket(Path("/" + rest.lstrip("/")))
    else:
        _probe_port(address, rest, origin)


def _probe_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, NotADirectoryError):
            raise _absent(path) from None
        except PermissionError:
            raise _not_permitted(path) from None
        except ConnectionRefusedError:
            raise _not_answering(f"unix://{path}", "nothing listens") from None
        except OSError as error:
            if error.errno == errno.ENOTSOCK:
                raise DaemonError("unusable address", f"{visible_line(str(path))} is not a socket") from None
            raise _not_answering(f"unix://{path}", _reason(error)) from error


def _probe_port(address: str, rest: str, origin: str) -> None:
    host, _, port = rest.strip("/").rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise DaemonError("unusable address", f"{origin}: {visible_line(address)[:80]}: expected tcp://host:port")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, UnicodeError) as error:
        raise _not_answering(address, _reason(error)) from error


def _misled(error: DaemonError, origin: str, given: str) -> DaemonError:
    """The same trouble, where somebody has named the daemon: then that is what to correct, not the machine."""
    what: dict[Trouble, str] = {
        "absent": "but there is no such socket",
        "not permitted": f"which {getpass.getuser()} may not use",
        "not answering": "but no Docker daemon answers there",
    }
    if error.trouble not in what:
        return DaemonError(error.trouble, str(error), origin)
    shown = visible_line(given)[:200]
    undo = "unset it" if origin == "DOCKER_HOST" else "remove it"
    return DaemonError(
        error.trouble,
        f"{origin} is {shown}, {what[error.trouble]}: correct it, or {undo} to find the Docker engine of this machine",
        origin,
    )


def _absent(path: Path) -> DaemonError:
    return DaemonError(
        "absent",
        f"{visible_line(str(path))}: no Docker engine here: run `oci-tui setup`, or set sandbox.docker_host to its socket",
    )


def _not_permitted(path: Path) -> DaemonError:
    return DaemonError(
        "not permitted",
        f"{visible_line(str(path))}: {getpass.getuser()} may not use the Docker engine: "
        f"run `sudo usermod -aG docker {getpass.getuser()}` and log in again",
    )


def _not_answering(address: str, why: str) -> DaemonError:
    return DaemonError(
        "not answering",
        f"{visible_line(address)}: the Docker daemon does not answer ({why}): start it with `sudo systemctl start docker`, "
        "or run `oci-tui setup`",
    )


def _podman(address: str, version: str) -> DaemonError:
    """What was missing in Podman 4.3.1, tried with both of its runtimes."""
    return DaemonError(
        "another engine",
        f"{visible_line(address)} is Podman {visible_line(version)[:40]}, which lacks what the sandbox needs: it gives "
        "temporary folders no owner and no limit on files (uid, nr_inodes), adds /run and /var/tmp without a limit on size, "
        "and does not tell which kernel files it hides: name a Docker engine",
    )


def _reason(error: BaseException) -> str:
    """The last, most telling part of an exception, as one line."""
    text = str(getattr(error, "explanation", None) or getattr(error, "strerror", None) or error or type(error).__name__)
    return visible_line(text.strip().splitlines()[-1] if text.strip() else type(error).__name__)[:300]
