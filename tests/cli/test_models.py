"""`oci-tui models` tells in lines, or in one line what is wrong."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_commands import oci


def test_info_is_lines_or_one_clear_line(tmp_path: Path) -> None:
    known = oci("models", "info", "opencodeinterpreter-cl-7b:4", cwd=tmp_path)
    assert known.returncode == 0
    assert "GPU memory needed, GB" in known.stdout
    (tmp_path / "empty").mkdir()
    for name, words in (("empty", "config.json: not found"), ("a/b/c.gguf", "no such model, file or folder")):
        said = oci("models", "info", name, cwd=tmp_path)
        assert (said.returncode, said.stdout) == (3, "")
        assert words in said.stderr
        assert said.stderr.count("\n") == 1


def test_list_names_every_model_of_the_catalogue(tmp_path: Path) -> None:
    said = oci("models", "list", cwd=tmp_path, XDG_DATA_HOME=str(tmp_path))
    assert said.returncode == 0
    assert "EXL2 at 3 4 5 6 8 bits (Apache-2.0)" in said.stdout
    assert "✓" not in said.stdout
    assert "()" not in said.stdout
