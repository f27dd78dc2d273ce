"""The ranking of a map, and what it is to be found by name."""

from __future__ import annotations

import time

import pytest

from oci_tui.core import repository_map
from oci_tui.core.repository_map import LARGEST, definitions, draw, find, source
from oci_tui.parser.treesitter import TreeSitterParser

PARSER = TreeSitterParser()


def test_a_definition_has_its_body_and_what_belongs_to_it() -> None:
    python = "@one\n@two\ndef f(\n    a,\n):\n    if a:\n\n        return 1\n\n\ndef g():\n    pass\n"
    assert source(python, definitions("a.py", python, PARSER)[0]) == python.partition("\n\n\ndef g")[0]
    go = "func f() int {\n\treturn 1\n}\n\nfunc g() {\n}\n"
    assert source(go, definitions("a.go", go, PARSER)[0]) == "func f() int {\n\treturn 1\n}"


def test_a_method_is_found_by_its_class() -> None:
    files = {"a.py": "class A:\n    def run(self): ...\nclass C:\n    def run(self): ...\n", "b.go": "func (b *B) run() {}\n"}
    assert [(item.path, item.line) for item in find("run", files, PARSER)] == [("a.py", 2), ("a.py", 4), ("b.go", 1)]
    assert [(item.path, item.line) for item in find("C.run", files, PARSER)] == [("a.py", 4)]
    assert [item.path for item in find("B.run", files, PARSER)] == ["b.go"]
    assert find("D.run", files, PARSER) == []


def test_what_others_use_and_the_prompt_says_comes_first_and_the_room_is_kept() -> None:
    files = {f"use{number}.py": f"def user_{number}():\n    shared_work()\n" for number in range(20)}
    files["work.py"] = "def shared_work():\n    pass\n\ndef _hidden(): ...\n"
    assert draw(files, (), 200, PARSER).startswith("work.py\n  def shared_work():")
    assert draw(files, {"user_7"}, 200, PARSER).startswith("use7.py\n  def user_7():")
    assert all(len(draw(files, (), room, PARSER)) <= room for room in (0, 50, 200, 1_000))


def test_what_is_said_in_comments_and_strings_is_no_use() -> None:
    said = {f"talk{number}.py": f"# quiet_one\ntext_{number} = 'quiet_one'\n" for number in range(5)}
    files = {"a.py": "def quiet_one(): ...\n", "b.py": "def loud_one(): ...\n", "c.py": "loud_one()\n", **said}
    assert draw(files, (), 30, PARSER).startswith("b.py\n  def loud_one()")


def test_of_a_large_repository_the_first_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_map, "LARGEST_OF_ALL", 3_000)
    files = {f"a{number}.py": f"def name_{number}(): ...\n" + "x = 1\n" * 150 for number in range(5)}
    drawn = draw(files, (), 1_000, PARSER)
    assert "name_2" in drawn
    assert "name_4" not in drawn


def test_hostile_files_cost_no_time() -> None:
    started = time.monotonic()
    nasty = {
        "a.c": "a " * (LARGEST // 2),
        "b.py": "def " * (LARGEST // 4),
        "c.go": "func (" * (LARGEST // 6),
        "d.c": "x(" * 99_000,
    }
    draw(nasty, (), 1_000, TreeSitterParser())
    assert time.monotonic() - started < 5
