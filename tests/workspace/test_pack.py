"""Packs and folders written without git are what git itself would have written."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.pack import _index, _Packed
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tar import packed
from oci_tui.workspace.tree import FILE, PROGRAM, SYMLINK, Entry, Tree, blob_id


@pytest.fixture
def shadow(tmp_path: Path) -> Shadow:
    made = Shadow(tmp_path / "shadow.git")
    made.make()
    return made


def git(shadow: Shadow, *arguments: str, given: bytes = b"") -> bytes:
    command = ["git", "--git-dir", str(shadow.folder), *arguments]
    return subprocess.run(command, input=given, env=dict(os.environ), check=True, capture_output=True).stdout


def packs(shadow: Shadow) -> list[str]:
    return sorted(os.listdir(shadow.folder / "objects" / "pack"))


@pytest.mark.parametrize("count", [1, 99, 100, 101, 201, 1000])
def test_any_number_of_contents_is_stored(shadow: Shadow, count: int) -> None:
    chance = random.Random(count)
    contents = [chance.randbytes(chance.choice((0, 1, 15, 16, 4000))) + b"%d" % number for number in range(count)]
    contents.append(bytes(9 << 20))
    with shadow.writing() as writer:
        ids = [writer.add(data) for data in contents]
        assert writer.add(contents[0], ids[0]) == ids[0]
    assert list(shadow.read_all(ids)) == contents
    assert git(shadow, "fsck", "--strict", "--full", "--no-dangling").strip() == b""
    suffixes = [name.rpartition(".")[2] for name in packs(shadow)]
    assert suffixes == (["idx", "pack"] if count > 200 else [])


def test_what_is_stored_is_not_stored_again(shadow: Shadow) -> None:
    contents = [b"%d" % number for number in range(1000)]
    for _ in range(3):
        with shadow.writing() as writer:
            for data in contents:
                writer.add(data)
    assert len([name for name in packs(shadow) if name.endswith(".pack")]) == 1


def test_an_error_leaves_nothing_behind(shadow: Shadow) -> None:
    def stopped() -> None:
        with shadow.writing() as writer:
            for number in range(5000):
                writer.add(b"%d" % number * 1000)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert packs(shadow) == []


def test_a_full_disk_is_an_error_and_leaves_nothing_behind(shadow: Shadow) -> None:
    """The disk is full at 1 MiB: the kernel's limit on a file's size stands in for it."""

    def too_much() -> None:
        with shadow.writing() as writer:
            for number in range(40):
                writer.add(random.Random(number).randbytes(1 << 16))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            too_much()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert packs(shadow) == []
    too_much()


def test_offsets_beyond_two_gigabytes() -> None:
    """As git reads the index back: offset, id, checksum."""
    objects = [_Packed(bytes([number]) * 20, number, number << 30) for number in range(8)]
    shown = subprocess.run(["git", "show-index"], input=_index(objects, bytes(20)), check=True, capture_output=True).stdout
    assert shown.decode().splitlines() == [f"{n << 30} {f'{n:02x}' * 20} ({n:08x})" for n in range(8)]


parts = st.sampled_from([b"a", b"a.b", b"a0", b"b", b"\xff", b"a b"])
paths = st.lists(parts, min_size=1, max_size=4).map(b"/".join)
blobs = {data: blob_id(data) for data in (b"1", b"2", b"")}
trees = st.dictionaries(paths, st.tuples(st.sampled_from([FILE, PROGRAM, SYMLINK]), st.sampled_from(sorted(blobs))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees)
def test_folders_are_what_git_writes(shadow: Shadow, drawn: dict[bytes, tuple[str, bytes]]) -> None:
    tree: Tree = {path: Entry(mode, blobs[data]) for path, (mode, data) in drawn.items()}
    with shadow.writing() as writer:
        for data in blobs:
            writer.add(data)
    above = {b"/".join(path.split(b"/")[:count]) for path in tree for count in range(1, path.count(b"/") + 1)}
    if above & tree.keys():
        with pytest.raises(WorkspaceError, match="a file and a folder"):
            shadow.tree(tree)
        return
    index = {"GIT_INDEX_FILE": str(shadow.folder / "test-index")}
    lines = b"".join(b"%s %s\t%s\0" % (entry.mode.encode(), entry.blob.encode(), path) for path, entry in tree.items())
    for command, given_ in ((["read-tree", "--empty"], b""), (["update-index", "-z", "--index-info"], lines)):
        subprocess.run(["git", "--git-dir", str(shadow.folder), *command], input=given_, env=os.environ | index, check=True)
    write = ["git", "--git-dir", str(shadow.folder), "write-tree"]
    expected = subprocess.run(write, env=os.environ | index, check=True, capture_output=True, text=True).stdout.strip()
    assert shadow.tree(tree) == expected
    assert shadow.entries(expected) == tree


@pytest.mark.parametrize("name", [b"a", b"x" * 100, b"\xff/\xfe", b"y" * 101])
@pytest.mark.parametrize("executable", [False, True])
def test_a_header_is_what_tarfile_writes(name: bytes, executable: bool) -> None:
    info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
    info.uid = info.gid = 10001
    info.size, info.mtime, info.mode = 700, 1_764_117_000, 0o755 if executable else 0o644
    written = packed(name, b"z" * 700, symlink=False, executable=executable, mtime=1_764_117_000)
    assert written == info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + b"z" * 700 + bytes(324)
