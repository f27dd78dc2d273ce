"""What stays out of the mirror is told in every front end, with how to let it in; a flag or a command does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.calculator import FILES, FIXED, MakeRepository, scripted
from tests.cli.test_chat import Terminal
from tests.cli.test_commands import oci

pytestmark = pytest.mark.docker

READ = "```bash\nfor file in .env data/x.csv large.bin; do [ -e $file ] && wc -c $file; done; echo looked\n```"


@pytest.fixture
def root(make_repository: MakeRepository) -> Path:
    made = make_repository({**FILES, "calc.py": FIXED, ".env": "TOKEN=1\n", ".gitignore": "/data/\n"})
    (made / "data").mkdir()
    (made / "data" / "x.csv").write_text("1,2\n" * 500)
    (made / "large.bin").write_bytes(bytes(11 << 20))
    return made


def test_headless(root: Path, tmp_path: Path) -> None:
    flags = scripted(tmp_path, READ, "Done.")
    done = oci("run", "look", *flags, cwd=root)
    for line in (
        "2 left out: 1 a secret by its name, 1 not tracked and larger than 10 MiB",
        "  left out .env: a secret by its name",
        "  left out large.bin: not tracked and larger than 10 MiB",
        "  left out data/ is ignored by git (1 file, 2.0 kB)",
        "--include PATH",
        "--ignored FOLDER",
        "◌ workspace: read …",
        "◌ sandbox: copied …",
    ):
        assert line in done.stderr, done.stderr
    assert "8 .env" not in done.stderr
    assert "looked" in done.stderr

    flags = scripted(tmp_path, READ, "Done.")
    let_in = ("--include", ".env", "--include", "large.bin", "--ignored", "data")
    done = oci("run", "look", *flags, *let_in, cwd=root)
    for size in ("8 .env", "2000 data/x.csv", f"{11 << 20} large.bin"):
        assert size in done.stderr, done.stderr
    assert "left out" not in done.stderr
    assert "the repository has no such file" not in done.stderr


def test_what_is_to_go_in_and_is_not_there_is_said(root: Path, tmp_path: Path) -> None:
    let_in = ("--include", "nope.env", "--include", ".env", "--ignored", "nope", "--ignored", "data/")
    done = oci("run", "look", *scripted(tmp_path, "Nothing."), *let_in, cwd=root)
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if line.startswith(("  include ", "  ignored "))]
    assert told == [
        "  include nope.env: the repository has no such file (what git ignores goes in with --ignored)",
        "  ignored nope: there is nothing that git ignores",
    ]


def test_in_the_chat(root: Path, tmp_path: Path) -> None:
    terminal = Terminal(sys.executable, "-m", "oci_tui", "chat", *scripted(tmp_path, READ, "Done.", READ, "Done."), cwd=root)
    assert "left out .env" in terminal.until("/help names the commands.")
    terminal.type("look")
    assert "8 .env" not in terminal.until("passed after")
    terminal.type("/include .env")
    terminal.until(".env goes in with the next prompt")
    terminal.type("look")
    shown = terminal.until("passed after")
    assert "you edited .env" in shown
    assert "8 .env" in shown
    terminal.type("/quit")
    assert terminal.exit_code() == 0
