"""Real repositories and a plain folder in the sandbox's place, for the workspace's tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from oci_tui.core.changes import Level
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace, find_root

Content = str | bytes


class Repository:
    """A git repository that a test may do anything to."""

    def __init__(self, root: Path, *, bare: bool = False) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))

    @classmethod
    def at(cls, root: Path) -> Repository:
        """A repository that is there already."""
        found = cls.__new__(cls)
        found.root = root
        return found

    def git(self, *arguments: str) -> str:
        """Run git as a person would, with an identity."""
        identity = ("-c", "user.name=Person", "-c", "user.email=person@example.org", "-c", "protocol.file.allow=always")
        command = ["git", "-C", str(self.root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "backslashreplace")

    def write(self, files: Mapping[str, Content]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "work")

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def state(self) -> dict[bytes, tuple[str, int, str]]:
        """Every file outside .git: kind, permissions, content or target."""
        return snapshot(self.root, skip=".git")

    def private(self) -> dict[bytes, tuple[str, int, str, int]]:
        """Every file of .git with its time of change in nanoseconds."""
        git = self.root / ".git"
        facts = snapshot(git)
        return {path: (*fact, os.lstat(os.path.join(os.fsencode(git), path)).st_mtime_ns) for path, fact in facts.items()}


class Opener:
    """Opens workspaces on a repository."""

    def __init__(self, workspaces: list[GitWorkspace]) -> None:
        self._workspaces = workspaces

    async def __call__(self, root: Path, session: str = "one", **settings: object) -> GitWorkspace:
        workspace = self.unopened(root, session, **settings)
        await workspace.open()
        return workspace

    def unopened(self, root: Path, session: str = "one", **settings: object) -> GitWorkspace:
        workspace = GitWorkspace(find_root(root), WorkspaceSettings(**settings), session)  # type: ignore[arg-type]
        self._workspaces.append(workspace)
        return workspace


class PlainFolder:
    """A folder that is filled, listed and packed with the commands a container would use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def unpack(self, tar: Iterable[bytes]) -> None:
        command = ["tar", "-x", "-f", "-", "-C", str(self.root), "--no-same-owner"]
        subprocess.run(command, input=b"".join(tar), check=True, capture_output=True)

    def level(self, level: Level) -> None:
        for path in level.removed:
            os.unlink(os.path.join(os.fsencode(self.root), path))
        if level.tar:
            self.unpack([level.tar])

    def listing(self) -> bytes:
        command = ["find", ".", "-xdev", "-mindepth", "1", "-printf", r"%y %m %s %C@ %i %P\0"]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True).stdout

    def pack(self, paths: Sequence[bytes]) -> bytes:
        command = ["tar", "-c", "-f", "-", "--format=gnu", "--no-recursion", "--null", "--verbatim-files-from", "-T", "-"]
        return subprocess.run(command, cwd=self.root, input=b"\0".join(paths), check=True, capture_output=True).stdout

    def fill(self, workspace: GitWorkspace) -> None:
        self.unpack(workspace.seed())
        workspace.synced(self.listing())

    async def collect(self, workspace: GitWorkspace) -> tuple[str, ...]:
        """Bring the changes of this folder into the mirror; the refusals."""
        listing = self.listing()
        wanted = await workspace.changed(listing)
        return await workspace.bring_back(listing, self.pack(wanted) if wanted else b"")

    def state(self) -> dict[bytes, tuple[str, int, str]]:
        return snapshot(self.root)


def snapshot(root: Path, skip: str = "") -> dict[bytes, tuple[str, int, str]]:
    """Every file below a folder: kind, permissions, content's hash or target."""
    top = os.fsencode(root)
    found: dict[bytes, tuple[str, int, str]] = {}
    for folder, folders, files in os.walk(top):
        if skip and folder == top:
            folders[:] = [name for name in folders if name != skip.encode()]
            files = [name for name in files if name != skip.encode()]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            path = os.path.join(folder, name)
            bits = os.lstat(path).st_mode & 0o7777
            if os.path.islink(path):
                fact = ("link", 0, os.fsdecode(os.readlink(path)))
            else:
                fact = ("file", bits, hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest())
            found[os.path.relpath(path, top)] = fact
    return found
