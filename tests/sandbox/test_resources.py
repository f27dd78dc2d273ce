"""What code can use up (T3 to T6, T8): it stops at the limit, and the next command runs."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import psutil
import pytest
import pytest_asyncio

from oci_tui.core.ports import Command, Exit, Output
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, loosely, of_session, python, shell, started

pytestmark = pytest.mark.docker


@pytest_asyncio.fixture
async def sandbox() -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64, pids=64, cpus=0.5)) as running:
        yield running


async def usable(sandbox: DockerSandbox) -> bool:
    """A command that needs a process and some memory runs, and soon."""
    began = time.monotonic()
    ran = await python(sandbox, "print(len(bytearray(20 << 20)))")
    return ran.exit.passed and time.monotonic() - began < 5


async def test_a_fork_bomb_reaches_the_limit_and_not_the_machine(sandbox: DockerSandbox, api: Any) -> None:
    """T3: it fills the limit, and a process of this machine starts as quickly as ever."""
    (container,) = of_session(api, SESSION)
    bomb = "import os\nprint(os.getpid())\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    most, slowest, end = 0, 0.0, None
    task = asyncio.create_task(python(sandbox, bomb, timeout_s=1.5))
    while not task.done():
        counted = await asyncio.to_thread(api.stats, container, stream=False, one_shot=True)
        most = max(most, counted["pids_stats"]["current"])
        began = time.monotonic()
        await (await asyncio.create_subprocess_exec("true")).wait()
        slowest = max(slowest, time.monotonic() - began)
    end = (await task).exit
    assert end.reason == "timeout"
    assert most == 64, "the bomb did not go off"
    assert slowest < 1
    assert await usable(sandbox)


MANY = """
import os, time
for number in range(8):
    if not os.fork():
        held = bytearray(60 << 20)
        time.sleep(20)
        os._exit(0)
for number in range(8):
    pid, status = os.wait()
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), 9)
"""


async def test_memory_that_many_processes_hold_together(sandbox: DockerSandbox, api: Any) -> None:
    """T4: no one of them is large; without the limit all of them end."""
    ran = await python(sandbox, MANY)
    assert ran.exit.reason == "out of memory"
    assert await usable(sandbox)
    small = MANY.replace("60 <<", "6 <<").replace("sleep(20)", "sleep(0.2)") + "print('all ended')"
    assert (await python(sandbox, small)).stdout == "all ended\n"
    assert loosely(api, MANY.replace("sleep(20)", "sleep(0.2)") + "print('all ended')") == "all ended\n"


FILL = """
import errno, sys
written = 0
try:
    with open(sys.argv[1] + "/filler", "wb", buffering=0) as file:
        while written < 300 << 20:
            written += file.write(bytes(1 << 20))
except OSError as error:
    print(errno.errorcode[error.errno])
print(written >> 20)
"""


async def test_each_file_system_ends_before_the_memory_does(sandbox: DockerSandbox, api: Any) -> None:
    """T4, T5: What is written is memory: all of them filled to the brim, the next command still runs."""
    fill = FILL.replace("sys.argv[1]", "place")
    for place, room in (("/workspace", 64), ("/tmp", 64), ("/home/agent", 32), ("/dev/shm", 16)):
        ran = await python(sandbox, f"place = {place!r}\n{fill}")
        said, megabytes = ran.stdout.split()
        assert (said, ran.exit.passed) == ("ENOSPC", True)
        assert room - 2 <= int(megabytes) <= room
    assert (await shell(sandbox, "echo still")).stdout == "still\n"
    assert loosely(api, f"place = '/tmp'\n{fill}") == "300\n"


async def test_small_files_sparse_files_and_the_machines_disk(sandbox: DockerSandbox, api: Any) -> None:
    """T5: the files have a number and a size; the control has neither limit."""
    before = shutil.disk_usage("/var/lib").used
    code = """
import errno, os
def said(what):
    try:
        what()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
def many():
    os.mkdir(PLACE + "/many")
    for number in range(40_000):
        os.close(os.open(f"{PLACE}/many/{number}", os.O_CREAT))
def sparse():
    with open(PLACE + "/sparse", "wb") as file:
        file.truncate(3 << 30)
print(said(sparse), said(many))
"""
    assert (await python(sandbox, "PLACE = '/workspace'" + code)).stdout == "EFBIG ENOSPC\n"
    assert abs(shutil.disk_usage("/var/lib").used - before) < 50 << 20
    assert loosely(api, "PLACE = '/tmp'" + code) == "done done\n"


FLOOD = """
import json, os
line, written = b"x" * 65536, 0
try:
    with open("/proc/1/fd/1", "wb", buffering=0) as log:
        while written < 60 << 20:
            written += log.write(line)
except OSError as error:
    print("no", error.errno)
"""


async def test_the_log_of_the_container_cannot_be_filled(sandbox: DockerSandbox, api: Any) -> None:
    """T5: what PID 1 prints would go to the machine's disk without a limit, as the control's does."""
    (container,) = of_session(api, SESSION)
    assert (await python(sandbox, FLOOD)).stdout == f"no {errno.EACCES}\n"
    assert api.inspect_container(container)["LogPath"] == ""
    assert len(loosely(api, FLOOD)) == 60 << 20


SPIN = """
import json, os, resource, time
began = time.monotonic()
for number in range(8):
    if not os.fork():
        while time.monotonic() - began < 1.5:
            pass
        os._exit(0)
for number in range(8):
    os.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
places = ("/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat")
counted = dict(line.split() for place in places if os.path.exists(place) for line in open(place))
print(json.dumps([(used.ru_utime + used.ru_stime) / (time.monotonic() - began), int(counted["nr_throttled"])]))
"""


async def test_processor_time_is_shared_out(sandbox: DockerSandbox, api: Any) -> None:
    """T6: Eight that spin get half a processor because the kernel holds them back; without the limit it does not."""
    share, held_back = json.loads((await python(sandbox, SPIN)).stdout)
    assert share < 0.7
    # on a machine so busy that there was not even half a processor to be had, the kernel need not hold back
    assert held_back > 0 or share < 0.45
    assert json.loads(loosely(api, SPIN))[1] == 0


async def test_the_app_stays_awake_while_code_spins_and_prints(sandbox: DockerSandbox) -> None:
    """T6, T8: its event loop comes round again and again."""
    longest, start = 0.0, time.monotonic()
    flood = asyncio.create_task(shell(sandbox, "yes | head -c 20000000", timeout_s=30))
    while not flood.done():
        began = time.monotonic()
        await asyncio.sleep(0)
        longest = max(longest, time.monotonic() - began)
    assert (await flood).exit.passed
    # a share of the whole, since others may be using this machine
    assert longest < 0.5 * (time.monotonic() - start)


async def read(sandbox: DockerSandbox, code: str) -> tuple[int, str, str, Exit]:
    """How many characters came, the first and the last of them, and the end; what lies between is let go."""
    count, head, tail = 0, "", ""
    end: Exit | None = None
    async with aclosing(sandbox.run(Command("x", language="python", code=code, timeout_s=60))) as items:
        async for item in items:
            if isinstance(item, Output):
                count += len(item.text)
                head = (head + item.text)[:20]
                tail = (tail + item.text)[-20:]
            elif isinstance(item, Exit):
                end = item
    assert end is not None
    return count, head, tail, end


@pytest.mark.parametrize(
    ("piece", "shown"),
    [("b'x' * 65536", "x"), ("b'xxx\\xff' * 16384", "\ufffd")],
    ids=["one line", "no UTF-8"],
)
async def test_a_runaway_output_ends_at_the_limit(sandbox: DockerSandbox, piece: str, shown: str) -> None:
    """T8: the two ends are right, and the app does not grow."""
    me = psutil.Process()
    before = me.memory_info().rss
    code = f"import os\nos.write(1, b'begin ')\npiece = {piece}\nfor _ in range(3200):\n    os.write(1, piece)"
    count, head, tail, end = await read(sandbox, code)
    assert (end.reason, count) == ("output limit", 64 << 20)
    assert head.startswith("begin x")
    assert shown in tail
    assert end.omitted > 0
    assert me.memory_info().rss - before < 50 << 20


async def test_binary_output_is_told_in_a_few_lines(sandbox: DockerSandbox) -> None:
    """T8: 200 MB of it too."""
    code = "import os, sys\nfor _ in range(3200):\n    os.write(1, bytes(65536))"
    count, head, _, end = await read(sandbox, code)
    assert (end.reason, head[:15]) == ("output limit", "[binary output:")
    assert count < 1000
    ran = await shell(sandbox, "printf 'a\\0b'; echo text >&2")
    assert ran.stdout.startswith("[binary output: 3 bytes, unknown type, sha256 ")
    assert ran.stdout.endswith("\n610062\n")
    assert ran.stderr == "text\n"


COUNTED = """
import mmap, os, pathlib
file = os.open("sent", os.O_RDWR | os.O_CREAT)
os.truncate(file, 8)
sent = memoryview(mmap.mmap(file, 8)).cast("Q")
pathlib.Path("pid").write_text(str(os.getpid()))
for _ in range(640):
    sent[0] += os.write(1, b"x" * 65536)
"""
LOOK = "import os, struct; p = open('pid').read(); "
LOOK += "print(struct.unpack('Q', open('sent', 'rb').read())[0], open(f'/proc/{p}/wchan').read())"


async def test_a_slow_reader_holds_the_writer_back(sandbox: DockerSandbox, api: Any) -> None:
    """The program is asleep in its write, not done and not buffered here; read on, everything arrives."""
    (container,) = of_session(api, SESSION)

    def looked() -> tuple[int, str]:
        made = api.exec_create(container, ["/usr/bin/python3", "-c", LOOK], user="10001", workdir="/workspace")
        sent, place = api.exec_start(made["Id"]).split()
        return int(sent), place.decode()

    me = psutil.Process()
    received, before = 0, me.memory_info().rss
    async with aclosing(sandbox.run(Command("x", language="python", code=COUNTED, timeout_s=20))) as items:
        async for item in items:
            if not isinstance(item, Output):
                continue
            if not received:
                last, now = (0, ""), await asyncio.to_thread(looked)
                while last != now or "pipe" not in now[1]:
                    last, now = now, await asyncio.to_thread(looked)
                assert 0 < now[0] < 4 << 20, "held back only after megabytes"
                assert me.memory_info().rss - before < 10 << 20
            received += len(item.text)
    assert received == 640 * 65536


async def test_the_cap_on_output_is_a_setting() -> None:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64, output_mb=1)) as small:
        count, _, _, end = await read(small, "print('x' * (3 << 20))")
        assert (end.reason, count, end.omitted > 0) == ("output limit", 1 << 20, True)
        count, _, _, end = await read(small, "print('x' * (1 << 19))")
        assert (end.reason, count) == ("exited", (1 << 19) + 1)


async def test_a_process_that_leaves_its_group_survives_a_kill_of_the_group(sandbox: DockerSandbox) -> None:
    """The control of the kill ladder: signalling the group, as `timeout -k` does, is not enough; the runner's end is."""
    code = """
import os, signal, subprocess
script = ["sh", "-c", "setsid -f sh -c 'echo up; exec sleep 4399'; sleep 4399"]
group = subprocess.Popen(script, stdout=subprocess.PIPE, start_new_session=True)
group.stdout.readline()
os.killpg(group.pid, signal.SIGKILL)
group.wait()
look = ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\\\0' ' ' | grep -o 'sleep [4]399'"]
print(subprocess.run(look, capture_output=True, text=True).stdout)
"""
    assert "sleep 4399" in (await python(sandbox, code)).stdout
    assert (await shell(sandbox, "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep [4]399'")).stdout == "0\n"
