"""What another beginning says: each failure once, none that the model knows already."""

from __future__ import annotations

from oci_tui.core import feedback
from oci_tui.core.beginning_anew import RESAMPLED, Beginnings, anew
from oci_tui.core.generation import Sampling

ONE = feedback.PREFIX + 'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\nValueError: one\n'
TWO = feedback.PREFIX + 'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\nValueError: two\n'


def test_each_failure_is_said_once_and_nudges_never() -> None:
    begun = Beginnings()
    first = begun.message([ONE, feedback.SAME_ERROR], "", checked=True)
    second = begun.message([ONE.replace("line 3", "line 9"), TWO, "calc.py\n```\nx\n```"], "", checked=True)
    assert (first.count("ValueError: one"), "Say in one sentence" in first, feedback.PREFIX in first) == (1, False, False)
    assert (second.count("ValueError: one"), second.count("ValueError: two"), "calc.py" in second) == (1, 1, False)
    assert begun.number == 2


def test_what_the_check_said_before_is_not_said_again() -> None:
    before = feedback.as_it_is("pytest", ONE)
    assert Beginnings().message([ONE], before, checked=True).startswith("Earlier attempts at this did not change that result.")
    assert "ValueError: one" not in Beginnings().message([ONE, TWO], before, checked=True)


def test_a_failure_of_the_replys_own_code_is_told_in_all_its_words() -> None:
    said = Beginnings().message([ONE, "These edits were not applied:\n- a"], "", checked=False)
    assert said.startswith("Earlier attempts at this failed. Your function must not do this:")
    assert "These edits were not applied" in said


def test_each_beginning_has_another_luck() -> None:
    drawn = [anew(Sampling(seed=7), number) for number in (1, 2)]
    assert [(one.temperature, one.seed) for one in drawn] == [(RESAMPLED.temperature, 7), (RESAMPLED.temperature, 8)]
