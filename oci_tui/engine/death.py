"""Why a worker died, told from evidence: its exit status, the kernel's count of out-of-memory kills, its last words."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from oci_tui.core.errors import DeathCause, EngineDiedError, ModelError
from oci_tui.engine.memory import advise
from oci_tui.settings import EngineSettings

_TAIL = 8192
_LINES = 3
_NO_MEMORY = re.compile(r"out of memory|bad_alloc|MemoryError|(failed|unable|cannot) to allocate|cannot allocate memory", re.I)


def oom_kills() -> int:
    """How often the kernel has ended a process for want of memory: in this process's control group, else on this machine."""
    for file in (*_group_counters(), Path("/proc/vmstat")):
        try:
            counts = dict(line.split()[:2] for line in file.read_text(encoding="ascii").splitlines())
            return int(counts["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0


def _group_counters() -> list[Path]:
    found = []
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            found.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
        elif "memory" in controllers.split(","):
            found.insert(0, Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    return found


def died(code: int, killed_before: int, log: Path, settings: EngineSettings) -> EngineDiedError:
    """What to tell of a worker that ended with `code`; `killed_before` is what `oom_kills` said when it began."""
    lines = last_lines(log)
    said = " | ".join(lines)
    cause: DeathCause
    if code == -signal.SIGKILL and oom_kills() > killed_before:
        cause, words = "out of memory", "the kernel killed it: out of memory"
    elif code != -signal.SIGKILL and _NO_MEMORY.search(said):
        cause, words = "out of memory", f"out of memory, {_status(code)}"
    elif code == -signal.SIGKILL:
        cause, words = "killed", "killed from outside, by signal SIGKILL"
    else:
        cause, words = "crashed", _status(code)
    advice = _advice(settings) if cause == "out of memory" else "Ask again: it is started anew"
    last = f"; its last words: {said}" if said else ""
    return EngineDiedError(f"the engine's process died ({words}){last}. {advice}. The whole log is {log}", cause, lines)


def last_lines(log: Path) -> tuple[str, ...]:
    """The last lines of the log that hold something, the newest last."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _TAIL, 0))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError as error:
        return (f"(the log cannot be read: {error.strerror})",)
    return tuple(line.strip()[:200] for line in lines if line.strip())[-_LINES:]


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _advice(settings: EngineSettings) -> str:
    try:
        return advise(settings)
    except ModelError as error:
        return str(error)
