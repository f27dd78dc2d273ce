"""Replies while they stream, and what they mean beside the files that the model knows; the shapes are in `test_replies.py`."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core import labels, shell_text
from oci_tui.core.formats.search_replace import UNFINISHED, Malformed
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.reply import Block, Code, ReplyReader, parse, placed


def test_an_open_block_is_seen_while_it_grows() -> None:
    reader = ReplyReader()
    seen = []
    for piece in ("calc.py\n```pyt", "hon\nx = ", "1\n``", "`\n"):
        reader.feed(piece)
        seen.append([(block.path, block.text, block.closed) for block in reader.blocks])
    assert seen == [
        [],
        [("calc.py", "x = ", False)],
        [("calc.py", "x = 1\n``", False)],
        [("calc.py", "x = 1\n", True)],
    ]


def test_a_fence_at_the_end_of_a_sentence_opens_a_block_with_the_first_line_of_code() -> None:
    reader = ReplyReader()
    for piece in ("Begin with ```ba", "sh\n\n", "rm -rf is ", "what it holds.\n", "Now:```python\n", "\n", "pri"):
        reader.feed(piece)
        assert (reader.blocks, reader.open) == ([], None)
    reader.feed("nt(1)\n")
    assert [(block.tag, block.text) for block in reader.blocks] == [("python", "\nprint(1)\n")]


def test_a_block_that_defines_what_a_file_defines_is_an_edit_of_it() -> None:
    files = {"a.py": "def f():\n    return 1\n", "b.py": "def g():\n    return 1\n"}
    reply = placed(parse("```python\ndef f():\n    return 2\n```\n```python\nprint(f())\n```"), files)
    assert reply.edits == (WriteFile("a.py", "def f():\n    return 2\n"),)
    assert reply.code == (Code("python", "print(f())\n"),)


def test_where_there_is_no_file_what_only_defines_things_is_the_first() -> None:
    reply = parse("```python\nimport re\n\ndef Half(n):\n    return n / 2\n```\n```python\nprint(Half(4))\n```")
    made = placed(reply, {}, first=True)
    assert made.edits == (WriteFile("half.py", "import re\n\ndef Half(n):\n    return n / 2\n"),)
    assert [code.text for code in made.code] == ["print(Half(4))\n"]
    assert placed(reply, {}, "write maths/half.py", first=True).edits[0] == WriteFile("maths/half.py", made.edits[0].text)
    assert placed(reply, {}).edits == ()
    program = parse("```python\ndef f():\n    print(1)\n\nif __name__ == '__main__':\n    f()\n```")
    assert placed(program, {}, first=True).edits == ()


def test_a_known_name_with_a_space_is_a_file() -> None:
    text = "`sp ace.py`:\n```python\nx = 1\n```"
    reader = ReplyReader({"sp ace.py"})
    reader.feed(text)
    assert reader.finish().edits == (WriteFile("sp ace.py", "x = 1\n"),)
    assert parse(text).edits == ()


@pytest.mark.parametrize("path", ["app/[id]/page.tsx", "[...slug].ts", "app/(shop)/[[...all]]/page.tsx", "(shop)/layout.tsx"])
@pytest.mark.parametrize(
    "label",
    ["{}\n```tsx", "**{}**\n```tsx", "[{}]\n```tsx", "Create a new file `{}`:\n```tsx", "```tsx {}", "```{}", "```tsx\n// {}"],
)
def test_a_path_may_have_the_brackets_of_a_router(path: str, label: str) -> None:
    edits = parse(f"{label.format(path)}\nexport default 1\n```").edits
    assert [edit.path for edit in edits] == [path]


@pytest.mark.parametrize("label", ["rows[0].js", "[a.ts](a.ts)", "call(it).js", "[1].ts"])
def test_brackets_that_are_no_routers_make_no_path(label: str) -> None:
    assert parse(f"{label}\n```js\nlet a = 1\n```").edits == ()


def test_half_a_search_block_is_not_the_file() -> None:
    assert parse("a.py\n```python\n<<<<<<< SEARCH\ndef f():\n```").edits == (Malformed("a.py", UNFINISHED),)


def test_blocks_of_one_file_add_up() -> None:
    files = {"a.py": "import os\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 1\n"}
    reply = placed(parse("```python\ndef f():\n    return 2\n```\n```python\ndef g():\n    return 3\n```"), files)
    last = reply.edits[-1]
    assert isinstance(last, WriteFile)
    assert "return 2" in last.text
    assert "return 3" in last.text


def test_a_block_that_was_cut_off_is_not_used() -> None:
    reader = ReplyReader()
    reader.feed("a.py\n```python\nx = 1\n```\nb.py\n```python\nhalf = ")
    assert reader.finish(cut_off=True).edits == (WriteFile("a.py", "x = 1\n"),)


@given(st.text(alphabet=st.sampled_from(list("`~ \n\rapython.#/<=>SEARCHREPLACE:*")), max_size=200), st.integers(1, 7))
def test_any_text_parses_and_pieces_do_not_matter(text: str, size: int) -> None:
    reader = ReplyReader()
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    assert reader.finish() == parse(text)
    assert parse(text).text == text


def test_what_can_be_run_is_up_to_the_sandbox() -> None:
    reader = ReplyReader(runs={"js", "bash"})
    reader.feed("```js\n1\n```\n```python\n2\n```\n```bash\nls\n```\n")
    assert [block.runnable for block in reader.blocks] == [True, False, True]
    assert [code.language for code in reader.finish().code] == ["js", "bash"]


def test_a_test_that_is_shown_to_explain_is_no_edit() -> None:
    files = {
        "calc.py": "def add(a, b):\n    return a - b\n",
        "test_calc.py": "def test_add():\n    assert add(1, 2) == 3\n    assert 1\n",
    }
    shown = "```python\ndef test_add():\n    assert add(1, 2) == 3\n```"
    reply = parse(f"The test is:\n{shown}\nThe fix:\n```python\ndef add(a, b):\n    return a + b\n```")
    fixed = WriteFile("calc.py", "def add(a, b):\n    return a + b\n")
    assert placed(reply, files, "Make the test pass.").edits == (fixed,)
    assert [edit.path for edit in placed(reply, files, "Rewrite the tests.").edits] == ["test_calc.py", "calc.py"]
    assert [edit.path for edit in placed(parse(shown), files, "Make the test pass.").edits] == ["test_calc.py"], (
        "it is all there is"
    )
    named = parse(f"test_calc.py\n{shown}")
    assert [edit.path for edit in placed(named, files, "Make the test pass.").edits] == ["test_calc.py"]


def test_a_block_that_comes_again_is_noticed() -> None:
    block = "```python\ndef f():\n    a = 1\n    b = 2\n    return a + b\n```\n"
    for reply, repeats in (
        (f"{block}Now again:\n{block}", True),
        (block, False),
        (f"{block}{block.replace('b = 2', 'b = 3')}", False),
    ):
        reader = ReplyReader()
        reader.feed(reply)
        assert reader.repeats is repeats
    reader = ReplyReader()
    reader.feed("```sh\npytest\n```\n" * 3)
    assert not reader.repeats, "what is run may be run again"


def test_any_reply_is_read_at_once() -> None:
    began = time.process_time()
    for reply in (
        '```python\ns = """\n' + "a\n~~~x\n```b\n" * 5_000,
        "".join(f"```\na\nb\nc\n{number}\n```\n" for number in range(10_000)),
        "```bash\n" + "$ a\n" * 50_000 + "```\n",
    ):
        parse(reply)
    assert time.process_time() - began < 2


@given(st.lists(st.sampled_from(['"""', "'''", "'", '"', "# it's ", "\\", "a", "\n"]), max_size=12), st.data())
def test_whether_a_block_ends_in_a_string_is_the_same_however_often_it_is_asked(code: list[str], data: st.DataObject) -> None:
    lines = "".join(code).split("\n")
    asked, once = Block("python", ""), Block("python", "")
    for line in lines:
        asked.lines.append(line)
        if not line.endswith("\\") and data.draw(st.booleans()):
            asked.in_string  # noqa: B018
    once.lines = lines
    assert asked.in_string is once.in_string


ANY_WAY = labels._LABEL.pattern.replace("*+", "*")
_BEFORE = [*"*_#-=> \t`'\"[]()/:", "1. ", "File:", "a.py", "src", "Makefile", "__init__.py", "[id]", "(app)/", " (new)", "::f"]


@given(st.lists(st.sampled_from(_BEFORE), max_size=9).map("".join))
def test_a_label_is_the_path_that_it_is_with_any_way_of_reading_what_leads_to_it(line: str) -> None:
    read, any_way = (re.match(label, line, re.IGNORECASE) for label in (labels._LABEL.pattern, ANY_WAY))
    assert labels.as_path(read["path"] if read else "") == labels.as_path(any_way["path"] if any_way else "")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("__init__.py", "__init__.py"),
        ("_utils.py:", "_utils.py"),
        ("**__init__.py**", "__init__.py"),
        ("### 1. File: `__main__.py`:", "__main__.py"),
        ("__init__.py (new)", "__init__.py"),
        ("__src/a.py__", "src/a.py"),
        ("_File: a.py_", "a.py"),
    ],
)
def test_underscores_are_a_names_own_unless_they_stand_on_both_sides(line: str, path: str) -> None:
    assert labels.before(line, "python", ()) == path


def test_signs_before_a_block_are_not_read_in_every_way() -> None:
    line = f"{'*' * 100}a{'-' * 100}{'*' * 80}!"
    assert len(line) <= labels._LONGEST
    reply = parse(f"{line}\n```python\nx\n```\n" * 300)
    assert [code.text for code in reply.code] == ["x\n"] * 300, "read in every way they take minutes"


_OF_PYTEST = r"[.FEsxX]*\.[.FEsxX]*|\S+\.py(?:::\S+)? (?:[.FEsxX]+|[A-Z]+)(?:\s+\[\s*\d+%\])?"


@given(st.from_regex(_OF_PYTEST, fullmatch=True, alphabet="abFE.py:[]5% S"))
def test_what_pytest_prints_is_output(line: str) -> None:
    assert shell_text.is_output([line])


def test_a_line_of_millions_of_signs_is_judged_once() -> None:
    for line in (f"{'.' * 2_000_000}a", f"{'a.py::' * 300_000}x"):
        assert not shell_text.is_output([line]), "read in every way it takes hours"
    assert not shell_text.is_prose('"' + r"\"" * 1_000_000), "with each quote taken for the first it takes hours"


def test_tests_in_javascript_that_only_show_are_not_run() -> None:
    shown = 'test("count", () => {\n  equal(count([1]), 1);\n});\n'
    for text, run in ((shown, 0), (f'const test = require("node:test");\n{shown}', 1), ("console.log(1);\n", 1)):
        reader = ReplyReader(runs={"javascript"})
        reader.feed(f"```javascript\n{text}```")
        assert len(placed(reader.finish(), {}).code) == run, text
