"""The patch parser on what git really prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from oci_tui.core.diff import Diff, Line, parse_patch, unquote

_GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.quotePath=true")


class Pair:
    """Two commits; the patch between them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._run("init", "-q")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*_GIT, "-C", str(self.root), *arguments], check=True, capture_output=True)
        return done.stdout.decode("utf-8", "backslashreplace")

    def commit(self) -> None:
        self._run("add", "-A")
        self._run("commit", "-q", "--allow-empty", "-m", "x")

    def diff(self) -> Diff:
        return parse_patch(self._run("diff-tree", "-r", "-p", "-M", "--no-color", "HEAD~", "HEAD"))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te" b', "tab\tnl\n", "ünï", "back\\slash", " b/x", "a\\"])
@pytest.mark.parametrize("content", ["", "text\n", "bin\0"])
def test_names(pair: Pair, name: str, content: str) -> None:
    pair.commit()
    path = pair.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    pair.commit()
    (added,) = pair.diff().files
    assert (added.path, added.old_path, added.status, added.new_mode) == (name, "", "added", "100644")
    path.chmod(0o755)
    pair.commit()
    (changed,) = pair.diff().files
    assert (changed.path, changed.status, changed.old_mode, changed.new_mode) == (name, "modified", "100644", "100755")
    path.unlink()
    pair.commit()
    (deleted,) = pair.diff().files
    assert (deleted.path, deleted.status, deleted.old_mode, deleted.new_mode) == (name, "deleted", "100755", "")
    assert deleted.binary == (content == "bin\0")


def test_bytes_that_are_no_utf8_are_shown() -> None:
    assert unquote('"a\\377\\303\\274"') == "a\\xffü"
    assert unquote("plain") == "plain"


def test_lines_that_look_like_headers(pair: Pair) -> None:
    text = "-- a/x\n++ b/y\ndiff --git a/q b/q\n@@ -1 +1 @@\n\\ No newline at end of file\nrename from z\n"
    (pair.root / "f").write_text(text)
    pair.commit()
    (pair.root / "f").write_text(text.replace("\n", "!\n"))
    pair.commit()
    (change,) = pair.diff().files
    assert (change.path, change.status, change.added, change.removed) == ("f", "modified", 6, 6)
    assert [line.text for line in change.hunks[0].lines if line.kind == "-"] == text.splitlines()


def test_the_last_newline_and_carriage_returns(pair: Pair) -> None:
    (pair.root / "f").write_bytes(b"a\r\nb")
    pair.commit()
    (pair.root / "f").write_bytes(b"a\r\nb\n")
    pair.commit()
    (change,) = pair.diff().files
    assert change.hunks[0].lines == (
        Line(" ", "a\r", 1, 1),
        Line("-", "b", 2, None, newline=False),
        Line("+", "b", None, 2),
    )


def test_a_rename_with_an_edit(pair: Pair) -> None:
    (pair.root / 'o "ld').write_text("".join(f"{number}\n" for number in range(40)))
    (pair.root / "moved").write_text("".join(f"m{number}\n" for number in range(40)))
    pair.commit()
    (pair.root / "new name").write_text("".join(f"{number}\n" for number in range(1, 40)))
    (pair.root / 'o "ld').unlink()
    (pair.root / "moved").rename(pair.root / "away")
    pair.commit()
    away, new = pair.diff().files
    assert (away.status, away.old_path, away.path, away.hunks) == ("renamed", "moved", "away", ())
    assert (new.status, new.old_path, new.path, new.removed) == ("renamed", 'o "ld', "new name", 1)


def test_text_that_is_no_patch() -> None:
    assert parse_patch("") == Diff()
    assert parse_patch("hello\n@@ -1 +1 @@\n") == Diff()
    assert parse_patch("diff --git a/x b/x\n@@ -1,9 +1,9 @@\n cut").files[0].path == "x"


def test_a_line_of_the_new_side_is_found_on_the_old_one(pair: Pair) -> None:
    old = [f"line {number}" for number in range(1, 101)]
    new = ["first", *old[:20], "a", "b", *old[20:40], *old[44:60], "c for 61", *old[61:99], "last"]
    for lines in (old, new):
        (pair.root / "file").write_text("".join(f"{line}\n" for line in lines))
        pair.commit()
    (file,) = pair.diff().files
    found = {line: old[file.old_line(number) - 1] for number, line in enumerate(new, 1)}
    added = {"first": "line 1", "a": "line 20", "b": "line 20", "c for 61": "line 61", "last": "line 100"}
    assert found == {line: line for line in new} | added
    assert file.old_line(len(new) + 3) == len(old) + 3
