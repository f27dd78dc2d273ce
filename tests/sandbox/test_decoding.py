"""Bytes as text: cut anywhere, and told in a summary when they are no text."""

from __future__ import annotations

import hashlib

import pytest

from oci_tui.sandbox.decoding import SAMPLE, Decoder


def read(data: bytes, step: int) -> tuple[str, str]:
    """The text while it arrives in pieces of `step` bytes, and what comes at the end."""
    decoder = Decoder()
    return "".join(decoder.feed(data[at : at + step]) for at in range(0, len(data), step)), decoder.finish()


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1 << 16])
def test_text_is_the_same_wherever_it_is_cut(step: int) -> None:
    text = "grüße € 🦀\n" * 2000
    assert read(text.encode(), step) == (text, "")
    assert read(b"end \xf0\x9f", step) == ("end ", "\ufffd")


@pytest.mark.parametrize("step", [1, 100, 1 << 16])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20_000), "PNG image"),
        (b"x" * (SAMPLE - 1) + b"\0" + b"y" * 100_000, "unknown type"),
        (b"\xff\xfe\x80a" * 5000, "unknown type"),
    ],
)
def test_binary_is_told_in_a_summary(data: bytes, kind: str, step: int) -> None:
    _, end = read(data, step)
    assert f"{len(data)} bytes, {kind}, sha256 {hashlib.sha256(data).hexdigest()}" in end
    assert end.partition("\n")[2].replace(" ", "").replace("\n", "") == data[:256].hex()
    assert len(end) < 1000


def test_text_in_another_encoding_or_with_a_late_nul_is_text() -> None:
    latin = "Die Größe der Straße ist schön.\n".encode("latin-1") * 3000
    assert read(latin, 4096) == (latin.decode(errors="replace"), "")
    late = b"x" * SAMPLE + b"\0" + b"y"
    assert read(late, 1 << 16) == (late.decode(), "")
