"""A commit of exactly what was accepted, by the user's own git; all else of their repository stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Opener, PlainFolder, Repository

TEN = [f"{number}\n" for number in range(10)]


def text(**lines: str) -> str:
    return "".join(lines.get(f"l{number}", line.rstrip()) + "\n" for number, line in enumerate(TEN))


@pytest.fixture
def person(repository: Repository) -> Repository:
    """A repository whose owner has an identity, a ten-line file, staged work and a stash."""
    repository.write({"main.py": text(), "staged.py": "before\n"})
    repository.commit()
    repository.git("config", "user.name", "Person")
    repository.git("config", "user.email", "person@example.org")
    repository.write({"old.txt": "stashed\n"})
    repository.git("stash")
    repository.write({"staged.py": "staged\n", "lib/tool.py": "not staged\n"})
    repository.git("add", "staged.py")
    return repository


async def accepted(workspace: GitWorkspace, **files: str) -> None:
    await workspace.apply({name.replace("_", "."): content for name, content in files.items()})
    await workspace.changes.accept()


def show(repository: Repository, *arguments: str) -> str:
    return repository.git("show", "--format=", *arguments)


async def test_exactly_the_accepted_change(person: Repository, opened: Opener) -> None:
    workspace = await opened(person.root)
    stash, branch, head = person.git("stash", "list"), person.git("symbolic-ref", "HEAD"), person.git("rev-parse", "HEAD")
    await accepted(workspace, main_py=text(l2="two"), new_py="new\n")
    assert await workspace.changes.uncommitted() == ("main.py", "new.py")
    made = await workspace.changes.commit("Two, and new\n\nBecause.")
    assert (made.id, made.paths) == (person.git("rev-parse", "HEAD").strip(), ("main.py", "new.py"))
    assert person.git("log", "-1", "--format=%B%an%P").split("\n", 4) == [
        "Two, and new",
        "",
        "Because.",
        f"Person{head.strip()}",
        "",
    ]
    assert person.git("diff-tree", "-r", "--name-only", "HEAD~", "HEAD").split() == ["main.py", "new.py"]
    assert person.git("status", "--porcelain").splitlines() == [" M lib/tool.py", "M  staged.py"]
    assert (person.git("stash", "list"), person.git("symbolic-ref", "HEAD")) == (stash, branch)
    assert person.git("reflog", "-1", "--format=%gs") == "commit: Two, and new\n"
    assert (await workspace.changes.commit("again")).id == "", "there is nothing left to commit"
    assert await workspace.changes.uncommitted() == ()
    assert [kept.kind for kept in await workspace.history.log()] == ["accepted", "committed"]
    await workspace.changes.undo()
    assert person.git("status", "--porcelain", "main.py", "new.py").splitlines() == [" M main.py", " D new.py"]


async def test_edits_of_the_same_file_stay_out(person: Repository, opened: Opener) -> None:
    """What the user has changed, staged or not, in other lines of the file is not in the commit and stays as it was."""
    person.write({"main.py": text(l9="staged")})
    person.git("add", "main.py")
    person.write({"main.py": text(l9="staged", l5="unstaged")})
    workspace = await opened(person.root)
    await accepted(workspace, main_py=text(l9="staged", l5="unstaged", l1="ONE"))
    await accepted(workspace, main_py=text(l9="staged", l5="unstaged", l1="ONE", l3="THREE"))
    await workspace.changes.commit("Two accepts")
    assert show(person, "HEAD:main.py") == text(l1="ONE", l3="THREE")
    assert show(person, ":main.py") == text(l9="staged", l1="ONE", l3="THREE")
    assert person.read("main.py") == text(l9="staged", l5="unstaged", l1="ONE", l3="THREE")


@pytest.mark.parametrize("staged", [False, True])
async def test_a_change_of_uncommitted_lines_cannot_go_alone(person: Repository, opened: Opener, staged: bool) -> None:
    workspace = await opened(person.root)
    if not staged:
        person.write({"main.py": text(l5="mine")})
        await workspace.refresh()
    await accepted(workspace, main_py=text(l5="model"))
    if staged:
        person.write({"main.py": text(l5="mine")})
        person.git("add", "main.py")
    before = person.git("rev-parse", "HEAD"), person.git("ls-files", "--stage"), person.state()
    with pytest.raises(WorkspaceError, match=r"not committed: main\.py (builds on edits|has other edits staged)"):
        await workspace.changes.commit("No")
    assert (person.git("rev-parse", "HEAD"), person.git("ls-files", "--stage"), person.state()) == before
    assert await workspace.changes.uncommitted() == ("main.py",)


async def test_the_users_hooks_run_and_may_refuse(person: Repository, opened: Opener, tmp_path: Path) -> None:
    hooks = person.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-commit").write_text("#!/bin/sh\ngit diff --cached --name-only; echo refused by taste >&2; exit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    workspace = await opened(person.root)
    await accepted(workspace, main_py=text(l2="two"))
    index = person.git("ls-files", "--stage")
    with pytest.raises(WorkspaceError, match=r"git commit: main\.py; refused by taste"):
        await workspace.changes.commit("No")
    assert person.git("ls-files", "--stage") == index
    fix = "#!/bin/sh\nsed -i s/two/2./ main.py && git add main.py\n"
    (hooks / "pre-commit").write_text(fix)
    (hooks / "post-commit").write_text(f"#!/bin/sh\ntouch {tmp_path}/came\n")
    (hooks / "post-commit").chmod(0o755)
    await workspace.changes.commit("Yes")
    assert (tmp_path / "came").exists()
    assert show(person, "HEAD:main.py") == show(person, ":main.py") == person.read("main.py") == text(l2="2.")
    assert person.git("status", "--porcelain").splitlines() == [" M lib/tool.py", "M  staged.py"]


async def test_filters_and_line_ends_are_gits(person: Repository, opened: Opener) -> None:
    person.write({".gitattributes": "*.crlf text eol=crlf\n*.up filter=up\n", "a.crlf": "one\r\ntwo\r\n", "b.up": "up\n"})
    person.git("config", "filter.up.clean", "tr a-z A-Z")
    person.git("config", "filter.up.smudge", "tr A-Z a-z")
    person.git("add", ".gitattributes", "a.crlf", "b.up")
    person.git("commit", "-q", "-m", "attributes")
    workspace = await opened(person.root)
    await workspace.apply({"a.crlf": "one\r\n2\r\n", "b.up": "up up\n"})
    await workspace.changes.accept()
    await workspace.changes.commit("Filtered")
    assert show(person, "HEAD:a.crlf") == "one\n2\n"
    assert show(person, "HEAD:b.up") == "UP UP\n"
    assert person.git("status", "--porcelain", "--", "*.crlf", "*.up") == ""


async def test_files_of_every_kind(person: Repository, opened: Opener, tmp_path: Path) -> None:
    person.write({"bin": b"\0\1", "lib/gone.py": "x\n"})
    person.git("add", "bin", "lib/gone.py")
    person.git("commit", "-q", "-m", "more")
    workspace = await opened(person.root)
    folder = PlainFolder(tmp_path / "sandbox")
    folder.fill(workspace)
    (folder.root / "bin").write_bytes(b"\0\2")
    (folder.root / "main.py").chmod(0o755)
    (folder.root / "lib" / "gone.py").unlink()
    (folder.root / "old.txt").unlink()
    (folder.root / "old.txt").mkdir()
    (folder.root / "old.txt" / "inner").write_text("x")
    (folder.root / "link").symlink_to("main.py")
    Path(f"{folder.root}/\udcff -x").write_text("odd\n")
    assert await folder.collect(workspace) == ()
    await workspace.changes.accept()
    await workspace.changes.commit("Everything")
    assert person.git("status", "--porcelain").splitlines() == [" M lib/tool.py"]
    assert "120000" in person.git("ls-tree", "HEAD", "link")
    assert person.git("ls-tree", "HEAD", "main.py").startswith("100755")


async def test_the_first_commit_of_all(tmp_path: Path, opened: Opener) -> None:
    repository = Repository(tmp_path / "fresh")
    repository.git("config", "user.name", "Person")
    repository.git("config", "user.email", "person@example.org")
    repository.write({"mine.txt": "mine\n"})
    repository.git("add", "mine.txt")
    workspace = await opened(repository.root)
    await accepted(workspace, a_py="a\n")
    await workspace.changes.commit("First")
    assert repository.git("log", "--format=%s") == "First\n"
    assert repository.git("status", "--porcelain") == "A  mine.txt\n"


async def test_what_git_is_in_the_middle_of_is_left_alone(person: Repository, opened: Opener) -> None:
    person.git("commit", "-q", "-a", "-m", "mine")
    person.git("checkout", "-q", "-b", "side", "HEAD~")
    person.write({"main.py": text(l8="side")})
    person.commit()
    workspace = await opened(person.root)
    await accepted(workspace, new_py="new\n")
    person.git("merge", "-q", "--no-commit", "--no-ff", "main")
    with pytest.raises(WorkspaceError, match="in the middle of something here \\(MERGE_HEAD\\)"):
        await workspace.changes.commit("No")
    person.git("merge", "--abort")
    lock = person.root / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(WorkspaceError, match=r"index\.lock"):
        await workspace.changes.commit("No")
    lock.unlink()
    assert (await workspace.changes.commit("Yes")).paths == ("new.py",)


async def test_without_an_identity_git_says_so(repository: Repository, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL", "")
    repository.git("config", "user.useConfigOnly", "true")
    workspace = await opened(repository.root)
    await accepted(workspace, new_py="new\n")
    index = repository.git("ls-files", "--stage")
    with pytest.raises(WorkspaceError, match=r"no email was given|tell me who you are"):
        await workspace.changes.commit("No")
    assert repository.git("ls-files", "--stage") == index


async def test_a_worktree_commits_on_its_own_branch(person: Repository, opened: Opener, tmp_path: Path) -> None:
    person.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository.at(tmp_path / "side")
    workspace = await opened(side.root)
    await accepted(workspace, main_py=text(l2="two"))
    before = person.git("rev-parse", "main"), person.git("status", "--porcelain")
    made = await workspace.changes.commit("Side")
    assert side.git("rev-parse", "side").strip() == made.id
    assert side.git("status", "--porcelain") == ""
    assert before == (
        person.git("rev-parse", "main"),
        person.git("status", "--porcelain"),
    )
