"""The patch of the pending change is exact: `git apply` of it in a copy gives, byte for byte, what an accept gives."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workspace.repository import Opener, PlainFolder, Repository, snapshot

_NAMES = st.sampled_from(
    [b"a", b"b.txt", b"dir", b"dir/c", b"dir/deep/d", b"\xff\xfe", b"new\nline", b'quo"te', b"tab\t", b"a b", b"-x"]
)
_CONTENTS = st.one_of(
    st.sampled_from([b"", b"\n", b"one", b"one\n", b"one\r\ntwo\r\n", b"\0\1\2", b"\xff\n", b"-- \n+++ b/x\n@@ -1 +1 @@\n"]),
    st.lists(st.sampled_from([b"one\n", b"two\n", b"three\n"]), max_size=12).map(b"".join),
    st.binary(max_size=40),
)
_KINDS = st.sampled_from(["file", "program", "link"])
TREES = st.dictionaries(_NAMES, st.tuples(_KINDS, _CONTENTS), max_size=6).filter(
    lambda tree: not (b"dir" in tree and any(name.startswith(b"dir/") for name in tree))
)


def lay(root: Path, tree: dict[bytes, tuple[str, bytes]]) -> None:
    """Let the folder hold these files and no others (.git stays)."""
    for entry in os.scandir(os.fsencode(root)):
        if entry.name != b".git":
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    for name, (kind, content) in tree.items():
        path = os.path.join(os.fsencode(root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == "link":
            os.symlink(content.replace(b"\0", b"0") or b"nowhere", path)
        else:
            Path(os.fsdecode(path)).write_bytes(content)
            os.chmod(path, 0o755 if kind == "program" else 0o644)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TREES, after=TREES)
async def test_git_apply_gives_the_accepted_tree(
    before: dict[bytes, tuple[str, bytes]], after: dict[bytes, tuple[str, bytes]], opened: Opener
) -> None:
    with tempfile.TemporaryDirectory() as place:
        repository = Repository(Path(place) / "project")
        lay(repository.root, before)
        workspace = await opened(repository.root)
        scratch = Path(place) / "scratch"
        shutil.copytree(repository.root, scratch, symlinks=True)
        folder = PlainFolder(Path(place) / "sandbox")
        folder.fill(workspace)
        lay(folder.root, after)
        assert await folder.collect(workspace) == ()
        patch = await workspace.changes.patch()
        assert bool(patch) == bool((await workspace.diff()).files)
        if patch:
            subprocess.run(["git", "-C", str(scratch), "apply", "--whitespace=nowarn", "-"], input=patch, check=True)
        await workspace.changes.accept()
        assert snapshot(scratch, skip=".git") == repository.state()
        assert await workspace.changes.patch() == b""
        workspace.close()
