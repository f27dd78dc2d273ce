"""The one choke point to git: a hostile repository runs nothing (threat T17), and nobody goes around it."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

import oci_tui
from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.safe_git import SafeGit, environment, first_line
from tests.workspace.repository import Opener, PlainFolder, Repository


def traps(repository: Repository, canary: Path) -> None:
    """Every setting through which git runs a command, here one that leaves a file behind."""
    script = repository.root.parent / "trap"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> {canary}\nexit 0\n')
    script.chmod(0o755)
    hooks = repository.root.parent / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.askPass",
        "core.editor",
        "core.gitProxy",
        "diff.external",
        "diff.trap.command",
        "diff.trap.textconv",
        "merge.trap.driver",
        "filter.trap.clean",
        "filter.trap.smudge",
        "alias.ls-files",
        "alias.rev-parse",
        "alias.check-ignore",
        "credential.helper",
        "core.alternateRefsCommand",
        "uploadpack.packObjectsHook",
    ):
        repository.git("config", key, str(script))
    repository.git("config", "core.hooksPath", str(hooks))
    repository.write({".gitattributes": "* filter=trap diff=trap merge=trap\n"})


async def test_a_hostile_repository_runs_nothing(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    repository.write({"untracked.txt": "new\n", ".gitignore": "*.log\n"})
    nested = Repository(repository.root / "nested")
    for hostile in (repository, nested):
        traps(hostile, canary) if hostile is repository else hostile.git("config", "core.fsmonitor", str(tmp_path / "trap"))
    canary.unlink(missing_ok=True)
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
    assert not canary.exists()

    subprocess.run(["git", "-C", str(repository.root), "status"], check=True, capture_output=True)
    assert "trap" in canary.read_text(), "the traps do work"


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
    assert starts == {"safe_git.py"}
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
