"""A repository that has a program run through every setting git knows, and leaves a trace where one did."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.workspace.repository import Repository

SETTINGS = (
    "core.fsmonitor core.pager core.sshCommand core.askPass core.editor core.gitProxy core.alternateRefsCommand diff.external"
    " diff.trap.command diff.trap.textconv merge.trap.driver filter.trap.clean filter.trap.smudge filter.trap.process"
    " alias.ls-files alias.rev-parse alias.check-ignore alias.symbolic-ref alias.for-each-ref credential.helper"
    " uploadpack.packObjectsHook sequence.editor gpg.program pager.ls-files pager.status interactive.diffFilter"
)
HOOKS = (
    "post-index-change pre-commit prepare-commit-msg commit-msg post-commit post-checkout reference-transaction"
    " fsmonitor-watchman pre-auto-gc post-rewrite pre-push"
)


class Canary:
    """The trace: `sang` says which trap ran."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "trace"
        self.script = folder / "trap"
        self.hooks = folder / "hooks"
        self.script.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.trace}\ncat >/dev/null 2>&1 </dev/null\nexit 1\n')
        self.script.chmod(0o755)
        self.hooks.mkdir()
        for name in HOOKS.split():
            (self.hooks / name).write_text(self.script.read_text())
            (self.hooks / name).chmod(0o755)

    @property
    def sang(self) -> str:
        return self.trace.read_text() if self.trace.exists() else ""

    def hush(self) -> None:
        self.trace.unlink(missing_ok=True)


def set_traps(repository: Repository, canary: Canary) -> None:
    """In its settings, a file these include, its attributes, its hooks, a nested repository, and one that is laid out bare."""
    for name in SETTINGS.split():
        repository.git("config", name, str(canary.script))
    repository.git("config", "core.hooksPath", str(canary.hooks))
    included = repository.root / ".git" / "more"
    included.write_text(f"[core]\n\tfsmonitor = {canary.script}\n[diff]\n\texternal = {canary.script}\n")
    repository.git("config", "include.path", "more")
    for name in HOOKS.split():
        (repository.root / ".git" / "hooks" / name).write_text(canary.script.read_text())
        (repository.root / ".git" / "hooks" / name).chmod(0o755)
    nested = Repository(repository.root / "nested")
    nested.write({"x.py": "x\n"})
    nested.git("config", "core.fsmonitor", str(canary.script))
    bare = {
        "HEAD": "ref: refs/heads/main\n",
        "config": f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {canary.script}\n",
    }
    repository.write({f"laid/{name}": text for name, text in bare.items()} | {"laid/objects/x": "", "laid/refs/x": ""})
    repository.write({".gitattributes": "* filter=trap diff=trap merge=trap\n"})
    os.utime(repository.root / ".gitattributes", (1, 1))
    canary.hush()


def ask_as_a_person_would(root: Path) -> None:
    """The control: plain git."""
    subprocess.run(["git", "-C", str(root), "status"], capture_output=True, check=False)
