"""Repositories to work on, each with a home of its own so that the person's git settings do not count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oci_tui.workspace.git import GitWorkspace
from tests.workspace.repository import Opener, Repository


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("person")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit of three files."""
    made = Repository(tmp_path / "project")
    made.write({"main.py": "one\ntwo\nthree\nfour\nfive\n", "lib/tool.py": "print('tool')\n", "old.txt": "old\n"})
    made.commit()
    return made


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens workspaces and closes them after the test."""
    workspaces: list[GitWorkspace] = []
    yield Opener(workspaces)
    for workspace in workspaces:
        workspace.close()
