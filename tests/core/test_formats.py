"""SEARCH/REPLACE and whole-symbol edits applied to real text."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oci_tui.core.edits import Files, settle
from oci_tui.core.formats import definitions, search_replace
from oci_tui.core.formats.search_replace import MismatchError, ReplaceText, apply, occurs
from oci_tui.core.formats.symbols import merged, place, within
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.reply import parse, placed
from oci_tui.parser.treesitter import TreeSitterParser

FILE = '"""Doc."""\n\nLIMIT = 3\n\n\ndef f(a):\n    return a  # one\n\n\n@cache\ndef g(b):\n    return b\n'


def test_exact_lines_are_replaced() -> None:
    assert apply("a\nb\nc\n", ReplaceText("x", "b\n", "B\nB\n")).text == "a\nB\nB\nc\n"


def test_trailing_blanks_do_not_matter() -> None:
    assert apply("a\nb  \nc\n", ReplaceText("x", "b\n", "B\n")).text == "a\nB\nc\n"


def test_one_indentation_shift_is_carried_over() -> None:
    text = "class A:\n    def f(self):\n        return 1\n"
    assert apply(text, ReplaceText("x", "def f(self):\n    return 1\n", "def f(self):\n    return 2\n")).text == text.replace(
        "1", "2"
    )


def test_uneven_indentation_is_refused() -> None:
    with pytest.raises(MismatchError, match="not in the file"):
        apply("    a\n  b\n", ReplaceText("x", "a\nb\n", "c\n"))


def test_the_one_place_that_is_nearly_the_same_keeps_its_own_lines() -> None:
    text = "import os\n\ndef area(r):\n\n    # the area of a circle\n    x = 1\n    return r\n"
    wrong = "def area(r):\n    # area of a circle\n"
    edit = ReplaceText("x", f"{wrong}    x = 1\n", f"{wrong}    y = 2\n    x = 1\n")
    done = apply(text, edit)
    assert done.text == text.replace("    x = 1\n", "    y = 2\n    x = 1\n")
    assert done.how == "at the one place that is 97% the same (at least 90%)"


def test_two_places_that_are_nearly_the_same_are_refused() -> None:
    text = "def f(r):\n    # number 1\n    return r\n" + "def f(r):\n    # number 2\n    return r\n"
    with pytest.raises(MismatchError, match="two places are nearly the same"):
        apply(text, ReplaceText("x", "def f(r):\n    # number 3\n    return r\n", "def f(r):\n    return 2 * r\n"))


_SOURCE = ["x = 1", "y = 2", "if x:", "    y = x", "", "return y", "    call(x, y)", "# note", "z = x * y"]


@given(st.data(), st.lists(st.sampled_from(_SOURCE), min_size=1, max_size=30).filter(any))
def test_an_edit_lands_where_it_was_meant_or_nowhere(data: st.DataObject, lines: list[str]) -> None:
    start = data.draw(st.integers(0, len(lines) - 1))
    stop = data.draw(st.integers(start + 1, len(lines)))
    window = lines[start:stop]
    assume(any(window))
    place = data.draw(st.integers(0, len(window)))
    shift = data.draw(st.sampled_from(["", "  ", "    "]))
    broken = [shift + line + data.draw(st.sampled_from(["", "", " "])) if line else line for line in window]
    new = [*broken[:place], shift + "NEW = 1", *broken[place:]]
    edit = ReplaceText("x", "".join(f"{line}\n" for line in broken), "".join(f"{line}\n" for line in new))
    wanted = [*lines[:start], *window[:place], "NEW = 1", *window[place:], *lines[stop:]]
    try:
        done = apply("".join(f"{line}\n" for line in lines), edit)
    except MismatchError:
        return
    assert [line.rstrip() for line in done.text.splitlines()] == wanted


def test_several_places_are_refused() -> None:
    with pytest.raises(MismatchError, match="occur 2 times"):
        apply("a\nb\na\n", ReplaceText("x", "a\n", "c\n"))


def test_many_places_are_counted_so_far() -> None:
    for times, said in ((49, "occur 49 times;"), (60, "occur 50 times or more;")):
        with pytest.raises(MismatchError, match=said):
            apply("a\n" * times, ReplaceText("x", "a\n", "c\n"))
    assert len(search_replace._starts(["a\n"] * 60, ["a\n"], str.rstrip)) == 50


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("a\n" * 500_000, "a\n" * 20_000 + "b\n"),
        ("\n" * 500_000, "\n" * 50_000 + "b\n"),
        ("".join(f"{'aab' * 100}{number}\n" for number in range(3_000)), f"{'a' * 199}\n"),
        ("".join(f"{'ab' * 198}{number:04}\nsame\n" for number in range(2_000)), f"{'aab' * 133}\nsame\n" * 99),
    ],
)
def test_a_mismatch_is_told_at_once_whatever_the_lines_are(text: str, search: str) -> None:
    began = time.process_time()
    with pytest.raises(MismatchError, match="are not in the file"):
        apply(text, ReplaceText("x", search, "c\n"))
    assert time.process_time() - began < 2


@given(
    st.lists(st.sampled_from(["a", "b ", " a", "", "b\r"]), max_size=9), st.lists(st.sampled_from("ab"), min_size=1, max_size=3)
)
def test_lines_stand_where_each_of_them_does(lines: list[str], wanted: list[str]) -> None:
    places = [at for at in range(len(lines)) if [line.rstrip() for line in lines[at : at + len(wanted)]] == wanted]
    text = "".join(f"{line}\n" for line in lines)
    assert occurs(text, "\n".join(wanted)) is (len(places) == 1)
    assert not occurs(text, " \n"), "blank lines stand anywhere"


def test_the_nearest_lines_are_shown() -> None:
    with pytest.raises(MismatchError, match=r"Did you mean these lines\?\n    return total / count"):
        apply("x\n    return total / count\ny\n", ReplaceText("x", "    return total / counts\n", "z\n"))


def test_line_ends_and_a_missing_last_newline_are_kept() -> None:
    assert apply("a\r\nb\r\n", ReplaceText("x", "b\n", "c\n")).text == "a\r\nc\r\n"
    assert apply("a\nb", ReplaceText("x", "b\n", "c\n")).text == "a\nc"


def test_one_symbol_replaces_itself_with_its_decorators() -> None:
    edit = place("def g(b):\n    return -b\n", {"m.py": FILE, "n.py": "def h(): ...\n"})
    assert edit is not None
    assert edit.path == "m.py"
    assert edit.text == FILE.replace("@cache\ndef g(b):\n    return b\n", "def g(b):\n    return -b\n")


def test_imports_and_new_definitions_are_added() -> None:
    text = merged(FILE, "import math\n\ndef f(a):\n    return math.sqrt(a)\n\ndef new():\n    pass\n")
    assert text.startswith('"""Doc."""\n\nimport math\nLIMIT = 3\n')
    assert "def new():\n    pass\n" in text
    assert "def g(b):" in text
    ast.parse(text)


def test_lines_are_counted_as_python_counts_them() -> None:
    file = "import os\n\x0c\ndef f():\n    return 1\n\n\ndef g():\n    return 1\n"
    assert merged(file, "def f():\n    return 2\n") == file.replace("return 1", "return 2", 1)


def test_definitions_of_one_name_stay_together() -> None:
    twice = "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\n"
    assert merged("import os\n\n\ndef f(a):\n    return a\n", twice) == f"import os\n\n\n{twice}"


def test_what_a_block_leaves_out_stays() -> None:
    file = '"""Doc."""\n\n\ndef f():\n    return 1\n\n\nif __name__ == "__main__":\n    f()\n'
    edit = place("def f():\n    return 2\n", {"m.py": file})
    assert edit is not None
    assert edit.text == file.replace("return 1", "return 2")
    whole = file.replace("return 1", "return 3")
    again = place(whole, {"m.py": file})
    assert again is not None
    assert again.text == whole


def test_a_block_with_all_of_the_file_is_the_file() -> None:
    code = FILE.replace("return b", "return 2 * b")
    assert merged(FILE, code) == code


@pytest.mark.parametrize(
    "code",
    [
        "print(f(1))\n",
        "def f(a):\n    return a\n\nprint(f(1))\n",
        "x = 1\n",
        "def unknown():\n    pass\n",
        "def f(a:\n",
        "import os\n",
    ],
)
def test_programs_and_strangers_are_not_edits(code: str) -> None:
    assert place(code, {"m.py": FILE}) is None


def test_two_files_with_the_name_are_not_clear() -> None:
    assert place("def f(a):\n    return 2\n", {"m.py": FILE, "n.py": FILE}) is None


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [("rename f to first", False), ("Remove f, please", False), ("why is f slow?", True), ("rename it", True)],
)
def test_what_the_prompt_wants_gone_goes_though_the_block_is_a_part(prompt: str, kept: bool) -> None:
    edit = place(
        "@cache\ndef g(b):\n    return b\n\n\ndef first(a):\n    return a\n", {"m.py": FILE + "\n\ndef h(): ...\n"}, prompt
    )
    assert edit is not None
    assert ("def f(a):" in edit.text) is kept
    assert "def h(): ..." in edit.text
    renamed = FILE.replace("def f(a):\n    return a  # one", "def first(a):\n    return a")
    assert edit.text.startswith(renamed) is not kept


def test_a_definition_that_goes_takes_its_blank_lines_with_it() -> None:
    assert merged(FILE, "@cache\ndef g(b):\n    return b\n", {"f"}) == FILE.replace("def f(a):\n    return a  # one\n\n\n", "")


def test_methods_of_the_same_name_stay_their_types() -> None:
    go = "package a\n\nfunc (x *A) Run() int {\n\treturn 1\n}\n\nfunc (x *B) Run() int {\n\treturn 2\n}\n"
    code = "func (x *B) Run() int {\n\treturn 3\n}\n"
    placed = definitions.place("go", code, {"run.go": go}, TreeSitterParser())
    assert placed is not None
    assert placed.text == go.replace("return 2", "return 3")


def test_a_function_within_a_call_is_none_of_the_file() -> None:
    old = "describe('a', () => {\n  function help() {\n    return 1;\n  }\n});\n"
    assert definitions.place("js", "function help() {\n  return 2;\n}\n", {"a.js": old}, TreeSitterParser()) is None


def test_a_function_with_braces_in_its_text_is_replaced_whole() -> None:
    old = "export const draw = (x) => {\n  if (x) {\n    return '}';\n}\n  return `{`;\n};\n\nexport function keep() {}\n"
    code = "export const draw = (x) => x;\n"
    assert definitions.within(TreeSitterParser(), "a.js", old, code, "") == code + "\nexport function keep() {}\n"


FIRST, SECOND = "import os\n\n\ndef first():\n    return os.sep\n", "def second():\n    return 2\n"


@pytest.mark.parametrize(
    ("path", "blocks", "text", "note"),
    [
        ("util.py", (FIRST, SECOND), f"{FIRST}\n\n{SECOND}", "added"),
        ("util.py", (FIRST, FIRST.replace("sep", "name")), FIRST.replace("sep", "name"), "took the place"),
        ("util.py", (FIRST, "print(first())\n"), f"{FIRST}\n\nprint(first())\n", "added"),
        ("notes.txt", ("one\n", "two\n"), "two\n", "took the place"),
        (
            "a.go",
            ("package a\n\nfunc F() int { return 1 }\n", "package a\n\nfunc G() int { return 2 }\n"),
            "package a\n\nfunc F() int { return 1 }\n\nfunc G() int { return 2 }\n",
            "added",
        ),
    ],
)
def test_blocks_of_one_reply_for_one_new_file_are_joined_or_the_last_is_it_and_that_is_said(
    path: str, blocks: tuple[str, str], text: str, note: str
) -> None:
    files = Files((), lambda _: None, lambda _: "", (), TreeSitterParser())
    done = settle([WriteFile(path, block) for block in blocks], files, "write util.py with first and second")
    assert done.written == {path: text}
    assert [note in said for said in done.notes] == [True]


def test_a_file_that_imports_another_name_of_the_same_module_is_whole() -> None:
    old = "from calc import add\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n"
    new = old.replace("import add", "import plus").replace("add(", "plus(")
    assert within(old, new, "Rename add to plus.") == new
    assert within(old.replace("calc", "."), new.replace("calc", "."), "") == new.replace("calc", ".")
    part = "import os\n" + old
    assert within(part, new, "").startswith("from calc import plus\nimport os\n"), "what it leaves out is kept"
    assert "from .calc import add" in within(old.replace("calc", ".calc"), new, "")
    other = new.replace("from calc", "from sums")
    assert within(old, other, "") == other.replace("\n", "\nfrom calc import add\n", 1)


def test_a_class_that_comes_in_parts_is_merged_with_all_of_them() -> None:
    old = "class A:\n    def f(self): pass\n    def g(self): pass\n    def h(self): pass\n"
    parts = "class A:\n    def g(self): return 1\n\nclass A:\n    def f(self): return 2\n"
    assert within(old, parts, "") == old.replace("f(self): pass", "f(self): return 2").replace(
        "g(self): pass", "g(self): return 1"
    )


def test_definitions_are_merged_in_time_that_grows_as_they_do() -> None:
    old = "class A:\n" + "".join(f"    def f{number}(self): pass\n" for number in range(3_000))
    parts = "".join(f"class A:\n    def f{number}(self): return 1\n" for number in range(2_000))
    assert within(old, parts, "").count("return 1") == 2_000, "with the whole class read again for each part it takes an hour"
    same = "".join(f"def f(): return {number}\n" for number in range(10_000))
    assert within("def f(): pass\n", same, "") == same
    many = "".join(f"def f{number}(): pass\n" for number in range(20_000))
    merged = within(many, "def f0(): return 1\n", "rename f1 " + "f " * 500_000)
    assert merged.count("def f") == 19_999, "with the prompt read again for each name it takes minutes"


STEPS = '''"""The steps of a build."""


def order(needs):
    seen = set()

    @trace
    def visit(step):
        seen.add(step)

    visit(needs)
    return seen
'''


def test_a_function_inside_one_is_replaced_there() -> None:
    inner = "def visit(step):\n    if step not in seen:\n        seen.add(step)\n"
    changed = STEPS.replace("    @trace\n    def visit(step):\n        seen.add(step)\n", indented(inner))
    assert place(inner, {"steps.py": STEPS, "other.py": "def other():\n    pass\n"}) == WriteFile("steps.py", changed)
    tabbed = place(inner.replace("    ", "\t"), {"steps.py": STEPS.replace("    ", "\t")})
    assert tabbed == WriteFile("steps.py", changed.replace("    ", "\t"))
    assert place(inner, {"steps.py": STEPS, "twice.py": STEPS}) is None, "it is not clear which"
    assert place(inner + "\n\nx = 1\n", {"steps.py": STEPS}) is None
    assert place("def visit(self):\n    pass\n", {"a.py": "class A:\n    def visit(self):\n        pass\n"}) is not None


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


MODULE = '''"""Everything to play."""

from models import Rec


class Library:
    def __init__(self):
        self.entries: list[Rec] = []
'''


def test_a_block_that_begins_with_the_docstring_of_a_file_is_all_of_it() -> None:
    new = MODULE.replace("Rec", "Track")
    assert place(new, {"library.py": MODULE}) == WriteFile("library.py", new), "the old import goes"
    other = new.replace("Everything to play.", "Another thing.")
    kept = place(other, {"library.py": MODULE})
    assert kept is not None
    assert "import Rec" in kept.text
    more = f"{MODULE}\n\ndef longest():\n    return 1\n"
    kept = place(new, {"library.py": more})
    assert kept is not None
    assert "def longest" in kept.text
    asked = place(new, {"library.py": more}, "remove longest")
    assert asked == WriteFile("library.py", new)


def test_what_the_prompt_renames_does_not_stay_beside_its_new_name() -> None:
    old = '"""What there is."""\n\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Rec:\n    title: str\n'
    new = old.replace("Rec", "Track")
    reply = f"Here is it:\n\n```python\n{new}```\n"
    edits = placed(parse(reply), {"models.py": old}, "`Rec` is a bad name. Rename it to `Track`.").edits
    assert edits == (WriteFile("models.py", new),)
    both = placed(parse(reply), {"models.py": old}, "add a Track").edits[0]
    assert isinstance(both, WriteFile)
    assert "class Rec" in both.text
