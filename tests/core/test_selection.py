"""Parts of a change, against what `git apply` makes of the same hunks and lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oci_tui.core.diff import Diff, FileDiff, parse_patch
from oci_tui.core.errors import SelectionError
from oci_tui.core.selection import Pick, Selection, changed_lines, parse, rest

_LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"\r", b"\xff", b"-- x", b"++ y", b"\\ No"]), max_size=30)
_ENDS = st.sampled_from([b"", b"\n"])
_CHOICES = st.lists(st.booleans(), min_size=70, max_size=70)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scratch")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def patch_of(scratch: Path, old: bytes, new: bytes) -> bytes:
    """What git says changed, with one line of context so that there are many hunks."""
    (scratch / "old").write_bytes(old)
    (scratch / "new").write_bytes(new)
    command = [
        "git",
        "-C",
        str(scratch),
        "diff",
        "--no-index",
        "-U1",
        "--text",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "old",
        "new",
    ]
    patch = subprocess.run(command, check=False, capture_output=True).stdout
    return patch.replace(b"a/old", b"a/file").replace(b"b/new", b"b/file")


def parsed(patch: bytes) -> FileDiff | None:
    return next(iter(parse_patch(patch.decode("utf-8", "backslashreplace")).files), None)


def applied(scratch: Path, old: bytes, patch: bytes) -> bytes:
    (scratch / "file").write_bytes(old)
    command = ["git", "-C", str(scratch), "apply", "--recount", "--whitespace=nowarn", "-"]
    subprocess.run(command, input=patch, check=True, capture_output=True)
    return (scratch / "file").read_bytes()


def joined(lines: list[bytes], end: bytes) -> bytes:
    return b"\n".join(lines) + end if lines else b""


@settings(max_examples=60, deadline=None)
@example([b"a", b"b", b"a", b"a"], [b"b", b"a", b"a", b"a"], b"\n", b"", [False, True] * 35)
@given(_LINES, _LINES, _ENDS, _ENDS, _CHOICES)
def test_any_hunks_are_what_git_apply_makes_of_them(
    scratch: Path, one: list[bytes], two: list[bytes], end: bytes, other: bytes, choices: list[bool]
) -> None:
    old, new = joined([b"top", *one], end), joined([b"top", *two], other)
    patch = patch_of(scratch, old, new)
    if (file := parsed(patch)) is None:
        assert old == new
        return
    head, *hunks = patch.split(b"\n@@ ")
    chosen = [number for number in range(len(hunks)) if choices[number]]
    pick = Pick(file, frozenset(place for place in changed_lines(file) if place[0] in chosen))
    body = b"".join(b"\n@@ " + hunks[number].removesuffix(b"\n") for number in chosen)
    expected = applied(scratch, old, head + body + b"\n") if chosen else old
    assert pick.content(old, new) == expected
    others = Pick(file, frozenset(changed_lines(file)) - (pick.lines or frozenset()))
    assert others.content(old, new, without=True) == expected
    assert Pick(file, frozenset(changed_lines(file))).content(old, new) == new


@settings(max_examples=60, deadline=None)
@given(_LINES, _LINES, _CHOICES)
def test_any_lines_are_what_git_apply_makes_of_them(
    scratch: Path, one: list[bytes], two: list[bytes], choices: list[bool]
) -> None:
    old, new = joined([b"top", *one], b"\n"), joined([b"top", *two], b"\n")
    patch = patch_of(scratch, old, new)
    if (file := parsed(patch)) is None:
        assert old == new
        return
    places = iter(changed_lines(file))
    chosen: set[tuple[int, int]] = set()
    edited: list[bytes] = []
    inside = False
    for line in patch.removesuffix(b"\n").split(b"\n"):
        inside = inside or line.startswith(b"@@ ")
        if not inside or line[:1] not in (b"+", b"-"):
            edited.append(line)
            continue
        place = next(places)
        if choices[len(edited) % len(choices)]:
            chosen.add(place)
            edited.append(line)
        elif line[:1] == b"-":
            edited.append(b" " + line[1:])
    expected = applied(scratch, old, b"\n".join(edited) + b"\n") if chosen else old
    assert Pick(file, frozenset(chosen)).content(old, new) == expected


def test_a_line_that_follows_one_without_newline_gets_it() -> None:
    end = b"\\ No newline at end of file\n"
    file = parsed(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n" + end + b"+a\n+b\n" + end)
    assert file
    assert Pick(file, frozenset({(0, 2)})).content(b"a", b"a\nb") == b"a\nb"


def test_what_can_only_be_taken_whole_and_what_is_left() -> None:
    text = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-1\n+2\n@@ -9 +9 @@\n-1\n+2\n"
    one, two = parse_patch(text.format("one") + text.format("two")).files
    mode = parse_patch(text.format("x").replace("---", "old mode 100644\nnew mode 100755\n---", 1)).files[0]
    every = frozenset(changed_lines(one))
    assert every == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert Pick(one, every).whole
    assert not Pick(one, frozenset({(0, 0)})).whole
    assert not Pick(mode, frozenset(changed_lines(mode))).whole
    assert Pick(mode).whole
    left = rest(Diff((one, two)), Selection.of_hunk(one, 0))
    assert [len(file.hunks) for file in left.files] == [1, 2]
    assert left.files[0].hunks == one.hunks[1:]
    assert rest(Diff((one, two)), Selection.of_file(two)) == Diff((one,))


_TWO = """diff --git a/a#1 b/a#1
--- a/a#1
+++ b/a#1
@@ -3,2 +3,2 @@
-three
-four
+THREE
+FOUR
@@ -20 +20,2 @@
 twenty
+more
diff --git a/b.py b/b.py
--- a/b.py
+++ b/b.py
@@ -1 +1 @@
-b
+B
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["b.py"], {"b.py": None}),
        (["a#1"], {"a#1": None}),
        (["a#1#2"], {"a#1": {(1, 1)}}),
        (["a#1#1-2"], {"a#1": {(0, 0), (0, 1), (0, 2), (0, 3), (1, 1)}}),
        (["a#1:+3,-3"], {"a#1": {(0, 0), (0, 2)}}),
        (["a#1:+21", "a#1:-3-4", "b.py#1"], {"a#1": {(0, 0), (0, 1), (1, 1)}, "b.py": {(0, 0), (0, 1)}}),
        (["b.py", "b.py#1"], {"b.py": None}),
        (["b.py#1", "b.py"], {"b.py": None}),
    ],
)
def test_parts_by_name(words: list[str], expected: dict[str, set[tuple[int, int]] | None]) -> None:
    selection = parse(parse_patch(_TWO), words)
    assert {pick.file.path: pick.lines and set(pick.lines) for pick in selection.picks} == expected


@pytest.mark.parametrize("word", ["c.py", "b.py#2", "b.py#", "b.py#x", "b.py:+9", "b.py:1", "b.py#1,,2", "b.py#1-", "#1", ""])
def test_a_part_that_is_not_there(word: str) -> None:
    with pytest.raises(SelectionError, match=r"hunks"):
        parse(parse_patch(_TWO), [word])
