"""A rename or a move that is half done is told to the model; what nobody asked for is not."""

from __future__ import annotations

import difflib
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oci_tui.core import unfinished
from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.own_code import changes_files
from oci_tui.core.reply import Code
from oci_tui.core.unfinished import left_behind
from oci_tui.parser.treesitter import TreeSitterParser

OLD = "def get_usr(number):\n    return number\n"
NEW = OLD.replace("get_usr", "get_user")
MAIL = "from store import get_usr\n\n\ndef letter(number):\n    return get_usr(number)\n"
CIRCLE = "class Circle:\n    pass\n"
SHAPES = f"{CIRCLE}\n\nclass Square:\n    pass\n"


def told(prompt: str, before: dict[str, str], **after: str) -> str:
    """What is said once the files, named without their suffix, hold `after`."""
    changed = {f"{name}.py": text for name, text in after.items()}
    now = before | changed
    files: Any = SimpleNamespace(paths=lambda: sorted(now), read=now.get)
    diff = Diff(tuple(changed_file(path, before.get(path, ""), text) for path, text in changed.items()))
    return left_behind(prompt, diff, files, TreeSitterParser())


def changed_file(path: str, old: str, new: str) -> FileDiff:
    kinds: dict[str, Any] = {" ": " ", "+": "+", "-": "-"}
    compared = difflib.ndiff(old.splitlines(), new.splitlines())
    lines = tuple(Line(kinds[line[0]], line[2:], None, None) for line in compared if line[0] in kinds)
    return FileDiff(path, "modified", path, "100644", "100644", False, (Hunk(1, 1, 1, 1, "", lines),))


RENAMES = (
    "Rename the function `get_usr` to `get_user` everywhere.",
    "rename get_usr to get_user",
    "Please rename `get_usr()` in store.py into 'get_user'.",
    "Renaming the helper function get_usr as get_user would help.",
)


@pytest.mark.parametrize("prompt", RENAMES)
def test_the_old_name_still_stands(prompt: str) -> None:
    before = {"store.py": OLD, "mail.py": MAIL, "notes.md": "store: get_usr"}
    lines = "mail.py: from store import get_usr\nmail.py:     return get_usr(number)"
    command = "sed -i 's/\\bget_usr\\b/get_user/g' -- mail.py"
    said = told(prompt, before, store=NEW)
    assert said.startswith(f"`get_usr` still stands in these lines, where `get_user` has to stand:\n{lines}\n")
    assert said.endswith(f"\n```bash\n{command}\n```")
    assert changes_files(Code("bash", command)), "it is run beside edits"
    for other in ("x = seen.get_usr(1)\n", "x = 'get_usr'\n"):
        said = told(prompt, before | {"mail.py": MAIL + other}, store=NEW)
        assert said.startswith("`get_usr` still stands in these lines; write"), "another thing is called so, too"
        assert "```" not in said
    assert told(prompt, before) == told(prompt, before, mail=MAIL.replace("get_usr", "get_user")) == ""
    assert told(prompt, before, store=NEW, mail=MAIL.replace("get_usr", "get_user")) == ""
    assert told(prompt, before | {"mail.py": "import store\n# get_usr\nget_usr_all()\n"}, store=NEW) == ""
    assert told(prompt, before | {"mail.py": "seen.get_usr(1)\n"}, store=NEW) == "", "it does not name the file"
    assert told(prompt, before, store=f"{NEW}\n\nx = get_usr(1)\n").count("\nstore.py: x = get_usr(1)\n") == 1
    many = {f"m{number}.py": MAIL for number in range(7)} | {"store.py": OLD}
    assert "m2.py: from store import get_usr\nand 9 more\n" in told(prompt, many, store=NEW)


@pytest.mark.parametrize(
    "prompt",
    [
        "Rename store.py to users.py.",
        "Explain get_usr.",
        "Add get_user beside get_usr.",
        "Rename the function to get_user.",
        "Rename get_usr to get_user but keep get_usr as an alias.",
        "",
    ],
)
def test_what_is_no_rename_of_a_name(prompt: str) -> None:
    assert told(prompt, {"store.py": OLD, "mail.py": MAIL}, store=NEW) == ""


def test_it_is_the_one_name_in_backticks_before_that() -> None:
    before = {"store.py": OLD, "mail.py": MAIL}
    assert told("`get_usr` is a bad name. Rename it to `get_user`.", before, store=NEW).startswith("`get_usr` still stands")
    assert told("`get_usr` is no name, as `letter` is. Rename it to `get_user`.", before, store=NEW) == ""
    assert told("Rename it to `get_user`, not `get_usr`.", before, store=NEW) == ""


def test_only_what_a_file_itself_defines_is_renamed() -> None:
    before = {"a.py": "def f(x):\n    return x\n", "b.py": "from a import f\nx = 1\nf(x)\n"}
    assert told("In f, rename the parameter x to count.", before, a="def f(count):\n    return count\n") == ""
    both = told("Rename get_usr to get_user.", {"store.py": OLD, "mail.py": MAIL}, store=f"{NEW}\n\n{OLD}")
    assert both == "", "it was copied"


@pytest.mark.parametrize("prompt", ["Move the class Circle to circle.py.", "moving Circle out of shapes.py"])
def test_what_was_moved_still_stands_where_it_was(prompt: str) -> None:
    before = {"shapes.py": SHAPES, "round.js": "class Circle {}\n"}
    said = "`Circle` still stands where it was. Write shapes.py without it and with `from circle import Circle`."
    assert told(prompt, before, circle=CIRCLE) == said
    assert told(prompt, before, **{"round/circle": CIRCLE}).endswith("`from round.circle import Circle`.")
    assert told(prompt, before, circle=CIRCLE, shapes="from circle import Circle\n\n\nclass Square:\n    pass\n") == ""
    assert told(prompt, {"round.js": "class Circle {}\n"}, circle=CIRCLE) == "", "another language"


def test_only_what_the_prompt_names_and_is_new_there_has_moved() -> None:
    before = {"shapes.py": SHAPES}
    assert told("Move it to circle.py.", before, circle=CIRCLE) == ""
    assert told("Add Circle to circle.py.", before, circle=CIRCLE) == ""
    assert told("Move Circle.", {"a.py": "def f():\n    def Circle():\n        pass\n"}, circle=CIRCLE) == ""
    two = {"a.py": "def main():\n    loop()\n", "b.py": "def main():\n    pass\n"}
    assert told("Move the loop of main.", two, a="def main():\n    retry()\n\n\ndef retry():\n    loop()\n") == ""
    assert told("Move the loop of main.", two, a="def main(tries):\n    retry()\n") == ""


def test_each_way_to_say_it_counts() -> None:
    pattern = unfinished._RENAME.pattern
    for part in (r"(?:\w+\s+){0,2}?", r"(?:\(\))?", r"(?:\s+(?:of|in)(?:\s+\S+){1,3}?)?", "|ing", "|into", "|as"):
        without = re.compile(pattern.replace(part, ""), re.IGNORECASE)
        assert not all((found := without.search(prompt)) and found["old"] == "get_usr" for prompt in RENAMES), part


PARCEL = "class Parcel:\n    def __init__(self, wt):\n        self.wt = wt\n"
POST = "from parcel import Parcel\n\n\ndef post(parcel):\n    return Parcel(wt=2) if parcel.wt == 1 else parcel.wt\n"
FIELD = "In the shop, rename the field wt of Parcel to weight_kg, and change every use of it."


def test_a_field_that_still_has_its_old_name(tmp_path: Path) -> None:
    after = PARCEL.replace("wt", "weight_kg")
    said = told(FIELD, {"parcel.py": PARCEL, "post.py": POST, "far.py": "x.wt\n"}, parcel=after)
    assert "post.py:     return Parcel(wt=2) if parcel.wt == 1 else parcel.wt\n" in said
    command = said.partition("```bash\n")[2].removesuffix("\n```")
    (tmp_path / "post.py").write_text(POST)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert (tmp_path / "post.py").read_text() == POST.replace("wt", "weight_kg")
    assert changes_files(Code("bash", command))
    other = {"parcel.py": PARCEL, "post.py": POST, "box.py": "class Box:\n    wt: int\n"}
    assert "sed" not in told(FIELD, other, parcel=after), "it may be the other's"
    assert "write `weight_kg` there" in told(FIELD, other, parcel=after)
    both = {"parcel.py": PARCEL, "post.py": POST}
    assert told(FIELD, {"parcel.py": PARCEL}, parcel=after) == told("Rename wt to weight_kg", both, parcel=after) == ""
    assert told(FIELD, both, parcel=PARCEL.replace("self.wt", "self.weight_kg")) == "", "it is half done in its own file"
