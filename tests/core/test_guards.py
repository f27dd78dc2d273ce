"""What an edit may not do to a file unasked, each with an edit that is nearly the same and allowed."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oci_tui.core import guards
from oci_tui.core.edits import MOST_SHOWN, Files, settle
from oci_tui.core.formats import elision
from oci_tui.core.formats.elision import elisions, is_elision
from oci_tui.core.formats.search_replace import ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.guards import complains, lost_tests, may_lose_tests, only_claims, only_words, wants_change
from oci_tui.parser.treesitter import TreeSitterParser
from tests.mutants import with_an_alternative_less

PARSER = TreeSitterParser()
TESTS = "def test_one():\n    assert 1 + 1 == 2\n\n\ndef test_two():\n    assert 2\n"
FILES = {
    "app.js": "const a = 1;\nconst b = 2;\nconst c = 3;\n",
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n",
    "test_calc.py": TESTS,
    "broken.py": "def f(:\n",
    "broken.go": "package a\nfunc f( {}\n",
    "data.json": '{"a": 1}\n',
    "pyproject.toml": "[project]\nname = 'x'\n",
    "long.js": "x\n" * MOST_SHOWN,
}


def refusals(
    *edits: WriteFile | ReplaceText, known: tuple[str, ...] = tuple(FILES), prompt: str = "make the tests pass"
) -> list[str]:
    return settle(edits, Files(tuple(FILES), FILES.get, lambda _: "", known, PARSER), prompt).refused


@pytest.mark.parametrize(
    "line",
    [
        "# rest unchanged",
        "# ... rest of the code ...",
        "# ... existing code ...",
        "    # The rest of the file remains unchanged",
        "// ... other methods remain the same",
        "// existing code here",
        "/* unchanged */",
        "<!-- rest of the content -->",
        "# (unchanged)",
        "# Remaining functions stay the same",
        "-- rest of the file omitted",
        "# same as before",
        "# ...",
        "... (rest of the function)",
        "...existing code...",
        "... more of the same",
        "...",
    ],
)
def test_lines_that_stand_for_others_are_seen(line: str) -> None:
    assert is_elision(line)


@pytest.mark.parametrize(
    "line",
    [
        "# keep the rest of the items in order",
        "# the same for each existing user",
        "# other",
        "x = 1  # unchanged",
        "# original",
        "return [*first, *rest]",
        "# loads the existing code of a user",
        "",
        "// ",
        "#",
        "    ...state,",
        "  ...otherFields",
        "...(await rest()),",
        "...[1, 2],",
        "...original",
    ],
)
def test_other_lines_are_not(line: str) -> None:
    assert not is_elision(line)


def test_any_line_and_any_file_are_judged_at_once() -> None:
    began = time.process_time()
    for line in (f"# rest{' ' * 20_000}x", f"# rest of the {'code ' * 20_000}x", f"{'....' * 20_000} x y", "#" * 50_000 + "x"):
        is_elision(line)
    popular, dots = "".join(f"{number % 100}\n" for number in range(300_000)), "// ...\n1\n" * 10_000
    assert elision.losing("a.js", popular, popular[:50_000] + dots) == "// ..."
    assert time.process_time() - began < 2


def test_a_file_with_parts_left_out_is_refused() -> None:
    assert "stands for lines" in refusals(WriteFile("app.js", "const a = 2;\n// ... rest of the file\n"))[0]
    assert "stands for lines" in refusals(WriteFile("app.js", "const a = 2;\n...\n"))[0]
    assert "stands for lines" in refusals(WriteFile("new.js", "const a = 2;\n// rest of the code unchanged\n"))[0]
    hollow = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    ...\n"
    assert '"def sub(...): ..." stands for lines' in refusals(WriteFile("calc.py", hollow))[0]
    assert refusals(WriteFile("app.js", "const a = 2;\nconst b = 2;\n// the last\n")) == []
    assert refusals(WriteFile("calc.py", hollow.replace("...", "return a - b"))) == []
    assert refusals(WriteFile("protocol.py", "def f() -> int: ...\n")) == []


def test_the_dots_of_a_doctest_are_none() -> None:
    doctest = [">>> for i in f():", "...     print(i)", "...", "1", "..."]
    assert elisions(doctest) == [False, False, False, False, True]
    assert elisions([">>> f()", "... rest of the code ..."]) == [False, True]


def test_dots_are_an_elision_where_lines_went() -> None:
    notes = "# Notes\n\nOne.\n\nTwo.\n\nThree.\n"

    def said(new: str, path: str = "notes.md", old: str | None = notes) -> str:
        return elision.losing(path, old, new) or elision.doubtful(path, old, new)

    assert said("# Notes\n\nOne.\n\n...\n") == "..."
    assert said(notes.replace("Two.", "Two\n\n...\n\nand a half.")) == said(f"{notes}\n...\n") == ""
    assert said("... and so on\n", old=None) == said("a: 1\n...\n", "a.yml", None) == said("...\n", "a.py", None) == ""
    assert said("a;\n... and so on\n", "a.js", None) == "... and so on"
    longer = notes + "".join(f"Line {number}.\n" for number in range(9))
    assert elision.losing("notes.md", longer, "One new.\n" * 20 + "# rest unchanged\n"), "more than so many are not replaced"
    assert not elision.losing("notes.md", longer, "One new.\n" * 20 + "...\n")


def test_an_elision_by_which_nothing_is_lost_is_refused_once() -> None:
    new, known = "const a = 2;\n// rest of the code unchanged\n", set[tuple[str, str]]()
    files = Files(tuple(FILES), FILES.get, lambda _: "", tuple(FILES), PARSER)
    first = settle([WriteFile("new.js", new)], files, "", known)
    assert (first.written, "stands for lines" in first.refused[0]) == ({}, True)
    assert settle([WriteFile("new.js", new)], files, "", known).written == {"new.js": new}
    for _ in range(2):
        assert settle([WriteFile("app.js", new)], files, "", known).refused


LARGE = {
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a * b\n",
    "stack.js": "class Stack {\n  constructor() {}\n  push(x) {}\n  pop() {}\n}\nmodule.exports = { Stack };\n",
    "lib.rs": "impl S {\n    fn a() {}\n    fn b() {}\n    fn c() {}\n}\n",
    "project.toml": "[project]\nname = 'x'\n\n[[source]]\nname = 'y'\n\n[tool.ruff]\nline-length = 99\n",
    "package.json": '{"name": "x", "version": "1", "scripts": {}}\n',
    "old.py": "def get_usr():\n    return 1\n",
}


@pytest.mark.parametrize(
    ("path", "text", "gone"),
    [
        ("calc.py", "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n", "sub, mul"),
        ("stack.js", "class Stack {\n  pop() { return 1 }\n}\nconsole.log(1);\n", "Stack.constructor, Stack.push"),
        ("lib.rs", "impl S {\n    fn a() { 1 }\n}\n", "S.b, S.c"),
        ("project.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n", "project, source, tool.ruff"),
        ("package.json", '{"scripts": {"test": "jest"}}', "name, version"),
        ("calc.py", "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n\n\nprint(add(1, 2))\n", ""),
        ("old.py", "def get_user():\n    return 1\n", ""),
    ],
)
def test_a_file_that_leaves_most_of_the_old_one_out_is_asked_about_once(path: str, text: str, gone: str) -> None:
    files, told = Files(tuple(LARGE), LARGE.get, lambda _: "", tuple(LARGE), PARSER), set[tuple[str, str]]()
    refused = settle([WriteFile(path, text)], files, "", told).refused
    assert [f"leaves out {gone}, which" in reason for reason in refused] == [True] * bool(gone)
    assert settle([WriteFile(path, text)], files, "", told).written == {path: text}


def test_what_another_file_of_the_reply_takes_over_is_not_left_out() -> None:
    files = Files(tuple(LARGE), LARGE.get, lambda _: "", tuple(LARGE), PARSER)
    kept, taken = LARGE["calc.py"].split("\n\n\n", 1)
    moved = [
        WriteFile("calc.py", f"from more import mul, sub\n\n\n{kept}\n\n\nprint(add(1, 2))\n"),
        WriteFile("more.py", taken),
    ]
    assert not settle(moved, files, "move sub and mul into more.py", None).refused


def test_a_change_that_is_only_claimed_is_seen() -> None:
    assert only_claims("I set the port in `config.toml` to 9090.\n", ["a.py", "config.toml"])
    assert only_claims("I have fixed calc.py.", ["calc.py"])
    assert not only_claims("I would set the port in config.toml.", ["config.toml"])
    assert not only_claims("calc.py was changed in March.", ["calc.py"])
    assert not only_claims("I fixed it.", ["calc.py"])


COMPLAINTS = """\
The tests fail. | see the failing test | fix it | there is a bug | two bugs in calc.py | a buggy parser | it is wrong
it returns wrongly | the build is broken | it breaks on Monday | it crashes | Correct cache.py | incorrectly rounded
repair the parser | mend it | bad results | Make the tests in tests/ pass.""".replace("\n", " | ").split(" | ")


def test_complaints_are_known_by_each_of_their_words() -> None:
    assert [prompt for prompt in COMPLAINTS if not complains(prompt)] == []
    others = ("add a flag", "`bash test.sh` must still pass", "raise ValueError", "a prefix")
    assert [prompt for prompt in others if complains(prompt)] == []
    less = list(with_an_alternative_less(guards._COMPLAINT.pattern))
    assert len(less) > 10
    for mutant in less:
        assert not all(re.search(mutant, prompt, re.IGNORECASE) for prompt in COMPLAINTS), mutant


@given(st.lists(st.sampled_from(["tests ", "Test", "_tests ", "pass", " PASS", "passes", ".", "\n"]), max_size=6).map("".join))
@example("tests of _tests pass")
def test_tests_that_are_to_pass_are_a_complaint_whatever_is_between(prompt: str) -> None:
    assert complains(prompt) is bool(re.search(r"\btests?\b[^.\n]*\bpass\b", prompt, re.IGNORECASE))


def test_a_prompt_of_nothing_but_tests_is_read_once() -> None:
    assert not complains("tests " * 200_000), "from each of them on to the end it takes half an hour"


def test_words_are_no_fix_of_what_fails() -> None:
    def asked(prompt: str, *, failing: bool = True) -> str:
        return only_words("It was the sum.", ["calc.py"], prompt, failing=failing)

    assert asked("Fix it.") == asked("Make the tests pass.") == "the check fails"
    assert asked("Fix it.", failing=False) == asked("Why does it fail?") == asked("Explain the failing tests.") == ""


def test_words_are_no_end_where_the_change_made_the_check_fail() -> None:
    def asked(prompt: str, reply: str = "It is done.") -> str:
        return only_words(reply, ["calc.py"], prompt, failing=True, changed=True)

    assert asked("Add a column.") == asked("Rename total to sum_up.") == "the check fails"
    for reply in ("Which of them do you want?", "Let me know which.", "The failing test was red before me."):
        assert asked("Add a column.", reply) == "", reply
    assert asked("Write a failing test for add.") == asked("Explain it.") == ""


@pytest.mark.parametrize(
    "prompt",
    [
        "Let me see cart.py.", "Give me the contents of cart.py.", "I need to see cart.py.", "Run the tests and let me know.",
        "Display cart.py. I need it for a mail.", "Please just run the tests, it should be quick.", "Make sure the tests pass.",
        "Where is the rate set", "Verify that cart.py is set up right.", "Print the file cart.py, I want to make a copy.",
        "Read cart.py and write a summary.", "Fix it if it is broken.", "Do not change anything.", "Can you add one?",
    ],
)  # fmt: skip
def test_what_is_to_be_shown_or_told_is_no_change(prompt: str) -> None:
    assert not wants_change(prompt, passes=False)


def test_a_change_that_is_wanted() -> None:
    for prompt in (
        "Add a flag.",
        "please fix that in jobs.py",
        "Inventory needs a method.",
        "So far so good. Make it return 1.",
    ):
        assert wants_change(prompt, passes=False), prompt
        assert wants_change(prompt, passes=True), prompt
    assert wants_change("Fix calc.py so that the tests pass.", passes=False)
    assert not wants_change("Fix calc.py so that the tests pass.", passes=True), "they do"


PROMISES = (
    "I will rename it in all files.",
    "I'll add the flag.",
    "First, I am going to create circle.py.",
    "I'm going to now move the class.",
    "I will first make the change, then I will test it.",
    "I will then write the tests.",
)


def test_a_promise_is_no_change() -> None:
    def asked(reply: str, prompt: str = "Rename it.") -> str:
        return only_words(reply, [], prompt, failing=False)

    assert [promise for promise in PROMISES if not asked(promise)] == []
    for words in ("I will run the tests.", "I will not change it.", "I will make sure.", "You will add it.", "It is done."):
        assert asked(words) == "", words
    for offer in (
        "If you like, I'll fix it.",
        "Which one do you mean? I'll rename it.",
        "Tell me and I'll do it: I will add it.",
    ):
        assert asked(offer) == "", offer
    for prompt in (
        "What fails?",
        "Explain it.",
        "Outline it, no code yet.",
        "Tell me how.",
        "Plan it.",
        "Do not change anything.",
    ):
        assert asked("I will split this into parts.", prompt) == "", prompt
    assert asked("<think>I will write a short answer.</think>It is 3.") == asked("<think>I will add it") == ""
    for part in (r"'ll|", r"| am going to", r"|'m going to", "now |", "first |", "|then ", "add|", "|create", "|write"):
        assert part in guards._PROMISE.pattern
        mutant = guards._PROMISE.pattern.replace(part, "", 1)
        assert not all(re.search(mutant, promise) for promise in PROMISES), part


def test_a_definition_that_another_file_uses_is_not_forgotten() -> None:
    old = "def logged(f):\n    return f\n"
    new = "def retry(times):\n    return times\n\n\ndef divide(a, b):\n    return a / b\n"

    def written(*known: str, tests: str = "from tools import logged, retry\n", more: Sequence[WriteFile] = ()) -> str:
        texts = {"tools.py": old, "test_tools.py": tests}
        files = Files(tuple(texts), texts.get, lambda _: "", known, TreeSitterParser())
        return settle([WriteFile("tools.py", new), *more], files, "Add retry.").written["tools.py"]

    assert written("tools.py", "test_tools.py") == f"{old}\n\n{new}"
    assert written("tools.py") == written("tools.py", "test_tools.py", tests="logged_in = 1\n") == new
    renamed = WriteFile("test_tools.py", "from tools import divide, retry\n")
    assert written("tools.py", "test_tools.py", more=[renamed]) == new, "the reply takes it from there too"
    assert written("tools.py", "test_tools.py", tests="# logged\n") == new


def test_a_file_never_shown_is_not_overwritten_but_shown() -> None:
    edit = WriteFile("app.js", "const a = 2;\n")
    done = settle([edit], Files(tuple(FILES), FILES.get, lambda _: ""), "")
    assert done.shown == ["app.js"]
    assert "you have not read it" in done.refused[0]
    assert FILES["app.js"] in done.refused[0]
    assert refusals(edit) == []
    assert refusals(WriteFile("new.js", "x;\n"), known=()) == []
    assert refusals(ReplaceText("app.js", "const a = 1;\n", "const a = 2;\n"), known=()) == []
    assert refusals(WriteFile("calc.py", "def add(a, b):\n    return a + b\n"), known=()) == []
    long = settle([WriteFile("long.js", "y\n")], Files(tuple(FILES), FILES.get, lambda _: ""), "")
    assert (long.shown, len(long.refused[0]) < 200) == ([], True)


def test_tests_are_neither_removed_nor_skipped_unasked() -> None:
    one = ReplaceText("test_calc.py", "\n\ndef test_two():\n    assert 2\n", "")
    skip = ReplaceText("test_calc.py", "def test_two():\n", "@pytest.mark.skip\ndef test_two():\n")
    empty = ReplaceText("test_calc.py", "    assert 1 + 1 == 2\n", "    pass\n")
    assert "removes the tests test_two" in refusals(one)[0]
    assert "skips tests" in refusals(skip)[0]
    assert "stands for lines" in refusals(empty)[0]
    assert refusals(one, prompt="Remove the test of two.") == []
    assert refusals(skip, prompt="skip the slow tests") == []
    assert refusals(ReplaceText("test_calc.py", "assert 2\n", "assert 3\n"), prompt="Let two be three.") == []
    assert refusals(ReplaceText("test_calc.py", "def test_two", "def test_three"), prompt="Let two be three.") == []


ASKING = """\
Remove the test of two. | skip the slow tests | Rewrite the tests. | delete the test files | Move the tests into tests/.
Remove test_two. | Rename test_one to test_uno | Delete tests/test_old.py | Rename the function add and its tests
The tests of mean should be removed. | Those tests can be deleted. | the old test must get rewritten | Can you remove tests?
Clean up the tests | Get rid of the tests of `area`. | Split test_calc.py in two | Refactor the tests | Disable its tests
Do not touch calc.py. Remove its tests. | Do not touch calc.py, just remove its tests. | Drop the tests that fail on Windows
Merge the two tests | Prune the tests | Simplify the tests of f | Replace the tests of f | Remove f of calc.py and its tests
Leave f, but drop its tests | Remove keep, piano, and also its tests""".replace("\n", " | ").split(" | ")

FORBIDDING = """\
Do not delete or skip any tests. | Don't remove tests | Fix the bug without changing, removing or skipping tests
Refactor the parser; all tests must still pass | Move helper into utils and make sure the tests pass
Simplify f so the tests pass | Do not change, remove or skip tests. | never skip a test | Tests must not be removed.
No tests may be removed | The tests should never be skipped. | Why did you remove the test? | Refactor f and run the tests
Rename add to plus, the tests still pass | Remove the code that tests show to be wrong | Refactor the code under test
Remove print, do not touch the tests | The tests were removed by mistake, add them | fix it instead of deleting tests
Move f out of tests/helpers.py | You can't just skip tests | Drop the cache and update the tests | Remove f but keep its tests
Make the tests in tests/ pass. | Replace the loop because a test is slow | Split f before its tests are run
Rename f. The tests must pass. | Remove f: the tests show why | the tests are skipped on CI, fix that
Remove f, the tests use g | Simplify f so each test takes a second | Remove the loop that slows the tests down
Refactor f while keeping tests green | Replace the loop because the tests hang | Split f before you touch tests
Remove f and keep tests | Remove f and make tests quick | Remove what the tests show | Refactor f, its tests must stay
Remove f, run tests""".replace("\n", " | ").split(" | ")


def test_only_a_plain_request_lets_tests_go() -> None:
    assert [prompt for prompt in ASKING if not may_lose_tests(prompt)] == []
    assert [prompt for prompt in FORBIDDING if may_lose_tests(prompt)] == []
    assert may_lose_tests("Do not touch f\nRemove its tests")


def test_a_request_is_read_before_and_after_what_is_pasted_with_it() -> None:
    pasted = "remove " * 3_000_000
    assert not may_lose_tests(pasted), "read whole it takes minutes"
    assert may_lose_tests(f"Remove the tests.\n{pasted}")
    assert may_lose_tests(f"{pasted}\nRemove the tests.")
    assert not may_lose_tests(f"{pasted}\nRemove f.\nDo not remove tests.")


@pytest.mark.parametrize("prompt", ["The tests fail. Correct the code.", "parse() is wrong", "Make the tests pass."])
def test_where_something_fails_its_tests_stay(prompt: str) -> None:
    other = ReplaceText("test_calc.py", "assert 2\n", "assert 3\n")
    assert "the code they test is at fault" in refusals(other, prompt=prompt)[0]
    more = ReplaceText("test_calc.py", "    assert 2\n", "    assert 2\n\n\ndef test_three():\n    assert 3\n")
    assert refusals(more, prompt=prompt) == []
    assert refusals(other, prompt=f"{prompt} Do not change or update the tests.")
    assert refusals(other, prompt=f"{prompt} Don't change calc.py. Update the test.") == []
    assert refusals(other, prompt=f"{prompt} Update the test of two.") == []
    assert refusals(other, prompt=f"{prompt} Rename add to plus.") == []


def test_tests_of_other_languages_are_known() -> None:
    old = "test('adds', () => {});\nit(\"takes away\", () => {});\n"
    assert "takes away" in lost_tests("web/sum.test.js", old, old.replace("it(", "other("), "")
    assert "skips" in lost_tests("web/sum.test.js", old, old.replace("it(", "it.skip("), "") or "removes" in lost_tests(
        "web/sum.test.js", old, old.replace("it(", "it.skip("), ""
    )
    assert "TestAdd" in lost_tests("sum_test.go", "func TestAdd(t *testing.T) {}\n", "package sum\n", "")
    assert lost_tests("sum.js", old, "", "") == ""


def test_a_file_that_no_longer_parses_is_refused_once() -> None:
    edit = WriteFile("calc.py", "def add(a, b:\n    return a + b\n")
    assert "would not parse, line 1" in refusals(edit)[0]
    assert "would not parse" in refusals(WriteFile("new.py", "if x\n"))[0]
    assert "would not parse" in refusals(WriteFile("data.json", "{a: 1}"))[0]
    assert "would not parse" in refusals(WriteFile("pyproject.toml", "[project\n"))[0]
    table = refusals(WriteFile("a.toml", "[a]\nb = {\n  c = 1\n}\n"))[0]
    assert table.endswith("(at line 2, column 6): b = {; write it again")
    assert refusals(WriteFile("a.json", '{"a": 1,\n "b" 2}'))[0].endswith('line 2 column 6 (char 14): "b" 2}; write it again')
    assert refusals(WriteFile("broken.py", "def g(:\n")) == []
    assert refusals(WriteFile("new.py", "pattern = '\\d'\n")) == []
    told: set[tuple[str, str]] = set()
    files = Files(tuple(FILES), FILES.get, lambda _: "", tuple(FILES))
    assert settle([edit], files, "", told).refused
    assert settle([edit], files, "", told).written == {"calc.py": edit.text}


def test_other_languages_must_parse_too() -> None:
    broken = "const a = 1;\nconst b = (2;\nconst c = 3;\n"
    assert refusals(WriteFile("app.js", broken)) == [
        "app.js: the file would not parse, line 2: ) is missing: const b = (2;; write it again"
    ]
    assert "line 1: syntax error" in refusals(WriteFile("new.ts", "const a: = 1;\n"))[0]
    assert refusals(WriteFile("new.ts", "const a: number = 1;\n")) == []
    assert refusals(WriteFile("broken.go", "package a\nfunc g( {}\n")) == []
    assert refusals(WriteFile("notes.txt", "((\n")) == []
