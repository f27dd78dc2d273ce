"""What a reviewer should look at twice."""

from __future__ import annotations

import pytest

from oci_tui.core.diff import FileDiff, Hunk, Line
from oci_tui.workspace.flags import flags


def change(path: str, *, mode: str = "100644", old: str = "100644", text: str = "plain") -> FileDiff:
    return FileDiff(path, "modified", path, old, mode, False, (Hunk(0, 0, 1, 1, "", (Line("+", text, None, 1),)),))


@pytest.mark.parametrize(
    ("path", "flag"),
    [
        (".github/workflows/x.yml", "runs in CI"),
        (".gitlab-ci.yml", "runs in CI"),
        ("a/.envrc", "runs on checkout"),
        (".vscode/tasks.json", "runs on checkout"),
        (".gitattributes", "runs on checkout"),
        ("sub/.gitmodules", "runs on checkout"),
        ("setup.py", "runs on install"),
        ("x/conftest.py", "runs on install"),
        ("evil.pth", "runs on install"),
        ("Dockerfile", "runs on install"),
        ("Makefile", "runs on install"),
        ("AGENTS.md", "agent instructions"),
        ("x/.claude/settings.json", "agent instructions"),
        ("src/main.py", ""),
        ("docs/github/x.yml", ""),
        ("my_setup.py", ""),
    ],
)
def test_by_name(path: str, flag: str) -> None:
    assert flags(change(path), size=5) == ((flag,) if flag else ())


def test_by_mode() -> None:
    assert flags(change("x", mode="100755"), size=5) == ("executable",)
    assert flags(change("x", mode="100755", old="100755"), size=5) == ()


@pytest.mark.parametrize(
    ("path", "target", "leaves"),
    [
        ("a/b", "../c", False),
        ("a/b", "../../c", True),
        ("b", "/etc", True),
        ("b", ".git/config", True),
        ("b", "x/../../y", True),
        ("b", "..x", False),
    ],
)
def test_symlinks(path: str, target: str, leaves: bool) -> None:
    found = flags(change(path, mode="120000"), size=5, target=target)
    assert ("symlink leaves the tree" in found) == leaves
    assert "symlink" in found


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\u2066", "\x1b", "\U000e0041", "\x9b"])
def test_hidden_characters(sign: str) -> None:
    assert flags(change("x", text=f"a{sign}b"), size=5) == ("hidden characters",)
    assert flags(change(f"a{sign}b"), size=5) == ("hidden characters",)


def test_ordinary_text_is_not_flagged() -> None:
    assert flags(change("x", text="tab\tünï ✓ 🎉\r"), size=5) == ()
