"""The changes pane by keys: what the cursor is on is accepted or rejected, and nothing else."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.text import Text
from textual.pilot import Pilot

from oci_tui.core.conflict import VersionLine, Versions
from oci_tui.core.diff import Diff, FileDiff, parse_patch
from oci_tui.core.events import ChangeConflicted, DiffChanged, TurnFinished, TurnStarted, encode
from oci_tui.core.ports import Command
from oci_tui.core.verdict import Verdict
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.diff_colours import over
from oci_tui.ui.panes.diff_rows import changed_words, paired, partner
from oci_tui.ui.panes.diff_tree import Folder, outline
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.approval import ApprovalScreen
from oci_tui.ui.screens.conflict import ConflictScreen
from tests.ui.test_mouse import clicked
from tests.ui.test_workbench import on_screen, text_of, until

_HUNK = "@@ -{0} +{0} @@\n-old {0}\n+new {0}\n"
_FILE = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n"
TWO_FILES = _FILE.format("one.py") + _HUNK.format(3) + _HUNK.format(30) + _FILE.format("two.py") + _HUNK.format(7)
TABS = f"{_FILE.format('one.py')}@@ -3,2 +3,3 @@ class A:\n def f():\n-\told(1)\n+\tnew(1)\t# {'x' * 200}\n+\tmore\n"
ONE_HUNK = _FILE.format("one.py") + _HUNK.format(3)


@asynccontextmanager
async def reviewing(tmp_path: Path, patch: str) -> AsyncGenerator[tuple[OciApp, Pilot[None]]]:
    """The app with this change pending and the pane that shows it under the keys."""
    happened = (
        TurnStarted(turn=1, prompt="go"),
        DiffChanged(diff=parse_patch(patch)),
        TurnFinished(turn=1, verdict=Verdict.PASSED, rounds=1, seconds=1.0),
    )
    recording = tmp_path / "recording.jsonl"
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in happened))
    session = ReplaySession(recording, speed=0)
    app = OciApp(lambda: session, Path("/src/x"), "night", "go")
    async with app.run_test(size=(120, 40)) as pilot:
        conversation = app.workbench.conversation
        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        await pilot.press("alt+4")
        await until(pilot, lambda: app.focused is app.workbench.changes)
        yield app, pilot
        await app.close_session()


def pending(app: OciApp) -> dict[str, list[int]]:
    return {file.path: [hunk.old_start for hunk in file.hunks] for file in app.workbench.conversation.pending.files}


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (["n", "a"], {"one.py": [30], "two.py": [7]}),
        (["n", "n", "r"], {"one.py": [3], "two.py": [7]}),
        (["n", "n", "N", "a"], {"one.py": [30], "two.py": [7]}),
        (["j", "j", "a"], {"one.py": [30], "two.py": [7]}),
        (["a"], {"two.py": [7]}),
        (["n", "n", "A"], {"two.py": [7]}),
        (["n", "n", "n", "R"], {"one.py": [3, 30]}),
        (["n", "n", "n", "n", "a"], {"one.py": [3, 30]}),
    ],
)
async def test_only_what_the_cursor_is_on_is_taken(tmp_path: Path, keys: list[str], left: dict[str, list[int]]) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press(*keys)
        await until(pilot, lambda: pending(app) == left)
        said = "accepted: " if keys[-1] in "aA" else "rejected: "
        await until(pilot, lambda: said in text_of(app.workbench.transcript))


@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        (["y"], "one.py  +2 −1  1 hunk"),
        (["j", "j", "j", "y"], "\told(1)"),
        (["j", "j", "j", "j", "y"], "\tnew(1)\t# " + "x" * 200),
        (["j", "j", "Y"], "def f():\n\tnew(1)\t# " + "x" * 200 + "\n\tmore"),
        (["s", "j", "j", "j", "y"], "\tnew(1)\t# " + "x" * 200),
        (["s", "j", "j", "j", "j", "y"], "\tmore"),
    ],
)
async def test_a_line_of_a_change_is_copied_without_number_and_sign(tmp_path: Path, keys: list[str], copied: str) -> None:
    async with reviewing(tmp_path, TABS) as (app, pilot):
        await pilot.press("alt+z", *keys)
        await until(pilot, lambda: app.clipboard == copied)


async def dragged(app: OciApp, pilot: Pilot[None], start: str, end: str) -> None:
    """Select from the first character of one text on the screen to the last of another, and copy."""
    rows = on_screen(app).splitlines()
    for text, at, act in ((start, 0, pilot.mouse_down), (end, len(end) - 1, pilot.hover), (end, len(end) - 1, pilot.mouse_up)):
        row = next(row for row, line in enumerate(rows) if text in line)
        await act(offset=(rows[row].index(text) + at, row))
    await pilot.press("ctrl+c")


@pytest.mark.parametrize(
    ("keys", "start", "end", "copied"),
    [
        ([], "    4 −", "new(1)", "\told(1)\n\tnew(1)"),
        ([], "d(1)", "# xxxx", "d(1)\n\tnew(1)\t# xxxx"),
        ([], "  ⋯", "more", "class A:\ndef f():\n\told(1)\n\tnew(1)\t# " + "x" * 200 + "\n\tmore"),
        (["s"], "    4 −", "# xxxx", "\told(1)"),
        (["s"], "    3  ", "    5 +", "def f():\n\told(1)"),
        (["s"], "new(1)", "    more", "new(1)\t# " + "x" * 200 + "\n\tmore"),
    ],
)
async def test_what_the_mouse_selects_of_a_change_is_its_text(
    tmp_path: Path, keys: list[str], start: str, end: str, copied: str
) -> None:
    async with reviewing(tmp_path, TABS) as (app, pilot):
        await pilot.press("alt+z", *keys)
        await until(pilot, lambda: "more" in on_screen(app) and ("│" in on_screen(app)) is bool(keys))
        await dragged(app, pilot, start, end)
        await until(pilot, lambda: bool(app.clipboard))
        assert app.clipboard == copied
        ground = app.screen.get_component_rich_style("screen--selection").bgcolor
        strips = app.screen._compositor.render_strips()
        lit = ["".join(part.text for part in strip if part.style and part.style.bgcolor == ground) for strip in strips]
        shown = [line for line in lit if line]
        wanted = [line.expandtabs(4) for line in copied.split("\n")]
        assert shown == [line[: len(part)] for line, part in zip(wanted, shown, strict=True)]


async def test_what_the_mouse_selects_of_a_conflict_and_of_a_command_is_its_text(tmp_path: Path) -> None:
    lines = (VersionLine("yours", "\tmine()"), VersionLine("theirs", "\tits()"))
    conflict = ChangeConflicted(("a.go",), "not accepted", (), (Versions("a.go", "changed", "changed", lines),))
    async with reviewing(tmp_path, ONE_HUNK) as (app, pilot):
        await app.push_screen(ConflictScreen(conflict))
        await until(pilot, lambda: "its()" in on_screen(app))
        await dragged(app, pilot, " yours", "its()")
        assert app.clipboard == "\tmine()\n\tits()"
        await app.push_screen(ApprovalScreen(Command("bash", language="bash", code="make\nls"), ""))
        await until(pilot, lambda: "2▏ls" in on_screen(app))
        await dragged(app, pilot, "1▏make", "ls")
        assert app.clipboard == "make\nls"


async def test_the_bar_shows_what_would_be_taken(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press("n", "n")

        def barred() -> str:
            return "\n".join(line for line in text_of(app.workbench.changes).splitlines() if line[:1] in "▎▌")

        assert [word in barred() for word in ("old 30", "new 30", "old 3\n", "two.py")] == [True, True, False, False]
        assert "accept, reject hunk" in on_screen(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is not app.workbench.changes)
        assert barred() == "", "without the focus no key takes anything"


async def test_the_cursor_stays_on_screen_however_it_is_scrolled(tmp_path: Path) -> None:
    many = _FILE.format("one.py") + "".join(_HUNK.format(10 * number) for number in range(1, 60))
    async with reviewing(tmp_path, many) as (app, pilot):
        changes = app.workbench.changes
        for keys in (["G"], ["g"], ["space"], ["b"], ["n"] * 20, ["k"] * 30):
            await pilot.press(*keys)
            await pilot.pause()
            top, height = changes.scroll_offset.y, changes.scrollable_content_region.height
            (row,) = [row for row in range(changes.line_count()) if changes.line(row)[0][0] == "▌"]
            assert top <= row < top + height, keys


async def test_the_cursor_stays_where_it_was_when_a_hunk_is_gone(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press("n", "a")
        await until(pilot, lambda: pending(app) == {"one.py": [30], "two.py": [7]})
        await pilot.press("a")
        await until(pilot, lambda: pending(app) == {"two.py": [7]} or pending(app) == {"one.py": [30]})
        assert pending(app) == {"two.py": [7]}, "the hunk that came into its place"


async def test_u_and_capital_u_undo_and_redo(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: pending(app) == {"two.py": [7]})
        for key, said in (("u", "undone: "), ("U", "done again: "), ("U", "nothing to do again")):
            await until(pilot, lambda: not app.workbench.conversation.deciding)
            await pilot.press(key)
            await until(pilot, lambda said=said: said in text_of(app.workbench.transcript))  # type: ignore[misc]


LONGER = _FILE.format("one.py") + "@@ -1,3 +1,4 @@ def one\n same\n-value = first(a)\n+value = second(a)\n+more = 1\n end\n"


async def test_side_by_side_pairs_what_took_the_others_place(tmp_path: Path) -> None:
    async with reviewing(tmp_path, LONGER) as (app, pilot):
        pane = app.workbench.changes
        await pilot.press("ctrl+r", "s")
        await until(pilot, lambda: "│" in text_of(pane) and pane.size.width > 100)
        rows = [line.split("│") for line in text_of(pane).splitlines() if "│" in line]
        assert [[side[1:].split() for side in row] for row in rows] == [
            [["1", "same"], ["1", "same"]],
            [["2", "−", "value", "=", "first(a)"], ["2", "+", "value", "=", "second(a)"]],
            [[], ["3", "+", "more", "=", "1"]],
            [["3", "end"], ["4", "end"]],
        ]
        await pilot.press("j", "j", "j", "m")
        await until(pilot, lambda: "●" in text_of(pane))
        assert pane._marked_lines().picks[0].lines == frozenset({(0, 1), (0, 2)})


def test_words_that_changed_are_found_where_lines_are_alike() -> None:
    assert changed_words("value = first(a)", "value = second(a)") == (((8, 13),), ((8, 14),))
    assert changed_words("import os", "return total / 2") == ((), ())


async def test_files_fold_to_a_list_with_counts_and_flags(tmp_path: Path) -> None:
    new = "diff --git a/run.sh b/run.sh\nnew file mode 100755\n--- /dev/null\n+++ b/run.sh\n@@ -0,0 +1 @@\n+echo\n"
    async with reviewing(tmp_path, TWO_FILES + new) as (app, pilot):
        pane = app.workbench.changes
        await pilot.press("t")
        await until(pilot, lambda: pane.line_count() == 3)
        assert [line.split()[1:4] for line in text_of(pane).splitlines()][1] == ["two.py", "+1", "−1"]
        await pilot.press("j", "enter")
        await until(pilot, lambda: pane.line_count() == 6)


async def test_a_reason_goes_to_the_model_with_the_rejection(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press("n", "x", *"too slow", "enter")
        await until(pilot, lambda: pending(app) == {"one.py": [30], "two.py": [7]})
        await until(pilot, lambda: "I rejected your change of one.py: too slow" in text_of(app.workbench.transcript))


async def test_side_by_side_waits_for_room_and_every_removed_line_stays_visible(tmp_path: Path) -> None:
    async with reviewing(tmp_path, LONGER) as (app, pilot):
        pane = app.workbench.changes
        await pilot.press("s")
        await until(pilot, lambda: "side by side needs 80 columns" in on_screen(app))
        assert pane.size.width < 80
        assert "− value = first(a)" in on_screen(app)
        await pilot.press("j", "j", "j", "z")
        await until(pilot, lambda: pane.size.width >= 80 and "│" in text_of(pane))
        (row,) = [line for line in text_of(pane).splitlines() if line[:1] == "▌"]
        assert "first(a)" in row, "the cursor stays on its line"
        await pilot.press("z")
        await until(pilot, lambda: pane.size.width < 80 and "− value = first(a)" in on_screen(app))
        await pilot.press("alt+4", "z")
        await until(pilot, lambda: "│" in text_of(pane))
        await pilot.resize_terminal(78, 30)
        await until(pilot, lambda: pane.size.width < 80 and "− value = first(a)" in on_screen(app))


async def test_escape_rejects_nothing_and_later_keys_are_no_reason(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        prompt = app.screen.query_one(PromptBox)
        prompt.put("half a thought")
        await pilot.press("n", "x")
        await until(pilot, lambda: prompt.text == "/reject " and "Esc reject nothing" in on_screen(app))
        assert "Ctrl+Y accept" not in on_screen(app).splitlines()[-1]
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is app.workbench.changes)
        assert prompt.text == "half a thought"
        await pilot.press("t")
        await until(pilot, lambda: app.workbench.changes.line_count() == 2)
        assert pending(app) == {"one.py": [3, 30], "two.py": [7]}


async def test_what_a_reason_was_asked_for_is_over_once_it_was_given(tmp_path: Path) -> None:
    async with reviewing(tmp_path, ONE_HUNK) as (app, pilot):
        await pilot.press("x", *"slow", "enter")
        await until(pilot, lambda: pending(app) == {})
        assert "reject in" not in on_screen(app)
        assert "rejected: the change is dropped" in text_of(app.workbench.transcript)
        assert "the rest is pending" not in text_of(app.workbench.transcript)


async def test_without_a_reason_only_the_part_is_rejected(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        await pilot.press("n", "x", "enter")
        await until(pilot, lambda: pending(app) == {"one.py": [30], "two.py": [7]})


async def test_what_is_left_out_above_a_hunk_is_counted(tmp_path: Path) -> None:
    first = "@@ -1,4 +1,4 @@\n-one\n+ONE\n two\n def sub(a, b):\n     c = 1\n"
    second = "@@ -6,2 +6,2 @@ def sub(a, b):\n     d = 1\n-    return 1\n+    return 2\n"
    third = "@@ -30 +30 @@ def far(a):\n-    return 1\n+    return 2\n"
    async with reviewing(tmp_path, _FILE.format("one.py") + first + second + third) as (app, _):
        rows = text_of(app.workbench.changes).splitlines()
        starts = [rows[row][1:].strip() for row in app.workbench.changes._rows.starts(hunks=True)]
        assert starts == ["", "⋯ 1 line", "⋯ 22 lines  def far(a):"]


async def test_a_large_change_is_searched_at_once_and_by_its_text(tmp_path: Path) -> None:
    many = "@@ -1,1 +1,20000 @@ def far(a):\n-\told = 1\n" + "".join(f"+value_{n} = second(a)\n" for n in range(20_000))
    async with reviewing(tmp_path, _FILE.format("one.py") + many) as (app, pilot):
        changes = app.workbench.changes
        began = time.process_time()
        assert len([str(Text(line)) for line in many.splitlines()]) > 20_000
        begun = time.process_time()
        assert not changes.search("nowhere")
        assert time.process_time() - begun < 30 * (begun - began), "it is 13 times; to colour every line is far more"
        for wanted, row in (("value_19999 = s", 20_002), ("    old", 2), ("one.py", 0), ("DEF", -1), ("def far", 1)):
            assert changes.search(wanted) is (row >= 0)
            assert changes.here == row or row < 0
        await pilot.press("ctrl+r", "s")
        await until(pilot, lambda: "│" in on_screen(app))
        assert changes.search("old =")
        assert changes.here == 2
        assert changes.search("value_0 =")
        assert changes.here == 2


async def test_another_prompt_in_the_place_of_a_reason_rejects_nothing(tmp_path: Path) -> None:
    async with reviewing(tmp_path, TWO_FILES) as (app, pilot):
        prompt = app.screen.query_one(PromptBox)
        prompt.put("half a thought")
        await pilot.press("n", "x")
        await until(pilot, lambda: "Esc reject nothing" in on_screen(app))
        prompt.put("/log ")
        await pilot.press("enter")
        await until(pilot, lambda: prompt.text == "half a thought" and "Esc reject nothing" not in on_screen(app))
        assert pending(app) == {"one.py": [3, 30], "two.py": [7]}


def test_a_line_is_beside_the_one_most_like_it_also_where_more_were_added() -> None:
    lines = "-total = 0\n-for a in items:\n+# what it costs\n+total = 0.0\n+seen = set()\n+for a in all_items:\n+    pass\n"
    (file,) = parse_patch(_FILE.format("one.py") + f"@@ -1,3 +1,6 @@\n same\n{lines}").files
    hunk = file.hunks[0]
    assert [partner(hunk, index) for index in range(1, 8)] == [4, 6, -1, 1, -1, 2, -1]
    assert paired(hunk) == [(0, 0), (-1, 3), (1, 4), (-1, 5), (2, 6), (-1, 7)]


def test_many_lines_are_paired_at_once() -> None:
    removed = "".join(f"-value_{number} = {number}\n" for number in range(10_000))
    added = removed.replace("-", "+") + "+end\n"
    (file,) = parse_patch(_FILE.format("one.py") + f"@@ -1,10000 +1,10001 @@\n{removed}{added}").files
    began = time.perf_counter()
    assert len(paired(file.hunks[0])) == 10_001
    assert partner(file.hunks[0], 9_999) == -1
    assert time.perf_counter() - began < 1


def test_long_lines_are_paired_at_once() -> None:
    words = [" ".join(f"{sign}{number}" for number in range(8_000)) for sign in "-+" for _ in range(50)]
    (file,) = parse_patch(_FILE.format("one.js") + "@@ -1,50 +1,50 @@\n" + "".join(f"{line}\n" for line in words)).files
    began = time.process_time()
    assert partner(file.hunks[0], 7) == 57
    assert time.process_time() - began < 1


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.integers(0, 20), unique=True).map(sorted))
def test_changed_words_have_a_stronger_ground(texts: list[str], edges: list[int]) -> None:
    ranges = tuple(zip(edges[::2], edges[1::2], strict=False))
    shown = over(tuple((text, str(number)) for number, text in enumerate(texts)), "added", ranges)
    signs = [(sign, str(number)) for number, text in enumerate(texts) for sign in text]
    assert [(sign, style) for text, style in shown for sign in text] == [
        (sign, f"{name} on added{'-word' if any(first <= at < last for first, last in ranges) else ''}")
        for at, (sign, name) in enumerate(signs)
    ]


def test_a_line_of_many_changed_words_is_drawn_at_once() -> None:
    spans, ranges = (("a", "text"),) * 100_000, tuple((at, at + 1) for at in range(0, 100_000, 2))
    assert over(spans, "added", ranges)[-2:] == (("a", "text on added-word"), ("a", "text on added")), "takes an hour in pairs"


async def test_a_docstring_of_a_change_has_one_colour_and_a_search_finds_in_it(tmp_path: Path) -> None:
    patch = '@@ -1,2 +1,4 @@\n def f():\n-    return 1\n+    """Do it\n+    for now"""\n+    return 2\n'
    async with reviewing(tmp_path, _FILE.format("one.py") + patch) as (app, _):
        pane = app.workbench.changes
        assert ('    for now"""', "string on added") in pane.line(5)
        assert [pane.text_at(row) for row in range(7)] == ["".join(text for text, _ in pane.line(row)) for row in range(7)]


_NEW = "diff --git a/{0} b/{0}\nnew file mode 100755\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+echo\n"
FOLDERS = (
    _FILE.format("README.md")
    + _HUNK.format(1)
    + _FILE.format("src/app/core/a.py")
    + _HUNK.format(3)
    + _HUNK.format(30)
    + _NEW.format("src/app/core/deep/run.sh")
    + _FILE.format("src/app/ui.py")
    + _HUNK.format(7)
    + _FILE.format("tests/b.py")
    + _HUNK.format(9)
)


def flagged(patch: str) -> Diff:
    """What can be executed has the flag that a workspace gives it."""
    files = parse_patch(patch).files
    return Diff(tuple(replace(file, flags=("executable",)) if file.new_mode == "100755" else file for file in files))


def outlined(app: OciApp) -> list[str]:
    return [" ".join(line[1:].split()) for line in text_of(app.workbench.changes).splitlines()]


async def test_files_are_a_tree_that_is_folded_by_key_and_click_and_stays_so(tmp_path: Path) -> None:
    async with reviewing(tmp_path, FOLDERS) as (app, pilot):
        pane = app.workbench.changes
        app.workbench.show(DiffChanged(diff=flagged(FOLDERS)))
        await pilot.press("t")
        tree = [
            "▸ README.md +1 −1 1 hunk",
            "▾ src/app/ +4 −3 3 files ! executable",
            "▾ core/ +3 −2 2 files ! executable",
            "▸ a.py +2 −2 2 hunks",
            "▾ deep/ +1 −0 1 file ! executable",
            "▸ run.sh +1 −0 added 1 hunk ! executable",
            "▸ ui.py +1 −1 1 hunk",
            "▾ tests/ +1 −1 1 file",
            "▸ b.py +1 −1 1 hunk",
        ]
        await until(pilot, lambda: outlined(app) == tree)
        assert [len(line) - len(line[1:].lstrip()) for line in text_of(pane).splitlines()] == [1, 1, 3, 5, 5, 7, 3, 1, 3]
        await pilot.press("j", "j", "enter")
        shut = [*tree[:2], "▸ core/ +3 −2 2 files ! executable", *tree[6:]]
        await until(pilot, lambda: outlined(app) == shut)
        assert pane.here == 2, "the cursor stays on the folder"
        app.workbench.show(DiffChanged(diff=flagged(FOLDERS + _FILE.format("zoo.py") + _HUNK.format(2))))
        await until(pilot, lambda: outlined(app) == [*shut, "▸ zoo.py +1 −1 1 hunk"])
        await clicked(app, pilot, "▸ core/")
        await until(pilot, lambda: outlined(app) == [*tree, "▸ zoo.py +1 −1 1 hunk"])
        await clicked(app, pilot, "▸ ui.py")
        await until(pilot, lambda: "▾ ui.py +1 −1 1 hunk" in outlined(app) and "7 + new 7" in outlined(app))
        await pilot.press("t")
        await until(pilot, lambda: outlined(app)[0].startswith("README.md") and "9 + new 9" in outlined(app))


@pytest.mark.parametrize(
    ("moves", "left"), [("jj", {"README.md", "src/app/ui.py", "tests/b.py"}), ("j", {"README.md", "tests/b.py"})]
)
async def test_a_folder_is_accepted_with_all_that_has_the_bar(tmp_path: Path, moves: str, left: set[str]) -> None:
    async with reviewing(tmp_path, FOLDERS) as (app, pilot):
        await pilot.press("t", *moves)
        rows = text_of(app.workbench.changes).splitlines()
        assert {row[1:].split()[1] for row in rows if row[0] in "▌▎"} >= {"core/", "a.py", "deep/", "run.sh"}
        assert all(row[0] == " " for row in rows if "README.md" in row or "tests/" in row)
        assert next(row[0] for row in rows if "src/app/" in row) == ("▌" if moves == "j" else " ")
        await pilot.press("a")
        await until(pilot, lambda: set(pending(app)) == left)


def many(files: int) -> str:
    """A change of so many files in a hundred folders of one."""
    return "".join(_FILE.format(f"src/{number % 100}/{number}.py") + _HUNK.format(3) for number in range(files))


async def calls_to_draw(tmp_path: Path, files: int) -> int:
    """How many calls it takes to draw the rows while the folder of all files has the cursor."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    async with reviewing(tmp_path, many(files)) as (app, pilot):
        pane = app.workbench.changes
        await pilot.press("t")
        await until(pilot, lambda: f"src/  +{files} −{files}  {files} files" in text_of(pane))
        pane.go_to(0)
        assert (pane.text_at(0)[:1], pane.text_at(pane.line_count() - 1)[:1]) == ("▌", "▎")
        sys.setprofile(count)
        try:
            for row in range(20):
                pane.text_at(row)
        finally:
            sys.setprofile(None)
    return counted


async def test_rows_of_folders_are_drawn_in_time_that_grows_as_the_files_do(tmp_path: Path) -> None:
    assert await calls_to_draw(tmp_path, 800) < 3 * await calls_to_draw(tmp_path, 400)


def test_folders_may_be_deeper_than_calls() -> None:
    paths = [f"{'a/' * depth}f" for depth in range(1500)]
    shown = [*outline(parse_patch("".join(_FILE.format(path) + _HUNK.format(3) for path in paths)).files, frozenset())]
    assert [depth for depth, file in shown if isinstance(file, FileDiff)] == [*range(1500)]
    folders = [folder for _, folder in shown if isinstance(folder, Folder)]
    assert {folder.name for folder in folders} == {"a"}
    assert [(folder.added, folder.removed) for folder in folders] == [(below, below) for below in range(1499, 0, -1)]
