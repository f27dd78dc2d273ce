"""T15: archives made to write elsewhere, or to exhaust the app. The control extracts the same bytes with a trusting reader."""

from __future__ import annotations

import asyncio
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from oci_tui.workspace import bring_back
from oci_tui.workspace.bring_back import Known, Wanted, parse_listing, take, told, wanted
from oci_tui.workspace.tar import END, members, packed
from tests.workspace.repository import Opener, Repository

HOOK = b".git/hooks/pre-commit"


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", **pax: str) -> bytes:
    """One member; `pax` are records that override its header."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o755
    info.pax_headers = pax
    data = b"evil" if kind == tarfile.REGTYPE else b""
    info.size = len(data)
    header = info.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + data + bytes(-len(data) % 512)


def global_header(**pax: str) -> bytes:
    """A header that overrides those of all that follow."""
    return tarfile.TarInfo.create_pax_global_header(pax)


ELSEWHERE = {
    "above": entry("../evil"),
    "GNU long name": entry("./" * 60 + "../evil"),
    "PAX path": entry("fine.txt", path="../evil"),
    "PAX path for all": global_header(path="../evil") + entry("fine.txt"),
    "below a symlink": entry("door", tarfile.SYMTYPE, "..") + entry("door/evil"),
    "below a symlink named by PAX": entry("door", tarfile.SYMTYPE, "fine", linkpath="..") + entry("door/evil"),
}
INSIDE_GIT = {
    "a hook": entry(HOOK.decode()),
    "a hook by PAX": entry("fine.txt", path=HOOK.decode()),
    "a hook by its long name": entry("x/" * 60 + "fine", path="./" + HOOK.decode()),
}


@pytest.mark.parametrize("archive", [*ELSEWHERE.values(), *INSIDE_GIT.values()], ids=[*ELSEWHERE, *INSIDE_GIT])
async def test_an_archive_that_writes_elsewhere(archive: bytes, repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """Whatever its listing claims, nothing but `fine.txt` and a link in the mirror comes of it."""
    workspace = await opened(repository.root)
    workspace.synced(b"")
    before, around = repository.state(), sorted(repository.root.parent.iterdir())
    claimed = (b"fine.txt", b"../evil", b"door", b"door/evil", HOOK)
    listing = b"".join(b"%s 755 4 1.5 %d %s\0" % (b"l" if name == b"door" else b"f", n, name) for n, name in enumerate(claimed))
    refusals = await workspace.bring_back(listing, archive + END)
    assert any("evil" in line or ".git" in line for line in refusals)
    assert {change.path for change in (await workspace.diff()).files} <= {"door", "fine.txt"}
    assert repository.state() == before
    assert sorted(repository.root.parent.iterdir()) == around

    inside = tmp_path / "control" / "inside"
    inside.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive + END)) as trusting:
        trusting.extractall(inside, filter="fully_trusted")
    assert (inside.parent / "evil").exists() or (inside / HOOK.decode()).exists()


def test_a_zero_byte_does_not_hide_the_rest_of_a_name() -> None:
    """A reader in C would see `fine.txt`; the whole name is looked at here."""
    long = b"fine.txt\0/../../evil"
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, len(long) + 1
    archive = header.tobuf(tarfile.GNU_FORMAT) + long + bytes(512 - len(long)) + entry("x")
    (member,) = members(archive + END)
    assert member.name == long
    result = take(archive + END, Wanted([b"fine.txt"], [], {}), Known({}, {}, False, lambda _: set()))
    assert result.refused == {long: "a name with a zero byte", b"fine.txt": "changed while it was copied"}


def test_a_size_that_an_extended_header_makes_larger_ends_the_reading() -> None:
    """A header of ten gigabytes makes no room for them, and what follows is not taken for its content."""
    tracemalloc.start()
    good = packed(b"good", b"fine", symlink=False, executable=False, mtime=1)
    found = list(members(good + entry("big", size=str(10 << 30)) + good + END))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(member.name, member.refused) for member in found] == [(b"good", ""), (b"", "cut short")]
    assert most < 1 << 20


def test_a_million_files_are_counted_not_taken() -> None:
    """Told in some lines, and an archive as large as one may be is not read to its end."""
    listing = parse_listing(b"".join(b"f 644 0 1.5 %d f%d\0" % (number, number) for number in range(1_000_000)))
    wish = wanted(listing, {}, Known({}, {}, False, lambda _: set()))
    assert len(wish.paths) == bring_back.MOST_FILES
    lines = told(wish.refused)
    assert (len(lines), lines[-1]) == (51, f"and {1_000_000 - bring_back.MOST_FILES - 50} more")
    archive = packed(b"f1", b"", symlink=False, executable=False, mtime=1) * 100_000
    refused = take(archive, wish, Known({}, {}, False, lambda _: set())).refused
    assert (refused[b""], refused[b"f1"]) == ("the sandbox's archive: more than 40000 files", "twice in the archive")
    assert sum(1 for _ in members(archive)) == 100_000


async def test_the_app_stays_awake_while_a_huge_listing_is_read(repository: Repository, opened: Opener) -> None:
    """The event loop comes round while 200 000 files are compared; it could not if they were compared on it."""
    workspace = await opened(repository.root)
    workspace.synced(b"")
    listing = b"".join(b"f 644 0 1.5 %d __pycache__/f%d\0" % (number, number) for number in range(200_000))
    rounds = 0
    reading = asyncio.create_task(workspace.changed(listing))
    while not reading.done():
        await asyncio.wait({reading}, timeout=0.005)
        rounds += 1
    assert await reading == ()
    assert rounds > 5
