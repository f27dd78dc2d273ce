"""Evaluates arithmetic such as 2 + 3 * 4."""

import re

_TOKEN = re.compile(r"\s*(\d+|[-+*/()])")


def tokens(text):
    """The numbers and operators in the text. Raises ValueError for anything else."""
    found = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot read {text[position:]!r}")
        found.append(match.group(1))
        position = match.end()
    return found


def evaluate(text):
    """The value of the expression. Raises ValueError when it is malformed."""
    rest = tokens(text)
    value = _sum(rest)
    if rest:
        raise ValueError(f"unexpected {rest[0]!r}")
    return value


def _sum(rest):
    value = _product(rest)
    while rest and rest[0] in "+-":
        if rest.pop(0) == "+":
            value += _product(rest)
        else:
            value -= _product(rest)
    return value


def _product(rest):
    value = _number(rest)
    while rest and rest[0] in "*/":
        if rest.pop(0) == "*":
            value *= _number(rest)
        else:
            value /= _number(rest)
    return value


def _number(rest):
    if rest and rest[0] == "(":
        rest.pop(0)
        value = _sum(rest)
        if not rest or rest.pop(0) != ")":
            raise ValueError("expected )")
        return value
    if not rest or not rest[0].isdigit():
        raise ValueError("expected a number")
    return int(rest.pop(0))
