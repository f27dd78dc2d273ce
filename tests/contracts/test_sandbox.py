"""What every sandbox must do, whatever it is made of: files in and out, exact output, ends told apart, nothing left running."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import psutil
import pytest
import pytest_asyncio

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command, Exit, Output, Sandbox
from tests.sandbox.engines import RUNTIME, under_test
from tests.sandbox.running import finished, listed, python, shell, started, tar_of, untarred

pytestmark = pytest.mark.docker


@pytest_asyncio.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with started(under_test(memory_mb=256, workspace_mb=64)) as running:
        yield running


async def survivors(sandbox: Sandbox, marker: str) -> str:
    """The processes with `marker` in their command line, seen from inside."""
    seen = await python(
        sandbox,
        f"""
import pathlib
for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    try:
        words = line.read_bytes()
    except OSError:
        continue
    if b"{marker}" in words and b"block" not in words:
        print(words)
""",
    )
    assert seen.exit.passed, seen
    return seen.stdout


async def test_a_block_runs_in_the_workspace_with_an_environment_of_its_own(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    ran = await python(
        sandbox, "import os, sys\nprint(os.getcwd())\nprint(sorted(os.environ.items()))\nprint(sys.stdin.read() == '')"
    )
    assert ran.exit.passed
    place, environment, empty = ran.stdout.splitlines()
    assert (place, empty) == ("/workspace", "True")
    assert "canary" not in environment
    for expected in ("('HOME', '/home/agent')", "('LANG', 'C.UTF-8')", "('TERM', 'dumb')", "('PYTHONPATH', '/workspace')"):
        assert expected in environment


async def test_every_command_starts_in_the_workspace_with_nothing_of_the_one_before(sandbox: Sandbox) -> None:
    await sandbox.unpack([tar_of({b"folder/file": b"1"})])
    assert (
        await shell(sandbox, "cd folder; export LEFT=1; umask 077; ulimit -n 10; pwd; ls")
    ).stdout == "/workspace/folder\nfile\n"
    assert (await shell(sandbox, "pwd; echo [$LEFT]; umask; ulimit -n")).stdout == "/workspace\n[]\n0022\n4096\n"
    assert (await python(sandbox, "import folder_module")).exit.code == 1
    await sandbox.unpack([tar_of({b"folder_module.py": b"print('imported')"})])
    assert (await python(sandbox, "import folder_module")).stdout == "imported\n"


async def test_who_asks_for_input_gets_none_and_does_not_wait(sandbox: Sandbox) -> None:
    ran = await python(sandbox, "input('your name? ')")
    assert (ran.stdout, ran.exit.code) == ("your name? ", 1)
    assert ran.stderr.endswith("EOFError: EOF when reading a line\n")
    ran = await shell(sandbox, "read line || echo none; cat; grep x - || echo no match")
    assert (ran.stdout, ran.exit.seconds < 2) == ("none\nno match\n", True)


@pytest.mark.parametrize(
    ("code", "status", "last"),
    [
        ("", 0, ""),
        ("raise SystemExit(255)", 255, ""),
        ("raise SystemExit('a word')", 1, "a word"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("if", 1, "SyntaxError: invalid syntax"),
        ("import os; os._exit(3)", 3, ""),
        ("import os; os.abort()", 134, ""),
    ],
)
async def test_the_exit_status_of_a_block(sandbox: Sandbox, code: str, status: int, last: str) -> None:
    ran = await python(sandbox, code)
    assert (ran.exit.code, ran.exit.reason, ran.exit.passed) == (status, "exited", status == 0)
    assert ran.stderr.strip().rpartition("\n")[2] == last


async def test_streams_are_apart_and_the_exit_status_is_the_programs(sandbox: Sandbox) -> None:
    ran = await shell(sandbox, "echo out; echo err >&2; exit 3")
    assert (ran.stdout, ran.stderr, ran.exit.code, ran.exit.reason) == ("out\n", "err\n", 3, "exited")
    assert not ran.exit.passed
    assert (await shell(sandbox, "true")).exit.passed


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (("no-such-program",), 127, "exited"),
        (("/etc/passwd",), 126, "exited"),
        (("/bin/sh", "-c", "kill -SEGV $$"), 139, "exited"),
        (("/bin/sh", "-c", "kill -KILL $$"), 137, "killed"),
    ],
)
async def test_a_command_that_fails_is_data(sandbox: Sandbox, argv: tuple[str, ...], code: int, reason: str) -> None:
    ran = await finished(sandbox, Command("x", argv=argv))
    assert (ran.exit.code, ran.exit.reason) == (code, reason)


async def test_unicode_cut_anywhere_and_bytes_that_are_none(sandbox: Sandbox) -> None:
    ran = await python(
        sandbox,
        "import os, time\nfor byte in 'grüße 🦀'.encode():\n"
        "    os.write(1, bytes([byte]))\n    time.sleep(0.002)\nos.write(1, b'\\xff\\xf0')",
    )
    assert ran.stdout == "grüße 🦀\ufffd\ufffd"


async def test_unicode_in_code_names_arguments_and_paths(sandbox: Sandbox) -> None:
    words = "größe 🦀 日本 e\u0301 \u202e"
    await sandbox.unpack([tar_of({words.encode(): words.encode()})])
    code = f"import os\n名前 = {words!r}\nprint(名前 in os.listdir(), open(名前).read() == 名前, 名前, sep='|')"
    ran = await python(sandbox, code)
    assert ran.stdout == f"True|True|{words}\n"
    assert (await finished(sandbox, Command("x", argv=("cat", words)))).stdout == words
    assert (await shell(sandbox, f"printf '%s' '{words}' >&2")).stderr == words


async def test_fifty_megabytes_in_and_out(sandbox: Sandbox) -> None:
    """As a file both ways, then as output, none of it compressible."""
    data = random.Random(50).randbytes(50 << 20)
    await sandbox.unpack([tar_of({b"small": b""})])  # the first files are also committed inside, which takes as much room again
    await sandbox.unpack(tar_of({b"big": data})[start : start + (1 << 20)] for start in range(0, 51 << 20, 1 << 20))
    digest = hashlib.sha256(data).hexdigest()
    assert (await shell(sandbox, "sha256sum big")).stdout == f"{digest}  big\n"
    assert untarred(await sandbox.pack([b"big"])) == {b"big": data}
    ran = await shell(sandbox, "head -c 37500000 big | base64 -w 0")
    assert hashlib.sha256(base64.b64decode(ran.stdout)).digest() == hashlib.sha256(data[:37500000]).digest()
    assert (ran.exit.passed, ran.exit.omitted) == (True, 0)


async def test_programs_stay_programs_and_what_vanished_is_left_out(sandbox: Sandbox) -> None:
    await sandbox.unpack([tar_of({b"tool": b"#!/bin/sh\necho ran\n", b"other": b""})])
    await shell(sandbox, "chmod 755 tool; rm other")
    assert {line.split()[1] for line in (await sandbox.listing()).split(b"\0") if line} == {b"755"}
    assert untarred(await sandbox.pack([b"tool", b"other"])) == {b"tool": b"#!/bin/sh\necho ran\n"}
    assert (await shell(sandbox, "./tool")).stdout == "ran\n"


async def test_commands_asked_for_at_once_run_one_after_the_other(sandbox: Sandbox) -> None:
    script = "mkdir held || echo two at once; seq 2000; rmdir held"
    ran = await asyncio.gather(*(shell(sandbox, script) for _ in range(5)))
    assert {one.stdout for one in ran} == {"".join(f"{number}\n" for number in range(1, 2001))}


async def test_files_come_back_as_they_went_in(sandbox: Sandbox) -> None:
    files = {b"a/b.py": b"x = 1\n", b"nur\xe9 \xff.bin": bytes(range(256)), b"-n\nnew line": b"", b"deep/" * 60 + b"f": b"deep"}
    links = {b"link": b"a/b.py", b"outside": b"/etc/passwd", b"broken": b"nowhere\xff"}
    await sandbox.unpack([tar_of(files, links)])
    assert listed(await sandbox.listing()) == {**dict.fromkeys(files, b"f"), **dict.fromkeys(links, b"l")}
    expected = {**files, **{name: b"-> " + target for name, target in links.items()}}
    assert untarred(await sandbox.pack([*files, *links])) == expected


async def test_unpacking_again_replaces_and_removing_takes_empty_folders_along(sandbox: Sandbox) -> None:
    await sandbox.unpack([tar_of({b"a/b": b"1", b"a/c": b"2", b"x/y/z": b"3"}, {b"l": b"/etc/passwd"})])
    await sandbox.unpack([tar_of({b"a/b": b"new", b"l": b"a file now"})])
    await sandbox.remove([b"x/y/z", b"a/c", b"never/was"])
    assert listed(await sandbox.listing()) == {b"a/b": b"f", b"l": b"f"}
    assert untarred(await sandbox.pack([b"a/b", b"l"])) == {b"a/b": b"new", b"l": b"a file now"}
    assert (await shell(sandbox, "ls")).stdout.split() == ["a", "l"]


async def test_what_a_command_changes_is_listed_without_caches_and_repository(sandbox: Sandbox) -> None:
    await sandbox.unpack([tar_of({b"test_a.py": b"def test(): assert True\n"})])
    before = await sandbox.listing()
    ran = await shell(
        sandbox, "python -m pytest -q; mkdir -p __pycache__ .mypy_cache; touch __pycache__/x .mypy_cache/y; git status --short"
    )
    assert "1 passed" in ran.stdout
    assert await sandbox.listing() == before
    ran = await shell(sandbox, "echo '#' >> test_a.py; mkfifo pipe; git diff --stat")
    assert "test_a.py | 1 +" in ran.stdout
    assert listed(await sandbox.listing()) == {b"test_a.py": b"f", b"pipe": b"p"}


async def test_a_cache_that_the_repository_holds_is_listed(sandbox: Sandbox) -> None:
    await sandbox.unpack([tar_of({b"src/.hypothesis/examples": b"kept", b"a": b""})])
    await shell(sandbox, "mkdir .ruff_cache; touch .ruff_cache/x")
    assert listed(await sandbox.listing()) == {b"src/.hypothesis/examples": b"f", b"a": b"f"}


async def test_an_error_while_files_are_made_comes_out_and_the_sandbox_lives_on(sandbox: Sandbox) -> None:
    def broken() -> Iterator[bytes]:
        yield tar_of({b"a": b"1" * 20000})[:10240]
        raise SandboxError("the mirror broke")

    with pytest.raises(SandboxError, match="the mirror broke"):
        await sandbox.unpack(broken())
    assert (await shell(sandbox, "echo fine")).stdout == "fine\n"


async def test_a_tar_that_is_none_and_a_workspace_that_is_full_are_told_apart(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="copying files into the sandbox"):
        await sandbox.unpack([b"this is no tar" * 1000])
    with pytest.raises(SandboxError, match=r"sandbox\.workspace_mb"):
        await sandbox.unpack([tar_of({b"big": bytes(70 << 20)})])
    await sandbox.remove([b"big"])
    await sandbox.unpack([tar_of({b"small": b"1"})])
    assert b"small" in listed(await sandbox.listing())


@pytest.mark.parametrize(
    "script",
    [
        "sleep 4321",
        "trap '' TERM; while :; do sleep 4321; done",
        "setsid sleep 4321 & setsid -f sleep 4321; sleep 4321",
        "(trap '' TERM HUP; (sleep 4321 &) ) & nohup sleep 4321 >/dev/null 2>&1 & sleep 4321",
        "sleep 4321 & kill -STOP $!; kill -STOP $$",
    ],
    ids=["plain", "ignores TERM", "setsid", "double fork", "stopped"],
)
async def test_a_timeout_ends_everything_the_command_started(sandbox: Sandbox, script: str) -> None:
    """T7: within three seconds of the limit."""
    ran = await shell(sandbox, f"echo first; {script}", timeout_s=1)
    assert (ran.stdout, ran.exit.reason) == ("first\n", "timeout")
    assert 1 <= ran.exit.seconds < 4.5
    assert await survivors(sandbox, "4321") == ""


async def test_survivors_are_seen_when_there_are_any(sandbox: Sandbox) -> None:
    """The control of the tests that find none."""
    ran = await shell(sandbox, "sleep 4321 & tr '\\0' ' ' </proc/$!/cmdline")
    assert "4321" in ran.stdout


async def test_who_holds_the_output_does_not_delay_the_end(sandbox: Sandbox) -> None:
    ran = await shell(sandbox, "sleep 4321 & echo done")
    assert (ran.stdout, ran.exit.passed) == ("done\n", True)
    assert ran.exit.seconds < 2.5
    assert await survivors(sandbox, "4321") == ""


async def test_closing_early_kills_what_runs_and_the_next_command_runs(sandbox: Sandbox) -> None:
    began = time.monotonic()
    async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "setsid sleep 4321 & echo up; sleep 4321")))) as items:
        async for item in items:
            assert isinstance(item, Output)
            break
    assert await survivors(sandbox, "4321") == ""
    assert time.monotonic() - began < 4


async def test_cancelling_the_task_kills_what_runs(sandbox: Sandbox) -> None:
    heard = asyncio.Event()

    async def consume() -> None:
        async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4321")))) as items:
            async for _ in items:
                heard.set()

    task = asyncio.create_task(consume())
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await survivors(sandbox, "4321") == ""


async def test_out_of_memory_is_told_apart_from_a_kill(sandbox: Sandbox) -> None:
    """T4: what was printed before is not lost."""
    if RUNTIME == "runsc":
        pytest.skip("gVisor has no end of one process for memory: all of the container ends, and that is told")
    ran = await python(sandbox, "print('before', flush=True)\nx = bytearray(1 << 30)")
    assert (ran.stdout, ran.exit.reason, ran.exit.code) == ("before\n", "out of memory", 137)
    ran = await shell(sandbox, "kill -9 $$")
    assert ran.exit.reason == "killed"
    ran = await python(sandbox, "x = bytearray(64 << 20); print(len(x))")
    assert ran.exit.passed
    assert ran.exit.max_memory > 64 << 20


async def test_a_flood_of_output_is_cut_and_the_app_stays_small(sandbox: Sandbox) -> None:
    """T8: an endless output of lines."""
    before = psutil.Process().memory_info().rss
    received = 0
    async with aclosing(sandbox.run(Command("x", argv=("yes", "0123456789" * 10), timeout_s=60))) as items:
        async for item in items:
            if isinstance(item, Output):
                received += len(item.text)
            elif isinstance(item, Exit):
                end = item
    assert end.reason == "output limit"
    assert received == 64 << 20
    assert end.omitted > 0
    assert psutil.Process().memory_info().rss - before < 50 << 20
    assert (await shell(sandbox, "echo next")).stdout == "next\n"


async def test_a_slow_reader_loses_nothing(sandbox: Sandbox) -> None:
    """T9: the command fills every buffer on the way and ends; its output is read long after, and is still all there."""
    code = """
import os, pathlib, time
os.set_blocking(1, False)
sent, last = 0, time.monotonic()
while time.monotonic() - last < 0.5:
    try:
        sent += os.write(1, b"x" * 4096)
        last = time.monotonic()
    except BlockingIOError:
        time.sleep(0.01)
pathlib.Path("sent").write_text(str(sent))
"""
    received = 0
    async with aclosing(sandbox.run(Command("x", language="python", code=code))) as items:
        async for item in items:
            if isinstance(item, Output):
                if not received:
                    await asyncio.sleep(4)
                received += len(item.text)
            elif isinstance(item, Exit):
                assert item.passed
    assert (await shell(sandbox, "cat sent")).stdout == str(received)


async def test_a_big_output_is_exact(sandbox: Sandbox) -> None:
    """T9: both streams, in their order."""
    ran = await python(
        sandbox, "import sys\nfor n in range(60000):\n    print(n)\n    if n % 1000 == 0: print(n, file=sys.stderr)"
    )
    assert ran.stdout == "".join(f"{n}\n" for n in range(60000))
    assert ran.stderr == "".join(f"{n}\n" for n in range(0, 60000, 1000))


async def test_500_quick_commands_lose_no_byte(sandbox: Sandbox) -> None:
    """T9: output that is there before anybody reads it."""
    for number in range(500):
        ran = await finished(sandbox, Command("echo", argv=("echo", str(number))))
        assert (ran.stdout, ran.stderr, ran.exit.code) == (f"{number}\n", "", 0)


async def test_an_unknown_language_is_refused_and_names_the_known_ones(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="bash, python"):
        await finished(sandbox, Command("x", language="cobol", code="STOP RUN."))
    assert (await finished(sandbox, Command("x", language="console", code="echo $0"))).exit.passed


async def test_commands_that_cannot_be_sent(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="longer than 1 MB"):
        await python(sandbox, "#" * (1 << 20))
    with pytest.raises(SandboxError, match="neither argv nor a language"):
        await finished(sandbox, Command("empty"))
    assert (await finished(sandbox, Command("x", argv=("echo", "a\0b")))).exit.code == 126
    assert (await finished(sandbox, Command("x", argv=("printf", "nur\udce9")))).stdout == "nur\ufffd"
    assert (await python(sandbox, "#" * (1 << 19) + "\nprint('long')")).stdout == "long\n"


async def test_closed_twice_and_asked_afterwards(sandbox: Sandbox) -> None:
    await sandbox.close()
    await sandbox.close()
    with pytest.raises(SandboxError, match="ask again"):
        await finished(sandbox, Command("x", argv=("true",)))
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    assert (await shell(sandbox, "ls -A /workspace; echo up")).stdout == "up\n"
