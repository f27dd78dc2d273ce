"""Which files and messages the model reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from oci_tui.core.context import block, fitted, show_files, system_message
from oci_tui.core.generation import Message
from oci_tui.core.reply import parse
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.git import GitWorkspace

FILES = {
    "app.py": "x = 1\n",
    "deep/inner.py": "y = 2\n",
    "notes.md": "# Notes\n",
    "big.py": "z = 3\n" * 4000,
    ".hidden.py": "h = 4\n",
}


@pytest.fixture
async def workspace(make_repository: object) -> GitWorkspace:
    root: Path = make_repository(FILES)  # type: ignore[operator]
    workspace = GitWorkspace(root, WorkspaceSettings(), session="test")
    await workspace.open()
    return workspace


async def test_small_code_comes_unasked_and_only_once(workspace: GitWorkspace) -> None:
    known: dict[str, int] = {}
    shown = show_files(workspace, "do it", 8192, known)
    assert shown.paths == ("app.py", "deep/inner.py", "notes.md")
    assert shown.left_out == ()
    assert shown.text.startswith("Files of the repository:\n.hidden.py\napp.py\n")
    again = show_files(workspace, "and more", 8192, known)
    assert again.paths == ()
    await workspace.apply({"app.py": "x = 5\n"})
    assert show_files(workspace, "look", 8192, known).paths == ("app.py",)


@pytest.mark.parametrize("prompt", ["fix @big.py", "fix big.py.", "what is in ./big.py", "(big.py)"])
async def test_a_file_that_is_named_comes_first_if_it_fits(workspace: GitWorkspace, prompt: str) -> None:
    assert show_files(workspace, prompt, 30_000, {}).paths[0] == "big.py"
    assert "big.py" in show_files(workspace, prompt, 3_000, {}).left_out


async def test_files_that_speak_of_the_prompt_come_first(workspace: GitWorkspace) -> None:
    await workspace.apply({"zebra.py": "def read_password():\n    pass\n", "empty.py": ""})
    shown = show_files(workspace, "Which function reads a password?", 8192, {})
    assert shown.paths[0] == "zebra.py"
    assert "empty.py" not in shown.paths


def test_files_are_shown_as_they_should_be_written() -> None:
    text = "# Title\n```\ncode\n```\n"
    reply = parse(block("README.md", text))
    assert [(edit.path, edit.text) for edit in reply.edits if hasattr(edit, "text")] == [("README.md", text)]


def test_the_fixed_prompt_is_short() -> None:
    message = system_message()
    assert message.role == "system"
    assert "{" not in message.content
    assert len(message.content) / 3.2 < 1_500


async def test_the_oldest_messages_go_first_and_the_turn_stays() -> None:
    async def count(messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    messages = [Message("system", "s" * 10)]
    for number in range(4):
        messages += [Message("user", f"{number}" * 10), Message("assistant", "a" * 10)]
    messages.append(Message("user", "now" * 10))
    kept, size = await fitted(messages, 80, len(messages) - 1, count)
    assert size == 80
    assert [message.content[0] for message in kept] == ["s", "2", "a", "3", "a", "n"]
    kept, size = await fitted(messages, 5, len(messages) - 1, count)
    assert [message.content[0] for message in kept] == ["s", "n"]
