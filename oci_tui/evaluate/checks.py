"""Assert statements about one function, read into the calls they make and judged here from what the calls returned.

Only what the published examples use is understood, so that nothing of a dataset's or a solution's is ever executed here.
"""

from __future__ import annotations

import ast
import math
import operator
import textwrap
from collections.abc import Sequence
from typing import Any

_FUNCTIONS: dict[str, Any] = {
    "set": set,
    "tuple": tuple,
    "list": list,
    "sorted": sorted,
    "len": len,
    "abs": abs,
    "round": round,
    "math.isclose": math.isclose,
}
_COMPARE: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_NUMBERS: dict[type[ast.operator], Any] = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


class Check:
    """One assert. `calls` are the argument lists of its calls of the function, in order; `source` is its text."""

    def __init__(self, source: str, entry_point: str) -> None:
        """Raises ValueError for what cannot be judged."""
        (statement,) = ast.parse(source).body
        if not isinstance(statement, ast.Assert):
            raise ValueError("not an assert")
        self.source = ast.unparse(statement.test)
        self._test = statement.test
        self._entry_point = entry_point
        self.calls: list[list[Any]] = []
        self._order: dict[ast.Call, int] = {}
        self._collect(self._test)
        if not self.calls:
            raise ValueError(f"does not call {entry_point}")

    def judge(self, outputs: Sequence[Any]) -> tuple[bool, str, str]:
        """Whether it holds when the calls returned `outputs`; what was expected, and what came, as they print."""
        try:
            holds = bool(self._value(self._test, outputs))
        except (TypeError, ValueError, OverflowError, RecursionError):
            holds = False
        return holds, self._expected(outputs), ", ".join(map(repr, outputs))

    def _expected(self, outputs: Sequence[Any]) -> str:
        test = self._test
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.Is) and not self._calls(test.comparators[0]):
            return repr(self._value(test.comparators[0], outputs))
        if isinstance(test, ast.Call):
            return (
                repr(True)
                if test in self._order
                else repr(self._value(test.args[1], outputs))
                if test.args[1:]
                else self.source
            )
        if isinstance(test, ast.UnaryOp) and test.operand in self._order:
            return repr(False)
        return self.source

    def _calls(self, node: ast.AST) -> bool:
        return any(each in self._order for each in ast.walk(node))

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == self._entry_point:
            if node.keywords:
                raise ValueError("a call with keywords")
            self._order[node] = len(self.calls)
            self.calls.append([self._value(each, ()) for each in node.args])
            return
        if not isinstance(
            node, ast.expr | ast.keyword | ast.operator | ast.cmpop | ast.unaryop | ast.boolop | ast.expr_context
        ):
            raise ValueError(f"{type(node).__name__} in an assert")
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) not in _FUNCTIONS:
                raise ValueError(f"a call of {ast.unparse(node.func)[:40]}")
            for argument in (*node.args, *node.keywords):
                self._collect(argument)
            return
        for child in ast.iter_child_nodes(node):
            self._collect(child)

    def _value(self, node: ast.expr, outputs: Sequence[Any]) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.List() | ast.Tuple() | ast.Set():
                kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
                return kind(self._value(each, outputs) for each in node.elts)
            case ast.Dict():
                if None in node.keys:
                    raise ValueError("an unpacked dictionary")
                keys = [self._value(each, outputs) for each in node.keys if each is not None]
                return dict(zip(keys, (self._value(each, outputs) for each in node.values), strict=True))
            case ast.UnaryOp(op=ast.Not()):
                return not self._value(node.operand, outputs)
            case ast.UnaryOp(op=ast.USub()):
                return -self._value(node.operand, outputs)
            case ast.BoolOp():
                holds = all if isinstance(node.op, ast.And) else any
                return holds(self._value(each, outputs) for each in node.values)
            case ast.BinOp() if type(node.op) in _NUMBERS:
                sides = [self._value(side, outputs) for side in (node.left, node.right)]
                if not isinstance(node.op, ast.Add) and not all(isinstance(side, int | float | complex) for side in sides):
                    raise TypeError("arithmetic on what is no number")
                return _NUMBERS[type(node.op)](*sides)
            case ast.Compare(ops=[op], comparators=[other]) if type(op) in _COMPARE:
                return _COMPARE[type(op)](self._value(node.left, outputs), self._value(other, outputs))
            case ast.Call() if node in self._order:
                return outputs[self._order[node]]
            case ast.Call() if ast.unparse(node.func) in _FUNCTIONS:
                named = {str(each.arg): self._value(each.value, outputs) for each in node.keywords}
                return _FUNCTIONS[ast.unparse(node.func)](*(self._value(each, outputs) for each in node.args), **named)
        raise ValueError(f"cannot judge {ast.unparse(node)[:60]!r}")


def asserts(program: str, entry_point: str, *, every: bool = False) -> tuple[str, ...]:
    """The asserts of a test program that call the function, each by itself; with `every` one that cannot be judged is an error.

    The program is the asserts themselves, or a function `check(candidate)` that holds them. Raises ValueError, SyntaxError.
    """
    try:
        body = ast.parse(textwrap.dedent(program).strip()).body
    except SyntaxError:
        if every:
            raise
        # A published example file has a stray line of prose.
        kept = [line.strip() for line in program.splitlines() if line.strip().startswith("assert ")]
        body = ast.parse("\n".join(kept)).body
    name = entry_point
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "check" and statement.args.args:
            body, name = statement.body, statement.args.args[0].arg
    found = []
    for statement in body:
        if not any(isinstance(node, ast.Name) and node.id in (name, entry_point) for node in ast.walk(statement)):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == name:
                node.id = entry_point
        source = ast.unparse(statement.test) if isinstance(statement, ast.Assert) else ""
        try:
            Check(f"assert {source}", entry_point)
            found.append(f"assert {source}")
        except (ValueError, SyntaxError, TypeError):
            if every:
                raise ValueError(f"test: cannot be judged: {ast.unparse(statement)[:60]!r}; expected plain asserts") from None
    return tuple(found)
