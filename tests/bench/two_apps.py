"""Two processes accept into one repository at once: `python -m tests.bench.two_apps [ROUNDS]`, 100 unless told otherwise.

In every round each of them has a change of its own end of a shared file, which must merge, and one of a line that both change,
which may conflict. At the end the shared file is what accepting one after the other gives, and every conflict was told.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from oci_tui.core.errors import ConflictError
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Repository

MIDDLE = "".join(f"{number}\n" for number in range(30))


async def app(root: Path, name: str, rounds: int) -> None:
    """One of the two; tells how many of its changes of the common line were written, and how many conflicted."""
    workspace = GitWorkspace(root, WorkspaceSettings(), name)
    await workspace.open()
    written = conflicts = 0
    for number in range(rounds):
        await workspace.refresh()
        shared = workspace.read("shared.txt") or ""
        line = f"{name}{number}\n"
        await workspace.apply({"shared.txt": line + shared if name == "A" else shared + line, f"only-{name}.txt": line})
        await workspace.changes.accept()
        await workspace.apply({"line.txt": line})
        try:
            await workspace.changes.accept()
            written += 1
        except ConflictError as conflict:
            conflicts += conflict.paths == ("line.txt",)
            await workspace.changes.reject()
    workspace.close()
    sys.stdout.write(f"{written} {conflicts}\n")


def race(rounds: int) -> tuple[int, int, float]:
    """Let both run: changes of the common line that were written, those that conflicted, and the seconds it took."""
    with tempfile.TemporaryDirectory() as place:
        repository = Repository(Path(place) / "project")
        repository.write({"shared.txt": MIDDLE, "line.txt": "start\n"})
        repository.commit()
        private, began = repository.private(), time.monotonic()
        environment = {**os.environ, "XDG_STATE_HOME": str(Path(place) / "state")}
        command = [sys.executable, "-m", "tests.bench.two_apps", "app", str(repository.root)]
        apps = [
            subprocess.Popen([*command, name, str(rounds)], stdout=subprocess.PIPE, env=environment, text=True) for name in "AB"
        ]
        told = [process.communicate()[0].split() for process in apps]
        took = time.monotonic() - began
        assert [process.returncode for process in apps] == [0, 0]
        top = "".join(f"A{number}\n" for number in reversed(range(rounds)))
        assert repository.read("shared.txt") == top + MIDDLE + "".join(f"B{number}\n" for number in range(rounds))
        assert [repository.read(f"only-{name}.txt") for name in "AB"] == [f"{name}{rounds - 1}\n" for name in "AB"]
        assert not list(repository.root.rglob(".oci-tui-*"))
        assert repository.private() == private
    return sum(int(written) for written, _ in told), sum(int(conflicts) for _, conflicts in told), took


if __name__ == "__main__":
    if sys.argv[1:2] == ["app"]:
        asyncio.run(app(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
    else:
        many = int(sys.argv[1]) if len(sys.argv) > 1 else 100
        done, met, seconds = race(many)
        each = seconds / (4 * many)
        print(f"{2 * many} merged, {done} of {2 * many} written on one line, {met} in conflict, {each * 1000:.0f} ms an accept")
