"""Any edits of both sides, any hunks of them accepted: what git's own merge gives, nothing lost, undo takes it back (fault F8).

The reference is a scratch repository in which git applies the chosen hunks to one branch and merges the other into it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci_tui.core.errors import ConflictError
from oci_tui.core.selection import Pick, Selection, changed_lines
from oci_tui.workspace.past import folder_of
from oci_tui.workspace.tree import blob_id
from tests.workspace.repository import Opener, PlainFolder, Repository
from tests.workspace.test_choosing import git_apply
from tests.workspace.test_patch import TREES
from tests.workspace.test_patch import lay as lay_tree

EXAMPLES = 200 if "SOAK" in os.environ else 12
NAMES = ["a.txt", "b.txt", "dir/c.txt", "new.txt"]
LENGTH = 24

# A side of the merge: for each file it touches the lines that it changes, or None for a file that it deletes.
_EDITS = st.dictionaries(st.sampled_from(NAMES), st.none() | st.sets(st.integers(0, LENGTH - 1), max_size=4), max_size=4)
_SUBSET = st.lists(st.booleans(), min_size=40, max_size=40)


def base_text(name: str) -> str:
    return "".join(f"{name} {number}\n" for number in range(LENGTH))


def edited(edits: dict[str, set[int] | None], who: str) -> dict[str, str | None]:
    """The texts that a side leaves; "new.txt" is no file before."""
    texts: dict[str, str | None] = {}
    for name, lines in edits.items():
        if lines is None:
            texts[name] = None
        else:
            rows = base_text(name).splitlines()
            texts[name] = "".join(f"{who} {row}\n" if number in lines else f"{row}\n" for number, row in enumerate(rows))
    return texts


def lay(root: Path, texts: dict[str, str | None]) -> None:
    for name, text in texts.items():
        path = root / name
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


def reference(
    scratch: Repository, mine: dict[str, str | None], theirs: dict[str, str | None], chosen: dict[str, list[int]]
) -> bool:
    """Let the scratch repository hold git's merge of both sides; whether there was a conflict."""
    scratch.git("checkout", "-q", "-b", "theirs")
    git_apply(scratch.root, theirs, chosen)
    scratch.git("add", "-A")
    scratch.git("commit", "-q", "--allow-empty", "-m", "theirs")
    scratch.git("checkout", "-q", "main")
    lay(scratch.root, mine)
    scratch.git("add", "-A")
    scratch.git("commit", "-q", "--allow-empty", "-m", "mine")
    command = ["git", "-C", str(scratch.root), "-c", "user.name=x", "-c", "user.email=x@x", "merge", "-q", "-X", "no-renames"]
    return subprocess.run([*command, "-m", "merged", "theirs"], check=False, capture_output=True).returncode != 0


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(my_edits=_EDITS, their_edits=_EDITS, subset=_SUBSET)
async def test_the_result_is_gits_own_merge(
    my_edits: dict[str, set[int] | None], their_edits: dict[str, set[int] | None], subset: list[bool], opened: Opener
) -> None:
    with tempfile.TemporaryDirectory() as place:
        repository = Repository(Path(place) / "project")
        repository.write({name: base_text(name) for name in NAMES[:-1]})
        repository.commit()
        scratch = Repository.at(Path(place) / "scratch")
        shutil.copytree(repository.root, scratch.root)
        private = repository.private()
        workspace = await opened(repository.root)
        mine, theirs = edited(my_edits, "mine"), edited(their_edits, "theirs")

        # the model deletes through the sandbox's listing, and writes whole texts
        await workspace.apply({name: text for name, text in theirs.items() if text is not None})
        gone = {name for name, text in theirs.items() if text is None}
        kept = b"".join(b"f 644 1 1.0 1 %s\0" % name.encode() for name in workspace.paths() if name not in gone)
        everything = b"".join(b"f 644 1 1.0 1 %s\0" % name.encode() for name in workspace.paths())
        workspace.synced(everything)
        assert await workspace.bring_back(kept, b"") == ()
        diff = await workspace.diff()
        wanted = iter(subset)
        hunks = {file.path: [number for number in range(len(file.hunks)) if next(wanted)] for file in diff.files}
        picks = tuple(
            Pick(file, frozenset(where for where in changed_lines(file) if where[0] in hunks[file.path]))
            for file in diff.files
            if hunks[file.path]
        )
        conflict = reference(scratch, mine, theirs, hunks)
        lay(repository.root, mine)
        before = repository.state()
        try:
            await workspace.changes.accept(Selection(picks))
        except ConflictError:
            assert conflict, "git can merge it"
            assert repository.state() == before, "nothing was written"
        else:
            assert not conflict, "git cannot merge it"
            assert repository.state() == scratch.state()
            shadow = ["git", "--git-dir", str(folder_of(repository.root) / "shadow.git"), "cat-file", "-e"]
            for pick in picks:
                text = mine.get(pick.file.path, None if pick.file.status == "added" else base_text(pick.file.path))
                if text is not None:
                    subprocess.run([*shadow, blob_id(text.encode())], check=True)
            await workspace.changes.undo()
            assert repository.state() == before, "undo after accept is the identity"
            await workspace.changes.redo()
            assert repository.state() == scratch.state()
        assert repository.private() == private, ".git is as it was, to the nanosecond"
        workspace.close()


Tree = dict[bytes, tuple[str, bytes]]
State = dict[bytes, tuple[str, int, str]]


def written(scratch: Repository, folder: Path, names: set[bytes]) -> str:
    """The id git gives, in the scratch repository, to what a folder holds of these names."""
    there = [name for name in sorted(names) if _kind(folder, name) == "file"]
    index = scratch.root.parent / "index"
    index.unlink(missing_ok=True)
    extra = {**os.environ, "GIT_INDEX_FILE": str(index)}
    command = ["git", "--git-dir", str(scratch.root / ".git"), "--work-tree", str(folder)]
    subprocess.run(
        [*command, "update-index", "--add", "-z", "--stdin"], cwd=folder, input=b"\0".join(there), check=True, env=extra
    )
    return subprocess.run([*command, "write-tree"], check=True, capture_output=True, text=True, env=extra).stdout.strip()


def _kind(folder: Path, name: bytes) -> str:
    """What is at a name: "file" (or a link), "none", or "other": a folder, or what is behind something that is none."""
    path = os.path.join(os.fsencode(folder), name)
    try:
        return "other" if os.path.isdir(path) and not os.path.islink(path) else "file" if os.lstat(path) else ""
    except NotADirectoryError:
        return "other"
    except FileNotFoundError:
        return "none"


def others(state: State, names: set[bytes]) -> State:
    return {name: fact for name, fact in state.items() if name not in names}


def merged(scratch: Repository, base: str, mine: str, theirs: str) -> str:
    """What git makes of the three states; "" for a conflict."""
    root = scratch.git("commit-tree", base, "-m", "base").strip()
    sides = [scratch.git("commit-tree", tree, "-p", root, "-m", "side").strip() for tree in (mine, theirs)]
    command = ["git", "-C", str(scratch.root), "-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", *sides]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=TREES, my_tree=TREES, their_tree=TREES)
async def test_whole_trees_of_every_kind(base: Tree, my_tree: Tree, their_tree: Tree, opened: Opener) -> None:
    """Binary files, modes, links, odd names, files in folders' places: git's merge of the files that the change is about."""
    with tempfile.TemporaryDirectory() as place:
        scratch = Repository(Path(place) / "scratch")
        repository = Repository(Path(place) / "project")
        lay_tree(repository.root, base)
        private = repository.private()
        workspace = await opened(repository.root)
        folder = PlainFolder(Path(place) / "sandbox")
        folder.fill(workspace)
        lay_tree(folder.root, their_tree)
        assert await folder.collect(workspace) == ()
        about = {name for name in base | their_tree if base.get(name) != their_tree.get(name)}
        ids = [written(scratch, repository.root, about)]
        lay_tree(repository.root, my_tree)
        ids += [written(scratch, repository.root, about), written(scratch, folder.root, about)]
        expected = merged(scratch, *ids)
        blocked = any(name in their_tree and _kind(repository.root, name) == "other" for name in about)
        before = repository.state()
        try:
            await workspace.changes.accept()
        except ConflictError:
            assert blocked or not expected, "git can merge it"
            assert repository.state() == before, "nothing was written"
        else:
            assert written(scratch, repository.root, about) == expected
            assert others(repository.state(), about) == others(before, about)
            await workspace.changes.undo()
            assert repository.state() == before, "undo after accept is the identity"
        assert repository.private() == private
        workspace.close()
