"""What is added and no test names is known, and an error in it is told from what is meant to be raised."""

from __future__ import annotations

import difflib
from types import SimpleNamespace
from typing import Any

import pytest

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.trying import fault, untried
from oci_tui.parser.treesitter import TreeSitterParser

BOOK = "class Book:\n    def add(self, name):\n        self.names.append(name)\n"
MORE = f"{BOOK}\n    def to_json(self):\n        return 1\n\n    def _inner(self):\n        def nested(): ...\n"
TEST = "from book import Book\n\n\ndef test_add():\n    Book().add('x')\n"


def change(path: str, old: str, new: str) -> FileDiff:
    """With the numbers of lines, as git's have them."""
    kinds: dict[str, Any] = {" ": " ", "+": "+", "-": "-"}
    lines, was, now = list[Line](), 0, 0
    for line in difflib.ndiff(old.splitlines(), new.splitlines()):
        if line[0] in kinds:
            was, now = was + (line[0] != "+"), now + (line[0] != "-")
            lines.append(Line(kinds[line[0]], line[2:], was if line[0] != "+" else None, now if line[0] != "-" else None))
    return FileDiff(path, "modified", path, "100644", "100644", False, (Hunk(1, 1, 1, 1, "", tuple(lines)),))


def found(before: dict[str, str], **after: str) -> tuple[str, ...]:
    """What is untried once the files, named without their suffix, hold `after`."""
    changed = {f"{name}.py": text for name, text in after.items()}
    now = before | changed
    files: Any = SimpleNamespace(paths=lambda: sorted(now), read=now.get)
    diff = Diff(tuple(change(path, before.get(path, ""), text) for path, text in changed.items()))
    return untried(diff, files, TreeSitterParser())


def test_what_is_added_and_no_test_names() -> None:
    before = {"book.py": BOOK, "test_book.py": TEST}
    assert found(before, book=MORE) == ("Book.to_json",)
    assert found(before, book=f"{BOOK}\n\ndef merge(a, b): ...\n\n\nclass Shelf: ...\n") == ("merge", "Shelf")
    assert found({}, book=BOOK) == ("Book", "Book.add")
    assert found(before | {"test_more.py": "Book().to_json()\n"}, book=MORE) == ()
    assert found(before, book=BOOK.replace("append", "insert")) == (), "nothing is new"
    assert found(before, book=BOOK.replace("def add", "def put")) == (), "renamed"
    assert found(before, book="", shelf=BOOK) == (), "moved"
    assert found(before, test_more="def test_more(): ...\n") == ()
    many = "".join(f"def f{number}(): ...\n" for number in range(9))
    assert found({}, many=many) == ("f0", "f1", "f2", "f3")


def traceback(source: str, error: str, path: str = "/workspace/book.py") -> str:
    outer = '  File "/tmp/block/block.py", line 4, in <module>\n    Book.from_json("{}")\n    ^^^^^^^^^^^^^^\n'
    inner = f'  File "{path}", line 8, in from_json\n    {source}\n    ^^^^\n' if path else ""
    return f"before\nTraceback (most recent call last):\n{outer}{inner}{error}\n"


@pytest.mark.parametrize(
    ("source", "error", "name"),
    [
        ("return cls(**contacts)", "TypeError: unexpected keyword argument 'Ann'", "TypeError"),
        ("return json.dumps(x)", "NameError: name 'json' is not defined", "NameError"),
        ("raise errors('failed')", "TypeError: 'tuple' object is not callable", "TypeError"),
        ("raise TypeError('not a book')", "TypeError: not a book", ""),
        ("raise last", "TypeError: not a book", ""),
        ("raise", "AttributeError: x", ""),
        ("return self.items[-1]", "IndexError: list index out of range", ""),
        ("raise ValueError('empty')", "ValueError: empty", ""),
        ("return open(path)", "FileNotFoundError: [Errno 2] No such file or directory: 'x'", ""),
    ],
)
def test_an_error_that_is_hardly_meant(source: str, error: str, name: str) -> None:
    assert fault(traceback(source, error), ["book.py"], "add from_json") == name
    assert fault(traceback(source, error), ["other.py"], "add from_json") == "", "no file of the change"
    assert fault(traceback(source, error, ""), ["book.py"], "add from_json") == "", "in the lines that use it"
    assert fault(traceback(source, error, "/usr/lib/python3.11/json/decoder.py"), ["book.py"], "add from_json") == ""
    assert fault(traceback(source, error), ["book.py"], f"it raises {error.partition(':')[0]}") == "", "the prompt names it"


def test_only_the_last_of_several_errors_counts() -> None:
    first, last = traceback("return x.y", "AttributeError: y"), traceback("raise ValueError('z')", "ValueError: z")
    between = "\nDuring handling of the above exception, another exception occurred:\n\n"
    assert fault(f"{first}{between}{last}", ["book.py"], "") == ""
    assert fault(f"{last}{between}{first}", ["book.py"], "") == "AttributeError"
    assert fault("", ["book.py"], "") == fault("AttributeError: y", ["book.py"], "") == ""
