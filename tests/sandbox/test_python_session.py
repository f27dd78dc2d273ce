"""Python that keeps its variables: what a notebook's kernel does, and what happens when the process is lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
import pytest_asyncio

from oci_tui.core.ports import Command, Output
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import Ran, finished, python, shell, started, tar_of

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]

FORK_BOMB = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try:
        os.fork()
    except OSError:
        pass
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64, pids=64, output_mb=8)) as running:
        yield running


async def block(sandbox: DockerSandbox, code: str, timeout_s: float = 20.0) -> Ran:
    return await finished(sandbox, Command("block", language="python", code=code, timeout_s=timeout_s, stateful=True))


async def alive(sandbox: DockerSandbox) -> list[str]:
    """The state letter and name of each process of the code's user but the one that looks."""
    look = """
import os, pathlib
for file in pathlib.Path("/proc").glob("[0-9]*/status"):
    found = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
    if found["Uid"].split()[0] == "10001" and int(found["Pid"]) != os.getpid() and "Z" not in found["State"]:
        print(found["State"].split()[0], found["Name"].strip())
"""
    return sorted((await python(sandbox, look)).stdout.splitlines())


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("x = 3\nx + 1", "4\n"),
        ("'text'", "'text'\n"),
        ("print('a')\n[1, 2]  # the value", "a\n[1, 2]\n"),
        ("None", ""),
        ("print('only this')", "only this\n"),
        ("x;", ""),
        ("x ; # no value\n\n", ""),
        ("x = 5", ""),
        ("if True:\n    7", ""),
        ("x\n';'", "';'\n"),
        ("", ""),
        ("if __name__ == '__main__':\n    print(__name__)", "__main__\n"),
        ("import sys\nprint(sys.argv)", "['block.py']\n"),
        ("_ = 'kept'\nx", "5\n"),
        (
            "def f(n):\n    return n\n\nclass A:\n    pass\n\nimport pickle\npickle.loads(pickle.dumps(f))(A.__module__)",
            "'__main__'\n",
        ),
        ("print('grüße 🦀')", "grüße 🦀\n"),
    ],
)
async def test_the_value_of_a_last_expression_is_printed(sandbox: DockerSandbox, code: str, printed: str) -> None:
    await block(sandbox, "x = 5")
    ran = await block(sandbox, code)
    assert (ran.stdout, ran.stderr, ran.exit.code, ran.exit.forgotten) == (printed, "", 0, False)


async def test_variables_live_on_and_a_process_of_its_own_does_not_see_them(sandbox: DockerSandbox) -> None:
    await block(sandbox, "kept = [1]\nimport json as j\ndef grow():\n    kept.append(len(kept))\n    return kept")
    assert (await block(sandbox, "grow()")).stdout == "[1, 1]\n"
    assert (await shell(sandbox, "echo in between")).exit.passed
    assert (await block(sandbox, "j.dumps(grow())")).stdout == "'[1, 1, 2]'\n"
    assert "NameError" in (await python(sandbox, "grow()")).stderr
    assert (await block(sandbox, "len(kept)")).stdout == "3\n"


async def test_an_error_is_shown_from_the_blocks_own_line_on_and_ends_nothing(sandbox: DockerSandbox) -> None:
    ran = await block(sandbox, "before = 1\ndef f():\n    return 1 / 0\n\nf()\nafter = 1")
    lines = ran.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("line 5, in <module>")
    assert lines[2] == "    f()"
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert ran.exit.code == 1
    assert not ran.exit.forgotten
    assert (await block(sandbox, "before, 'after' in globals()")).stdout == "(1, False)\n"
    assert "SyntaxError" in (await block(sandbox, "1 +")).stderr
    assert (await block(sandbox, "import sys\nsys.exit('why')"))[:2] == ("", "why\n")
    assert (await block(sandbox, "exit(3)")).exit.code == 3
    assert (await block(sandbox, "class Bad:\n    def __repr__(self):\n        raise ValueError('no')\nBad()")).exit.code == 1
    assert (await block(sandbox, "sys.stdout.close()")).exit.code == 0
    assert (await block(sandbox, "print('again')\nbefore")).stdout == "again\n1\n"


async def test_input_is_refused_at_once(sandbox: DockerSandbox) -> None:
    ran = await block(sandbox, "name = input('your name? ')")
    assert ran.stderr.splitlines()[-1] == "EOFError: nobody can answer input() here: assign the value in the code"
    assert ran.exit.seconds < 1


async def test_an_edit_of_the_workspace_is_seen_by_the_next_import(sandbox: DockerSandbox) -> None:
    """Also in a module that took the name over, and with the same size and time; what is not of the workspace stays."""
    user = b"from calc import add\ndef twice(x):\n    return add(x, x)\n"
    await sandbox.unpack([tar_of({b"calc.py": b"def add(a, b): return a - b\n", b"user.py": user})])
    use = "import collections, calc, user\nnamed = collections\nprint(calc.add(2, 1), user.twice(2))"
    assert (await block(sandbox, use)).stdout == "1 0\n"
    assert (await block(sandbox, "old = calc\n" + use + "\nprint(old is calc)")).stdout == "1 0\nTrue\n"
    await sandbox.unpack([tar_of({b"calc.py": b"def add(a, b): return a + b\n"})])
    assert (await block(sandbox, use + "\nprint(named is collections, old is calc)")).stdout == "3 4\nTrue False\n"
    await sandbox.unpack([tar_of({b"fresh.py": b"new = 1\n"})])
    assert (await block(sandbox, "import fresh\nfresh.new")).stdout == "1\n"


async def test_a_timeout_interrupts_and_keeps_what_was_defined(sandbox: DockerSandbox) -> None:
    ran = await block(sandbox, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", timeout_s=1)
    assert (ran.exit.reason, ran.exit.forgotten) == ("timeout", False)
    ran = await block(sandbox, "reached = 1\nimport time\ntime.sleep(4321)", timeout_s=1)
    assert ran.exit.reason == "timeout"
    assert not ran.exit.forgotten
    assert "time.sleep(4321)" in ran.stderr
    assert 1 <= ran.exit.seconds < 2
    assert (await block(sandbox, "reached")).stdout == "1\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(4321)", "timeout"),
        ("bytearray(1 << 30)", "out of memory"),
        ("import os\nos._exit(3)", "exited"),
        ("import ctypes\nctypes.string_at(0)", "exited"),
        ("import os\nos.kill(os.getpid(), 9)", "killed"),
        ("import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(4321)", "killed"),
        (FORK_BOMB, "timeout"),
        ("import os, time\nos.closerange(3, 100)\ntime.sleep(4321)", "killed"),
    ],
    ids=["ignores INT", "memory", "_exit", "crash", "kill", "kills the runner", "fork bomb", "closes the control"],
)
async def test_a_lost_state_is_said_once(sandbox: DockerSandbox, code: str, reason: str) -> None:
    await block(sandbox, "kept = 1")
    ran = await block(sandbox, code, timeout_s=1)
    assert (ran.exit.reason, ran.exit.forgotten, ran.exit.passed) == (reason, True, False)
    assert ran.exit.seconds < 4.5
    ran = await block(sandbox, "'kept' in globals()")
    assert (ran.stdout, ran.exit.forgotten) == ("False\n", False)


async def test_a_state_that_something_else_ended_is_said_at_the_next_block(sandbox: DockerSandbox) -> None:
    await block(sandbox, "kept = 1")
    ran = await python(sandbox, "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)")
    assert (ran.exit.reason, ran.exit.forgotten) == ("killed", False)
    ran = await block(sandbox, "'kept' in globals()")
    assert (ran.stdout, ran.exit.forgotten) == ("False\n", True)


async def test_nothing_is_left_of_a_block_but_its_process_and_that_sleeps(sandbox: DockerSandbox) -> None:
    code = """
import os, subprocess, threading, time
subprocess.Popen(["setsid", "sleep", "4321"])
subprocess.Popen(["sh", "-c", "trap '' TERM HUP; while :; do sleep 1; echo still; done"])
count = 0
def spin():
    global count
    while spinning:
        count += 1
spinning = True
threading.Thread(target=spin, daemon=True).start()
while not count:
    pass
"""
    ran = await block(sandbox, code)
    assert ran.exit.passed
    assert await alive(sandbox) == ["S python3", "T python3"]
    # Let the thread end: it would take the interpreter's lock from every later `print` for 5 ms.
    assert (await block(sandbox, "spinning = False\ncount > 0")).stdout == "True\n"


async def test_a_child_that_the_block_forks_speaks_for_itself_only(sandbox: DockerSandbox) -> None:
    ran = await block(sandbox, "import os\nchild = os.fork()\nprint('child' if not child else os.waitpid(child, 0)[1])")
    assert sorted(ran.stdout.split()) == ["0", "child"]
    assert (await block(sandbox, "child > 0")).stdout == "True\n"


async def test_much_output_is_exact_and_too_much_ends_the_block(sandbox: DockerSandbox) -> None:
    ran = await block(sandbox, "for n in range(50000):\n    print(n)", timeout_s=60)
    assert ran.exit.passed, ran.exit
    assert ran.stdout == "".join(f"{n}\n" for n in range(50000))
    ran = await block(sandbox, "kept = 1\nwhile True:\n    print('x' * 1000)")
    assert ran.exit.reason == "output limit"
    assert len(ran.stdout) == 8 << 20
    assert ran.exit.omitted > 0
    assert not ran.exit.forgotten
    assert (await block(sandbox, "kept")).stdout == "1\n"


async def test_a_stop_kills_the_block(sandbox: DockerSandbox) -> None:
    command = Command("x", language="python", code="import time\nprint('up')\ntime.sleep(4321)", stateful=True)
    async with aclosing(sandbox.run(command)) as items:
        async for item in items:
            assert isinstance(item, Output)
            break
    assert await alive(sandbox) == ["S python3", "T python3"]
    assert (await block(sandbox, "1")).stdout == "1\n"


async def test_memory_is_told_of_the_block_alone(sandbox: DockerSandbox) -> None:
    large = await block(sandbox, "x = bytearray(64 << 20)\ndel x")
    small = await block(sandbox, "x = 1")
    assert large.exit.max_memory > 64 << 20 > small.exit.max_memory > 0


async def test_a_new_container_has_forgotten() -> None:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64)) as sandbox:
        assert not (await block(sandbox, "kept = 1")).exit.forgotten
        async with aclosing(sandbox.start()) as progress:
            async for _ in progress:
                pass
        assert (await block(sandbox, "1")).exit.forgotten
        assert not (await block(sandbox, "2")).exit.forgotten


async def test_200_blocks_leak_nothing(sandbox: DockerSandbox) -> None:
    look = "import os\nlen(os.listdir('/proc/self/fd')), len(os.listdir(f'/proc/{os.getppid()}/task'))"
    before = (await block(sandbox, look)).stdout
    for number in range(200):
        assert (await block(sandbox, f"{number}")).stdout == f"{number}\n"
    assert (await block(sandbox, look)).stdout == before
