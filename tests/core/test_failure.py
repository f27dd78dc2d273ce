"""What is read out of what test runners and programs print; the outputs are theirs."""

from __future__ import annotations

import time

import pytest

from oci_tui.core.failure import Counts, Place, counts, first, places, signature

PYTEST = """\
.FF                                                                      [100%]
=================================== FAILURES ===================================
___________________________________ test_add ___________________________________

    def test_add():
>       assert add(1, 2) == 3
E       assert -1 == 3
E        +  where -1 = add(1, 2)

test_calc.py:5: AssertionError
__________________________________ test_mean ___________________________________

    def test_mean():
>       assert mean([1, 3]) == 2

test_calc.py:9:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

calc.py:12: ZeroDivisionError
=========================== short test summary info ============================
FAILED test_calc.py::test_add - assert -1 == 3
FAILED test_calc.py::test_mean - ZeroDivisionError: division by zero
2 failed, 1 passed in 0.04s
"""
UNITTEST = """\
F.E
======================================================================
FAIL: test_add (test_calc.CalcTest.test_add)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/workspace/test_calc.py", line 6, in test_add
    self.assertEqual(add(1, 2), 3)
AssertionError: -1 != 3

======================================================================
ERROR: test_div (test_calc.CalcTest.test_div)
----------------------------------------------------------------------
ZeroDivisionError: division by zero

----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, errors=1)
"""
TRACEBACK = """\
before
Traceback (most recent call last):
  File "/workspace/main.py", line 3, in <module>
    run()
  File "/workspace/src/job.py", line 8, in run
    return 1 / 0
           ~~^~~
ZeroDivisionError: division by zero
after
"""
CARGO = """\
---- tests::adds stdout ----
thread 'tests::adds' panicked at src/lib.rs:9:9:
assertion failed

failures:
    tests::adds

test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out
"""
GO = """\
=== RUN   TestAdd
    sum_test.go:7: got -1
--- FAIL: TestAdd (0.00s)
--- PASS: TestSub (0.00s)
FAIL
"""
NODE = "not ok 1 - adds\n  error: expected 3\nok 2 - subtracts\n# tests 2\n# pass 1\n# fail 1\n# skipped 0\n"
JEST = "  ● adds\n\n    expect(received).toBe(expected)\n\nTests:       1 failed, 2 passed, 3 total\n"
VITEST = """\
 ❯ test/sum.test.ts (5 tests | 2 failed) 9ms
   × sum > adds 5ms
     → expected -1 to be 3 // Object.is equality

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 2 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  test/sum.test.ts > sum > adds
AssertionError: expected -1 to be 3 // Object.is equality
 ❯ test/sum.test.ts:6:23
⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/2]⎯

 FAIL  test/sum.test.ts > sum > halves
TypeError: half is not a function
⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[2/2]⎯

 Test Files  1 failed (1)
      Tests  2 failed | 3 passed (5)
   Start at  10:00:00
   Duration  210ms
"""
MOCHA = """\


  sum
    1) adds
    ✔ takes away
    2) halves
    ✔ doubles
    - squares


  2 passing (5ms)
  1 pending
  2 failing

  1) sum
       adds:

      AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:
      + actual - expected
      + -1
      - 3
      at Context.<anonymous> (test/sum.test.js:6:12)

  2) sum
       halves:
     TypeError: half is not a function
"""
GO_INNER = """\
--- FAIL: TestAdd (0.00s)
    --- FAIL: TestAdd/small (0.00s)
        sum_test.go:9: got -1
    --- FAIL: TestAdd/large (0.00s)
        sum_test.go:9: got 7
    --- PASS: TestAdd/none (0.00s)
FAIL
"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (PYTEST, Counts(passed=1, failed=2)),
        ("=== 1 failed, 2 passed, 3 skipped, 1 warning in 0.1s ===\n", Counts(2, 1, 0, 3)),
        ("1 error in 0.10s\n", Counts(errors=1)),
        (UNITTEST, Counts(1, 1, 1)),
        ("....\n----\nRan 4 tests in 0.1s\n\nOK (skipped=1)\n", Counts(3, 0, 0, 1)),
        (CARGO, Counts(1, 1, 0, 2)),
        (GO, Counts(1, 1)),
        (NODE, Counts(1, 1)),
        (JEST, Counts(2, 1)),
        (VITEST, Counts(3, 2)),
        (" Test Files  1 passed (1)\n      Tests  2 passed | 1 skipped | 1 todo (4)\n", Counts(2, 0, 0, 1)),
        (MOCHA, Counts(2, 2, 0, 1)),
        ("\n  0 passing (1ms)\n  1 failing\n", Counts(0, 1)),
        (GO_INNER, Counts(1, 2)),
        ("I have 2 passing thoughts\n  3 passing cars\n", None),
        (TRACEBACK, None),
        ("I passed 3 tests.\n", None),
        ("", None),
    ],
)
def test_tests_are_counted(output: str, expected: Counts | None) -> None:
    assert counts(output) == expected


def test_counts_are_a_phrase() -> None:
    assert Counts(2, 1, 1, 3).phrase() == "1 failed, 2 passed, 1 error, 3 skipped"
    assert Counts(errors=2).phrase() == "2 errors"
    assert Counts().phrase() == ""


def test_the_first_failure_is_whole() -> None:
    assert first(PYTEST).startswith("___________________________________ test_add ___")
    assert first(PYTEST).endswith("test_calc.py:5: AssertionError")
    assert "FAIL: test_add" in first(UNITTEST)
    assert first(UNITTEST).endswith("AssertionError: -1 != 3")
    assert first(TRACEBACK) == TRACEBACK.removeprefix("before\n").removesuffix("after\n").strip()
    assert first(CARGO).endswith("assertion failed")
    assert first(GO).startswith("--- FAIL: TestAdd")
    assert first(VITEST).startswith(" FAIL  test/sum.test.ts > sum > adds\nAssertionError: expected -1 to be 3")
    assert first(VITEST).endswith("sum.test.ts:6:23")
    assert first(MOCHA).startswith("  2 failing\n\n  1) sum\n       adds:")
    assert first(MOCHA).endswith("sum.test.js:6:12)")
    assert first(NODE) == "not ok 1 - adds\n  error: expected 3"
    assert first("x\nmain.c:3:5: error: no such thing\n  3 | x\n") == "main.c:3:5: error: no such thing\n  3 | x"
    assert first("all is well\n") == ""


def test_places_are_of_the_workspace_and_the_innermost_is_first() -> None:
    paths = {"main.py", "src/job.py", "test_calc.py", "calc.py", "src/lib.rs"}
    assert places(TRACEBACK, paths) == (Place("src/job.py", 8), Place("main.py", 3))
    assert places(PYTEST, paths)[:2] == (Place("calc.py", 12), Place("test_calc.py", 9))
    assert places(CARGO, paths) == (Place("src/lib.rs", 9),)
    assert places(TRACEBACK, {"other.py"}) == ()


def test_the_same_error_is_known_again() -> None:
    assert signature(PYTEST) == signature(PYTEST.replace("0.04s", "0.90s").replace("test_calc.py:5", "test_calc.py:7"))
    assert signature(PYTEST) != signature(PYTEST.replace("assert add(1, 2) == 3", "assert add(1, 2) == total"))


_TRACE = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a/",
        _TRACE,
        "___ x ___\n",
        '  File "a", line 1\n',
        "\n",
        " ",
        "1 failed, ",
        "  1 failing\n\n  1) ",
        " FAIL  a > b\n",
    ],
)
def test_hostile_output_costs_no_time(piece: str) -> None:
    output = piece * (256_000 // len(piece))
    started = time.monotonic()
    for read in (counts, first, signature):
        read(output)
    places(output, set())
    assert time.monotonic() - started < 5
