"""Solutions that want to pass without solving anything, or to do harm: each fails, and the next honest one passes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from oci_tui.evaluate import calling
from oci_tui.evaluate.datasets import Problem
from oci_tui.evaluate.scoring import Score, Scorer
from tests.evaluate.problems import own, scorer

pytestmark = pytest.mark.docker

SECRET = "7d0f4c1b"
HIDDEN: dict[str, Any] = {
    "task_id": "Own/9",
    "prompt": "def key(n):\n",
    "entry_point": "key",
    "canonical_solution": f"    return '{SECRET}' + str(n * 3)\n",
    "base_input": [[1], [2]],
    "plus_input": [[3]],
    "atol": 0,
}
HONEST = f"def key(n):\n    return '{SECRET}' + str(n * 3)\n"

# What stands in the function's body, and how it ends.
INSIDE = {
    "import sys\nsys.exit(0)": "exception",
    "raise SystemExit": "exception",
    "raise KeyboardInterrupt": "exception",
    "import os\nos._exit(0)": "killed",
    "import posix\nposix._exit(0)": "killed",
    "import posix\nposix.kill(posix.getpid(), 9)": "killed",
    "posix = __import__('posix')\nposix.kill(posix.getppid(), 9)": "killed",
    "posix = __import__('posix')\nposix.kill(-1, 9)": "killed",
    "while True: pass": "timeout",
    "import time\ntime.sleep(60)": "timeout",
    "while True: print('x' * 10000)": "timeout",
    "x = []\nwhile True: x.append(bytearray(1 << 24))": "exception",
    "return 'x' * (1 << 40)": "exception",
    "return key(n)": "exception",
    "return input()": "exception",
    "return open('/etc/passwd').read()": "exception",
    "import subprocess\nreturn subprocess.run(['true'])": "exception",
    "return None": "wrong answer",
    "return (n for n in [1])": "wrong answer",
    "return key": "wrong answer",
    "class Any(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\nreturn Any('x')": "wrong answer",
    "class Any:\n    def __eq__(*_): return True\n    def __repr__(self): return '\"x\"'\nreturn Any()": "wrong answer",
    "class Odd:\n    def __repr__(self): raise SystemExit\nreturn Odd()": "exception",
    "import json\njson.JSONEncoder.iterencode = json.dumps = lambda *_, **__: '\"x\"'\nreturn 'y'": "wrong answer",
    "import sys\nsys.modules['oci_tui.evaluate.harness'].line = lambda *_: 'true'\nreturn 1": "wrong answer",
    "import builtins\nbuiltins.isinstance = builtins.all = lambda *_: True\nreturn 1": "exception",
    "import os\nos.write(3, b'1\\n1\\n!d\\n')\nos._exit(0)": "wrong answer",
    "import os\nos.write(3, b'.end clean\\n\\n.end clean\\n')\nos._exit(0)": "wrong answer",
    "import os\nos.write(3, b'!d\\n')\nos._exit(0)": "killed",
    "import os\nos.write(3, bytes(range(256)) * 99)\nos._exit(0)": "wrong answer",
    "import os\nwhile True: os.write(3, b'x' * 65536)": "wrong answer",
    "import os\nwhile True: os.write(3, b'\"\"\\n' * 9999)": "wrong answer",
}

# What stands before the function, which then gives no right answer.
BEFORE = {
    "syntax error here": "exception",
    "key = '\ud800'": "exception",
    "key = lambda n: '\\ud800'": "wrong answer",
    "nothing = '\0'": "exception",
    "x = " + "(" * 9999: "exception",
    "x = '" + "x" * (2 << 20) + "'": "no function",
    "raise ValueError": "exception",
    "import os; os._exit(0)": "killed",
    "del key": "exception",
    "other = 1": "no function",
    "import json; json.dumps = print": "no function",
}

# Each looks for what is expected where it could be, knowing how it begins, and answers with it.
SEARCHES = (
    """
import gc
def key(n):
    for found in gc.get_objects():
        for part in (found.values() if type(found) is dict else found if type(found) in (list, tuple) else ()):
            if type(part) is str and (secret := SEEN(part)):
                return secret + str(n * 3)
""",
    """
import sys
def key(n):
    frame = sys._getframe()
    while frame:
        for held in (frame.f_locals, frame.f_globals):
            for part in list(held.values()):
                try:
                    if secret := SEEN(str(part)):
                        return secret + str(n * 3)
                except TypeError:
                    continue
        frame = frame.f_back
""",
    """
import ctypes, io
def key(n):
    for line in io.open('/proc/self/maps'):
        place, mode = line.split()[:2]
        begin, end = (int(part, 16) for part in place.split('-'))
        if mode[0] == 'r' and '[v' not in line:
            if secret := SEEN(ctypes.string_at(begin, end - begin).decode('latin-1')):
                return secret + str(n * 3)
""",
    """
import os
def key(n):
    for process in os.listdir('/proc'):
        for name in ('mem', 'environ', 'cmdline', 'fd/0', 'fd/1', 'fd/2', 'fd/3') if process.isdigit() else ():
            try:
                data = os.read(os.open('/proc/%s/%s' % (process, name), os.O_RDONLY | os.O_NONBLOCK), 1 << 20)
            except OSError:
                continue
            if secret := SEEN(data.decode('latin-1')):
                return secret + str(n * 3)
""",
    """
import io, os
def key(n):
    for top in ('/tmp', '/workspace', '/home/agent', '/dev/shm', '/run', '/var/tmp'):
        for folder, _, names in os.walk(top):
            for name in names:
                try:
                    data = io.open(os.path.join(folder, name), 'rb').read()
                except OSError:
                    continue
                if secret := SEEN(data.decode('latin-1')):
                    return secret + str(n * 3)
""",
)
# What they know of it: its first half, not written out, so that they do not find themselves.
SEEN = f"""
import re
def SEEN(text):
    begin = bytes(b ^ 1 for b in {bytes(ord(c) ^ 1 for c in SECRET[:4])!r}).decode()
    found = re.search(begin + '([0-9a-f]' + '{{4}})', text)
    return found and found[0]
"""

# Each leaves something behind that would spoil the next solution, and gives a wrong answer.
LEFT_BEHIND = (
    "import io\nfor place in ('/workspace/', '/tmp/', '/home/agent/', '/dev/shm/'):\n"
    "    for name in ('math.py', 'json.py', 'sitecustomize.py'):\n        io.open(place + name, 'w').write('raise ValueError')",
    "import posix\nposix.mkdir('/tmp/a')\nposix.mkdir('/tmp/a/b')\nposix.chmod('/tmp/a', 0)\nposix.chmod('/workspace', 0)",
    "import posix\nif posix.fork() == 0:\n    posix.setsid()\n    while True: posix.kill(posix.getppid(), 0)",
    "import posix\nif posix.fork() == 0:\n    posix.setsid()\n    import time\n    while True:\n        time.sleep(0.01)\n"
    "        for n in range(3, 30):\n            try: posix.write(n, b'1\\n')\n            except OSError: pass",
    "import io\ntry:\n    with io.open('/tmp/big', 'wb') as f:\n"
    "        while True: f.write(bytes(1 << 20))\nexcept OSError: pass",
    "import sys\nsys.setrecursionlimit(10)",
    "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass",
)


def body(code: str) -> str:
    return "def key(n):\n" + "".join(f"    {line}\n" for line in code.split("\n"))


@asynccontextmanager
async def hidden(folder: Path) -> AsyncGenerator[tuple[Scorer, Problem]]:
    """A scorer and the problem whose answers nobody can guess."""
    (problem,) = own(folder, HIDDEN)
    async with scorer(folder, memory_mb=256) as scoring:
        assert (await scoring.score(problem, HONEST, "plus")).passed
        yield scoring, problem


async def test_no_trick_passes_and_each_is_called_by_its_name(tmp_path: Path) -> None:
    tricks = {body(code): status for code, status in INSIDE.items()}
    tricks |= {f"{code}\n": status for code, status in BEFORE.items()}
    async with hidden(tmp_path) as (scoring, problem):
        ends = {code: await scoring.score(problem, code, "base") for code in tricks}
        assert {code: end.status for code, end in ends.items()} == tricks
        assert not any(end.passed for end in ends.values())
        assert (await scoring.score(problem, HONEST, "plus")).passed


async def test_what_is_expected_cannot_be_found(tmp_path: Path) -> None:
    """Right after the reference ran in the same sandbox."""
    (problem,) = own(tmp_path, HIDDEN)
    for number, search in enumerate(SEARCHES):
        async with scorer(tmp_path / str(number), memory_mb=512) as scoring:
            end = await scoring.score(problem, SEEN + search, "plus")
            assert not end.passed, search
            assert end.status == "wrong answer", (search, end)
            assert "Actual Output: None" in end.feedback


async def test_the_searches_find_what_is_there(tmp_path: Path) -> None:
    """The control: the same search of memory finds the secret when the program holds it."""
    (problem,) = own(tmp_path, HIDDEN)
    async with scorer(tmp_path) as scoring:
        assert (await scoring.score(problem, f"HELD = '{SECRET}'\n" + SEEN + SEARCHES[1], "plus")).passed
        assert (await scoring.score(problem, f"HELD = '{SECRET}'\n" + SEEN + SEARCHES[2], "plus")).passed


async def test_nothing_that_one_leaves_behind_reaches_the_next(tmp_path: Path) -> None:
    async with hidden(tmp_path) as (scoring, problem):
        for code in LEFT_BEHIND:
            first: Score = await scoring.score(problem, body(code + "\nreturn 0"), "plus")
            assert not first.passed, code
            looking = (
                "import math, json, os\nassert math.pi and json.dumps\n"
                "assert not [n for p in ('/workspace', '/tmp', '/home/agent', '/dev/shm') for n in os.listdir(p)]\n"
            )
            after = await scoring.score(problem, looking + HONEST, "plus")
            assert after.passed, (code, after)


async def test_one_that_stops_the_process_that_watches_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "_SILENCE_S", 2.0)
    async with hidden(tmp_path) as (scoring, problem):
        began = time.monotonic()
        score = await scoring.score(problem, body("import posix\nposix.kill(posix.getppid(), 19)\nwhile True: pass"), "base")
        assert score.status == "killed"
        assert time.monotonic() - began < 2 * 11
        assert (await scoring.score(problem, HONEST, "base")).passed


async def test_the_process_that_watches_is_closed_to_a_solution(tmp_path: Path) -> None:
    """Right answers only from a solution that was refused everything."""
    trying = """
import io, os, posix
def key(n):
    for name in ('mem', 'environ', 'fd/0', 'fd/1', 'maps'):
        for mode in ('rb', 'wb'):
            try:
                io.open('/proc/%d/%s' % (posix.getppid(), name), mode)
            except OSError:
                continue
            return name
    return 'SECRET' + str(n * 3)
"""
    async with hidden(tmp_path) as (scoring, problem):
        score = await scoring.score(problem, trying.replace("SECRET", SECRET), "plus")
        assert score.passed, score


def test_the_problem_is_what_it_seems(tmp_path: Path) -> None:
    (problem,) = own(tmp_path, HIDDEN)
    held: dict[str, Any] = {}
    exec(problem.canonical, held)
    assert held["key"](5) == f"{SECRET}15"
    assert SECRET not in json.dumps(HIDDEN["base_input"])
