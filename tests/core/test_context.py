"""Which files and messages the model reads."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core import mentions
from oci_tui.core.context import (
    INSTRUCTIONS,
    MOST_FRAMES,
    MOST_READ,
    TOKEN_CHARACTERS,
    block,
    cut,
    fitted,
    frames,
    instructions,
    show,
    system_message,
    unread_files,
)
from oci_tui.core.conversation import Conversation
from oci_tui.core.failure import Place
from oci_tui.core.generation import Message
from oci_tui.core.reply import parse
from oci_tui.parser.treesitter import TreeSitterParser
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace

PARSER = TreeSitterParser()
FILES = {
    "app.py": "x = 1\n",
    "deep/inner.py": "y = 2\n",
    "notes.md": "# Notes\n",
    "big.py": "z = 3\n" * 4000,
    ".hidden.py": "h = 4\n",
}


@pytest.fixture
async def workspace(make_repository: object) -> AsyncIterator[GitWorkspace]:
    root: Path = make_repository(FILES)  # type: ignore[operator]
    workspace = GitWorkspace(root, WorkspaceSettings(), session="test")
    await workspace.open()
    yield workspace
    workspace.close()


async def test_small_code_comes_unasked_and_only_once(workspace: GitWorkspace) -> None:
    known: dict[str, int] = {}
    shown = await show(workspace, PARSER, "do it", "", 8192, known)
    assert shown.paths == ("app.py", "deep/inner.py", "notes.md")
    assert shown.left_out == ()
    assert shown.text.startswith("Files of the repository:\n.hidden.py\napp.py\n")
    again = await show(workspace, PARSER, "and more", "", 8192, known)
    assert again.paths == ()
    await workspace.apply({"app.py": "x = 5\n"})
    assert (await show(workspace, PARSER, "look", "", 8192, known)).paths == ("app.py",)


@pytest.mark.parametrize("prompt", ["fix @big.py", "fix big.py.", "what is in ./big.py", "(big.py)"])
async def test_a_file_that_is_named_comes_first_if_it_fits(workspace: GitWorkspace, prompt: str) -> None:
    assert (await show(workspace, PARSER, prompt, "", 30_000, {})).paths[0] == "big.py"
    assert "big.py" in (await show(workspace, PARSER, prompt, "", 3_000, {})).left_out


async def test_files_that_a_failing_check_names_come_like_named_ones(workspace: GitWorkspace) -> None:
    shown = await show(workspace, PARSER, "fix it", "", 30_000, {}, ("big.py", "deep/inner.py"))
    assert shown.paths[:2] == ("big.py", "deep/inner.py")
    assert "big.py" not in (await show(workspace, PARSER, "fix it", "", 30_000, {})).paths
    small = await show(workspace, PARSER, "fix it", "", 3_000, {}, ("big.py",))
    assert (small.left_out, "big.py" in small.paths) == ((), False)


async def test_files_that_speak_of_the_prompt_come_first(workspace: GitWorkspace) -> None:
    await workspace.apply({"zebra.py": "def read_password():\n    pass\n", "empty.py": ""})
    shown = await show(workspace, PARSER, "Which function reads a password?", "", 8192, {})
    assert shown.paths[0] == "zebra.py"
    assert "empty.py" not in shown.paths


def test_files_are_shown_as_they_should_be_written() -> None:
    text = "# Title\n```\ncode\n```\n"
    reply = parse(block("README.md", text))
    assert [(edit.path, edit.text) for edit in reply.edits if hasattr(edit, "text")] == [("README.md", text)]


class Words:
    """Counts as many tokens as there are characters."""

    async def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)


def test_the_fixed_prompt_is_short() -> None:
    message = system_message()
    assert message.role == "system"
    assert "{" not in message.content
    assert len(message.content) / TOKEN_CHARACTERS < 500


async def test_the_oldest_messages_go_first_and_the_prompt_stays() -> None:
    messages = [Message("system", "s" * 10)]
    for number in range(4):
        messages += [Message("user", f"{number}" * 10), Message("assistant", "a" * 10)]
    messages.append(Message("user", "now" * 10))
    kept = await fitted(messages, 80, len(messages) - 1, Words().count)
    assert kept.size == 80
    assert [message.content[0] for message in kept.messages] == ["s", "2", "a", "3", "a", "n"]
    assert kept.dropped == ('"0000000000"', '"1111111111"')
    kept = await fitted(messages, 5, len(messages) - 1, Words().count)
    assert [message.content[0] for message in kept.messages] == ["s", "n"]


async def test_in_a_long_turn_its_middle_goes_and_the_newest_stays() -> None:
    messages = [Message("system", "s"), Message("user", "prompt")]
    for number in range(3):
        messages += [Message("assistant", f"reply {number}"), Message("user", f"Execution result: \n{number}")]
    kept = await fitted(messages, 40, 1, Words().count)
    assert [message.content for message in kept.messages] == ["s", "prompt", "reply 2", "Execution result: \n2"]
    assert kept.dropped == ("an execution result", "an execution result")
    everything = await fitted(messages, 1_000, 1, Words().count)
    assert everything.messages == tuple(messages)
    assert everything.dropped == ()


async def test_what_came_of_a_reply_is_cut_to_the_room() -> None:
    text = "".join(f"line {number}\n" for number in range(300))
    assert await cut(text, len(text), Words().count) == text
    shown = await cut(text, 1_000, Words().count)
    assert 800 < len(shown) <= 1_000
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 299\n")
    assert "bytes omitted" in shown
    assert 200 <= len(await cut(text, -50, Words().count)) < 300


async def test_the_next_message_has_the_room_that_prompt_and_reply_leave() -> None:
    talk = Conversation()
    talk.messages = [Message("system", "s" * 10), Message("user", "old" * 9), Message("assistant", "old" * 9)]
    talk.messages += [Message("user", "p" * 100), Message("assistant", "1" * 50)]
    talk.first = 3
    left = await talk.left(1_000, Words().count)
    assert 1_000 - 160 - left in range(20)
    files = {"a.py": "x = 1\n" * 100, "b.py": "y\n"}
    block_a = block("a.py", files["a.py"])
    talk.known = {"a.py": 1, "b.py": 2}
    said = f"{block_a}\nend"
    shown = await cut(said, await talk.left(400, Words().count), Words().count)
    assert talk.say_cut(said, shown, files.__getitem__)
    assert talk.known == {"b.py": 2}, "it is not shown whole any more"
    assert talk.messages[-1].content.endswith("end")
    assert await Words().count([*talk.messages[:1], *talk.messages[3:]]) <= 400
    assert talk.unanswered() == shown
    assert talk.unanswered() == ""
    assert talk.say_cut("short", "short", files.__getitem__) == ()


async def test_named_files_come_where_there_is_no_room_for_others(workspace: GitWorkspace) -> None:
    shown = await show(workspace, PARSER, "look at app.py", "", 8192, {}, unasked=0.0)
    assert shown.paths == ("app.py",)
    assert "What files that are not shown define" not in shown.text


async def test_what_the_prompt_mentions_is_shown(workspace: GitWorkspace) -> None:
    huge = (
        "def first():\n    return 1\n\n\n"
        + "x = 1\n" * 9_000
        + "\n\nclass Late:\n    def method(self):\n        return 2\n\n\ny = 3\n"
    )
    await workspace.apply({"huge.py": huge, "src/one.py": "a = 1\n", "src/two.py": "b = 2\n", "app.py": "x = 6\n"})
    method = await show(workspace, PARSER, "what does @method do", "", 8192, {})
    assert "From huge.py\n```python\n    def method(self):\n        return 2\n```" in method.text
    assert (
        "From huge.py\n```python\nclass Late:\n    def method"
        in (await show(workspace, PARSER, "see @Late", "", 8192, {})).text
    )
    assert (await show(workspace, PARSER, "see @Late.method", "", 8192, {})).text.count("From huge.py") == 1
    assert "From huge.py" not in (await show(workspace, PARSER, "see Late, me@Late.org", "", 8192, {})).text
    assert {"src/one.py", "src/two.py"} <= set((await show(workspace, PARSER, "look in @src/", "", 200, {})).paths)
    diff = await show(workspace, PARSER, "explain @diff", "", 200_000, {})
    assert "-x = 1\n+x = 6" in diff.text
    assert "The last output:\n```\nboom\n```" in (await show(workspace, PARSER, "why @output?", "boom", 8192, {})).text
    assert "Nothing was run yet." in (await show(workspace, PARSER, "why @output?", "", 8192, {})).text
    plain = await show(workspace, PARSER, "what is the diff and the output", "boom", 8192, {})
    assert "+x = 6" not in plain.text
    assert "boom" not in plain.text


ODD_NAMES = (
    "app/[id]/page.tsx",
    "app/page.tsx",
    "page.tsx",
    "[id].tsx",
    "my file.py",
    "file.py",
    "docs (old)/it's.py",
    "we~ird$.py",
    "@scope/pkg/c.py",
    "ends.",
    "app/(@odd)/d.py",
    "b.py",
    "src/deep/x.py",
)


@pytest.mark.parametrize("path", ODD_NAMES)
@pytest.mark.parametrize("after", ["", " now", ", b.py", ".", ")", "'s", ":12: it", ",@b.py"])
def test_a_path_is_found_as_it_is_written_and_nothing_beside_it(path: str, after: str) -> None:
    found = mentions.find(f"see ({mentions.written(path)}{after}", ODD_NAMES)
    assert set(found.paths) == {path} | ({"b.py"} if "b.py" in after else set())
    assert (found.symbols, found.unknown) == ((), ())


@pytest.mark.parametrize(
    ("prompt", "unknown", "symbols"),
    [
        ("why?\n@app.get('/x')\n  @cached\n  def f(): ...\nand @f", (), ("f",)),
        ("fix @app/[id]/gone.tsx", ("app/[id]/gone.tsx",), ()),
        ("fix @app/gone.tsx, please", ("app/gone.tsx",), ()),
        ('fix @"my gone.py".', ("my gone.py",), ()),
        ("@file.py.bak or @file.python", (), ("file.py.bak", "file.python")),
        ("what does @Late.method() do, @f[0]?", (), ("Late.method", "f")),
        ("@@ -1 +1 @@, me@example.org, @ noon", (), ()),
        ('@"my f', (), ()),
    ],
)
def test_what_is_no_file_draws_no_other_in(prompt: str, unknown: tuple[str, ...], symbols: tuple[str, ...]) -> None:
    assert mentions.find(prompt, ODD_NAMES) == mentions.Mentions(symbols=symbols, unknown=unknown)


_LINES = ("@f", " @app.get('/x')", "@f(", "@b.py, @c", "def f(): ...", "\tclass F:", "async def g():", "defer", "", "@f\r")


@given(st.lists(st.sampled_from(_LINES), max_size=8))
def test_decorators_of_pasted_code_are_no_mentions(lines: list[str]) -> None:
    kept = []
    for number, line in enumerate(lines):
        ahead = next((later for later in lines[number:] if not later.lstrip(" \t").startswith("@")), "")
        decorates = line in _LINES[:2] and ahead in _LINES[4:7]
        kept.append("" if decorates else line)
    assert mentions.find("\n".join(lines), ODD_NAMES) == mentions.find("\n\n".join(kept), ODD_NAMES)


@pytest.mark.parametrize("prompt", ["@src", "@src/", "(@src/deep/)", "*@src*", '@"src".', "in @src/, and"])
def test_a_folder_is_all_that_is_in_it(prompt: str) -> None:
    assert mentions.find(prompt, ODD_NAMES).paths == ("src/deep/x.py",)


@pytest.mark.parametrize("path", ['say "hi".py', "two\nlines.py", "hid\u200bden.py", "x" * 2000])
def test_what_no_prompt_should_hold_is_not_written(path: str) -> None:
    assert mentions.written(path) == ""


def test_any_prompt_is_read_at_once() -> None:
    paths = [f"src/{number % 97}/module_{number}.py" for number in range(20_000)]
    began = time.process_time()
    for piece in ("@" + "." * 3000, "@a/", "@[(", "@,", '@"', "@src/7/ ", "@,/", "@a\n"):
        mentions.find(piece * (100_000 // len(piece)), paths)
    mentions.find(" ".join(f"@name_{number}" for number in range(20_000)), paths)
    assert time.process_time() - began < 2


async def test_a_name_that_means_nothing_is_told(workspace: GitWorkspace) -> None:
    await workspace.apply({"huge.py": "def first():\n    return 1\n" + "x = 1\n" * 9_000})
    shown = await show(workspace, PARSER, "@first and @second, in @app.py and @deep/outer.py", "", 8192, {})
    assert shown.unknown == ("deep/outer.py", "second")


async def test_a_name_is_looked_for_beyond_the_files_that_are_read(workspace: GitWorkspace) -> None:
    await workspace.apply({f"m{number}.py": f"n{number} = 1\n" for number in range(MOST_READ)})
    await workspace.apply({"zz/last.py": "def wanted_here():\n    return 1\n"})
    assert (await show(workspace, PARSER, "see @wanted_here, @nowhere", "", 8192, {})).unknown == ("nowhere",)


async def test_a_symbol_is_found_in_a_repository_of_many_files(workspace: GitWorkspace) -> None:
    many = {f"a{number:03}.py": f"def name_{number}():\n    return {number}\n" for number in range(MOST_READ)}
    await workspace.apply({**many, "z/late.py": "def wanted_here():\n    return 'late'\n" + "x = 1\n" * 4_000})
    shown = await show(workspace, PARSER, "what does @wanted_here do", "", 8192, {})
    assert "From z/late.py\n```python\ndef wanted_here():\n    return 'late'\n```" in shown.text


async def test_a_map_shows_what_files_without_room_define(workspace: GitWorkspace) -> None:
    filler = "z = 3\n" * 9_000
    await workspace.apply(
        {
            "store.py": f"class Cart:\n    def total_price(self):\n        return 0\n{filler}",
            "web.py": f"def show_cart(cart):\n    return cart.total_price()\n{filler}",
            "job.py": f"def nightly(cart):\n    return cart.total_price()\n{filler}",
        }
    )
    shown = await show(workspace, PARSER, "do it", "", 8192, {})
    assert "What files that are not shown define:\nstore.py\n      def total_price(self):\n" in shown.text.replace(
        "  class Cart:\n", ""
    )
    by_words = await show(workspace, PARSER, "change the nightly job", "", 8192, {})
    assert by_words.text.index("\n  def nightly(cart):") < by_words.text.index("def total_price(self):")
    head = shown.text[: shown.text.index("app.py\n```")]
    assert len(head) < 1_600 * TOKEN_CHARACTERS
    small = await show(workspace, PARSER, "do it", "", 300, {})
    assert small.text.count("def ") <= shown.text.count("def ")


async def test_instructions_of_the_repository_stay_in_the_fixed_prompt(workspace: GitWorkspace) -> None:
    assert instructions(workspace) == ("", False)
    await workspace.apply({INSTRUCTIONS: "Use tabs. ghp_" + "a" * 36 + "\n"})
    said, cut = instructions(workspace)
    assert not cut
    message = system_message(instructions=said)
    assert message.content.startswith(system_message().content)
    assert message.content.endswith("Instructions of this repository:\nUse tabs. [a GitHub token was here]\n")
    assert INSTRUCTIONS not in (await show(workspace, PARSER, "do it", "", 8192, {})).paths
    await workspace.apply({INSTRUCTIONS: "x" * 10_000})
    assert instructions(workspace)[1]


async def test_the_lines_around_a_place_are_shown_where_the_output_does_not(workspace: GitWorkspace) -> None:
    await workspace.apply({"app.py": "".join(f"line_{number} = {number}\n" for number in range(1, 21))})
    place = Place("app.py", 10)
    traceback = 'File "/workspace/app.py", line 10\n    line_10 = 10\n'
    (shown,) = frames(workspace, [place], traceback, 2_000)
    assert shown.startswith("Around line 10 of app.py\n```python\nline_5 = 5\n")
    assert shown.endswith("line_15 = 15\n```\n")
    assert frames(workspace, [place], f"    line_9 = 9\n>   line_10 = 10\n{traceback}", 2_000) == []
    assert frames(workspace, [place], traceback, 100) == []
    assert frames(workspace, [Place("app.py", 99), Place("none.py", 1)], traceback, 2_000) == []
    many = [Place("app.py", number) for number in (3, 5, 10)]
    assert len(frames(workspace, many, "", 2_000)) == MOST_FRAMES
    await workspace.apply({"app.py": "x" * 10_000 + "\n"})
    assert len(frames(workspace, [Place("app.py", 1)], "", 2_000)[0]) < 300


async def test_files_that_a_failure_names_are_read_once(workspace: GitWorkspace) -> None:
    known: dict[str, int] = {}
    assert list(unread_files(workspace, ["app.py", "big.py", "none.py"], known, 1_000)) == ["app.py"]
    assert unread_files(workspace, ["app.py"], known, 1_000) == {}
