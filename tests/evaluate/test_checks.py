"""Asserts read and judged without running them."""

from __future__ import annotations

from typing import Any

import pytest

from oci_tui.evaluate.checks import Check, asserts


@pytest.mark.parametrize(
    ("source", "calls", "outputs", "holds", "expected"),
    [
        ("f(1, 'a') == [2]", [[1, "a"]], [[2]], True, "[2]"),
        ("f(1) == 2", [[1]], [3], False, "2"),
        ("f(1) == True", [[1]], [None], False, "True"),
        ("f(-1) is None", [[-1]], [None], True, "None"),
        ("f([1], {'a': (2,)})", [[[1], {"a": (2,)}]], [True], True, "True"),
        ("not f(1)", [[1]], [5], False, "False"),
        ("set(f(1)) == set((4, 5))", [[1]], [(5, 4)], True, "{4, 5}"),
        ("tuple(f(1)) == (4, 5)", [[1]], [7], False, "(4, 5)"),
        ("math.isclose(f(10), 4188.79, rel_tol=0.001)", [[10]], [4188.8], True, "4188.79"),
        ("abs(f(3.5) - 0.5) < 1e-06", [[3.5]], [0.5], True, "abs(f(3.5) - 0.5) < 1e-06"),
        ("f(1) == f(2)", [[1], [2]], [3, 3], True, "f(1) == f(2)"),
        ("f('a' + 'b') == 1", [["ab"]], [1], True, "1"),
    ],
)
def test_judged(source: str, calls: list[Any], outputs: list[Any], holds: bool, expected: str) -> None:
    check = Check(f"assert {source}", "f")
    assert check.calls == calls
    assert check.judge(outputs)[:2] == (holds, expected)


@pytest.mark.parametrize(
    "source",
    [
        "assert g(1) == 2",
        "assert f(x) == 2",
        "assert f(1) == open('/etc/passwd').read()",
        "assert f(1) == (lambda: 2)()",
        "assert f(1) == [n for n in (1, 2)]",
        "assert f(1).append(2)",
        "assert f(1) == 2 ** 2 ** 99",
        "assert f('x' * 10**9)",
        "assert f(f(1)) == 2",
        "assert f(key=1) == 2",
        "assert f(*[1]) == 2",
        "assert sys.getsizeof(f(1)) == 2",
        "f(1)",
    ],
)
def test_what_cannot_be_judged_is_refused(source: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Check(source, "f").judge([2])


def test_a_program_of_tests_is_taken_apart() -> None:
    program = "def check(candidate):\n    # examples\n    assert candidate(1) == 2, 'why'\n    assert True\n    assert g(1)\n"
    assert asserts(program, "f") == ("assert f(1) == 2",)
    assert asserts("    assert f(1) == 2\n", "f") == ("assert f(1) == 2",)
    assert asserts("", "f") == ()
    with pytest.raises(ValueError, match="expected plain asserts"):
        asserts("def check(candidate):\n    for n in range(3):\n        assert candidate(n)\n", "f", every=True)
