"""The workspace's bench on a small repository: it runs, and each figure has its reference beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from oci_tui.workspace.bench import generate
from tests.bench.workspace import measured


@pytest.mark.docker
async def test_the_workspace_bench_runs(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    size = generate(root, 300)
    listed = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True).stdout
    assert listed.count(b"\n") == 300
    assert sum(path.stat().st_size for path in root.rglob("f*.py")) > size
    seed, baseline, snapshot, diff = await measured(root, 1)
    assert "3.0" in f"{seed.limit_s / seed.reference_s:.1f}"
    for row in (seed, baseline, snapshot):
        assert row.seconds > 0
        assert row.reference_s > 0
        assert "×" in str(row)
    assert (diff.seconds > 0, diff.limit_s) == (True, 0.1)
    slow = diff._replace(seconds=0.11)
    assert str(slow).endswith("TOO SLOW")
    assert str(diff._replace(seconds=0.09)).endswith("ok")
