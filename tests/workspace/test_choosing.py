"""Parts of a change accepted and rejected: the user's tree gets the chosen hunks, all else stays pending."""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci_tui.core.diff import FileDiff
from oci_tui.core.errors import ConflictError, WorkspaceError
from oci_tui.core.selection import Pick, Selection, changed_lines
from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Opener, PlainFolder, Repository

TWENTY = [f"{number}\n" for number in range(20)]


def text(**lines: str) -> str:
    """Twenty numbered lines, some of them replaced: `text(l3="x")`."""
    return "".join(lines.get(f"l{number}", line.rstrip()) + "\n" for number, line in enumerate(TWENTY))


@pytest.fixture
def numbered(repository: Repository) -> Repository:
    repository.write({"main.py": text()})
    repository.commit()
    return repository


async def only_file(workspace: GitWorkspace) -> FileDiff:
    (file,) = (await workspace.diff()).files
    return file


async def test_one_hunk_is_written_and_the_other_stays_pending(numbered: Repository, opened: Opener) -> None:
    workspace = await opened(numbered.root)
    await workspace.apply({"main.py": text(l2="two", l15="fifteen")})
    file = await only_file(workspace)
    assert len(file.hunks) == 2
    assert (await workspace.changes.accept(Selection.of_hunk(file, 1))).paths == ("main.py",)
    assert numbered.read("main.py") == text(l15="fifteen")
    left = await only_file(workspace)
    assert [line.text for line in left.hunks[0].lines if line.kind == "+"] == ["two"]
    assert workspace.read("main.py") == text(l2="two", l15="fifteen")
    with pytest.raises(WorkspaceError, match="not as it was shown"):
        await workspace.changes.accept(Selection.of_hunk(file, 0))
    await workspace.changes.accept(Selection.of_hunk(left, 0))
    assert numbered.read("main.py") == text(l2="two", l15="fifteen")
    assert (await workspace.diff()).files == ()


async def test_a_rejected_hunk_is_gone_from_mirror_and_sandbox(numbered: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(numbered.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": text(l2="two", l15="fifteen")}))
    folder.level(await workspace.changes.reject(Selection.of_hunk(await only_file(workspace), 0)))
    assert (folder.root / "main.py").read_text() == text(l15="fifteen")
    assert numbered.read("main.py") == text()
    await workspace.changes.accept()
    assert numbered.read("main.py") == text(l15="fifteen")


async def test_single_lines(numbered: Repository, opened: Opener) -> None:
    workspace = await opened(numbered.root)
    await workspace.apply({"main.py": text(l2="two", l4="four")})
    file = await only_file(workspace)
    lines = file.hunks[0].lines
    chosen = {(0, index) for index, line in enumerate(lines) if (line.kind, line.text) in (("-", "2"), ("+", "two"))}
    await workspace.changes.accept(Selection((Pick(file, frozenset(chosen)),)))
    assert numbered.read("main.py") == text(l2="two")
    await workspace.changes.accept()
    assert numbered.read("main.py") == text(l2="two", l4="four")


async def test_the_users_edits_go_under_what_stays_pending(numbered: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(numbered.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": text(l2="two", l15="fifteen")}))
    numbered.write({"main.py": text(l9="mine")})
    written = await workspace.changes.accept(Selection.of_hunk(await only_file(workspace), 0))
    folder.level(written.level)
    assert numbered.read("main.py") == text(l2="two", l9="mine")
    assert (folder.root / "main.py").read_text() == text(l2="two", l9="mine", l15="fifteen")
    numbered.write({"main.py": text(l2="two", l9="mine", l15="my fifteen")})
    with pytest.raises(ConflictError):
        await workspace.changes.accept()
    assert numbered.read("main.py") == text(l2="two", l9="mine", l15="my fifteen")


async def test_undo_and_redo_go_by_parts(numbered: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(numbered.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    folder.level(await workspace.apply({"main.py": text(l2="two", l10="nine", l18="fifteen")}))
    folder.level((await workspace.changes.accept(Selection.of_hunk(await only_file(workspace), 0))).level)
    folder.level((await workspace.changes.accept(Selection.of_hunk(await only_file(workspace), 0))).level)
    assert numbered.read("main.py") == text(l2="two", l10="nine")
    folder.level((await workspace.changes.undo()).level)
    assert numbered.read("main.py") == text(l2="two")
    assert (folder.root / "main.py").read_text() == text(l2="two", l18="fifteen")
    folder.level((await workspace.changes.undo()).level)
    assert numbered.read("main.py") == text()
    assert (await workspace.changes.undo()).paths == ()
    for expected in (text(l2="two"), text(l2="two", l10="nine")):
        written = await workspace.changes.redo()
        folder.level(written.level)
        assert numbered.read("main.py") == expected
        assert (folder.root / "main.py").read_text() == workspace.read("main.py")
    assert (await workspace.changes.redo()).paths == ()
    assert workspace.read("main.py") == text(l2="two", l10="nine", l18="fifteen")
    await workspace.changes.undo()
    await workspace.changes.accept()
    assert numbered.read("main.py") == text(l2="two", l18="fifteen")
    assert (await workspace.changes.redo()).paths == (), "something else was accepted since"


async def test_files_of_every_kind(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    """Whole files are chosen one at a time: new, deleted, renamed, a mode, a link in a file's place."""
    repository.write({"moved.txt": text(), "bin": b"\0\1", "kind": "kind\n"})
    repository.commit()
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    root = folder.root
    (root / "moved.txt").rename(root / "there.txt")
    (root / "there.txt").write_text(text(l3="three"))
    (root / "bin").write_bytes(b"\0\2")
    (root / "main.py").chmod(0o755)
    (root / "old.txt").unlink()
    (root / "new.py").write_text("new\n")
    (root / "kind").unlink()
    (root / "kind").symlink_to("bin")
    assert await folder.collect(workspace) == ()
    wanted = {path: facts[::2] for path, facts in folder.state().items()}
    while files := (await workspace.diff()).files:
        file = random.Random(len(files)).choice(files)
        await workspace.changes.accept(Selection.of_file(file))
        assert file not in (await workspace.diff()).files
    assert {path: facts[::2] for path, facts in repository.state().items()} == wanted
    assert (repository.root / "main.py").stat().st_mode & 0o111


async def test_a_mode_is_not_taken_with_a_hunk(numbered: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(numbered.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "main.py").write_text(text(l2="two"))
    (folder.root / "main.py").chmod(0o755)
    await folder.collect(workspace)
    await workspace.changes.accept(Selection.of_hunk(await only_file(workspace), 0))
    assert numbered.read("main.py") == text(l2="two")
    assert not (numbered.root / "main.py").stat().st_mode & 0o111
    left = await only_file(workspace)
    assert (left.old_mode, left.new_mode, left.hunks) == ("100644", "100755", ())


async def test_a_file_in_a_folders_place_cannot_go_alone(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    workspace = await opened(repository.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "old.txt").unlink()
    (folder.root / "old.txt").mkdir()
    (folder.root / "old.txt" / "inner").write_text("x")
    await folder.collect(workspace)
    before = repository.state()
    inner = next(file for file in (await workspace.diff()).files if file.path == "old.txt/inner")
    with pytest.raises(WorkspaceError, match="cannot go alone"):
        await workspace.changes.accept(Selection.of_file(inner))
    assert repository.state() == before
    both = Selection(tuple(Pick(file) for file in (await workspace.diff()).files))
    assert (await workspace.changes.accept(both)).paths == ("old.txt", "old.txt/inner")


_EDITS = st.dictionaries(
    st.sampled_from(["main.py", "lib/tool.py", "new.py"]), st.sets(st.integers(0, 19), max_size=5), min_size=1
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=_EDITS, choice=st.lists(st.booleans(), min_size=20, max_size=20))
async def test_any_subset_is_whatgit_apply_gives(edits: dict[str, set[int]], choice: list[bool], opened: Opener) -> None:
    with tempfile.TemporaryDirectory() as place:
        repository = Repository(Path(place) / "project")
        repository.write({"main.py": text(), "lib/tool.py": text()})
        repository.commit()
        scratch = Path(place) / "scratch"
        subprocess.run(["git", "clone", "-q", str(repository.root), str(scratch)], check=True)
        changed = {path: text(**{f"l{line}": "changed" for line in lines}) for path, lines in edits.items()}
        workspace = await opened(repository.root)
        await workspace.apply(changed)
        diff = await workspace.diff()
        flags = iter(choice)
        chosen = [(file, [n for n in range(len(file.hunks)) if next(flags)]) for file in diff.files]
        picks = tuple(
            Pick(file, frozenset(place for place in changed_lines(file) if place[0] in hunks))
            for file, hunks in chosen
            if hunks
        )
        git_apply(scratch, changed, {file.path: hunks for file, hunks in chosen})
        await workspace.changes.accept(Selection(picks))
        found = {path: (repository.root / path).read_bytes() for path in sorted(changed) if (repository.root / path).exists()}
        assert found == {path: (scratch / path).read_bytes() for path in sorted(changed) if (scratch / path).exists()}
        await workspace.changes.undo()
        assert repository.read("main.py") == repository.read("lib/tool.py") == text()
        await workspace.changes.redo()
        await workspace.changes.accept()
        assert {path: repository.read(path) for path in changed} == changed
        workspace.close()


def git_apply(scratch: Path, changed: Mapping[str, str | None], hunks: dict[str, list[int]]) -> None:
    """Only these hunks of the change, by git itself; a text that is None is a file that the change deletes."""
    clean = Repository.at(scratch)
    clean.write({path: text for path, text in changed.items() if text is not None})
    for path in (path for path, text in changed.items() if text is None):
        (scratch / path).unlink(missing_ok=True)
    clean.git("add", "-A")
    patch = clean.git("diff", "--cached", "--src-prefix=a/", "--dst-prefix=b/")
    clean.git("reset", "-q", "--hard")
    for part in patch.split("diff --git ")[1:]:
        head, *pieces = part.split("\n@@ ")
        path = head.split("\n")[0].partition(" b/")[2]
        body = "".join("\n@@ " + pieces[number].removesuffix("\n") for number in hunks.get(path, []))
        if body:
            subprocess.run(["git", "-C", str(scratch), "apply", "-"], input=f"diff --git {head}{body}\n".encode(), check=True)
