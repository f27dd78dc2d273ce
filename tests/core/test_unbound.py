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
DUMP = '"""Dumps."""\n\n\n@staticmethod\ndef dump(value):\n    return json.dumps(value)\n'


def hinted(output: str, files: dict[str, str], *changed: str) -> str:
    there: Any = SimpleNamespace(paths=lambda: sorted(files), read=files.get)
    diff = Diff(tuple(changed_file(path, "", files[path]) for path in changed))
    return unbound.hint(output, diff, there, TreeSitterParser())


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


@pytest.mark.parametrize("command", [("-m", "pytest", "-q"), ("use.py",)], ids=["pytest", "traceback"])
def test_a_module_of_pythons_own_that_is_not_imported(tmp_path: Path, command: tuple[str, ...]) -> None:
    use = "from dump import dump\n\ndef test_dump():\n    assert dump(1)\n\nif __name__ == '__main__':\n    test_dump()\n"
    files = {"dump.py": DUMP, "use.py": use, "test_use.py": "from use import test_dump\n"}
    said = hinted(ran(tmp_path, files, *command), files, "dump.py")
    assert said.startswith("dump.py uses `json` and does not import it: dump.py needs the line `import json`.")
    mended(tmp_path, said)
    assert (tmp_path / "dump.py").read_text() == DUMP.replace("@static", "import json\n@static")
    assert hinted(ran(tmp_path, {}, *command), files, "dump.py") == ""


@pytest.mark.parametrize(
    ("output", "changed"),
    [
        ("ImportError: cannot import name 'Circle' from 'shapes' (/workspace/shapes.py)", ()),
        ("ImportError: cannot import name 'Square' from 'shapes' (/workspace/shapes.py)", ("circle.py",)),
        ("ImportError: cannot import name 'Circle' from 'elsewhere' (/usr/lib/elsewhere.py)", ("circle.py",)),
        ("  File \"/workspace/dump.py\", line 6, in dump\n    return x\nNameError: name 'x' is not defined\n", ("dump.py",)),
        ("  File \"/workspace/dump.py\", line 6, in dump\n    return json\nNameError: name 'json' is not defined\n", ()),
        ("NameError: name 'json' is not defined\n", ("dump.py",)),
        ("", ("dump.py",)),
    ],
)
def test_nothing_is_told_of_what_the_change_does_not_explain(output: str, changed: tuple[str, ...]) -> None:
    assert hinted(output, {"circle.py": CIRCLE, "shapes.py": SHAPES, "dump.py": DUMP}, *changed) == ""


@pytest.mark.parametrize(
    ("value", "used"), [("1", "calc"), ("Invoice.calc", "total")], ids=["in another file", "in its own, of a traceback's end"]
)
def test_what_was_renamed_has_its_new_name_where_it_is_used(tmp_path: Path, value: str, used: str) -> None:
    before = f"class Invoice:\n    def calc(self):\n        return {value}\n"
    test = f"from invoice import Invoice\n\ndef test_it():\n    assert Invoice().{used}()\n"
    files = {"invoice.py": before.replace("def calc", "def total"), "test_it.py": test}
    there: Any = SimpleNamespace(paths=lambda: sorted(files), read=files.get)
    renamed, more = (Diff((changed_file("invoice.py", before, text),)) for text in (files["invoice.py"], f"{before}x = 1\n"))
    output = ran(tmp_path, files, "-m", "pytest", "-q")
    said = unbound.hint(output, renamed, there, TreeSitterParser())
    assert "`calc` is `total` now, and " in said
    assert unbound.hint(output, more, there, TreeSitterParser()) == ""
    mended(tmp_path, said)
    assert "1 passed" in ran(tmp_path, {}, "-m", "pytest", "-q")


def test_a_line_of_imports_has_a_place_in_every_file() -> None:
    long = '"""Doc\nof two."""\n\n\nimport os\n'
    places = {"x = 1\n": 1, "no python(": 1, '"""Doc."""\n': 1, long: 5, SHAPES: 5, DUMP: 4}
    assert {text: unbound._first_import(text) for text in places} == places


def test_a_file_whose_name_no_import_can_say_is_in_no_command() -> None:
    files = {"cir'; rm -r .; '.py": CIRCLE, "shapes.py": SHAPES}
    assert hinted("ImportError: cannot import name 'Circle' from 'shapes' (/workspace/shapes.py)", files, *files) == ""
