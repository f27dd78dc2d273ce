"""Which round stands better."""

from __future__ import annotations

from oci_tui.core.failure import Counts
from oci_tui.core.verdict import COMPILED, Standing, Verdict, judged


def test_rounds_are_ordered_by_the_check_then_tests_passed_then_failures() -> None:
    nothing, broken = Standing.of(False, None), Standing.of(False, Counts(errors=1))
    few, more, most = Standing.of(False, Counts(1, 2)), Standing.of(False, Counts(2, 2)), Standing.of(False, Counts(2, 1))
    passed = Standing.of(True, None)
    assert sorted([passed, most, few, nothing, more, broken]) == [nothing, broken, few, more, most, passed]


def test_what_only_compiles_has_not_passed() -> None:
    assert judged(COMPILED, ran=True, checked=True, refused=False) is Verdict.ANSWERED
    assert judged("passed", ran=True, checked=None, refused=False) is Verdict.PASSED
