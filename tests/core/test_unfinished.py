"""A rename or a move that is half done is told to the model; what nobody asked for is not."""

from __future__ import annotations

import re

import pytest

from oci_tui.core import unfinished
from oci_tui.core.unfinished import left_behind
from oci_tui.parser.treesitter import TreeSitterParser

STORE = "def get_user(number):\n    return number\n"
MAIL = "from store import get_usr\n\n\ndef letter(number):\n    return get_usr(number)\n"
CIRCLE = "class Circle:\n    pass\n"
SHAPES = f"{CIRCLE}\n\nclass Square:\n    pass\n"


def told(prompt: str, files: dict[str, str], *wrote: str) -> str:
    return left_behind(prompt, sorted(files), files.get, TreeSitterParser(), wrote)


RENAMES = (
    "Rename the function `get_usr` to `get_user` everywhere.",
    "rename get_usr to get_user",
    "Please rename `get_usr()` in store.py into 'get_user'.",
    "Renaming the helper function get_usr as get_user would help.",
)


@pytest.mark.parametrize("prompt", RENAMES)
def test_the_old_name_still_stands(prompt: str) -> None:
    files = {"store.py": STORE, "mail.py": MAIL, "notes.md": "get_usr"}
    assert told(prompt, files, "store.py") == "`get_usr` still stands in mail.py: rename it there too."
    assert told(prompt, files) == told(prompt, files, "mail.py") == ""
    assert told(prompt, files | {"mail.py": MAIL.replace("get_usr", "get_user")}, "store.py") == ""
    assert told(prompt, files | {"mail.py": "# get_usr\nget_usr_all()\n"}, "store.py") == ""
    many = {f"m{number}.py": MAIL for number in range(7)} | {"store.py": STORE}
    assert told(prompt, many, "store.py").startswith("`get_usr` still stands in m0.py, m1.py, m2.py, m3.py, m4.py and 2 more:")


@pytest.mark.parametrize(
    "prompt",
    [
        "Rename store.py to users.py.",
        "Explain get_usr.",
        "Add get_user beside get_usr.",
        "Rename the function to get_user.",
        "",
    ],
)
def test_what_is_no_rename_of_a_name(prompt: str) -> None:
    assert told(prompt, {"store.py": STORE, "mail.py": MAIL}, "store.py") == ""


@pytest.mark.parametrize(
    "prompt", ["Move the class Circle to circle.py.", "Extract Circle.", "split out Circle", "moving Circle"]
)
def test_what_was_moved_still_stands_where_it_was(prompt: str) -> None:
    files = {"shapes.py": SHAPES, "circle.py": CIRCLE, "round.js": "class Circle {}\n"}
    said = "`Circle` is defined in circle.py, shapes.py: define it in one of them and import it in the others."
    assert told(prompt, {name: files[name] for name in ("shapes.py", "circle.py")}, "circle.py") == said
    assert told(prompt, {"shapes.py": "from circle import Circle\n", "circle.py": CIRCLE}, "circle.py", "shapes.py") == ""
    assert told(prompt, {"shapes.py": SHAPES}, "shapes.py") == ""


def test_only_what_the_prompt_names_has_moved() -> None:
    files = {"shapes.py": SHAPES, "circle.py": CIRCLE}
    assert told("Move it to circle.py.", files, "circle.py") == ""
    assert told("Add Circle to circle.py.", files, "circle.py") == ""
    assert told("Move Circle.", {"a.py": "def f():\n    def Circle():\n        pass\n", "circle.py": CIRCLE}, "circle.py") == ""


def test_each_way_to_say_it_counts() -> None:
    pattern = unfinished._RENAME.pattern
    for part in (r"(?:\w+\s+){0,2}?", r"(?:\(\))?", r"(?:\s+(?:of|in)(?:\s+\S+){1,3}?)?", "|ing", "|into", "|as"):
        without = re.compile(pattern.replace(part, ""), re.IGNORECASE)
        assert not all((found := without.search(prompt)) and found["old"] == "get_usr" for prompt in RENAMES), part
