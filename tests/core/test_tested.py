"""What a test file holds in each language, and what keeps its tests from checking anything."""

from __future__ import annotations

import time

import pytest

from oci_tui.core.guards import lost_tests, may_lose_tests
from oci_tui.core.tested import hollow, is_only_shown, is_test, names, says_nothing, skips

TESTS = """\
tests/test_a.py a_test.py tests.py shop/tests.py conftest.py tests/conftest.py a.spec.ts a.test.mjs web/__tests__/a.jsx
test/a.js test.js test-a.js a-test.cjs a_test.ts tests/deep/a.js src/test/java/ATest.java ATests.kt a/BTestCase.php CTest.cs
a_test.go spec/a_spec.rb test/a_test.rb test_a.rb tests/a.rs a_test.rs test.sh tests.bash test-a.sh a_test.sh a.bats"""

OTHERS = """\
latest.py contest.js attest.js testing.py testdata.json test.py tests/__init__.py tests/data.json src/tests/a.css
test/fixtures/a.js test/helpers/b.ts tests/common/mod.rs src/lib.rs main_test.txt test_a.go Latest.java TestUtils.java
spec_helper.rb spec.rb install.sh testing.sh run.bash protest.sh"""


def test_files_are_known_by_the_names_that_runners_look_for() -> None:
    assert [path for path in TESTS.split() if not is_test(path)] == []
    assert [path for path in OTHERS.split() if is_test(path)] == []


PYTHON = """
import unittest

class A(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

class B:
    def test_add(self):
        assert add(1, 2) == 3

    def help(self):
        def test_inner(): ...

if True:
    async def test_late():
        \"\"\"Says so.\"\"\"
        assert await later()
"""
LANGUAGES = {
    "a.test.js": (
        "describe('a', () => {\n  it('adds', async () => {\n    expect(add(1)).toBe(1);\n  });\n});\n"
        "// it('was', () => {});\n/* test('x', () => {}); */\ntest.concurrent(`goes`, function ({ page }) {\n  go(p);\n});\n",
        ["adds", "goes"],
    ),
    "a_test.go": ("func TestAdd(t *testing.T) {\n\tif add(1) != 1 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc help() {}\n", ["TestAdd"]),
    "tests/a.rs": (
        "#[test]\n#[should_panic]\nfn adds() {\n    assert_eq!(add(1), 1);\n}\n\n#[tokio::test]\nasync fn goes() { go(); }\n",
        ["adds", "goes"],
    ),
    "ATest.java": (
        '@Test\n@DisplayName("it adds")\nvoid adds() throws E {\n  assertEquals(1, a());\n}\n@Test void goes() { go(); }\n'
        "void help() {}\n",
        ["adds", "goes"],
    ),
    "ATests.cs": ("[Fact]\npublic void Adds()\n{\n  Assert.Equal(1, Add(1));\n}\n", ["Adds"]),
    "a_spec.rb": (
        "describe A do\n  it 'adds' do\n    expect(add(1)).to eq 1\n  end\nend\ndef test_go\n  go\nend\n",
        ["adds", "test_go"],
    ),
    "test.sh": ('test_adds() {\n  test "$(add 1)" = 1\n}\nfunction test_goes {\n  go\n}\n', ["test_adds", "test_goes"]),
    "a.bats": ('@test "adds" {\n  run add 1\n}\n', ["adds"]),
}


def test_tests_are_told_apart_by_their_class() -> None:
    assert sorted(names("test_a.py", PYTHON)) == ["A.test_add", "B.test_add", "test_late"]
    assert sorted(names("test_a.py", "def test_one(:\n  def test_two(\n")) == ["test_one", "test_two"], "it does not parse"
    assert hollow("test_a.py", PYTHON) == set()
    one = PYTHON.replace("class B:\n    def test_add(self):\n        assert add(1, 2) == 3\n", "class B:\n    x = 1\n")
    assert "removes the tests B.test_add;" in lost_tests("test_a.py", PYTHON, one, "Add a flag.")


@pytest.mark.parametrize("path", LANGUAGES)
def test_tests_of_each_language_are_known(path: str) -> None:
    text, found = LANGUAGES[path]
    assert sorted(names(path, text).elements()) == found
    assert hollow(path, text) == set()
    assert names(path, text * 2).total() == 2 * len(found), "one of the same name in another group is another one"
    for fewer in ("", text):
        assert "removes the tests" in lost_tests(path, text * 2, fewer, "Add a flag.")


EMPTY_PYTHON = """\
assert True | assert 1, 'x' | pass | return | return add(1) | 'x' | ... | self.assertTrue(True) | self.assertEqual(1, 1)
'x'; pass; assert True""".replace("\n", " | ").split(" | ")

EMPTY = (
    ("a.test.js", "it('adds', () => {});"),
    ("a.test.js", "it('adds', async ({ page }) => {\n  expect(true).toBe(true);\n});"),
    ("a.test.js", "it('adds', function () {\n  return;\n  add(1);\n});"),
    ("a.test.js", "it('adds', () => { assert.ok(true) });"),
    ("a_test.go", "func TestAdd(t *testing.T) {\n\treturn\n\tadd(1)\n}"),
    ("tests/a.rs", "#[test]\nfn adds() {\n    assert!(true);\n}"),
    ("ATest.java", "@Test\nvoid adds()\n{\n  assertTrue(true);\n}"),
    ("a_spec.rb", "it 'adds' do\nend"),
    ("a_spec.rb", "it 'adds' do\n  expect(true).to be true\nend"),
    ("a_test.rb", "def test_adds\n  assert true\nend"),
    ("test.sh", "test_adds() { :; }"),
    ("test.sh", "test_adds() {\n  return 0\n  add 1\n}"),
    ("a.bats", '@test "adds" {\n  true\n}'),
)


def test_bodies_that_check_nothing_are_seen() -> None:
    for body in EMPTY_PYTHON:
        assert hollow("test_a.py", f"def test_a(self):\n    {body}\n"), body
    for body in (
        "x = 1; return x",
        "assert x",
        "f(1)",
        "assert False",
        "self.assertRaises()",
        "self.go(1)",
        "self.assertEqual(add(1), 1)",
    ):
        assert not hollow("test_a.py", f"def test_a(self):\n    {body}\n"), body
    for path, text in EMPTY:
        assert hollow(path, text), text
    assert not hollow("a.test.js", "it('adds', ({}) => {\n  expect(add(1)).toBe(1);\n});")


def test_a_test_may_not_be_emptied_nor_give_way_to_an_empty_one() -> None:
    def said(old: str, new: str) -> str:
        return lost_tests("test_a.py", f"def test_a():\n    {old}\n", new, "Add a flag.")

    solid, empty = "assert add(1) == 1", "def test_a():\n    assert True\n"
    assert "leaves the test test_a nothing to check" in said(solid, empty)
    assert "leaves the test test_b nothing to check" in said(solid, empty.replace("test_a", "test_b"))
    assert said("assert True", empty.replace("test_a", "test_b")) == said("pass", empty) == ""
    assert said(solid, f"def test_a():\n    {solid}\n\n{empty.replace('test_a', 'test_b')}") == ""
    assert said(solid, f"def test_b():\n    {solid}\n") == ""


SKIPS = """\
@pytest.mark.skip | @unittest.skip('x') | @skip('x') | @mark.skipif(x) | @ut.skipUnless(x) | @expectedFailure
@pytest.mark.xfail | from unittest import TestCase, skip | from pytest import skip | pytest.skip('x') | raise SkipTest
self.skipTest('x') | collect_ignore = ['a'] | __test__ = False | it.skip('x', f) | it.only('x', f) | test.todo('x')
xit('x', f) | xit 'x' do | t.Skip() | t.skip() | #[ignore] | @Disabled | @Ignore | [Ignore]""".replace("\n", " | ").split(" | ")


def test_marks_that_keep_tests_from_running_are_counted() -> None:
    assert [mark for mark in SKIPS if not skips(mark)] == []
    others = ("skip(3)", "@given(x)", "from itertools import skip", "fs.skip('x')", "exit('x')", "ignored = 1", "# skip this")
    assert [text for text in others if skips(text)] == []
    assert "skips tests" in lost_tests("conftest.py", "import a\n", "import a\ncollect_ignore = ['test_a.py']\n", "Fix it.")


def test_a_script_that_ends_at_once_tests_nothing() -> None:
    script = "#!/bin/bash\nset -e\nbash count.sh\n"
    for new in ("", "#!/bin/bash\n", "set -e\nexit 0\nbash count.sh\n", "exit\n"):
        assert "leaves no tests" in lost_tests("test.sh", script, new, "Add an option."), new
    assert says_nothing("import sys\nsys.exit(0)\n")
    assert lost_tests("test.sh", script, f"{script}exit 0\n", "Add an option.") == ""
    assert not says_nothing("exit 1\n")


def test_a_file_is_changed_where_it_is_itself_at_fault() -> None:
    old, new = "#!/bin/bash\nbash count.sh\n", "#!/bin/bash\nbash ./count.sh\n"
    for prompt in (
        "`bash test.sh` shows it. Fix count.sh.",
        "test.sh fails. Fix it.",
        "Do not fix test.sh, it is right; fix f.",
    ):
        assert "code they test is at fault" in lost_tests("bin/test.sh", old, new, prompt), prompt
    for prompt in ("Fix test.sh.", "It fails. Correct the script `bin/test.sh`."):
        assert lost_tests("bin/test.sh", old, new, prompt) == "", prompt
    assert lost_tests("conftest.py", "a = 1\n", "a = 2\n", "The tests fail. Fix it.") == "", "it holds no tests"


@pytest.mark.parametrize(
    ("path", "part"),
    [("ATest.java", "@Test "), ("ATest.java", "@Test("), ("a_test.go", "/*"), ("a.test.js", 'it("'), ("a.rs", "#[test][ ")],
)
def test_no_file_takes_long_to_read(path: str, part: str) -> None:
    for text in (part * 20_000, part + "a" * 100_000):
        began = time.process_time()
        names(path, text)
        assert time.process_time() - began < 2
    assert not may_lose_tests("move " * 20_000)
    assert time.process_time() - began < 4


def test_a_pattern_of_paths_begins_no_comment() -> None:
    assert sorted(names("a.test.js", "glob('src/**/*.js');\nit('adds', () => { go(); });\nglob('a/**/b');\n")) == ["adds"]


def test_blanks_behind_a_test_are_read_once() -> None:
    blanks = " " * 500_000
    assert names("a.test.js", f"test{blanks}x") == {}, "shared out in every way they take hours"
    assert hollow("a.test.js", f"test('a', () => {{{blanks}x()") == set(), "shared out in every way they take hours"
    assert hollow("a.test.js", f"test{blanks}({blanks}'a', () => {{{blanks}}})") == {"a"}
    assert hollow("a.test.js", f"test('a', () => {{ return{blanks}x }})") == set(), "shared out in every way they take hours"
    assert hollow("a_spec.rb", f"it 'a' do\nreturn{chr(10) * 500_000}x\nend") == set(), (
        "shared out in every way they take hours"
    )
    assert hollow("a.test.js", f"test('a', () => {{ return{blanks};{blanks}}})") == {"a"}


def test_tests_that_nothing_is_taken_for_are_no_program() -> None:
    shown = 'test("a", () => {\n  ok(1);\n});\n'
    assert is_only_shown("javascript", shown)
    assert is_only_shown("ts", f"describe('x', () => {{}});\n{shown}")
    for taken in ('const { test } = require("node:test");', "import test from 'node:test';", "function test(name, run) {}"):
        assert not is_only_shown("js", f"{taken}\n{shown}"), taken
    assert not is_only_shown("python", shown)
    assert not is_only_shown("js", "run(test(1));\n")
