"""What is read of each language: definitions with their kinds, owners and lines, uses, and the first error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.outline import Outline
from oci_tui.parser import treesitter
from oci_tui.parser.treesitter import TreeSitterParser

PARSER = TreeSitterParser()
SUFFIXES = "py js jsx ts tsx go rs c h cpp java rb sh yaml css html json txt".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (
            "a.py",
            "class A:\n    async def b(self):\n        pass\n\ndef c(): ...\n",
            "class A 1-3, function A.b 2-3, function c 5-5",
        ),
        ("a.py", "@one\n@two(1)\ndef f():\n    pass\n", "function f 1-4"),
        ("a.js", "export class A {\n  b() {}\n}\nconst f = async (x) => x;\n", "class A 1-3, function A.b 2-2, function f 4-4"),
        ("a.js", "exports.add = (a, b) => {\n  return a + b;\n};\n", "function add 1-3"),
        ("a.jsx", "function App() {\n  return <p>x</p>;\n}\n", "function App 1-3"),
        (
            "a.ts",
            "interface I {\n  m(): void;\n}\nexport type T = 1;\nenum E {}\n",
            "type I 1-3, function I.m 2-2, type T 4-4, type E 5-5",
        ),
        ("a.tsx", "abstract class A {}\nnamespace N {}\n", "class A 1-1, module N 2-2"),
        (
            "a.go",
            "package x\n\nfunc (s *Stack) Pop() {\n}\n\ntype Stack struct {\n}\n",
            "function Stack.Pop 3-4, type Stack 6-7",
        ),
        ("a.go", "package x\n\nfunc (s Pair[K]) Key() {}\n", "function Pair.Key 3-3"),
        (
            "a.rs",
            "pub struct S;\nimpl S {\n    fn new() -> S { S }\n}\ntrait T { fn go(&self); }\n",
            "type S 1-1, function S.new 3-3, class T 5-5, function T.go 5-5",
        ),
        (
            "a.rs",
            "impl<T> Show for Box<T> {\n    fn show(&self) {}\n}\nmacro_rules! m { () => {} }\n",
            "function Box.show 2-2, function m 4-4",
        ),
        (
            "a.c",
            "static int add(int a) {\n  return a;\n}\nchar *name(void) { return 0; }\n",
            "function add 1-3, function name 4-4",
        ),
        ("a.c", "struct point { int x; };\ntypedef struct { int x; } pair;\n", "type point 1-1, type pair 2-2"),
        (
            "a.cpp",
            "namespace n {\nclass A { int f() { return 1; } };\n}\nint A::g() { return 2; }\n",
            "module n 1-3, class n.A 2-2, function A.f 2-2, function A.g 4-4",
        ),
        ("a.h", "template <class T>\nT id(T x) { return x; }\n", "function id 1-2"),
        (
            "A.java",
            "class A {\n  A() {}\n  enum B { X }\n}\nrecord R(int x) {}\n",
            "class A 1-4, function A.A 2-2, type A.B 3-3, class R 5-5",
        ),
        ("a.rb", "module M\n  class A\n    def self.x\n    end\n  end\nend\n", "module M 1-6, class M.A 2-5, function A.x 3-4"),
        ("a.sh", "build() {\n  make\n}\nfunction other { build; }\n", "function build 1-3, function other 4-4"),
        ("a.txt", "def no():\n", ""),
        ("a.css", "p { color: red }\n", ""),
    ],
)
def test_definitions_are_found(path: str, text: str, found: str) -> None:
    items = PARSER.outline(path, text).definitions
    assert ", ".join(f"{item.kind} {item.full_name} {item.first}-{item.last}" for item in items) == found
    assert PARSER.problem(path, text) == ""
    assert PARSER.knows(path) == path.endswith(tuple("py js jsx ts tsx go rs c cpp h java rb sh".split()))  # noqa: SIM905


def test_uses_are_code_only() -> None:
    outline = PARSER.outline("a.py", "# quiet\nx = loud(1) + 'quiet'\nloud(x.field)\n")
    assert dict(outline.uses) == {"x": 2, "loud": 2, "field": 1}
    assert PARSER.outline("a.go", "package a\n\nvar s Stack = Make(s.Top) // Not\n").uses.keys() == {
        "s",
        "Stack",
        "Make",
        "Top",
    }


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("a.js", "const a = 1;\nfunction f( {\n", "line 2: syntax error: function f( {"),
        ("a.ts", "const a: = 1;\n", "line 1: syntax error: const a: = 1;"),
        ("a.go", "package a\nfunc x( {}\n", "line 2: ) is missing: func x( {}"),
        ("a.rs", "fn x() { let a = ; }\n", "line 1: syntax error: fn x() { let a = ; }"),
        ("a.rb", "def x\n", "line 1: end is missing: def x"),
        ("a.sh", "if true; then echo\n", "line 2: fi is missing"),
        ("a.css", "p { color: red;\n", "line 1: } is missing: p { color: red;"),
        ("a.yaml", "a: [1\nb: 2\n", "line 1: syntax error: a: [1"),
        ("a.txt", "((", ""),
    ],
)
def test_the_first_error_is_told_with_its_line(path: str, text: str, problem: str) -> None:
    assert PARSER.problem(path, text) == problem


def test_what_was_read_is_kept_by_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treesitter, "KEPT", 2)
    parser = TreeSitterParser()
    one = parser.outline("a.py", "def one(): ...\n")
    assert parser.outline("a.py", "def one(): ...\n") is one
    assert parser.outline("b.py", "def one(): ...\n").definitions[0].path == "b.py"
    assert parser.outline("a.py", "def two(): ...\n").definitions[0].name == "two"
    again = parser.outline("a.py", "def one(): ...\n")
    assert again is not one
    assert again == one


@given(st.sampled_from(SUFFIXES), st.text())
def test_any_text_is_read(suffix: str, text: str) -> None:
    outline = PARSER.outline(f"a.{suffix}", text)
    assert all(1 <= item.first <= item.line <= item.last <= text.count("\n") + 1 for item in outline.definitions)
    assert all(item.name.isprintable() and " " not in item.name for item in outline.definitions)
    assert isinstance(PARSER.problem(f"a.{suffix}", text), str)


@pytest.mark.parametrize("suffix", ["py", "js", "ts", "go", "rs", "c", "cpp", "java", "rb", "sh", "yaml", "css", "html"])
@pytest.mark.parametrize("piece", ["(", "[", "{", "def ", "class a ", "func (", "x(", "<", '"', "<p>", "a: ", "\n  - "])
def test_hostile_texts_cost_no_time(suffix: str, piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.monotonic()
    parser = TreeSitterParser()
    assert isinstance(parser.outline(f"a.{suffix}", text), Outline)
    parser.problem(f"a.{suffix}", text)
    assert time.monotonic() - started < 3


def test_what_takes_too_long_counts_as_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "int f(int a) { return a; }\n" * 20_000
    assert len(TreeSitterParser().outline("a.c", text[:1_000]).definitions) > 30
    monkeypatch.setattr(treesitter, "PATIENCE_S", 0.001)
    assert TreeSitterParser().outline("a.c", text) == Outline()
    assert TreeSitterParser().problem("a.c", text + "}") == ""
