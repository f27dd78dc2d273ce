"""Pictures made by hostile code: what is kept shows the same, and nothing that lies about itself is kept."""

from __future__ import annotations

import stat
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.ports import Output, Plot
from oci_tui.sandbox.plots import MAX_BYTES, MAX_OF_RUN, MAX_OF_SESSION, Plots
from oci_tui.sandbox.png import SIGNATURE, BadPictureError, cleaned


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int = 3, height: int = 2, depth: int = 8, colour: int = 2, *rest: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *(rest or (0, 0, 0))))


PIXELS = chunk(b"IDAT", zlib.compress(2 * (b"\0" + 9 * b"\x80")))
END = chunk(b"IEND", b"")
GOOD = SIGNATURE + header() + PIXELS + END


def test_a_picture_is_kept_without_what_is_no_picture() -> None:
    extras = chunk(b"tEXt", b"Comment\0\x1b]52;c;x\x07") + chunk(b"iCCP", b"x") + chunk(b"eXIf", b"y") + chunk(b"acTL", b"z")
    assert cleaned(GOOD) == (GOOD, 3, 2)
    assert cleaned(SIGNATURE + header() + extras + PIXELS + extras + END) == (GOOD, 3, 2)
    halves = zlib.compress(2 * (b"\0" + 9 * b"\x80"))
    split = SIGNATURE + header() + chunk(b"IDAT", halves[:5]) + chunk(b"IDAT", halves[5:]) + END
    assert cleaned(split) == (split, 3, 2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no PNG"),
        (b"GIF89a", "no PNG"),
        (b"<svg onload=x>", "no PNG"),
        (SIGNATURE, "parts"),
        (GOOD[:-1], "cut off"),
        (GOOD + b"PK\x03\x04", "follows"),
        (GOOD.replace(b"\x80", b"\x81") if b"\x80" in GOOD else GOOD[:40] + b"\0" + GOOD[41:], "checksum"),
        (SIGNATURE + PIXELS + header() + END, "parts"),
        (SIGNATURE + header(width=100_000) + PIXELS + END, "too many"),
        (SIGNATURE + header(width=8000, height=8000) + PIXELS + END, "too many"),
        (SIGNATURE + header(0, 2) + PIXELS + END, "too many"),
        (SIGNATURE + header(3, 2, 7) + PIXELS + END, "not supported"),
        (SIGNATURE + header(3, 2, 8, 5) + PIXELS + END, "not supported"),
        (SIGNATURE + header(3, 2, 8, 2, 0, 0, 1) + PIXELS + END, "not supported"),
        (SIGNATURE + header(4, 2) + PIXELS + END, "not as many"),
        (SIGNATURE + header() + chunk(b"IDAT", b"no zlib") + END, "unpacked"),
        (SIGNATURE + header() + chunk(b"IDAT", zlib.compress(bytes(100 << 20))) + END, "not as many"),
    ],
)
def test_a_picture_that_lies_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadPictureError, match=why):
        cleaned(data)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=20))
def test_whatever_is_changed_either_it_is_whole_or_refused(place: int, bytes_: bytes) -> None:
    data = GOOD[:place] + bytes_ + GOOD[place + len(bytes_) :]
    try:
        clean, width, height = cleaned(data)
    except BadPictureError:
        return
    assert cleaned(clean) == (clean, width, height)


def test_saved_under_our_names_private_and_within_limits(tmp_path: Path) -> None:
    plots = Plots(tmp_path / "s")
    plots.begin()
    assert plots.take(GOOD[:20]) is None
    assert plots.take(GOOD[20:]) is None
    assert plots.take(b"") == Plot(str(tmp_path / "s/plot-1.png"), 3, 2)
    assert (tmp_path / "s/plot-1.png").read_bytes() == GOOD
    assert stat.S_IMODE((tmp_path / "s/plot-1.png").stat().st_mode) == 0o600
    assert plots.take(b"") == Output("stderr", "[figure 2 is not shown: it is no PNG]\n")
    for _ in range(MAX_BYTES // (1 << 20) + 3):
        plots.take(bytes(1 << 20))
    refused = plots.take(b"")
    assert isinstance(refused, Output)
    assert "larger than 4 MB" in refused.text


def drawn(plots: Plots) -> Plot | Output | None:
    plots.take(GOOD)
    return plots.take(b"")


def test_a_flood_of_pictures_ends(tmp_path: Path) -> None:
    plots = Plots(tmp_path)
    plots.begin()
    taken = [drawn(plots) for _ in range(MAX_OF_RUN + 5)]
    assert [type(one) for one in taken] == [Plot] * MAX_OF_RUN + [Output] + [type(None)] * 4
    for _ in range(MAX_OF_SESSION - MAX_OF_RUN):
        plots.begin()
        assert isinstance(drawn(plots), Plot)
    plots.begin()
    assert isinstance(drawn(plots), Output)
    assert len(list(tmp_path.iterdir())) == MAX_OF_SESSION


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/plot-1.png").symlink_to(tmp_path / "outside")
    assert drawn(Plots(tmp_path / "s")) == Plot(str(tmp_path / "s/plot-2.png"), 3, 2)
    assert not (tmp_path / "outside").exists()
