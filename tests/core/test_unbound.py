"""What Python did not find is told with a command that mends it, where the change says what that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oci_tui.core import unbound
from oci_tui.core.diff import Diff
from oci_tui.core.own_code import changes_files
from oci_tui.core.reply import Code
from oci_tui.parser.treesitter import TreeSitterParser
from tests.core.test_unfinished import changed_file

CIRCLE = "class Circle:\n    pass\n"
SHAPES = '"""Shapes."""\n\nfrom __future__ import annotations\n\nimport math\n\nx = math.pi\n'
TEST = "from shapes import Circle\n\n\ndef test_circle():\n    assert Circle()\n"


def hinted(output: str, files: dict[str, str], *changed: str, prompt: str = "") -> str:
    there: Any = SimpleNamespace(paths=lambda: sorted(files), read=files.get)
    diff = Diff(tuple(changed_file(path, "", files[path]) for path in changed))
    return unbound.hint(output, prompt, diff, there, TreeSitterParser())


def ran(folder: Path, files: dict[str, str], *command: str) -> str:
    """What a command of Python prints in a folder that holds these files."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).replace(f"{folder}/", "/workspace/")


def mended(folder: Path, said: str) -> None:
    """Run the command that was told."""
    command = said.partition("```bash\n")[2].removesuffix("\n```")
    assert changes_files(Code("bash", command))
    subprocess.run(["bash", "-c", command], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("home", "shapes", "at", "after"),
    [
        ("circle.py", SHAPES, 4, ["import math"]),
        ("geometry/circle.py", SHAPES, 4, ["import math"]),
        ("src/circle.py", SHAPES, 4, ["import math"]),
        ("circle.py", "", 0, []),
    ],
)
def test_what_was_moved_is_imported_where_it_was(tmp_path: Path, home: str, shapes: str, at: int, after: list[str]) -> None:
    files = {home: CIRCLE, "shapes.py": shapes, "test_shapes.py": TEST}
    said = hinted(ran(tmp_path, files, "-m", "pytest", "-q"), files, home, "shapes.py")
    module = home.removeprefix("src/").removesuffix(".py").replace("/", ".")
    assert said.startswith(f"`Circle` is in {home} now: shapes.py needs the line `from {module} import Circle`.")
    mended(tmp_path, said)
    assert (tmp_path / "shapes.py").read_text().splitlines()[at : at + 2] == [f"from {module} import Circle", *after]


@pytest.mark.parametrize(
    ("output", "changed"),
    [
        ("ImportError: cannot import name 'Circle' from 'shapes' (/workspace/shapes.py)", ()),
        ("ImportError: cannot import name 'Square' from 'shapes' (/workspace/shapes.py)", ("circle.py",)),
        ("ImportError: cannot import name 'Circle' from 'elsewhere' (/usr/lib/elsewhere.py)", ("circle.py",)),
        ("", ("circle.py",)),
    ],
)
def test_nothing_is_told_of_what_the_change_does_not_explain(output: str, changed: tuple[str, ...]) -> None:
    assert hinted(output, {"circle.py": CIRCLE, "shapes.py": SHAPES}, *changed) == ""


RENAME = "Call the method calc of Invoice total."
CALC = "class Invoice:\n    def calc(self):\n        return 1\n"
TOTAL = CALC.replace("calc", "total")
USE = "from invoice import Invoice\n\n\ndef all_of():\n    return Invoice().calc()\n"


def told_of_rename(output: str, prompt: str, files: dict[str, str], after: str = TOTAL) -> str:
    there: Any = SimpleNamespace(paths=lambda: sorted(files), read=files.get)
    return unbound.hint(output, prompt, Diff((changed_file("invoice.py", CALC, after),)), there, TreeSitterParser())


@pytest.mark.parametrize(
    ("test", "command"),
    [
        ("import use\n\ndef test_use():\n    use.all_of()\n", ("-m", "pytest", "-q")),
        ("import use\n\nuse.all_of()\n\ndef test_use(): ...\n", ("-m", "pytest", "-q")),
        ("import use\n\nuse.all_of()\n", ("test_use.py",)),
    ],
    ids=["a test", "collecting", "a program"],
)
def test_what_was_renamed_has_its_new_name_where_it_is_used(tmp_path: Path, test: str, command: tuple[str, ...]) -> None:
    files = {"invoice.py": TOTAL, "use.py": USE, "test_use.py": test}
    output = ran(tmp_path, files, *command)
    said = told_of_rename(output, RENAME, files)
    assert said.startswith("`calc` is `total` now, and line 5 of use.py still says `calc`.")
    mended(tmp_path, said)
    assert "Error" not in ran(tmp_path, {}, *command)
    assert told_of_rename(output, "Make it nicer.", files) == "", "the prompt names neither"
    assert told_of_rename(output, RENAME, files, f"{CALC}x = 1\n") == "", "it was not renamed"
    assert told_of_rename(output, RENAME, files | {"b.py": CALC.replace("Invoice", "Bill")}) == "", "another is called so, too"
    assert told_of_rename(output.replace("'Invoice'", "'dict'"), RENAME, files) == "", "of something else"
    assert told_of_rename(output.replace("use.py", "test_use.py"), RENAME, files) == "", "in a test"


@pytest.mark.parametrize(
    ("home", "text"),
    [
        ("circle.py", f"from shapes import x\n{CIRCLE}"),
        ("test_circle.py", CIRCLE),
        ("class.py", CIRCLE),
        ("geo/__main__.py", CIRCLE),
        ("cir'; rm -r .; '.py", CIRCLE),
    ],
    ids=["it needs the other", "a test", "a keyword", "a program", "no name"],
)
def test_a_file_that_cannot_be_imported_is_in_no_command(home: str, text: str) -> None:
    files = {home: text, "shapes.py": SHAPES}
    assert hinted("ImportError: cannot import name 'Circle' from 'shapes' (/workspace/shapes.py)", files, *files) == ""
