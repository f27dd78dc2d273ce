"""Replies as weak models write them: edits, code to run, and prose that is never executed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.formats.search_replace import UNFINISHED, Malformed, ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.reply import Code, ReplyReader, parse, placed


@pytest.mark.parametrize(
    "reply",
    [
        "calc.py\n```python\nx = 1\n```",
        "Here it is.\n\n`calc.py`\n\n```python\nx = 1\n```\nDone.",
        "**calc.py**:\n```py\nx = 1\n```",
        "### calc.py\n~~~python\nx = 1\n~~~",
        "1. `calc.py`:\n```\nx = 1\n```",
        "File: calc.py\n```python\nx = 1\n```",
        "```python calc.py\nx = 1\n```",
        "```python:calc.py\nx = 1\n```",
        '```python title="calc.py"\nx = 1\n```',
        "```calc.py\nx = 1\n```",
        "```python\n# calc.py\nx = 1\n```",
        "./calc.py\n```python\nx = 1\n```",
        "/workspace/calc.py\n```python\nx = 1\n```",
        "calc.py\r\n```python\r\nx = 1\r\n```\r\n",
        "calc.py\n```python\nx = 1\n",
    ],
)
def test_a_block_with_a_path_is_a_whole_file(reply: str) -> None:
    assert parse(reply).edits == (WriteFile("calc.py", "x = 1\n"),)
    assert parse(reply).code == ()


@pytest.mark.parametrize("tag", ["python", "py", "python3", "Python", "bash", "sh"])
def test_a_runnable_block_without_a_path_is_code(tag: str) -> None:
    reply = parse(f"Let us see:\n```{tag}\nprint(1)\n```")
    assert reply.code == (Code(tag.lower(), "print(1)\n"),)
    assert reply.edits == ()


@pytest.mark.parametrize(
    "reply",
    [
        "x = 1",
        "import os",
        "Hello",
        "```\nrm -rf /\n```",
        "```json\n{}\n```",
        "    rm -rf /",
        "Run `pytest` now.",
        "```python\n\n```",
    ],
)
def test_prose_and_other_blocks_are_never_run(reply: str) -> None:
    assert parse(reply).code == ()
    assert parse(reply).edits == ()


def test_a_path_in_prose_before_a_shell_block_is_not_an_edit() -> None:
    reply = parse("test_calc.py\n```bash\npytest test_calc.py\n```")
    assert reply.edits == ()
    assert reply.code == (Code("bash", "pytest test_calc.py\n"),)


def test_shell_prompts_are_taken_off() -> None:
    assert parse("```console\n$ ls\na.py\n$ pwd\n```").code == (Code("console", "ls\npwd\n"),)


def test_search_and_replace_blocks() -> None:
    edit = "<<<<<<< SEARCH\n{}\n=======\n{}\n>>>>>>> REPLACE\n"
    first, second = edit.format("old", "new"), edit.format("2", "3")
    text = f"a/b.py\n```python\n{first}{second}```"
    assert parse(text).edits == (ReplaceText("a/b.py", "old\n", "new\n"), ReplaceText("a/b.py", "2\n", "3\n"))


def test_fences_inside_a_file_do_not_end_it() -> None:
    text = "README.md\n```markdown\n# Title\n```python\nx\n```\nend\n```\n"
    assert parse(text).edits == (WriteFile("README.md", "# Title\n```python\nx\n```\nend\n"),)
    longer = "README.md\n````markdown\n```\nx\n```\n````\n"
    assert parse(longer).edits == (WriteFile("README.md", "```\nx\n```\n"),)


def test_a_label_serves_only_the_next_block() -> None:
    reply = parse("a.py\n```python\nx = 1\n```\n```python\nprint(2)\n```")
    assert reply.edits == (WriteFile("a.py", "x = 1\n"),)
    assert reply.code == (Code("python", "print(2)\n"),)


def test_a_dot_file_keeps_its_dot() -> None:
    assert parse(".gitignore\n```\n*.pyc\n```").edits == (WriteFile(".gitignore", "*.pyc\n"),)


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


def test_a_block_that_defines_what_a_file_defines_is_an_edit_of_it() -> None:
    files = {"a.py": "def f():\n    return 1\n", "b.py": "def g():\n    return 1\n"}
    reply = placed(parse("```python\ndef f():\n    return 2\n```\n```python\nprint(f())\n```"), files)
    assert reply.edits == (WriteFile("a.py", "def f():\n    return 2\n"),)
    assert reply.code == (Code("python", "print(f())\n"),)


def test_a_shell_script_is_a_file_when_its_name_says_so() -> None:
    assert parse("run.sh\n```bash\nls\n```").edits == (WriteFile("run.sh", "ls\n"),)


@pytest.mark.parametrize("reply", ["```python\n# math.sqrt\nx = 1\n```", "`3.12`:\n```python\nx = 1\n```", "```zsh\nls\n```"])
def test_words_with_a_dot_are_not_files(reply: str) -> None:
    assert parse(reply).edits == ()


def test_a_known_name_with_a_space_is_a_file() -> None:
    text = "`sp ace.py`:\n```python\nx = 1\n```"
    reader = ReplyReader({"sp ace.py"})
    reader.feed(text)
    assert reader.finish().edits == (WriteFile("sp ace.py", "x = 1\n"),)
    assert parse(text).edits == ()


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
