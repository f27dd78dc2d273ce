"""The tar written for the sandbox, and the reader of hostile ones."""

from __future__ import annotations

import io
import tarfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci_tui.workspace.tar import END, members, packed

FORMATS = (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT)
name_bytes = st.binary(min_size=1, max_size=300).map(lambda raw: raw.replace(b"\0", b"_").strip(b"/")).filter(bool)


@given(st.dictionaries(name_bytes, st.tuples(st.binary(max_size=2000), st.booleans())))
def test_what_is_written_is_read_back(files: dict[bytes, tuple[bytes, bool]]) -> None:
    archive = b"".join(packed(name, data, symlink=False, executable=x, mtime=5) for name, (data, x) in files.items()) + END
    assert {m.name: (m.data, m.executable) for m in members(archive)} == {
        name.removeprefix(b"./"): content for name, content in files.items()
    }


@pytest.mark.parametrize("form", FORMATS)
def test_archives_of_python_are_read(form: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=form) as archive:
        long = "folder/" * 12 + "name"
        info = tarfile.TarInfo(long)
        info.size, info.mode = 3, 0o755
        archive.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "target"
        archive.addfile(link)
    first, second = members(buffer.getvalue())
    assert (first.name, first.data, first.executable, first.refused) == (long.encode(), b"abc", True, "")
    assert (second.symlink, second.data) == (True, b"target")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.FIFOTYPE, "pipe"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.GNUTYPE_SPARSE, "sparse"),
    ],
)
def test_other_kinds_are_refused_by_name(kind: bytes, why: str) -> None:
    info = tarfile.TarInfo("x")
    info.type = kind
    (member,) = members(info.tobuf(tarfile.GNU_FORMAT) + END)
    assert why in member.refused


def test_a_sparse_file_of_ten_gigabytes_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.size = 1
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": str(10 << 30)}
    (member,) = members(info.tobuf(tarfile.PAX_FORMAT) + b"x" + bytes(511) + END)
    assert "sparse" in member.refused


@pytest.mark.parametrize("size", [10 << 30, -1, 1 << 70])
def test_a_size_beyond_the_archive_ends_the_reading(size: int) -> None:
    good = packed(b"good", b"fine", symlink=False, executable=False, mtime=1)
    header = bytearray(packed(b"bad", b"", symlink=False, executable=False, mtime=1))
    header[124:136] = b"\x80" + (size % (1 << 88)).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    first, second = members(good + bytes(header) + good)
    assert (first.name, second.name, second.refused) == (b"good", b"", "cut short")


@pytest.mark.parametrize("records", [b"9999999999 path=x\n", b"5 x\n", b"0 path=x\n", b"-8 path=x\n", b"10 path=x"])
def test_damaged_extended_headers_end_the_reading(records: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    archive = info.tobuf(tarfile.USTAR_FORMAT) + records + bytes(-len(records) % 512) + END
    assert [member.refused for member in members(archive)] == ["a damaged extended header"]


def test_a_million_headers_take_linear_time() -> None:
    header = packed(b"f", b"", symlink=False, executable=False, mtime=1)

    def seconds(count: int) -> float:
        begun = time.perf_counter()
        assert sum(1 for _ in members(header * count)) == count
        return time.perf_counter() - begun

    seconds(2_000)
    assert seconds(40_000) < 60 * max(seconds(2_000), 0.001)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_archive_never_breaks_the_reader(data: st.DataObject) -> None:
    archive = bytearray(packed(b"n" * 150, b"t" * 130, symlink=True, executable=False, mtime=1))
    archive += packed(b"dir/file", b"content" * 99, symlink=False, executable=True, mtime=1) + END
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(archive) - 1))
        archive[place] = data.draw(st.integers(0, 255))
    total = sum(len(member.data) for member in members(bytes(archive[: data.draw(st.integers(0, len(archive)))])))
    assert total <= len(archive)


@given(st.binary(max_size=3000))
def test_noise_is_never_a_file(noise: bytes) -> None:
    assert all(member.refused for member in members(noise))
