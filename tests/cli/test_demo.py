"""`oci-tui demo` without the app: set-up, a turn, and the change accepted into the demo repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.cli.demo import FILES
from tests.calculator import scripted
from tests.cli.test_commands import oci, one_line

FIXED = """stats.py
```python
def mean(values):
    return sum(values) / len(values) if values else 0.0


def median(values):
    middle = sorted(values)[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return sum(middle) / len(middle)
```
"""


def passes(folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.docker
def test_the_demo_ends_with_passing_tests_in_the_repository(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = oci("demo", "--headless", "--folder", str(folder), *scripted(tmp_path, FIXED), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "✓ accepted stats.py" in done.stderr
    assert passes(folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    assert not passes(folder), "the repository starts with failing tests"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = oci("demo", "--headless", "--folder", str(tmp_path), "--engine", "scripted", "--replies", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "not an empty folder" in one_line(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
