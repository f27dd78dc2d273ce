"""What the container returns: hostile listings and archives (threats T15, T18)."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci_tui.workspace import bring_back, names
from oci_tui.workspace.bring_back import Known, Wanted, parse_listing, take, told, wanted
from oci_tui.workspace.tar import END, packed
from oci_tui.workspace.tree import FILE, SYMLINK, Entry, Tree
from tests.workspace.repository import Opener, PlainFolder, Repository


def known(tree: Tree | None = None, *, hidden: frozenset[bytes] = frozenset(), folds: bool = False) -> Known:
    return Known(tree or {}, {b"sub": "a submodule"}, folds, lambda paths: set(paths) & hidden)


def file(name: bytes, data: bytes = b"x") -> bytes:
    return packed(name, data, symlink=False, executable=False, mtime=1)


def line(name: bytes, kind: bytes = b"f", size: int = 1, inode: int = 1) -> bytes:
    return b"%s 644 %d 1.5 %d %s\0" % (kind, size, inode, name)


def taken(*paths: bytes, archive: bytes, tree: Tree | None = None, folds: bool = False) -> bring_back.Taken:
    return take(archive + END, Wanted(list(paths), [], {}), known(tree, folds=folds))


HOSTILE = [
    b"../x",
    b"/etc/cron.d/x",
    b"a/../../x",
    b".git/hooks/pre-commit",
    b".GIT/config",
    b"git~1/config",
    b"a/.g\xe2\x80\x8cit/config",
    b"a//b",
    b"x" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_and_the_rest_is_taken(name: bytes) -> None:
    listing = parse_listing(line(name) + line(b"good"))
    wish = wanted(listing, {}, known())
    assert wish.paths == [b"good"]
    assert len(wish.refused) == 1
    result = taken(b"good", archive=file(name) + file(b"good"))
    assert list(result.members) == [b"good"]
    assert len(result.refused) == 1


def test_a_file_below_a_symlink_is_refused() -> None:
    link = packed(b"door", b"/etc", symlink=True, executable=False, mtime=1)
    result = taken(b"door", b"door/passwd", archive=link + file(b"door/passwd"))
    assert list(result.members) == [b"door"]
    assert result.refused == {b"door/passwd": "below a file or a symlink"}
    tree = {b"door": Entry(SYMLINK, "0" * 40)}
    assert taken(b"door/x", archive=file(b"door/x"), tree=tree).members == {}
    assert taken(b"door/x", archive=file(b"door/x")).members


def test_a_file_in_the_place_of_a_folder_is_refused() -> None:
    tree = {b"d/x": Entry(FILE, "0" * 40)}
    assert taken(b"d", archive=file(b"d"), tree=tree).refused == {b"d": "in the place of a folder"}
    assert take(file(b"d") + END, Wanted([b"d"], [b"d/x"], {}), known(tree)).members


def test_doubles_and_files_not_asked_for_are_refused() -> None:
    result = taken(b"a", archive=file(b"a", b"1") + file(b"a", b"2") + file(b"b"))
    assert result.members == {}
    assert result.refused == {b"a": "twice in the archive", b"b": "not asked for"}


def test_what_is_missing_from_the_archive_is_named() -> None:
    assert taken(b"a", b"b", archive=file(b"a")).refused == {b"b": "changed while it was copied"}


def test_case_counts_only_where_the_file_system_folds() -> None:
    tree = {b"README": Entry(FILE, "0" * 40)}
    assert taken(b"readme", archive=file(b"readme"), tree=tree, folds=True).members == {}
    assert taken(b"readme", archive=file(b"readme"), tree=tree).members


def test_a_bare_repository_is_refused() -> None:
    paths = [b"n/HEAD", b"n/objects/aa", b"n/refs/heads/main", b"n/config"]
    result = taken(*paths, b"ok", archive=b"".join(map(file, [*paths, b"ok"])))
    assert list(result.members) == [b"ok"]
    assert set(taken(*paths[1:], archive=b"".join(map(file, paths[1:]))).members) == set(paths[1:])


def test_limits() -> None:
    assert wanted(parse_listing(line(b"big", size=65 << 20)), {}, known()).paths == []
    assert wanted(parse_listing(line(b"ok", size=64 << 20)), {}, known()).paths == [b"ok"]
    most = bring_back.MOST_FILES
    wish = wanted(parse_listing(b"".join(line(b"f%d" % number) for number in range(most + 2))), {}, known())
    assert len(wish.paths) == most
    assert len(wish.refused) == 2


def test_refusals_are_capped() -> None:
    lines = told({b"f%d" % number: "why" for number in range(80)})
    assert len(lines) == 51
    assert lines[-1] == "and 30 more"
    assert told({b"\x1b]0;x\x07": "why"}) == ("␛]0;x␇: why",)


def test_hidden_files_and_caches_do_not_come_back() -> None:
    listing = parse_listing(line(b"build/out") + line(b"a/__pycache__/m.pyc") + line(b"src.py") + line(b"sub/x"))
    wish = wanted(listing, {}, known(hidden=frozenset({b"build/out"})))
    assert wish.paths == [b"src.py"]
    assert wish.refused == {b"sub": "a submodule"}
    tree = {b"build/out": Entry(FILE, "0" * 40), b"a/__pycache__/m.pyc": Entry(FILE, "0" * 40)}
    assert wanted(listing, {}, known(tree, hidden=frozenset({b"build/out"}))).paths == [
        b"a/__pycache__/m.pyc",
        b"build/out",
        b"src.py",
    ]


def test_deleted_is_only_what_the_sandbox_held() -> None:
    tree = {name: Entry(FILE, "0" * 40) for name in (b"a", b"b", b"kept")}
    synced = parse_listing(line(b"a") + line(b"b")).records
    assert wanted(parse_listing(line(b"a")), synced, known(tree)).gone == [b"b"]
    damaged = wanted(parse_listing(line(b"a") + b"junk\0"), synced, known(tree))
    assert damaged.gone == []
    assert "damaged" in damaged.refused[b""]


def test_other_kinds_of_files_are_named_and_do_not_delete() -> None:
    tree = {b"a": Entry(FILE, "0" * 40)}
    synced = parse_listing(line(b"a")).records
    wish = wanted(parse_listing(line(b"a", kind=b"p")), synced, known(tree))
    assert (wish.paths, wish.gone, wish.refused) == ([], [], {b"a": "not a file or a symlink"})


@settings(max_examples=200)
@given(st.binary(max_size=400) | st.lists(st.binary(max_size=30).map(line)).map(b"".join))
def test_any_listing_is_survived(raw: bytes) -> None:
    wish = wanted(parse_listing(raw), {}, known())
    assert all(names.refusal(path) == "" for path in wish.paths)


part_names = st.sampled_from([b"a", b"b", b".git", b"..", b"HEAD", b"refs", b"objects", b".", b"", b"A", b"\xff"])
tar_entries = st.lists(
    st.tuples(
        st.lists(part_names, min_size=1, max_size=4).map(b"/".join),
        st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]),
    ),
    max_size=8,
)


@settings(max_examples=200)
@given(tar_entries, st.booleans())
def test_whatever_is_taken_makes_a_sound_tree(entries: list[tuple[bytes, bytes]], folds: bool) -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w:", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for name, kind in entries:
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    result = taken(*{name for name, _ in entries}, archive=buffer.getvalue(), folds=folds)
    paths = set(result.members)
    assert all(names.refusal(path) == "" for path in paths)
    assert not any(folder in paths for path in paths for folder in names.ancestors(path))
    assert names.bare_repositories(paths) == []
    assert not folds or len({path.lower() for path in paths}) == len(paths)


async def test_nothing_hostile_lands_on_the_host(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace = await opened(repository.root)
    workspace.synced(b"")
    before = repository.state()
    paths = [*HOSTILE, b"door", b"door/x", b"fine.txt"]
    listing = b"".join(line(path, inode=number) for number, path in enumerate(paths))
    door = packed(b"door", os.fsencode(outside), symlink=True, executable=False, mtime=1)
    refusals = await workspace.bring_back(listing, door + b"".join(map(file, [*HOSTILE, b"door/x", b"fine.txt"])) + END)
    assert len(refusals) == len(HOSTILE) + 1
    assert list(outside.iterdir()) == []
    assert repository.state() == before
    assert [change.path for change in (await workspace.diff()).files] == ["door", "fine.txt"]
    assert (await workspace.diff()).files[0].flags == ("symlink", "symlink leaves the tree")


async def test_a_real_folder_with_traps(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """T18: nested repositories, a bare layout, a pipe, a hard link are refused by name; risky files are flagged."""
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    nested = Repository(folder.root / "nested")
    nested.write({"code.py": "x = 1\n"})
    bare = Repository(folder.root / "bare.git", bare=True)
    (bare.root / "refs" / "heads" / "main").write_text("0" * 40)
    (bare.root / "objects" / "info" / "packs").write_text("")
    os.mkfifo(folder.root / "pipe")
    (folder.root / ".envrc").write_text("curl evil\n")
    (folder.root / ".vscode").mkdir()
    (folder.root / ".vscode" / "tasks.json").write_text("{}")
    (folder.root / "main.py").chmod(0o755)
    refusals = await folder.collect(workspace)
    flags = {change.path: change.flags for change in (await workspace.diff()).files}
    assert flags == {
        ".envrc": ("runs on checkout",),
        ".vscode/tasks.json": ("runs on checkout",),
        "main.py": ("executable",),
        "nested/code.py": (),
    }
    assert any(text.startswith("nested/.git: inside .git") for text in refusals)
    assert any(text.startswith("pipe: ") for text in refusals)
    assert any("would take for a repository" in text for text in refusals)
    assert len([text for text in refusals if "nested" in text]) == 1
