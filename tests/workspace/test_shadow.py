"""The private repository: byte-exact, and its three-way merge is git's own (fault F8)."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import FILE, PROGRAM, SYMLINK, Entry, Tree, blob_id
from tests.workspace.repository import Repository


@pytest.fixture
def shadow(tmp_path: Path) -> Shadow:
    made = Shadow(tmp_path / "shadow.git")
    made.make()
    return made


def state(shadow: Shadow, **files: bytes) -> Tree:
    return {name.encode(): Entry(FILE, shadow.store(data)) for name, data in files.items()}


def test_it_is_private(shadow: Shadow) -> None:
    assert shadow.folder.stat().st_mode & 0o777 == 0o700
    shadow.make()


def test_contents_and_states_survive(shadow: Shadow) -> None:
    contents = [b"", b"a\r\nb\r\n", b"\0\xff", b"blob\ndata 5\n" * 3, b"$Id$\n"]
    with shadow.writing() as writer:
        ids = [writer.add(data) for data in contents]
    assert ids == [blob_id(data) for data in contents]
    assert list(shadow.read_all(ids)) == contents
    assert [shadow.read(blob) for blob in ids] == contents
    modes = [FILE, PROGRAM, SYMLINK, FILE, FILE]
    names = [b".gitattributes", b"nl\nname", b"\xff\xfe", b'quo"te\t', b"deep/er/x"]
    tree = {name: Entry(mode, blob) for name, mode, blob in zip(names, modes, ids, strict=True)}
    assert shadow.entries(shadow.commit(tree)) == tree
    assert shadow.entries(shadow.tree({})) == {}
    shadow.close()
    shadow.close()


def test_what_is_missing_is_an_error(shadow: Shadow) -> None:
    with pytest.raises(WorkspaceError, match="missing"):
        shadow.read("0" * 40)
    assert shadow.read(shadow.store(b"x")) == b"x"
    shadow.close()


def test_names_that_exclude_each_other_are_an_error(shadow: Shadow) -> None:
    with pytest.raises(WorkspaceError):
        shadow.tree(state(shadow, a=b"1") | {b"a/b": Entry(FILE, shadow.store(b"2"))})
    with pytest.raises(WorkspaceError):
        shadow.tree({b".git/config": Entry(FILE, shadow.store(b"2"))})


def test_references_are_in_order(shadow: Shadow) -> None:
    commit = shadow.commit({})
    for number in (1, 2, 10):
        shadow.point(f"refs/oci/s/user/{number}", commit)
    assert [name.rpartition("/")[2] for name, _ in shadow.refs("refs/oci/s/user")] == ["1", "2", "10"]
    shadow.point("refs/oci/s/user/2", "")
    assert len(shadow.refs("refs/oci/s/user")) == 2


def test_old_sessions_are_forgotten(shadow: Shadow) -> None:
    new = shadow.commit(state(shadow, a=b"new"))
    month = {"GIT_COMMITTER_DATE": f"{int(time.time()) - 31 * 24 * 3600} +0000"}
    command = ["git", "--git-dir", str(shadow.folder), "-c", "user.name=x", "-c", "user.email=x", "commit-tree", "-m", "x"]
    old = subprocess.run([*command, shadow.tree({})], env=month, check=True, capture_output=True, text=True).stdout.strip()
    shadow.point("refs/oci/old/base", old)
    shadow.prune()
    assert shadow.refs("refs/oci/old") != [], "the newest session stays, however old"
    shadow.point("refs/oci/new/base", new)
    shadow.point("refs/oci/new/user/1", old)
    shadow.prune()
    assert shadow.refs("refs/oci/old") == []
    assert len(shadow.refs("refs/oci/new")) == 2
    assert shadow.read(blob_id(b"new")) == b"new"
    shadow.close()


lines = st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=12).map(
    lambda found: b"".join(line + b"\n" for line in found)
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines, lines, lines)
def test_merging_is_what_git_merge_does(
    shadow: Shadow, tmp_path_factory: pytest.TempPathFactory, base: bytes, ours: bytes, theirs: bytes
) -> None:
    scratch = Repository(tmp_path_factory.mktemp("merge") / "scratch")
    for branch, data in (("main", base), ("ours", ours), ("theirs", theirs)):
        if branch != "main":
            scratch.git("checkout", "-q", "-B", branch, "main")
        scratch.write({"f": data})
        scratch.git("add", "-A")
        scratch.git("commit", "-q", "--allow-empty", "-m", branch)
    scratch.git("checkout", "-q", "ours")
    try:
        scratch.git("merge", "-q", "theirs")
        reference = scratch.read("f").encode()
    except subprocess.CalledProcessError:
        reference = None
    keep = {b".gitattributes": Entry(FILE, shadow.store(b"* merge=union"))}
    merged, conflicts = shadow.merge(*(state(shadow, f=data) | keep for data in (base, ours, theirs)))
    assert (shadow.read(merged[b"f"].blob) if merged else None) == reference
    assert conflicts == ((b"f",) if reference is None else ())
    shadow.close()


def test_merging_modes_deletions_and_renames(shadow: Shadow) -> None:
    base = state(shadow, a=b"1\n2\n3\n4\n5\n6\n", b=b"x")
    program = base | {b"a": Entry(PROGRAM, base[b"a"].blob)}
    edited = state(shadow, a=b"1\n2\n3\n4\n5\n66\n", b=b"x")
    assert shadow.merge(base, program, edited) == (edited | {b"a": Entry(PROGRAM, edited[b"a"].blob)}, ())
    assert shadow.merge(base, {}, base) == ({}, ())
    assert shadow.merge(base, {b"b": base[b"b"]}, edited)[1] == (b"a",)
    moved = {b"c": base[b"a"], b"b": base[b"b"]}
    assert shadow.merge(base, edited, moved) == ({b"c": edited[b"a"], b"b": base[b"b"]}, ())
