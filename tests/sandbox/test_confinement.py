"""What code in the container cannot do (T1, T2, T12, T13); every refusal has a control: the same image, that bolt drawn."""

from __future__ import annotations

import errno
import json
import platform
import socket
import threading
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from oci_tui.sandbox import daemon, reaper
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, image, loosely, of_session, python, shell, started

pytestmark = pytest.mark.docker

SYSTEM_CALLS = """
import ctypes, errno, json, socket
libc = ctypes.CDLL(None, use_errno=True)
def called(*numbers):
    ctypes.set_errno(0)
    failed = libc.syscall(*map(ctypes.c_long, numbers)) < 0
    return ctypes.get_errno() if failed else 0
def opened(*numbers):
    try:
        socket.socket(*numbers).close()
    except OSError as error:
        return error.errno
    return 0
print(json.dumps({
    "io_uring_setup": called(425, 1, 0), "keyctl": called(250, 0, -3, 0), "add_key": called(248, 0, 0, 0, 0, 0),
    "bpf": called(321, 0, 0, 0), "unshare": called(272, 0x10000000), "ptrace": called(101, 0, 0, 0, 0),
    "mount": called(165, 0, 0, 0, 0, 0), "perf_event_open": called(298, 0, 0, 0, 0, 0),
    "process_vm_readv": called(310, 0, 0, 0, 0, 0, 0), "personality": called(135, 0x40000), "setns": called(308, -1, 0),
    "userfaultfd": called(323, 1), "AF_VSOCK": opened(40, 1), "AF_ALG": opened(38, 5), "NETLINK_AUDIT": opened(16, 3, 9),
}))
"""


@pytest_asyncio.fixture
async def sandbox() -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64)) as running:
        yield running


async def test_no_way_to_the_network(sandbox: DockerSandbox, api: Any) -> None:
    """T1: no connection to this machine, its bridge, or a cloud's metadata service."""
    heard: list[str] = []
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]

        def listen() -> None:
            while True:
                connection, address = listener.accept()
                connection.close()
                heard.append(address[0])
                if address[0] == "127.0.0.1":
                    return

        thread = threading.Thread(target=listen)
        thread.start()
        gateway = api.inspect_network("bridge")["IPAM"]["Config"][0].get("Gateway") or "172.17.0.1"
        own = socket.gethostbyname(socket.gethostname())
        code = f"""
import socket
for host in ("{gateway}", "{own}", "127.0.0.1", "169.254.169.254"):
    try:
        socket.create_connection((host, {port}), timeout=3).close()
        print("reached", host)
    except OSError as error:
        print(type(error).__name__)
"""
        confined = await python(sandbox, code)
        assert confined.exit.passed
        assert "reached" not in confined.stdout
        assert heard == []
        assert f"reached {gateway}" in loosely(api, code.replace('"169.254.169.254"', ""), network_mode="bridge")
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
    assert len(heard) >= 2
    assert (await shell(sandbox, "tail -n +3 /proc/net/dev | cut -d: -f1")).stdout.split() == ["lo"]


async def test_system_calls_that_open_the_kernel(sandbox: DockerSandbox, api: Any) -> None:
    """T2, T12: the filter refuses them, and nothing else does: without it they fail for another reason."""
    if platform.machine() != "x86_64":
        pytest.skip("the numbers in this table are those of x86_64")
    confined = await python(sandbox, SYSTEM_CALLS)
    assert set(json.loads(confined.stdout).values()) == {1}, confined
    control = loosely(api, SYSTEM_CALLS, cap_drop=["ALL"], network_mode="none", security_opt=["seccomp=unconfined"])
    assert 1 not in json.loads(control).values(), control


FAMILIES = """
import errno, json, socket
def opened(family):
    found = set()
    for kind in (1, 2, 3, 5):
        try:
            socket.socket(family, kind).close()
            found.add(0)
        except OSError as error:
            found.add(error.errno)
    return sorted(found)
print(json.dumps({family: opened(family) for family in range(64)}))
"""


async def test_socket_families_that_programs_do_not_need(sandbox: DockerSandbox, api: Any) -> None:
    """T2: all but local, IPv4, IPv6 and netlink sockets are refused; without the filter two are, for want of rights."""
    confined = json.loads((await python(sandbox, FAMILIES)).stdout)
    assert {int(family) for family, found in confined.items() if found != [errno.EPERM]} == {1, 2, 10, 16}
    control = loosely(api, FAMILIES, cap_drop=["ALL"], network_mode="none", security_opt=["seccomp=unconfined"])
    assert {int(family) for family, found in json.loads(control).items() if found == [errno.EPERM]} <= {17, 44}


async def test_what_programs_need_is_allowed(sandbox: DockerSandbox) -> None:
    """Threads, processes, shared memory, local sockets, asynchronous loops: the filter must not break these."""
    ran = await python(
        sandbox,
        """
import asyncio, concurrent.futures, multiprocessing, socket, subprocess, tempfile
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        assert list(threads.map(abs, [-1])) == [1]
    async def main():
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()
        server.close()
    asyncio.run(main())
    assert socket.if_nameindex()
    assert subprocess.run(["git", "--version"], capture_output=True).returncode == 0
    tempfile.NamedTemporaryFile().close()
    print("all")
""",
    )
    assert (ran.stdout, ran.stderr) == ("all\n", "")


async def test_no_privileges_and_a_read_only_system(sandbox: DockerSandbox) -> None:
    """T12, T13: no right can be had, not even through a program that has its owner's."""
    status = (await shell(sandbox, "cat /proc/self/status")).stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["Uid"].split() == fields["Gid"].split() == ["10001"] * 4
    ran = await shell(
        sandbox,
        "for f in /x /etc/x /usr/bin/x /var/x /opt/x; do touch $f; done; find / -xdev -perm /6000 -type f; touch /tmp/x",
    )
    assert ran.stderr.count("Read-only file system") == 5
    assert ran.stdout == ""
    assert ran.exit.passed


async def test_nothing_of_this_machine_is_mounted(sandbox: DockerSandbox, api: Any) -> None:
    """T13: what is mounted is the container's own; the control sees the socket where it is mounted."""
    mounts = (await shell(sandbox, "cat /proc/self/mountinfo; ls /var/run/docker.sock")).stdout
    sources = {line.split(" - ")[1].split()[0] for line in mounts.splitlines()}
    files = [line for line in mounts.splitlines() if line.split()[4].startswith("/etc/")]
    assert "tmpfs" in sources
    assert all(line.split()[5].startswith("ro") for line in files)
    assert "docker.sock" not in mounts
    workspace = next(line for line in mounts.splitlines() if line.split()[4] == "/workspace")
    assert "nosuid,nodev" in workspace
    assert "size=65536k" in workspace
    look = "print(open('/proc/self/mountinfo').read())"
    assert "docker.sock" in loosely(api, look, binds=[f"{daemon.find().removeprefix('unix://')}:/run/docker.sock"])


async def test_the_runner_is_closed_to_the_code(sandbox: DockerSandbox) -> None:
    """The code runs as the same user, yet cannot write into the runner's output; its own it can (the control)."""
    ran = await python(
        sandbox,
        """
import os
for pid in (os.getpid(), os.getppid()):
    for name in ("fd/1", "mem"):
        try:
            os.close(os.open(f"/proc/{pid}/{name}", os.O_WRONLY))
            print("open")
        except OSError as error:
            print(error.strerror)
""",
    )
    assert ran.stdout.splitlines() == ["open", "open", "Permission denied", "Permission denied"]


async def test_limits_reach_the_kernel(sandbox: DockerSandbox) -> None:
    """T5: as the code itself can see."""
    ran = await python(
        sandbox,
        """
import os, resource
print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in ('CORE', 'FSIZE', 'NOFILE')))
try:
    with open("/workspace/big", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 70 << 20)
except OSError as error:
    print(error.strerror)
with open("/workspace/fits", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 10 << 20)
""",
    )
    assert ran.stdout.splitlines() == [f"(0, 0) ({2 << 30}, {2 << 30}) (4096, 4096)", "No space left on device"]
    assert ran.exit.passed


async def test_the_container_is_labelled_and_pinned(sandbox: DockerSandbox, api: Any) -> None:
    """T22: it is the image that was looked at, by its id, whatever its name means meanwhile."""
    (container,) = of_session(api, SESSION)
    found = api.inspect_container(container)
    assert found["Config"]["Labels"]["oci.owner"] == reaper.owner()
    assert found["Image"] == api.inspect_image(image())["Id"]
    assert "/repository" not in json.dumps(found)
    info = await sandbox.describe()
    assert found["Image"].removeprefix("sha256:")[:12] in info.image
    assert "256 processes" in info.limits
    assert info.languages == ("python", "bash")


ROUTES = """
import json, os, socket
def tried(what):
    try:
        what()
    except OSError as error:
        return error.errno or 1
    return 0
def sent(family, kind, protocol, address):
    with socket.socket(family, kind, protocol) as route:
        route.sendto(b"\\x08" + bytes(7), address)
print(json.dumps({
    "udp": tried(lambda: sent(2, 2, 0, (HOST, 9))), "dns": tried(lambda: sent(2, 2, 0, ("10.255.255.1", 53))),
    "broadcast": tried(lambda: sent(2, 2, 0, (HOST, 67))), "raw icmp": tried(lambda: sent(2, 3, 1, (HOST, 0))),
    "packet": tried(lambda: socket.socket(17, 3, 0x300).close()),
}))
"""


async def test_no_datagram_leaves_either(sandbox: DockerSandbox, api: Any) -> None:
    """T1: Datagrams need no listener: what is sent has left. The control sends all of them, with a network and its rights."""
    gateway = api.inspect_network("bridge")["IPAM"]["Config"][0].get("Gateway") or "172.17.0.1"
    code = ROUTES.replace("HOST", repr(gateway))
    assert 0 not in json.loads((await python(sandbox, code)).stdout).values()
    assert set(json.loads(loosely(api, code, user="0", network_mode="bridge")).values()) == {0}
    names = (
        "import socket\ntry:\n    print(socket.getaddrinfo('example.org', 80))\nexcept OSError as e:\n    print('no', e.errno)"
    )
    assert (await python(sandbox, names)).stdout.startswith("no ")
    six = "import socket\ns = socket.socket(socket.AF_INET6)\ns.settimeout(3)\nprint(s.connect_ex(('fe80::1', 80)))"
    assert (await python(sandbox, six)).stdout != "0\n"


async def test_local_names_end_at_the_container(sandbox: DockerSandbox, api: Any) -> None:
    """T2: An abstract socket has no file that could be hidden; only a network namespace of its own keeps it out of reach."""
    name = "\0oci-tui-canary"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        code = f"import socket\nprint(socket.socket(socket.AF_UNIX).connect_ex({name!r}))"
        assert int((await python(sandbox, code)).stdout) == errno.ECONNREFUSED
        assert loosely(api, code, network_mode="host") == "0\n"


MOUNTING = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
def written(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        return error.errno
    return 0
def opened(path, how):
    try:
        os.close(os.open(path, how))
    except OSError as error:
        return error.errno
    return 0
ctypes.set_errno(0)
mounted = libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)
pattern = "/proc/sys/kernel/core_pattern"
print(json.dumps({
    "mount": ctypes.get_errno() if mounted else 0,
    "/etc": written("/etc/canary", "x"), "/usr": written("/usr/bin/canary", "x"),
    "core pattern": written(pattern, open(pattern).read()), "swappiness": opened("/proc/sys/vm/swappiness", os.O_WRONLY),
    "sysrq": 0 if os.getuid() == 0 else opened("/proc/sysrq-trigger", os.O_WRONLY), "kmsg": opened("/proc/kmsg", os.O_RDONLY),
    "/sys": 0 if os.getuid() == 0 else opened("/sys/class/net/lo/mtu", os.O_WRONLY),
    "environment of PID 1": opened("/proc/1/environ", os.O_RDONLY), "memory of PID 1": opened("/proc/1/mem", os.O_RDWR),
}))
"""


async def test_nothing_of_the_system_can_be_changed(sandbox: DockerSandbox, api: Any) -> None:
    """T12, T13: The control is root with its rights; it writes what is there already, or nothing."""
    assert 0 not in json.loads((await python(sandbox, MOUNTING)).stdout).values()
    rights = {
        "cap_add": ["SYS_ADMIN", "SYSLOG"],
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "readonly_paths": [],
    }
    assert set(json.loads(loosely(api, MOUNTING, user="0", **rights)).values()) == {0}


async def test_the_supervisor_is_out_of_reach(sandbox: DockerSandbox, api: Any) -> None:
    """T12: PID 1 is another user: it cannot be killed, stopped or written to. The control is a program that is PID 1's user."""
    code = """
import os
for what in (lambda: os.kill(1, 0), lambda: os.close(os.open("/proc/1/fd/1", os.O_WRONLY))):
    try:
        what()
        print("reached")
    except OSError as error:
        print(type(error).__name__)
"""
    assert (await python(sandbox, code)).stdout.split() == ["PermissionError"] * 2
    assert loosely(api, code).split() == ["reached"] * 2
    (container,) = of_session(api, SESSION)
    assert api.inspect_container(container)["HostConfig"]["LogConfig"]["Type"] == "none"
