"""Judges what was made of a task's repository: its hidden check runs in a sandbox, on each state in a folder of its own."""

from __future__ import annotations

import io
import tarfile
from contextlib import aclosing

import msgspec

from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Command, Exit, Output, Sandbox
from oci_tui.core.terminal import printed
from oci_tui.evaluate.task_folders import Files, RepositoryTask

_IN_FOLDER = 'cd "$1" && exec sh -c "$2"'


class Judgement(msgspec.Struct, frozen=True):
    """Whether a state of the files is what the task asks for, and what the check printed or how it ended."""

    passed: bool
    output: str = ""


async def judge(sandbox: Sandbox, task: RepositoryTask, files: Files, folder: str) -> Judgement:
    """Run the hidden check on these files, in this folder of the workspace. Raises SandboxError."""
    if task.unchanged and files != task.repo:
        touched = sorted(path for path in {*files, *task.repo} if files.get(path) != task.repo.get(path))
        return Judgement(False, f"changed: {', '.join(touched)}")
    end, said = await run_on(sandbox, task.judged(files), folder, task.hidden, task.timeout_s)
    return Judgement(end.passed, said)


async def run_on(sandbox: Sandbox, files: Files, folder: str, command: str, timeout_s: float) -> tuple[Exit, str]:
    """Run a command on these files, in this folder of the workspace: how it ended, and what it printed and why it was ended."""
    await sandbox.unpack([_tar(files, folder)])
    run = Command(command, ("/bin/sh", "-c", _IN_FOLDER, "check", folder, command), timeout_s=timeout_s)
    kept, end = KeptOutput(), Exit(1, "connection lost")
    async with aclosing(sandbox.run(run)) as items:
        async for item in items:
            if isinstance(item, Output):
                kept.add(item.stream, item.text)
            elif isinstance(item, Exit):
                end = item
    said = printed(kept.text())
    return end, said if end.reason == "exited" else f"{said}\n{end.reason}"


def _tar(files: Files, folder: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()
