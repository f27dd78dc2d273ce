"""Definitions as languages write them, and the ranking of a map."""

from __future__ import annotations

import time

import pytest

from oci_tui.core.repository_map import LARGEST, definitions, draw, find, source


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.py", "class A:\n    async def b(self):\n        pass\n\ndef c(): ...\n", ["A", "b", "c"]),
        (
            "a.ts",
            "export default class A {}\nexport const f = async (x) => x;\ninterface I {}\nfunction* g() {}\n",
            ["A", "f", "I", "g"],
        ),
        ("a.go", "func Add(a int) int {\n}\nfunc (s *Stack) Pop() {\n}\ntype Stack struct {\n", ["Add", "Pop", "Stack"]),
        ("a.rs", "pub fn add() {}\nimpl X {\n    pub(crate) async fn go() {}\n}\nstruct S;\n", ["add", "go", "S"]),
        ("a.c", "static int add(int a, int b) {\n  if (a) {\n  return add(1, 2);\n}\n", ["add"]),
        ("A.java", "public final class A {\n  private static enum B {}\n", ["A", "B"]),
        ("a.rb", "module M\n  def self.x\n  end\n", ["M", "x"]),
        ("a.sh", "build() {\n  make\n}\n", ["build"]),
        ("a.txt", "def no():\n", []),
    ],
)
def test_definitions_are_found(path: str, text: str, names: list[str]) -> None:
    assert [item.name for item in definitions(path, text)] == names


def test_a_definition_has_its_body() -> None:
    python = "def f(\n    a,\n):\n    if a:\n\n        return 1\n\n\ndef g():\n    pass\n"
    assert source(python, definitions("a.py", python)[0]) == "def f(\n    a,\n):\n    if a:\n\n        return 1"
    go = "func f() int {\n\treturn 1\n}\n\nfunc g() {\n}\n"
    assert source(go, definitions("a.go", go)[0]) == "func f() int {\n\treturn 1\n}"


def test_a_method_is_found_by_its_class() -> None:
    files = {"a.py": "class A:\n    def run(self): ...\n", "b.py": "class B:\n    def run(self): ...\n"}
    assert [item.path for item in find("run", files)] == ["a.py", "b.py"]
    assert [item.path for item in find("B.run", files)] == ["b.py"]


def test_what_others_use_and_the_prompt_says_comes_first_and_the_room_is_kept() -> None:
    files = {f"use{number}.py": f"def user_{number}():\n    shared_work()\n" for number in range(20)}
    files["work.py"] = "def shared_work():\n    pass\n\ndef _hidden(): ...\n"
    assert draw(files, (), 200).startswith("work.py\n  def shared_work():")
    assert draw(files, {"user_7"}, 200).startswith("use7.py\n  def user_7():")
    assert all(len(draw(files, (), room)) <= room for room in (0, 50, 200, 1_000))


def test_hostile_files_cost_no_time() -> None:
    started = time.monotonic()
    nasty = {
        "a.c": "a " * (LARGEST // 2),
        "b.py": "def " * (LARGEST // 4),
        "c.go": "func (" * (LARGEST // 6),
        "d.c": "x(" * 99_000,
    }
    draw(nasty, (), 1_000)
    assert time.monotonic() - started < 5
