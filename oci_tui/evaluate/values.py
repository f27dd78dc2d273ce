"""Python values as one line of JSON, both ends: what a solution returns is compared outside the process that made it.

Plain values stand for themselves; the rest is an object of one key, its kind. What has no plain form (a match, a function)
is opaque: its type and how it prints. Of a very long value there is a digest, the same for equal values, in the place of
the line. Sent in as source; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import fractions
import hashlib
import itertools
import json
import marshal
from typing import Any

PLAIN = frozenset({type(None), bool, str, float})
CANONICAL = frozenset({type(None), int, str, bytes})
LARGEST = 1 << 63
SHOWN = 600
LONGEST = 1 << 16  # characters of a line
MANY = 20_000  # items that are not even written
NAN = float("nan")  # one object, so that equal lists of it are equal


class Opaque:
    """A value that cannot be compared, only shown; equal to nothing else."""

    def __init__(self, kind: str, shown: str) -> None:
        self.kind, self.shown = kind, shown

    def __repr__(self) -> str:
        return self.shown


class Digest(Opaque):
    """A value too long to be sent: `digest` is that of `digest_of`."""

    def __init__(self, kind: str, shown: str, digest: str) -> None:
        super().__init__(kind, shown)
        self.digest = digest


class Derived:
    """An instance of a subclass of a plain type: `value` is what it holds, by the plain type's own methods."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind, self.value = kind, value


_CONSTANTS = {"NaN": NAN, "Infinity": float("inf"), "-Infinity": float("-inf")}
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_BASES: tuple[tuple[type, Any], ...] = (
    (int, lambda v: int.__add__(v, 0)),
    (float, lambda v: float.__add__(v, 0.0)),
    (complex, lambda v: complex.__add__(v, 0j)),
    (str, str.__str__),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
    (bytearray, lambda v: bytes(bytearray.__getitem__(v, slice(None)))),
    (list, list.copy),
    (tuple, lambda v: tuple(tuple.__iter__(v))),
    (set, lambda v: set(set.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
    (dict, lambda v: dict(dict.items(v))),
)


def whole(value: Any) -> str:
    """The value as one line of ASCII, however long."""
    return _dumps(_boxed(value))


def line(value: Any) -> str:
    """The value as one line of ASCII, a digest when it is long."""
    try:
        if not (type(value) in (list, tuple, str, set, dict) and len(value) > MANY):
            text = _dumps(_boxed(value))
            if len(text) <= LONGEST:
                return text
        return _dumps({"h": [*_looks(value), digest_of(value)]})
    except Exception:  # noqa: BLE001 - a solution's object may do anything when it is looked at
        return _dumps({"o": _looks(value)})


def value(text: str) -> Any:
    """The value of a line, `Derived` only at the top. Raises ValueError for what no line holds."""
    try:
        return _unboxed(json.loads(text, parse_constant=_CONSTANTS.get))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError("not a value") from error


def digest_of(value: Any) -> str:
    """The same for equal values of plain types, 1 and 1.0 included. Raises TypeError for others."""
    return hashlib.sha256(_packed(value)).hexdigest()


def plain(found: Any) -> Any:
    """Without the name of a subclass."""
    return found.value if isinstance(found, Derived) else found


def _boxed(v: Any) -> Any:
    kind = type(v)
    if kind in PLAIN:
        return v
    if kind is int:
        return v if -LARGEST < v < LARGEST else {"i": hex(v)}
    if kind is list:
        return [_boxed(item) for item in v]
    if kind is tuple:
        return {"t": [_boxed(item) for item in v]}
    if kind is dict:
        return {"d": [_boxed(part) for item in v.items() for part in item]}
    if kind is set:
        return {"s": [_boxed(item) for item in v]}
    if kind is frozenset:
        return {"z": [_boxed(item) for item in v]}
    if kind is complex:
        return {"c": [v.real, v.imag]}
    if kind is bytes:
        return {"b": v.hex()}
    return _boxed_other(v, kind)


def _boxed_other(v: Any, kind: type) -> Any:
    for base, held in _BASES:
        if issubclass(kind, base):
            return {"k": [_name(kind), _boxed(held(v))]}
    module = getattr(kind, "__module__", None)
    if module == "numpy" and getattr(v, "shape", None) == ():
        return {"k": [_name(kind), _boxed(v.item())]}
    if module in ("fractions", "decimal") and hasattr(v, "as_integer_ratio"):
        return {"q": [hex(part) for part in v.as_integer_ratio()]}
    return {"o": _looks(v)}


def _packed(v: Any) -> bytes:
    # version 2 writes what is equal in the same way, however it is shared in memory
    return marshal.dumps(_canonical(v), 2)


def _canonical(v: Any) -> Any:
    kind = type(v)
    if kind in CANONICAL:
        return v
    if kind is float:
        return int(v) if v.is_integer() else v if v == v else NAN
    if kind is bool:
        return int(v)
    if kind in (list, tuple):
        if set(map(type, v)) <= CANONICAL:
            return v
        if set(map(type, v)) <= {list, tuple} and set(map(type, itertools.chain.from_iterable(v))) <= CANONICAL:
            return v
        return kind(map(_canonical, v))
    if kind in (set, frozenset):
        return (..., sorted(map(_packed, v)))
    if kind is dict:
        return (..., ..., sorted((_packed(key), _packed(held)) for key, held in v.items()))
    if kind is complex:
        return v if v.imag else _canonical(v.real)
    for base, held in _BASES:
        if issubclass(kind, base):
            return _canonical(held(v))
    raise TypeError(_name(kind))


def _looks(v: Any) -> list[str]:
    try:
        shown = str(repr(v[:SHOWN] if type(v) in (list, tuple, str) else v))[:SHOWN]
    except Exception:  # noqa: BLE001 - as in `line`
        shown = "?"
    return [_name(type(v)), shown]


def _name(kind: type) -> str:
    return str(type.__dict__["__name__"].__get__(kind))[:80]


def _unboxed(v: Any) -> Any:
    if isinstance(v, list):
        return [_inner(item) for item in v]
    if not isinstance(v, dict):
        return v
    ((kind, held),) = v.items()
    if kind == "k":
        name, base = held
        return Derived(str(name), _inner(base))
    if kind == "i":
        return int(held, 16)
    if kind == "d":
        parts = [_inner(item) for item in held]
        return dict(zip(parts[::2], parts[1::2]))  # noqa: B905 - Python 3.9
    if kind == "c":
        return complex(*held)
    if kind == "b":
        return bytes.fromhex(held)
    if kind == "q":
        return fractions.Fraction(*(int(part, 16) for part in held))
    if kind == "h":
        return Digest(str(held[0])[:80], str(held[1])[:SHOWN], str(held[2]))
    if kind == "o":
        return Opaque(str(held[0])[:80], str(held[1])[:SHOWN])
    return {"t": tuple, "s": set, "z": frozenset}[kind](_inner(item) for item in held)


def _inner(v: Any) -> Any:
    return v if type(v) in PLAIN else plain(_unboxed(v))
