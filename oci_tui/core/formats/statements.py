"""Python's statements beside each other: which are the same, what one needs, and which only show what others do."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

DOCSTRING, MAIN = '"""', "__main__"

_IMPORTS = ast.Import | ast.ImportFrom
_ONLY_IMPORTS = ast.If | ast.Try | _IMPORTS | ast.Assign | ast.Pass
_SHOWING = ast.Assert | ast.Expr | ast.For | ast.While | ast.With | ast.Try


def key_of(statement: ast.stmt) -> str:
    """What makes two top-level statements the same one; "" for those that say nothing."""
    if is_docstring(statement):
        return DOCSTRING
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return MAIN
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=targets):
            return " = ".join(map(ast.unparse, targets))
        case ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return ""
    return f"imports {sorted(bound([statement]))}" if imports(statement) else ast.unparse(statement)


def imports(statement: ast.stmt) -> bool:
    """Whether it is there for imports that depend on something: `try: import a`, `if TYPE_CHECKING:`."""
    inner = [node for node in ast.walk(statement) if isinstance(node, ast.stmt)]
    return (
        isinstance(statement, ast.If | ast.Try)
        and all(isinstance(node, _ONLY_IMPORTS) for node in inner)
        and any(isinstance(node, _IMPORTS) for node in inner)
    )


def bound(statements: Iterable[ast.stmt]) -> set[str]:
    """Every name that is given a meaning in them, at whatever depth."""
    names: set[str] = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
    return names


def used(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name that is read in them."""
    found = (node for root in nodes for node in ast.walk(root))
    return {node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def needs(statement: ast.stmt) -> set[str]:
    """The names that must be there when the statement is executed: of a function not those of its body."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return used([statement.args, *statement.decorator_list, *filter(None, [statement.returns])])
        case ast.ClassDef():
            inner = {name for member in statement.body for name in needs(member)}
            return inner | used([*statement.decorator_list, *statement.bases, *statement.keywords])
    return used([statement])


def shown(block: ast.Module, held: Collection[str]) -> list[ast.stmt]:
    """Those of a part that only show what it defines, and are not in the file, whose keys are `held`.

    Such are prints, assertions, calls with values alone, and what is assigned for them.
    """
    defined = {statement.name for statement in block.body if isinstance(statement, Definition)}
    new = [s for s in block.body if key_of(s) not in held and not isinstance(s, Definition | _IMPORTS)]
    found = [s for s in new if _shows(s) or _tries(s, defined)]
    found += [
        s for s in block.body if isinstance(s, ast.If) and key_of(s) == MAIN and MAIN in held and all(map(_shows, s.body))
    ]
    for statement in reversed(new):
        if isinstance(statement, ast.Assign) and isinstance(name := statement.targets[0], ast.Name):
            users = [s for s in block.body if s is not statement and name.id in used([s])]
            if any(s in found for s in users) and all(s in found or _called_on(s) == name.id for s in users):
                found += [statement, *(s for s in users if s not in found)]
    return found


def is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


def _shows(statement: ast.stmt) -> bool:
    if not isinstance(statement, _SHOWING) or imports(statement):
        return False
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and _called_on(statement) in ("print", "pprint")
    return isinstance(statement, ast.Assert) or bool(used([statement]) & {"print", "pprint"})


def _tries(statement: ast.stmt, defined: Collection[str]) -> bool:
    """Whether it calls one of the functions for nothing: with values, or the one that is a program."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=values)) if name in defined:
            return name == "main" or bool(values and all(isinstance(value, ast.Constant) for value in values))
    return False


def _called_on(statement: ast.stmt) -> str:
    """The name that a call begins with; "" where the statement is none."""
    node: ast.expr | None = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(node, ast.Call):
        return ""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
