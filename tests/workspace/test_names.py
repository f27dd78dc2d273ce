"""Names from outside: what may be taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.workspace import names


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"/etc/passwd",
        b"../x",
        b"a/../b",
        b"a//b",
        b"./a",
        b"a/",
        b".git/config",
        b"a/.git/hooks/x",
        b".GIT/x",
        b".git. /x",
        b".git ",
        b"git~1/config",
        b"GIT~2",
        b"gi7eba~1",
        b".g\xe2\x80\x8cit/x",
        b".git::$INDEX_ALLOCATION/x",
        b".git\xef\xbb\xbf/x",
        b"a\0b",
        b"x" * 256,
        b"/".join([b"d"] * 65),
        b"d/" * 30 + b"/".join([b"y" * 255] * 16),
    ],
)
def test_dangerous_names_are_refused(path: bytes) -> None:
    assert names.refusal(path)


@pytest.mark.parametrize(
    "path",
    [
        b"a",
        b".gitignore",
        b".github/x",
        b"legit",
        b"git",
        b"a b\n\xff",
        b"x" * 255,
        b"/".join([b"d"] * 64),
        b"digit~1.txt",
        b"...",
    ],
)
def test_ordinary_names_are_taken(path: bytes) -> None:
    assert names.refusal(path) == ""


@given(st.binary(max_size=40))
def test_what_is_taken_stays_inside(path: bytes) -> None:
    if names.refusal(path) == "":
        parts = path.split(b"/")
        assert not {b"", b".", b".."} & set(parts)
        assert not any(part.lower().rstrip(b". ") == b".git" for part in parts)


def test_a_folder_that_git_takes_for_a_repository_is_found() -> None:
    layout = {b"deep/x/HEAD", b"deep/x/objects/aa/b", b"deep/x/refs/heads/main"}
    assert names.bare_repositories(layout) == [b"deep/x/"]
    assert names.bare_repositories(layout - {b"deep/x/HEAD"}) == []
    assert names.bare_repositories({b"HEAD", b"objects/a", b"refs/b"}) == [b""]
    assert names.bare_repositories({b"docs/HEAD", b"objects/a", b"refs/b"}) == []
