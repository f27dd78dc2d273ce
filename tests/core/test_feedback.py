"""The words the model reads after a run."""

from __future__ import annotations

import pytest

from oci_tui.core.check import compile_check, outcome
from oci_tui.core.feedback import (
    EMPTY,
    FORGOTTEN,
    IMAGE,
    INPUT_CALLED,
    LAST_LINES,
    calls_input,
    execution_result,
    installs,
    shortened,
)
from oci_tui.core.ports import Exit
from tests.core.test_failure import PYTEST, TRACEBACK


def test_output_has_the_reference_prefix() -> None:
    assert execution_result("1 failed\n", Exit(1), expect_output=False) == "Execution result: \n1 failed"


def test_empty_output_of_code_asks_for_a_test_case() -> None:
    assert execution_result("", Exit(0), expect_output=True) == EMPTY
    assert (
        execution_result("", Exit(1), expect_output=True)
        == "Execution result: \nThe command printed nothing and ended with exit code 1."
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [("timeout", "timed out"), ("out of memory", "out of memory"), ("output limit", "too much"), ("killed", "outside")],
)
def test_every_unusual_end_is_said(reason: str, words: str) -> None:
    end = Exit(137, reason)  # type: ignore[arg-type]
    assert words in execution_result("", end, expect_output=True)
    assert execution_result("so far", end, expect_output=True).startswith("Execution result: \nso far\n")


def test_of_many_failures_the_first_is_told_whole() -> None:
    said = execution_result(PYTEST, Exit(1), expect_output=False)
    assert said.startswith("Execution result: \n2 failed, 1 passed.\nThe first failure:\n___")
    assert "E        +  where -1 = add(1, 2)" in said
    assert "    def test_mean():" in said
    assert said.endswith("2 failed, 1 passed in 0.04s")
    noisy = "loading\n" * 2_000 + TRACEBACK + "bye\n" * 2_000
    told = execution_result(noisy, Exit(1), expect_output=False)
    assert "ZeroDivisionError: division by zero\nThe last lines:\n" in told
    assert (told.count("bye"), "loading" in told, len(told) < 2_000) == (LAST_LINES, False, True)
    assert execution_result(TRACEBACK, Exit(1), expect_output=False) == "Execution result: \n" + TRACEBACK.strip()
    whole = execution_result(noisy, Exit(0), expect_output=False)
    assert whole.startswith("Execution result: \nloading")


def test_waiting_for_input_is_said() -> None:
    output = "Name: Traceback (most recent call last):\nEOFError: EOF when reading a line"
    assert execution_result(output, Exit(1), expect_output=True).endswith(INPUT_CALLED)
    assert INPUT_CALLED not in execution_result("EOFError", Exit(1), expect_output=True)


def test_a_timeout_without_output_is_the_reference_message() -> None:
    assert execution_result("", Exit(124, "timeout"), expect_output=True) == "Execution result: \nExecution timed out."


def test_long_output_keeps_both_ends_and_counts_the_rest() -> None:
    text = "a" * 100 + "ü" * 50 + "c" * 100
    assert shortened(text, 100, 100) == "a" * 100 + "\n...(100 bytes omitted)...\n" + "c" * 100
    assert shortened(text, 100, 100, omitted=7) == "a" * 100 + "\n...(107 bytes omitted)...\n" + "c" * 100
    for whole in ("short", "x" * 120, "x" * 200):
        assert shortened(whole, 100, 100) == whole


@pytest.mark.parametrize(
    ("code", "expected"),
    [("x = input()", True), ("print(input('a'))", True), ("obj.input()", False), ("def input(", False), ("'input()'", False)],
)
def test_calls_of_input_are_found(code: str, expected: bool) -> None:
    assert calls_input(code) is expected


def test_edited_python_files_are_compiled_at_least() -> None:
    least = compile_check(["a.py", "b.txt", "c d.py"], 5)
    assert least is not None
    assert least.label == "python3 -m py_compile a.py 'c d.py'"
    assert compile_check(["b.txt"], 5) is None


@pytest.mark.parametrize(
    ("output", "code", "reason", "phrase"),
    [
        ("..\n2 passed in 0.01s", 0, "exited", "2 passed"),
        ("F.\n=== 1 failed, 1 passed in 0.02s ===", 1, "exited", "1 failed, 1 passed"),
        ("1 error in 0.10s", 2, "exited", "1 error"),
        ("1 passed in 1s\n" + "\n" * 20_000, 0, "exited", "passed"),
        ("", 0, "exited", "passed"),
        ("boom", 3, "exited", "exit code 3"),
        ("1 passed in 1s", 137, "timeout", "timeout"),
    ],
)
def test_the_outcome_is_one_phrase(output: str, code: int, reason: str, phrase: str) -> None:
    assert outcome(output, code, reason) == phrase


def test_the_model_reads_what_a_terminal_would_show() -> None:
    said = execution_result("\x1b[31mred\x1b[0m\n 10 %\r100 %\n\x07", Exit(0), expect_output=True)
    assert said == "Execution result: \nred\n100 %\n␇"


def test_a_figure_is_a_result() -> None:
    assert execution_result(IMAGE * 2, Exit(0), expect_output=True) == "Execution result: \n[image]\n[image]"
    assert execution_result("3" + IMAGE, Exit(0), expect_output=True) == "Execution result: \n3\n[image]"


def test_a_lost_python_session_is_said() -> None:
    for end in (Exit(137, "timeout", forgotten=True), Exit(0, forgotten=True)):
        assert FORGOTTEN in execution_result("", end, expect_output=True)
        assert execution_result("so far", end, expect_output=True).endswith(f"\n{FORGOTTEN}")
        assert FORGOTTEN not in execution_result("so far", Exit(end.code, end.reason), expect_output=True)


def test_what_installs_a_package_is_known() -> None:
    for code in (
        "pip install x",
        "python3 -m pip install -q x",
        "cd a && npm install",
        "sudo apt-get -y install x",
        "uv add x",
        "yarn add x",
    ):
        assert installs(code), code
    for code in ("pip list", "npm test", "git add .", "make install", "cat pip-install.md", "# pip", "pip\ninstall x"):
        assert not installs(code), code
