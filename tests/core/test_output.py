"""What is kept of an output, byte for byte against all of it."""

from __future__ import annotations

import random

import pytest

from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Stream

MARK = "\n...({} bytes omitted)...\n"


def journalled(pieces: list[tuple[Stream, str]], head: int, tail: int) -> tuple[dict[str, str], KeptOutput]:
    """What a journal would hold of each stream."""
    kept = KeptOutput(head, tail)
    held = {"stdout": "", "stderr": ""}
    for stream, text in pieces:
        held[stream] += kept.add(stream, text)
    for stream, text in kept.rest():
        held[stream] += text
    return held, kept


def expected(data: bytes, head: int, tail: int) -> tuple[str, int]:
    """Head and tail without a character that is cut, the count between them; and that count."""
    if len(data) <= head:
        return data.decode(), 0
    first = data[:head].decode(errors="ignore").encode()
    rest = data[len(first) :]
    if len(rest) <= tail:
        return data.decode(), 0
    last = rest[-tail:]
    while last[0] & 0xC0 == 0x80:
        last = last[1:]
    omitted = len(rest) - len(last)
    return first.decode() + MARK.format(omitted) + last.decode(), omitted


@pytest.mark.parametrize("alphabet", ["x\n", "xü\n", "€ü", "🦀€"])
@pytest.mark.parametrize("longest", [1, 7, 300])
def test_both_ends_are_exact_however_the_output_is_cut(alphabet: str, longest: int) -> None:
    chance = random.Random(f"{alphabet}{longest}")
    for _ in range(40):
        head, tail = chance.randrange(0, 80), chance.randrange(8, 200)
        pieces: list[tuple[Stream, str]] = [
            (chance.choice(("stdout", "stderr")), "".join(chance.choices(alphabet, k=chance.randrange(1, longest + 1))))
            for _ in range(chance.randrange(60))
        ]
        held, kept = journalled(pieces, head, tail)
        counts = []
        for stream in ("stdout", "stderr"):
            whole = "".join(text for of, text in pieces if of == stream)
            text, omitted = expected(whole.encode(), head, tail)
            assert held[stream] == text
            counts.append(omitted)
        assert kept.omitted == sum(counts)
        assert len(kept.text().encode()) + kept.omitted == sum(len(text.encode()) for _, text in pieces)
        if not kept.omitted:
            assert kept.text() == "".join(text for _, text in pieces), "the order of arrival is lost"


def test_a_flood_on_one_stream_leaves_the_other_whole() -> None:
    kept = KeptOutput(100, 100)
    kept.add("stderr", "warning at the start\n")
    for number in range(10_000):
        kept.add("stdout", f"{number}\n")
    kept.add("stderr", "error at the end\n")
    text = kept.text()
    assert text.startswith("warning at the start\n0\n1\n")
    assert text.endswith("9999\nerror at the end\n")
    assert len(text) < 300
