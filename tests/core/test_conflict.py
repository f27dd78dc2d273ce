"""Three versions as people read them."""

from __future__ import annotations

from oci_tui.core.conflict import Side, VersionLine, Versions, marked, shortened


def lines(*pairs: tuple[Side, str]) -> tuple[VersionLine, ...]:
    return tuple(VersionLine(side, text) for side, text in pairs)


def test_every_region_has_all_its_markers() -> None:
    shown = marked(
        Versions("x", "changed", "changed", lines(("theirs", "a"), ("yours", "b"), ("gap", "9 lines"), ("base", "c")))
    )
    opening, middle, end = "<<<<<<< yours", "||||||| before", ">>>>>>> the model's"
    assert shown.splitlines()[1:] == [
        *(opening, middle, "=======", "a", end),
        *(opening, "b", middle, "=======", end),
        "⋯ 9 lines",
        *(opening, middle, "c", "=======", end),
    ]


def test_what_both_have_is_shortened() -> None:
    both: list[tuple[Side, str]] = [("both", str(number)) for number in range(10)]
    short = list(shortened(lines(*both, ("yours", "y"), *both)))
    assert [line.text for line in short] == ["7 lines", "7", "8", "9", "y", "0", "1", "2", "7 lines"]
    assert list(shortened(lines(*both))) == [VersionLine("gap", "10 lines")]
