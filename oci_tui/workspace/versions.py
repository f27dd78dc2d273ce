"""The three versions of a file in conflict, from git's own merge of their contents; and the merge with the user's lines."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from oci_tui.core.conflict import Side, State, VersionLine, Versions, shortened
from oci_tui.core.secrets import secret_in
from oci_tui.workspace.names import shown
from oci_tui.workspace.safe_git import SafeGit
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import SYMLINK, Entry, Tree

_LARGEST = 2 << 20
_MOST_LINES = 2_000
_MARKER = 50
_CONFLICTS = range(128)


def compared(shadow: Shadow, path: bytes, base: Tree, ours: Tree, theirs: Tree, *, blocked: bool = False) -> Versions:
    """What both sides made of one file. `blocked`: in the user's tree something that is no file is in its place."""
    before, mine, new = base.get(path), ours.get(path), theirs.get(path)
    lines = () if blocked else tuple(shortened(_lines(shadow, before, mine, new)))[:_MOST_LINES]
    return Versions(shown(path), "blocked" if blocked else _state(before, mine), _state(before, new), lines)


def mine_first(shadow: Shadow, path: bytes, base: Tree, ours: Tree, theirs: Tree) -> Entry | None:
    """The file as a merge has it where the user's lines win; the user's whole where there is no such merge."""
    before, mine, new = base.get(path), ours.get(path), theirs.get(path)
    if mine is None or new is None or SYMLINK in (mine.mode, new.mode):
        return mine
    contents = [shadow.read(version.blob) if version else b"" for version in (before, mine, new)]
    if any(b"\0" in content or len(content) > _LARGEST for content in contents):
        return mine
    return Entry(mine.mode, shadow.store(_of_git(shadow, contents, "--ours")))


def _state(before: Entry | None, after: Entry | None) -> State:
    if before == after:
        return "unchanged"
    if after is None:
        return "deleted"
    return "changed" if before else "new"


def _lines(shadow: Shadow, *versions: Entry | None) -> Iterator[VersionLine]:
    """The merge of the base, the user's and the other version, line by line; nothing where one is no text or has a secret."""
    if any(version and version.mode == SYMLINK for version in versions):
        return
    contents = [shadow.read(version.blob) if version else b"" for version in versions]
    if any(b"\0" in content or len(content) > _LARGEST or secret_in(content) for content in contents):
        return
    token = secrets.token_hex(8)
    sides: dict[bytes, Side] = {
        b"<" * _MARKER + f" {token}".encode(): "yours",
        b"|" * _MARKER + f" {token}".encode(): "base",
        b"=" * _MARKER: "theirs",
        b">" * _MARKER + f" {token}".encode(): "both",
    }
    side: Side = "both"
    for line in _merged(shadow, contents, token).removesuffix(b"\n").split(b"\n"):
        line = line.removesuffix(b"\r")
        if line in sides:
            side = sides[line]
        else:
            yield VersionLine(side, line.decode("utf-8", "backslashreplace"))


def _merged(shadow: Shadow, contents: list[bytes], token: str) -> bytes:
    """Git's merge with a marker line before each version where they disagree; the markers bear the token."""
    labels = [part for _ in range(3) for part in ("-L", token)]
    return _of_git(shadow, contents, "--diff3", f"--marker-size={_MARKER}", *labels)


def _of_git(shadow: Shadow, contents: list[bytes], *form: str) -> bytes:
    """Git's merge of the base, the user's and the other content, in this form."""
    with tempfile.TemporaryDirectory(dir=shadow.folder, prefix="versions-") as folder:
        base, ours, theirs = (Path(folder) / name for name in ("base", "ours", "theirs"))
        for file, content in zip((base, ours, theirs), contents, strict=True):
            file.write_bytes(content)
        git = SafeGit(shadow.folder, shadow=True)
        return git.run("merge-file", "-p", "-q", *form, str(ours), str(base), str(theirs), expected=_CONFLICTS).out
