"""Text is cut and broken as it is when that is done one sign or row at a time, in time that grows as the text does."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, chop_cells

from oci_tui.ui.wording import tail, wrap

TEXT = st.lists(
    st.sampled_from(["a", "bc", " ", "  " * 6, "\t", "漢", "\u0301", "☎\ufe0f", "\u3000", "x" * 20]), max_size=20
).map("".join)


def row_by_row(line: str, width: int) -> list[str]:
    rows, row = list[str](), ""
    for word in re.findall(r"\S+\s*|\s+", line):
        while cell_len(row + word.rstrip()) > width:
            if row.strip():
                rows.append(row.rstrip())
                row = ""
            else:
                first, *rest = chop_cells(row + word, width)
                rows.append(first)
                row, word = "", "".join(rest)
        row += word
    return [*rows, row.rstrip()]


@given(TEXT, st.integers(8, 20))
def test_lines_are_broken_between_words_and_words_where_they_must(line: str, width: int) -> None:
    assert wrap(line, width) == row_by_row(line, width)
    assert wrap(f"{line}\n\n{line}", width) == [*wrap(line, width), "", *wrap(line, width)]


@given(TEXT, st.integers(0, 20))
def test_a_beginning_is_left_out_that_is_just_long_enough(text: str, cells: int) -> None:
    shown = tail(text, cells)
    longer = text[len(text) - len(shown) :]
    assert shown == text if cell_len(text) <= cells else shown[1:] == longer[1:] and cell_len(longer) >= max(cells, 1)
    assert cell_len(shown) <= max(cells, 1)


def test_a_word_of_millions_of_signs_is_cut_and_broken_once() -> None:
    assert tail("a" * 2_000_000, 9) == f"…{'a' * 8}", "sign by sign it takes hours"
    assert wrap("漢" * 500_000, 100) == ["漢" * 50] * 10_000, "row by row it takes a quarter of an hour"
    assert len(wrap("\u0301\t" * 300_000, 100)) == 1, "measured again for each word, a row takes hours"
