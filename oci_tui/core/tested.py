"""What a test file holds: its tests by name and class, those that check nothing, and what keeps tests from running."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from oci_tui.core.syntax import parsed

_SCRIPTS = frozenset({".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"})
_SCRIPT_TAGS = frozenset({"javascript", "js", "jsx", "typescript", "ts", "tsx", "mjs"})
_CALLED = re.compile(r"^(?:describe|it|test)\(", re.MULTILINE)
_TAKEN = re.compile(r"^import\b|\brequire\(|\b(?:const|function|let|var)\s+(?:describe|it|test)\b", re.MULTILINE)
_CLASSES = frozenset({".java", ".kt", ".cs", ".php", ".swift", ".scala", ".groovy"})
_HELPING = frozenset({"fixtures", "helpers", "support", "utils", "data", "common", "__mocks__", "__snapshots__"})

# what a name may be away from is bounded, so that no file takes long to read
_NAME = re.compile(
    r"\b(?:def|func|fn|function)\s+([tT]est\w*)"
    r"|#\[(?:\w+::){0,3}test\b[^\]]{0,200}\]\s*(?:#\[[^\]]{0,200}\]\s*){0,6}(?:pub\s+)?(?:async\s+)?fn\s+(\w+)"
    r"|(?:@(?:Test|ParameterizedTest|RepeatedTest)\b(?:\([^)]{0,200}\))?|\[(?:Test|TestMethod|Fact|Theory)\b[^\]]{0,200}\])"
    r"(?:\s*(?:@\w+(?:\([^)]{0,200}\))?|\[[^\]]{0,200}\])){0,6}[^;{}()@]{0,200}?\b(\w+)\s*\("
    r"|\b(?:it|test|specify)(?:\.\w+){0,3}\s*+(?:\(\s*+)?(?:\"(.{1,200}?)\"|'(.{1,200}?)'|`(.{1,200}?)`)\s*(?:,|do\b|(?=\{))"
    r"|^[ \t]*(test\w*)\s*\(\)",
    re.MULTILINE,
)
_LINE_COMMENT = re.compile(r"^[ \t]*(?://|#(?!\[))[^\n]*", re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"(?<![\w*./'\"])/\*.*?(?:\*/|\Z)", re.DOTALL)
_TRUE = r"(?:expect|[aA]ssert\w*!?)(?:\.\w+)*\(\s*true\s*\)(?:\.\w+)*(?:\(\s*+(?:true\s*+)?\))?;?"
_NOTHING = re.compile(
    r"(?:[^\n]{0,200}?|[^\n{]{0,200}\n\s*)\{\s*+"
    rf"(?:return(?:\s+0)?[^\S\n]*+(?:;[^\S\n]*+)?[\n}}]|(?::;?|true;?|{_TRUE})?\s*\}}(?!\s*\)\s*=>))"
    r"|[^\n]{0,200}\n\s*(?:(?:assert\s+true|expect\(true\)\.to\s[^\n]*+|return)[^\S\n]*+\n\s*+)?end\b"
)
_LEAVES = re.compile(r"(?:process\.|sys\.)?exit\(?\s*0?\s*\)?;?|raise SystemExit(?:\(0?\))?")

_SKIP = re.compile(
    r"\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b|\bunittest\.(?:skip|expectedFailure)|\bskipTest\(|\bSkipTest\b"
    r"|^[ \t]*@(?:\w+\.)*(?:skip|skipIf|skipUnless|skipif|expectedFailure|xfail)\b"
    r"|^[ \t]*from\s+(?:unittest|pytest)\s+import\b.*\b(?:skip\w*|xfail|expectedFailure|importorskip)\b"
    r"|\bcollect_ignore|\b__test__\s*=\s*False"
    r"|\b(?:it|test|describe|context)\.(?:skip|only|todo)\b|\bx(?:it|describe|test|specify)\b\s*[(\"']|\bt\.(?:Skip|skip)"
    r"|#\[ignore|@(?:Disabled|Ignore)\b|\[Ignore\b",
    re.MULTILINE,
)

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_test(path: str) -> bool:
    """Whether a file holds tests, by the names that test runners look for."""
    file = PurePosixPath(path)
    stem, suffix = file.name.partition(".")[0], file.suffix
    folders = set(file.parts[:-1])
    if suffix in _SCRIPTS:
        named = ".test." in file.name or ".spec." in file.name or re.fullmatch(r"test|test-.+|.+[-_]test", stem)
        return bool(named or (folders & {"test", "tests", "__tests__"} and not folders & _HELPING))
    if suffix in _CLASSES:
        return stem.endswith(("Test", "Tests", "TestCase"))
    match suffix:
        case ".py":
            return stem.startswith("test_") or stem.endswith("_test") or stem in ("tests", "conftest")
        case ".go":
            return stem.endswith("_test")
        case ".rb":
            return stem.startswith("test_") or stem.endswith(("_test", "_spec"))
        case ".rs":
            return stem.startswith("test_") or stem.endswith("_test") or ("tests" in folders and not folders & _HELPING)
        case ".sh" | ".bash":
            return bool(re.fullmatch(r"tests?|test[-_].+|.+[-_]test", stem))
    return suffix == ".bats"


def is_frame(path: str) -> bool:
    """Whether a test file holds no tests, but what they need."""
    return PurePosixPath(path).name == "conftest.py"


def names(path: str, text: str) -> Counter[str]:
    """The tests in a file, in Python with their class, each as often as it is there."""
    return Counter(name for name, _ in _tests(path, text))


def is_only_shown(tag: str, text: str) -> bool:
    """Whether a block of JavaScript calls a test runner's functions and takes them from nowhere: tests to read, no program."""
    return tag in _SCRIPT_TAGS and bool(_CALLED.search(text)) and not _TAKEN.search(text)


def hollow(path: str, text: str) -> set[str]:
    """Those of the tests that check nothing: their body is empty, is true in any case, or returns at once."""
    return {name for name, checks in _tests(path, text) if not checks}


def says_nothing(text: str) -> bool:
    """Whether a file has no code, or ends before it does anything."""
    code = [line.strip() for line in _LINE_COMMENT.sub("", text).splitlines() if line.strip()]
    first = next((line for line in code if not line.startswith(("set ", "import ", "from "))), "")
    return not first or bool(_LEAVES.fullmatch(first))


def skips(text: str) -> int:
    """How many marks a test file holds that keep tests from running."""
    return len(_SKIP.findall(text))


def _tests(path: str, text: str) -> Iterator[tuple[str, bool]]:
    """Each test, and whether it checks anything."""
    tree = parsed(text) if path.endswith(".py") else None
    if tree is not None:
        yield from _of_python(tree, "")
        return
    text = _BLOCK_COMMENT.sub("", _LINE_COMMENT.sub("", text))
    for found in _NAME.finditer(text):
        yield next(filter(None, found.groups())), not _NOTHING.match(text, found.end())


def _of_python(node: ast.AST, lead: str) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            if child.name.startswith("test"):
                yield lead + child.name, _checks(child.body)
        elif isinstance(child, ast.stmt | ast.ExceptHandler):
            yield from _of_python(child, f"{lead}{child.name}." if isinstance(child, ast.ClassDef) else lead)


def _checks(body: list[ast.stmt]) -> bool:
    said = [statement for statement in body if not _is_nothing(statement)]
    return bool(said) and not isinstance(said[0], ast.Return)


def _is_nothing(statement: ast.stmt) -> bool:
    """A constant alone, `pass`, or what holds in any case: `assert True`, `self.assertEqual(1, 1)`."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assert(test=ast.Constant(value=value)):
            return bool(value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name), args=[_, *_] as given)) if name.startswith("assert"):
            return all(isinstance(one, ast.Constant) for one in given)
    return False
