"""Mutants of a program: one small change each, as a wrong solution has it."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from typing import Any

SWAPS: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Div,
    ast.Div: ast.FloorDiv,
    ast.Mod: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def mutants(code: str, most: int, seed: int) -> list[str]:
    """At most `most` of them, chosen by `seed`; all differ from the program and each other."""
    chosen = random.Random(seed)
    original = ast.unparse(ast.parse(code))
    places = list(range(sum(1 for _ in ast.walk(ast.parse(code)))))
    chosen.shuffle(places)
    found: dict[str, None] = {}
    for place in places:
        for change in chosen.sample(CHANGES, len(CHANGES)):
            if len(found) == most:
                return list(found)
            tree = ast.parse(code)
            node = next(node for number, node in enumerate(ast.walk(tree)) if number == place)
            if change(node):
                mutant = ast.unparse(ast.fix_missing_locations(tree))
                if mutant not in (original, code):
                    found[mutant] = None
                    break
    return list(found)


def _operator(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPS:
        node.op = SWAPS[type(node.op)]()
    else:
        return False
    return True


def _off_by_one(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
        return True
    return False


def _returned(text: str) -> Callable[[ast.AST], bool]:
    def change(node: ast.AST) -> bool:
        if isinstance(node, ast.Return) and node.value is not None:
            wrapped = ast.parse(text, mode="eval").body
            for parent in ast.walk(wrapped):
                for name, held in ast.iter_fields(parent):
                    if isinstance(held, ast.Name) and held.id == "it":
                        setattr(parent, name, node.value)
                    elif isinstance(held, list):
                        setattr(parent, name, [node.value if isinstance(x, ast.Name) and x.id == "it" else x for x in held])
            node.value = wrapped
            return True
        return False

    return change


def _first(text: str) -> Callable[[ast.AST], bool]:
    def change(node: ast.AST) -> bool:
        if isinstance(node, ast.FunctionDef):
            node.body[:0] = ast.parse(text).body
            return True
        return False

    return change


def _forgotten(node: ast.AST) -> bool:
    if isinstance(node, ast.If | ast.For | ast.While) and len(node.body) > 1:
        del node.body[-1]
        return True
    return False


CHANGES: list[Callable[[ast.AST], bool]] = [
    _operator,
    _operator,
    _operator,
    _off_by_one,
    _off_by_one,
    _forgotten,
    _returned("None"),
    _returned("[it]"),
    _returned("it or None"),
    _returned("str(it)"),
    _first("raise ValueError('no')"),
    _first("import sys\nsys.exit(0)"),
    _first("print('x' * 100)"),
]
