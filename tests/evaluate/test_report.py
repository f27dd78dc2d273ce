"""The numbers of a report, and what it says of those that do not compare."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import Sampling, Usage
from oci_tui.evaluate import results
from oci_tui.evaluate.protocols import NO_ROOM
from oci_tui.evaluate.published_rows import published_rows
from oci_tui.evaluate.report import report
from oci_tui.evaluate.results import Attempt, Conditions, Record, Results, summary
from oci_tui.evaluate.tables import chart, written

PLUS = {"base": True, "plus": True}
BASE = {"base": True, "plus": False}
NONE = {"base": False, "plus": False}


def conditions(**changes: Any) -> Conditions:
    made = Conditions(
        "humaneval+", "v0.1.9", "ab" * 32, 4, 0, "oracle", "published", "plus", 2, 1, "llamacpp", "some-model", "cd" * 32, 4096,
        1024, Sampling(), "0.1.0",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def results_of(*pairs: tuple[dict[str, bool], dict[str, bool]], samples: int = 1, **changes: Any) -> Results:
    """One record for each (first, after)."""
    records = [
        Record(
            f"{number // samples}#{number % samples}",
            str(number // samples),
            number % samples,
            tuple(Attempt((), "reply", "code", passed) for passed in {id(first): first, id(after): after}.values()),
            int(first is not after),
            after,
        )
        for number, (first, after) in enumerate(pairs)
    ]
    return Results(conditions(samples=samples, **changes), tuple(records), summary(records))


FOUR = results_of((PLUS, PLUS), (BASE, PLUS), (NONE, BASE), (PLUS, NONE))


def test_the_levels_of_a_file_are_named() -> None:
    """A file has one name for the tests that came with it and those that were added."""
    named = msgspec.structs.replace(FOUR, conditions=conditions(dataset="t.jsonl", protocol="single"))
    assert [row.tests for row in report([("a.jsonl", named)]).rows] == ["t.jsonl base", "t.jsonl plus"]


def test_first_after_fixed_and_broken() -> None:
    (row,) = report([("a.jsonl", FOUR)]).rows
    assert (row.tests, row.protocol, row.tries) == ("humaneval+", "oracle ×2", 4)
    assert (row.first, row.passed, row.fixed, row.broken) == (0.5, 0.5, 1, 1)
    assert row.interval == pytest.approx((0.15, 0.85), abs=0.005)


def test_the_share_after_each_round_is_as_if_it_had_been_the_last() -> None:
    rounds = [(BASE, 1), (NONE, 0), (PLUS, 1)]
    attempts = tuple(Attempt((), "reply", "code", passed, shown_passed=shown) for passed, shown in rounds)
    record = Record("a", "a", 0, attempts, 2, PLUS)
    for protocol, shares in (("visible", (1.0, 1.0, 1.0)), ("oracle", (1.0, 0.0, 1.0))):
        found = Results(conditions(protocol=protocol, level="base", rounds=3), (record,), summary([record]))
        assert report([("a", found)]).rows[0].by_round == shares
        assert chart(report([("a", found)]))[0].endswith(" → ".join(f"{100 * share:.1f}" for share in shares))


def test_a_run_that_hidden_tests_do_not_steer_has_a_row_for_each_level() -> None:
    found = report([("a", msgspec.structs.replace(FOUR, conditions=conditions(protocol="visible", prompt="product")))])
    assert [(row.tests, row.first, row.passed, row.fixed, row.broken) for row in found.rows] == [
        ("humaneval", 0.75, 0.75, 1, 1),
        ("humaneval+", 0.5, 0.5, 1, 1),
    ]
    assert not found.published
    assert not found.notes, "there is no published row to compare with, hence nothing to warn of"


def test_plus_counts_only_where_base_holds_too() -> None:
    odd = {"base": False, "plus": True}
    (row,) = report([("a", results_of((odd, odd)))]).rows
    assert (row.first, row.passed) == (0.0, 0.0)


def test_published_rows_stand_beside_what_was_measured_in_the_same_way() -> None:
    found = report([("a", FOUR)])
    (rows,) = found.published.values()
    assert len(rows) == 11
    (row,) = [row for row in rows if row.model == "OCI-DS-6.7B"]
    assert [row.first, row.passed] == pytest.approx([0.72, 0.787])
    assert next(line for line in chart(found) if "OCI-DS-6.7B" in line).endswith("72.0 → 78.7")
    assert "| OCI-DS-6.7B (paper) |  | 72.0 | 78.7 |" in written(found, "markdown")
    assert not found.notes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset_version": "v0.1.10"}, "are for v0.1.9, not v0.1.10: they do not compare"),
        ({"limit": 4}, "only 4 problems were tried"),
        ({"rounds": 3}, "one refinement: they do not compare"),
        ({"sampling": Sampling(temperature=0.2)}, "greedy"),
    ],
)
def test_it_says_when_published_rows_do_not_compare(changes: dict[str, Any], said: str) -> None:
    found = report([("a.jsonl", msgspec.structs.replace(FOUR, conditions=conditions(**changes)))])
    assert not found.published
    (note,) = found.notes
    assert note.startswith("a.jsonl: ")
    assert said in note


def test_it_says_when_versions_differ_and_when_a_run_is_unfinished() -> None:
    other = Results(conditions(dataset_version="v0.1.10", dataset_sha256="12" * 32), FOUR.records[:1], None)
    notes = report([("a", FOUR), ("b", other)]).notes
    assert "b: not finished, 1 of 4 tasks" in notes
    assert "humaneval+: v0.1.9 abababab and v0.1.10 12121212 do not compare with each other" in notes


def test_it_says_what_kept_the_model_from_more() -> None:
    long = Attempt((), "reply", "code", PLUS, usage=Usage(end="length"))
    records = (Record("a", "a", 0, (long, long), 1, PLUS), Record("b", "b", 0, (), 0, NONE, note=NO_ROOM))
    assert report([("x", Results(conditions(), records, summary(records)))]).notes == (
        "x: 1 of 2 tasks ended early: the next prompt did not fit the model's window",
        "x: 2 of 2 replies were cut off at 1024 tokens",
    )


def test_several_samples_give_pass_at_k() -> None:
    runs = [(PLUS, PLUS)] * 5 + [(NONE, NONE)] * 5
    (row,) = report([("a", results_of(*runs, samples=5, sampling=Sampling(temperature=0.8)))]).rows
    assert (row.problems, row.tries, row.passed) == (2, 10, 0.5)
    assert row.pass_at == {1: 0.5, 5: 0.5}
    mixed = [(PLUS, PLUS), *[(NONE, NONE)] * 4] * 2
    (row,) = report([("a", results_of(*mixed, samples=5))]).rows
    assert row.pass_at == {1: pytest.approx(0.2), 5: 1.0}


def test_the_formats_say_the_same() -> None:
    found = report([("a", FOUR)])
    rows = list(csv.reader(io.StringIO(written(found, "csv"))))
    assert rows[0][:3] == ["tests", "version", "protocol"]
    assert dict(zip(rows[0], rows[1], strict=True))["fixed"] == "1"
    markdown = written(found, "markdown").splitlines()
    assert [cell.strip() for cell in markdown[2].strip("|").split("|")] == rows[1]
    assert json.loads(written(found, "json"))["rows"][0]["fixed"] == 1
    table = written(found, "table").splitlines()
    assert table[2].split()[:2] == ["humaneval+", "v0.1.9"]
    assert chart(found)[0].endswith("50.0 → 50.0")
    assert chart(found)[0].count("█") == 20


def test_a_hostile_name_cannot_reach_the_terminal_as_control() -> None:
    evil = "\x1b]0;owned\x07|model\nrow"
    found = report(
        [
            (
                "a\x1b[2J",
                msgspec.structs.replace(FOUR, conditions=conditions(model=evil, dataset=evil, dataset_version=evil, limit=1)),
            )
        ]
    )
    for text in (written(found, "table"), written(found, "markdown"), written(found, "csv")):
        assert not {"\x1b", "\x07"} & set(text)
    assert written(found, "markdown").splitlines()[2].count("|") == written(found, "markdown").splitlines()[0].count("|") + 3


def test_a_file_that_holds_no_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such results file"):
        results.read(tmp_path / "nothing.jsonl")
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(SettingsError, match="text, line 1: no line of a results file"):
        results.read(tmp_path / "text")


def test_every_published_row_is_a_share() -> None:
    for tests in ("humaneval", "humaneval+", "mbpp", "mbpp+"):
        for protocol, count in (("single", 13), ("oracle", 11), ("guided", 2), ("guided-oracle", 2)):
            rows = published_rows(protocol, tests)
            assert len(rows) == count
            assert all(0.3 < row.passed < 1 for row in rows)
    assert published_rows("visible", "mbpp") == []
    assert published_rows("single", "tasks") == []
