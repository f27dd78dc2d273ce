"""Values as lines: what comes out is what went in, equal values have equal digests, and no object speaks for itself."""

from __future__ import annotations

import collections
import decimal
import fractions
import json
import math
import re
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.evaluate import values
from oci_tui.evaluate.values import Derived, Digest, Opaque


class Point(NamedTuple):
    x: int
    y: int


NUMBERS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
KEYS = st.none() | NUMBERS | st.text() | st.binary()
VALUES: Any = st.recursive(
    KEYS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | st.tuples(KEYS, inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_comes_out_is_what_went_in(value: Any) -> None:
    text = values.whole(value)
    assert "\n" not in text
    assert text.isascii()
    found = values.value(text)
    assert type(found) is type(value)
    assert found == value


@given(VALUES)
def test_equal_values_have_equal_digests(value: Any) -> None:
    """Also where whole numbers are of another type and sets and dictionaries in another order."""

    def other(v: Any) -> Any:
        if isinstance(v, bool | int):
            return float(v) if abs(v) < 2**53 else v
        if isinstance(v, list | tuple):
            return type(v)(map(other, v))
        if isinstance(v, dict):
            return {key: other(v[key]) for key in reversed(v)}
        return v

    assert other(value) == value
    assert values.digest_of(other(value)) == values.digest_of(value)


@given(VALUES, VALUES)
def test_other_values_have_other_digests(one: Any, other: Any) -> None:
    assert (values.digest_of(one) == values.digest_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [
        (collections.Counter("aab"), "Counter", {"a": 2, "b": 1}),
        (collections.OrderedDict(a=1), "OrderedDict", {"a": 1}),
        (Point(1, 2), "Point", (1, 2)),
        (type("Liar", (list,), {"__eq__": lambda *_: True, "__iter__": lambda _: iter([9])})([1]), "Liar", [1]),
        (type("Liar", (int,), {"__add__": lambda *_: 9, "__index__": lambda _: 9})(1), "Liar", 1),
        (type("Liar", (str,), {"__str__": lambda _: "9"})("1"), "Liar", "1"),
        (bytearray(b"x"), "bytearray", b"x"),
    ],
)
def test_a_subclass_is_what_it_holds(value: Any, kind: str, held: Any) -> None:
    found = values.value(values.line(value))
    assert isinstance(found, Derived)
    assert (found.kind, found.value) == (kind, held)


def raising(_: object) -> str:
    raise ValueError


@pytest.mark.parametrize(
    "value", [re.match("a", "a"), print, object(), iter(()), type("Bad", (), {"__repr__": raising})(), range(3)]
)
def test_what_has_no_plain_form_is_opaque_and_equals_nothing(value: Any) -> None:
    found = values.value(values.line(value))
    assert isinstance(found, Opaque)
    assert found != values.value(values.line(value))


def test_numbers_of_the_standard_library_keep_their_value() -> None:
    assert values.value(values.line(fractions.Fraction(1, 3))) == fractions.Fraction(1, 3)
    assert values.value(values.line(decimal.Decimal("0.5"))) == 0.5
    assert values.value(values.line(10**9999)) == 10**9999
    assert math.isnan(values.value(values.line(math.nan)))
    assert values.value(values.line([math.nan])) == values.value(values.line([math.nan]))


def repr_of(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", [list(range(10**5)), "x" * 10**5, [[n] * 20 for n in range(2000)], 10**99999], ids=repr_of)
def test_of_a_long_value_there_is_a_digest(value: Any) -> None:
    text = values.line(value)
    found = values.value(text)
    assert len(text) < 2000
    assert isinstance(found, Digest)
    assert found.digest == values.digest_of(value)
    assert found.shown.startswith(str(value)[:100] if isinstance(value, list) else "")


def test_what_holds_itself_is_opaque() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert isinstance(values.value(values.line(endless)), Opaque)


@pytest.mark.parametrize(
    "text",
    ["", "x", "{}", '{"t":1}', '{"s":[[]]}', '{"x":[]}', '{"k":[]}', '{"h":[]}', '{"i":"z"}', '{"a":1,"b":2}', "[" * 99999],
)
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a value"):
        values.value(text)


def test_the_shortest_lines_are_json() -> None:
    """A control of the size of things: plain values cost nothing."""
    assert values.line([1, 2.5, "a", None, True]) == json.dumps([1, 2.5, "a", None, True], separators=(",", ":"))
