"""Finding the daemon: each way it can be missing has its own line with its own fix."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.sandbox import daemon
from oci_tui.sandbox.daemon import DaemonError


@contextmanager
def server(path: Path, answer: bytes) -> Iterator[None]:
    """Something that listens at `path` and gives everyone the same answer."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection, suppress(ConnectionError):
                    if connection.recv(65536).startswith(b"stop"):
                        return
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
                last.sendall(b"stop")
            thread.join()


def trouble(docker_host: str) -> tuple[str, str]:
    with pytest.raises(DaemonError) as caught:
        daemon.find(docker_host)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    return caught.value.trouble, message


def test_no_socket(tmp_path: Path) -> None:
    """F1: Docker is not installed."""
    kind, message = trouble(f"unix://{tmp_path}/docker.sock")
    assert kind == "absent"
    assert message.startswith(
        f"the setting sandbox.docker_host is unix://{tmp_path}/docker.sock, but there is no such socket: "
    )
    assert "oci-tui setup" not in message, "installing an engine would not help"


def test_a_socket_that_nobody_listens_at(tmp_path: Path) -> None:
    """F1: the daemon is down."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    kind, message = trouble(f"unix://{path}")
    assert kind == "not answering"
    assert "no Docker daemon answers there: correct it, or remove it" in message


def test_a_file_that_is_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kind, _ = trouble(f"unix://{tmp_path}/file")
    assert kind in ("unusable address", "not answering")


def test_a_socket_that_may_not_be_used() -> None:
    """F1: in a child without root's rights, since root may use any socket."""
    path = Path("/tmp") / f"oci-test-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                daemon.find(f"unix://{path}")
                os.write(write, b"it could")
            except DaemonError as error:
                os.write(write, f"{error.trouble}: {error}".encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        message = os.read(read, 4096).decode()
        os.close(read)
        os.close(write)
        path.unlink()
    assert message.startswith("not permitted: ")
    assert "may not use" in message


@pytest.mark.parametrize(
    "address",
    [
        "ssh://host",
        "/var/run/docker.sock",
        "unix://",
        "tcp://host",
        "tcp://host:99999",
        "npipe://x",
        "unix:///a\0b",
        "\x1b]0;x\x07",
    ],
)
def test_an_address_that_cannot_be_used(address: str) -> None:
    kind, message = trouble(address)
    assert kind == "unusable address"
    assert "sandbox.docker_host" in message


def test_the_environment_names_the_only_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T22: what DOCKER_HOST or the setting names is used or nothing is."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    kind, message = trouble("")
    assert kind == "absent"
    assert message.startswith(f"DOCKER_HOST is unix://{tmp_path}/none.sock, but there is no such socket: ")
    assert message.endswith("or unset it to find the Docker engine of this machine")
    with server(tmp_path / "own.sock", b""):
        assert daemon.find(f"unix://{tmp_path}/own.sock") == f"unix://{tmp_path}/own.sock"


def test_a_daemon_at_a_port_where_nobody_is() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert trouble(f"tcp://127.0.0.1:{free.getsockname()[1]}")[0] == "not answering"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 22\r\n\r\n{"ApiVersion": "1.40"}', "too old"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not answering"),
        (b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "not answering"),
    ],
)
def test_a_daemon_that_is_none_or_too_old(tmp_path: Path, answer: bytes, kind: str) -> None:
    """F22: an engine before 20.10, another service, a broken one."""
    with server(tmp_path / "s", answer), pytest.raises(DaemonError) as caught:
        daemon.connect(f"unix://{tmp_path}/s")
    assert caught.value.trouble == kind
    assert "\n" not in str(caught.value)


@pytest.mark.docker
def test_the_daemon_that_is_here() -> None:
    api = daemon.connect(daemon.find())
    try:
        assert api.ping()
        with pytest.raises(SandboxError, match=r"^asking: No such container"), daemon.told("asking"):
            api.inspect_container("no-such-container")
    finally:
        api.close()
