"""What two lists have in common is what difflib finds, as far as there is work left, and never what they do not have."""

from __future__ import annotations

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.matching import Matcher, Work

LINES = st.lists(st.sampled_from("abcdef"), max_size=30)


@given(LINES, LINES)
def test_it_finds_what_difflib_finds(old: list[str], new: list[str]) -> None:
    work = Work()
    assert Matcher(old, new, work).get_opcodes() == SequenceMatcher(None, old, new).get_opcodes()
    assert not work.over


@given(LINES, LINES, st.integers(0, 60))
def test_without_work_left_beginnings_and_ends_are_common(old: list[str], new: list[str], left: int) -> None:
    codes = Matcher(old, new, Work(left)).get_opcodes()
    made = [
        each for kind, start, stop, begin, end in codes for each in (old[start:stop] if kind == "equal" else new[begin:end])
    ]
    assert made == new
    assert Matcher(["x", *old, "y"], ["x", *new, "y"], Work(-1)).get_opcodes()[0][0] == "equal"
    assert Matcher(["x", *old, "y"], ["x", *new, "y"], Work(-1)).get_opcodes()[-1][0] == "equal"


def test_its_work_is_bounded_also_where_every_line_is_like_every_other() -> None:
    work = Work(1_000_000)
    lines = Matcher(["a", "b"] * 50_000, ["b", "a", "a"] * 20_000, work, autojunk=False)
    assert lines.ratio() < 0.1
    assert work.over
