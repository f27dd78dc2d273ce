"""The inputs of MBPP+ as its functions take them: the published file has lists where they take tuples, sets or complex.

Which problem takes what is EvalPlus's own list (evalplus/data/mbpp.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Arguments = list[Any]


def restored(number: int, inputs: list[Arguments]) -> list[Arguments]:
    """The inputs of problem `Mbpp/<number>`."""
    for numbers, restore in _RESTORING:
        if number in numbers:
            return [restore(each) for each in inputs]
    return inputs


def _deep(value: Any) -> Any:
    return tuple(map(_deep, value)) if isinstance(value, list) else value


def _tuples(values: Any) -> list[Any]:
    return [tuple(value) for value in values]


_RESTORING: tuple[tuple[frozenset[int], Callable[[Arguments], Arguments]], ...] = (
    (
        frozenset({2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809}),
        _tuples,
    ),
    (
        frozenset({63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}),
        lambda each: [_tuples(part) for part in each],
    ),
    (frozenset({75, 413, 444, 753}), lambda each: [_tuples(each[0]), each[1]]),
    (frozenset({106, 750}), lambda each: [each[0], tuple(each[1])]),
    (frozenset({115}), lambda each: [[set(item) if isinstance(item, list) and item else {} for item in each[0]]]),
    (frozenset({124}), lambda each: [float(each[0]), complex(each[1])]),
    (frozenset({250, 405, 446, 617, 720, 763, 808}), lambda each: [tuple(each[0]), each[1]]),
    (frozenset({259, 401, 445}), lambda each: [tuple(_tuples(part)) for part in each]),
    (frozenset({278}), lambda each: [tuple(tuple(item) if isinstance(item, list) else item for item in each[0])]),
    (frozenset({307}), lambda each: [tuple(each[0]), each[1], each[2]]),
    (frozenset({722}), lambda each: [{key: tuple(value) for key, value in each[0].items()}, *each[1:]]),
    (frozenset({252}), lambda each: [complex(each[0])]),
    (frozenset({580, 615, 791}), lambda each: list(_deep(each))),
)
