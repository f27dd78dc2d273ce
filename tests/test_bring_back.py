"""What a run leaves in a real container and what of it reaches the person's tree (threat T18); git works in there."""

from __future__ import annotations

import stat
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from tests.calculator import FILES, MakeRepository
from tests.test_session import session_on, turn
from tests.workspace.repository import snapshot

pytestmark = pytest.mark.docker

ATTACK = r"""```python
import os, pathlib, socket
from pathlib import Path as P
def put(path, text="evil\n"):
    P(path).parent.mkdir(parents=True, exist_ok=True)
    P(path).write_text(text)
for name in (".git/hooks/pre-commit", "sub/.git/config", ".GIT/config", "a/git~1/x", "b/.g\u200cit/hooks/x"):
    put(name)
put("c/.git. /x"); put("GIT~1/y")
for part in ("HEAD", "config", "objects/x", "refs/heads/x"):
    put("bare/" + part)
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("sock")
os.symlink("/etc/passwd", "absolute")
os.symlink("../../outside", "leaving")
os.symlink("/tmp", "folder")
put("folder/through.txt")
os.link("calc.py", "hard.py")
put(".vscode/tasks.json"); put(".envrc"); put("fine.txt", "fine\n"); put("run.sh", "#!/bin/sh\n")
os.chmod("run.sh", 0o755)
os.chmod("calc.py", 0o4755)
```
"""
LOOK = "```bash\ngit status --short; echo @@@; git diff; echo @@@; git log --format=%s; git remote; git stash list; ls -a\n```"


async def test_only_files_with_decent_names_come_back(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    (tmp_path / "outside").mkdir()
    around = snapshot(tmp_path, skip="repository")
    private = snapshot(root / ".git")
    async with session_on(root, [ATTACK, "Done.", "Done."], journal=tmp_path / "journal" / "j.jsonl") as session:
        await turn(session, "do it")
        told = session.conversation.messages[3].content
        async with aclosing(session.settle.accept()) as accepting:
            accepted = [event async for event in accepting]
    assert isinstance(accepted[0], events.ChangeAccepted), accepted
    assert set(accepted[0].paths) == {
        *("absolute", "leaving", "folder", "hard.py", ".vscode/tasks.json", ".envrc", "fine.txt", "run.sh", "calc.py"),
    }
    for refused in (
        "sub/.git: inside .git",
        ".GIT: inside .git",
        "a/git~1: inside .git",
        "GIT~1: inside .git",
        "pipe: ",
        "sock: ",
    ):
        assert refused in told, told
    assert "bare/HEAD: part of what git would take for a repository" in told
    assert snapshot(root / ".git") == private
    assert (root / "absolute").readlink() == Path("/etc/passwd"), "symlinks come back as they are, flagged, and never followed"
    assert not Path("/tmp/through.txt").exists()
    assert (root / "hard.py").stat().st_nlink == 1
    assert stat.S_IMODE((root / "calc.py").stat().st_mode) & 0o7000 == 0
    assert stat.S_IMODE((root / "run.sh").stat().st_mode) & 0o111
    now = {path: fact for path, fact in snapshot(tmp_path, skip="repository").items() if not path.startswith(b"journal")}
    assert now == around
    files = next(event for event in accepted if isinstance(event, events.DiffChanged)).diff.files
    assert files == ()


async def test_what_should_be_looked_at_twice_is_flagged(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    async with session_on(root, [ATTACK, "Done."]) as session:
        happened = await turn(session, "do it")
    diff = [event for event in happened if isinstance(event, events.DiffChanged)][-1].diff
    flagged = {file.path: set(file.flags) for file in diff.files}
    assert flagged["absolute"] == {"symlink", "symlink leaves the tree"}
    assert flagged["leaving"] == {"symlink", "symlink leaves the tree"}
    assert flagged["run.sh"] == {"executable"}
    assert flagged[".envrc"] == flagged[".vscode/tasks.json"] == {"runs on checkout"}
    assert flagged["fine.txt"] == set(), "the control"


async def test_git_in_the_container_shows_what_changed(make_repository: MakeRepository) -> None:
    """A baseline of its own: no history, no remotes, no settings of the person's."""
    root = make_repository({**FILES, ".gitattributes": "*.py filter=absent\n", "x.log": "x\n", ".gitignore": "*.log\n"})
    change = "```bash\necho '# new' >> calc.py\n```"
    async with session_on(root, [change, LOOK, "Done."]) as session:
        happened = await turn(session, "look")
    printed = "".join(event.text for event in happened if isinstance(event, events.OutputArrived))
    status, diff, log = printed.split("@@@\n")
    assert status.endswith("\n M calc.py\n")
    assert "+# new" in diff
    assert log.split("\n")[0] == "baseline"
    assert log.split("\n")[1] == ".", "one commit, no remotes, nothing stashed"
