"""The one choke point to git: a hostile repository runs nothing (threat T17), and nobody goes around it."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

import oci_tui
from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace import safe_git
from oci_tui.workspace.safe_git import SafeGit, environment, first_line
from tests.hostile import Canary, ask_as_a_person_would, set_traps
from tests.workspace.repository import Opener, PlainFolder, Repository


async def test_a_hostile_repository_runs_nothing(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    canary = Canary(tmp_path)
    repository.write({"untracked.txt": "new\n", ".gitignore": "*.log\n"})
    set_traps(repository, canary)
    private = repository.private()
    os.utime(repository.root / "main.py")

    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "main.py").write_text("one\nTWO\nthree\nfour\nfive\n")
    (folder.root / "added.log").write_text("hidden\n")
    (folder.root / "added.txt").write_text("seen\n")
    assert await folder.collect(workspace) == ()
    assert workspace.check("more.log") != ""
    assert (await workspace.diff()).summary() == "2 files +2 −1"
    repository.write({"main.py": "one\ntwo\nthree\nfour\nFIVE\n"})
    await workspace.changes.accept()
    assert repository.read("main.py") == "one\nTWO\nthree\nfour\nFIVE\n"
    await workspace.changes.undo()
    await workspace.refresh()
    assert canary.sang == ""
    assert repository.private() == private
    ask_as_a_person_would(repository.root)
    assert "trap" in canary.sang, "the control"


@pytest.mark.parametrize(
    ("setting", "command"),
    [
        ("core.fsmonitor", ["ls-files", "--others"]),
        ("core.fsmonitor", ["status"]),
        ("core.hooksPath", ["update-ref", "refs/heads/made", "HEAD"]),
        ("core.sshCommand", ["ls-remote", "ssh://nowhere.invalid/x"]),
        ("core.gitProxy", ["ls-remote", "git://nowhere.invalid/x"]),
        ("credential.helper", ["credential", "fill"]),
        ("diff.external", ["diff"]),
        ("core.alternateRefsCommand", ["fetch", "-q", "{other}"]),
    ],
)
def test_each_override_holds(repository: Repository, tmp_path: Path, setting: str, command: list[str]) -> None:
    """Also for commands that are not used; in the control the same git has only this setting less."""
    canary = Canary(tmp_path)
    other = Repository(tmp_path / "other")
    other.write({"x": "x"})
    other.commit()
    (repository.root / ".git" / "objects" / "info" / "alternates").write_text(f"{other.root}/.git/objects\n")
    repository.git("config", setting, str(canary.hooks if setting == "core.hooksPath" else canary.script))
    repository.git("config", "protocol.allow", "always")
    os.utime(repository.root / "main.py")
    repository.write({"main.py": "changed\n"})
    canary.hush()
    words = [word.format(other=other.root) for word in command]
    question = b"protocol=https\nhost=example.org\n"
    SafeGit(repository.root).run(*words, given=question, expected=range(256))
    assert canary.sang == ""
    kept = [part for part in overridden(setting) for part in ("-c", part)]
    plain = ["git", "-C", str(repository.root), *kept, *words]
    subprocess.run(plain, input=question, capture_output=True, check=False, env=environment())
    assert "trap" in canary.sang or "hooks" in canary.sang, "the control"


def overridden(but: str) -> list[str]:
    """The overrides but one, and but the one that forbids every transport."""
    return [one for one in safe_git._OVERRIDES if not one.startswith((f"{but}=", "protocol.allow="))]


def test_only_the_choke_point_starts_git() -> None:
    package = Path(oci_tui.__file__).parent
    starts, libraries = set(), set()
    for module in package.rglob("*.py"):
        source = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(source):
            if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
                first = node.elts[0]
                if isinstance(first, ast.Constant) and first.value == "git":
                    starts.add(module.name)
            if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "git" for alias in node.names):
                libraries.add(module.name)
            if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "git":
                libraries.add(module.name)
    measures = {name for name in starts if name.startswith("bench")}  # git itself, on repositories that they made
    assert starts - measures == {"safe_git.py"}
    assert libraries == {"discovery.py"}


def test_the_environment_keeps_only_where_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "evil")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/mine")
    kept = environment()
    assert kept["GIT_CONFIG_GLOBAL"] == "/mine"
    assert not {"GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_COUNT"} & kept.keys()


def test_a_failure_is_one_harmless_line(repository: Repository) -> None:
    with pytest.raises(WorkspaceError, match="git rev-parse: fatal: ") as caught:
        SafeGit(repository.root).run("rev-parse", "--verify", "no\x1b]0;such\nthing")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert first_line(b"warning: x\nfatal: \x1b[2Jreal\n") == "fatal: ␛[2Jreal"


def test_a_missing_git_says_what_to_do(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.root))
    with pytest.raises(WorkspaceError, match="install git"):
        SafeGit(repository.root).run("version")
    with pytest.raises(WorkspaceError, match="install git"), SafeGit(repository.root).pipe("version"):
        pass


def test_a_command_that_hangs_is_ended(repository: Repository) -> None:
    with pytest.raises(WorkspaceError, match="did not end within"):
        SafeGit(repository.root).run("-c", "alias.hang=!sleep 60", "hang", timeout_s=0.2)
