"""Whether an output is the expected one, by EvalPlus's rules: equality, tolerance for floats, the problems with an oracle.

Only values decoded from text are compared (`values`), so no object of a solution takes part. Unlike EvalPlus, a tolerance
does not carry over from one input to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from oci_tui.evaluate import values
from oci_tui.evaluate.datasets import Problem
from oci_tui.evaluate.values import Derived, Digest, Opaque, plain

AS_SETS = frozenset(
    {
        "similar_elements",
        "find_char_long",
        "common_in_nested_lists",
        "extract_singly",
        "larg_nnum",
        "intersection_array",
        "find_dissimilar",
        "Diff",
    }
)
NOT_NONE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
_FLOAT_ATOL, _RTOL = 1e-6, 1e-7
_NUMBERS = (int, float, complex, Fraction)


def compares_as_sets(problem: Problem) -> bool:
    return problem.family == "mbpp" and problem.entry_point in AS_SETS


def expected_of(problem: Problem, text: str) -> str:
    """What is expected, from what the reference returned."""
    if problem.family == "mbpp" and problem.entry_point in NOT_NONE:
        return values.line(values.value(text) is not None)
    return text


def agrees(problem: Problem, arguments: Sequence[Any], output: str, expected: str) -> bool:
    """Whether `output` passes where the reference gave `expected`, both as lines of `values`."""
    special = _SPECIAL.get((problem.family, problem.entry_point))
    # The same text is the same value, but for a nan by itself and for what cannot be compared.
    if output == expected and special is None and output != "NaN" and '{"o"' not in output:
        return True
    try:
        out, exp = values.value(output), values.value(expected)
        if special is not None:
            return bool(special(plain(out), plain(exp), arguments, problem.atol))
        if problem.family == "mbpp" and problem.entry_point in AS_SETS:
            return set(plain(out)) == set(plain(exp))
        return _equal(plain(out), plain(exp)) or _close(out, exp, problem.atol)
    except (ArithmeticError, TypeError, ValueError, RecursionError):
        return False


def _equal(out: Any, exp: Any) -> bool:
    if isinstance(out, Digest) or isinstance(exp, Digest):
        return _digest(out) == _digest(exp)
    return bool(out == exp)


def _digest(value: Any) -> str:
    return value.digest if isinstance(value, Digest) else values.digest_of(value)


def _close(out: Any, exp: Any, atol: float) -> bool:
    """As numpy.allclose, for values of the same type that are not equal."""
    atol = atol or (_FLOAT_ATOL if _is_floats(plain(exp)) else 0.0)
    if not atol or _kind(out) != _kind(exp):
        return False
    return _all_close(plain(out), plain(exp), atol)


def _is_floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(each, float) for each in value)
    return isinstance(value, float)


def _kind(value: Any) -> str:
    return value.kind if isinstance(value, Derived | Opaque) else type(value).__name__


def _all_close(out: Any, exp: Any, atol: float) -> bool:
    if isinstance(out, list | tuple) and isinstance(exp, list | tuple):
        return len(out) == len(exp) and all(_all_close(a, b, atol) for a, b in zip(out, exp, strict=True))
    if not isinstance(out, _NUMBERS) or not isinstance(exp, _NUMBERS):
        return False
    if out == exp:
        return True
    size = abs(complex(exp))
    return math.isfinite(size) and bool(abs(complex(out) - complex(exp)) <= atol + _RTOL * size)


def _polynomial(out: Any, _: Any, arguments: Sequence[Any], atol: float) -> bool:
    (coefficients,) = arguments
    return bool(abs(sum(coefficient * math.pow(out, i) for i, coefficient in enumerate(coefficients))) <= atol)


def _anything(*_: object) -> bool:
    return True


def _or_zero(out: Any, exp: Any, *_: object) -> bool:
    return out in (exp, 0)


def _pyramid(out: Any, exp: Any, arguments: Sequence[Any], atol: float) -> bool:
    """The height may be that of the apex above the base."""
    edge, height = arguments
    surface = round(edge**2 + 4 * (edge * math.sqrt((edge / 2) ** 2 + height**2)) / 2)
    return bool(out == exp or abs(out - surface) <= atol)


def _digits(out: Any, exp: Any, arguments: Sequence[Any], _: float) -> bool:
    """The shorter number may be filled up with zeros."""
    one, other = map(str, arguments)
    width = max(len(one), len(other))
    return out in (exp, sum(abs(int(a) - int(b)) for a, b in zip(one.zfill(width), other.zfill(width), strict=True)))


def _not_none(out: Any, exp: Any, *_: object) -> bool:
    return bool(out == exp) if isinstance(out, bool) else bool(exp == (out is not None))


_SPECIAL: dict[tuple[str, str], Callable[[Any, Any, Sequence[Any], float], bool]] = {
    ("humaneval", "find_zero"): _polynomial,
    ("mbpp", "are_equivalent"): _anything,
    ("mbpp", "sum_div"): _or_zero,
    ("mbpp", "surface_Area"): _pyramid,
    ("mbpp", "digit_distance_nums"): _digits,
    **{("mbpp", name): _not_none for name in NOT_NONE},
}
