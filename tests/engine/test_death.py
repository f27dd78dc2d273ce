"""Why a worker died is told from evidence, and memory is blamed only where there is some."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci_tui.engine.death import died, last_lines, oom_kills
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.memory import on_gpu
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2, gguf

GROUPS = Path("/sys/fs/cgroup/memory")
KILLED = -signal.SIGKILL


def settings(folder: Path, context: int = 4096) -> EngineSettings:
    return EngineSettings(kind="llamacpp", model=str(gguf(folder / "m.gguf")), context=context)


@pytest.mark.parametrize(
    ("code", "log", "cause", "words"),
    [
        (KILLED, "loading", "killed", "killed from outside, by signal SIGKILL); its last words: loading. Ask again"),
        (KILLED, "CUDA out of memory?", "killed", "killed from outside"),
        (-signal.SIGSEGV, "", "crashed", r"(signal SIGSEGV). Ask again: it is started anew. The whole log is"),
        (1, "a\n\nb\n  c\nd\n", "crashed", "(exit code 1); its last words: b | c | d."),
        (-signal.SIGABRT, "terminate: std::bad_alloc", "out of memory", "(out of memory, signal SIGABRT)"),
        (1, "torch.OutOfMemoryError: CUDA out of memory", "out of memory", "(out of memory, exit code 1)"),
    ],
)
def test_the_cause_follows_from_status_and_log(code: int, log: str, cause: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(log)
    error = died(code, oom_kills(), tmp_path / "log", settings(tmp_path))
    assert error.cause == cause
    assert words in str(error)
    assert "\n" not in str(error)
    assert ("GB of memory are needed" in str(error)) == (cause == "out of memory")


def test_a_kill_is_blamed_on_memory_when_the_kernel_counted_one(tmp_path: Path) -> None:
    error = died(KILLED, oom_kills() - 1, tmp_path / "log", settings(tmp_path))
    assert error.cause == "out of memory"
    assert "the kernel killed it: out of memory" in str(error)
    assert last_lines(tmp_path / "log")[0].startswith("(the log cannot be read: No such file")


@pytest.mark.parametrize(
    ("gigabytes", "words"),
    [
        (9.0, "another program took it meanwhile"),
        (1.215, r"the window is too big; set engine.context to 9216 or less"),
        (1.2031, "the cache is too big; set engine.cache to Q6 and engine.context to 2304"),
        (1.0, "the model is too big, its weights alone are 0.0 GB"),
    ],
)
def test_the_advice_names_what_is_too_big_and_what_would_fit(gigabytes: float, words: str, tmp_path: Path) -> None:
    model = read_exl2(exl2(tmp_path / "m"))
    assert words in on_gpu(model, 16384, "Q8", round(gigabytes * 1e9))


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group of this test's own that holds 60 MB."""
    group = GROUPS / f"oci-test-{os.getpid()}-{time.monotonic_ns()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"a memory control group cannot be made here ({error.strerror}); needs root and cgroup v1")
    (group / "memory.limit_in_bytes").write_text(str(60 * 1024**2))
    yield group
    group.rmdir()


APP = """
import asyncio, os, sys
from contextlib import aclosing
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from oci_tui.core.errors import EngineDiedError
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings

async def main():
    engine = EngineProcess(EngineSettings(kind="llamacpp", model=sys.argv[2], context=1024), Path(sys.argv[3]))
    try:
        async with aclosing(engine.start()) as progress:
            async for _ in progress:
                pass
    except EngineDiedError as error:
        print(error.cause, error)

asyncio.run(main())
"""


@pytest.mark.model
def test_a_worker_that_the_kernel_ends_for_want_of_memory_says_so(small_group: Path, smollm2: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", APP, str(small_group), str(smollm2), str(tmp_path / "log")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert said.stdout.startswith("out of memory the engine's process died (the kernel killed it: out of memory)")
    assert "GB of memory are needed and" in said.stdout
