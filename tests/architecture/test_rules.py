"""The rules that keep the rooms apart, run by a machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from oci_tui.settings import keys

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "oci_tui"


def modules_after(code: str) -> set[str]:
    """What is imported after `code` ran in a fresh process."""
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_no_heavy_library() -> None:
    code = "import oci_tui.cli as c\ntry: c._group.main(['--help'], standalone_mode=False)\nexcept SystemExit: pass"
    loaded = {name.partition(".")[0] for name in modules_after(code)}
    assert not loaded & {
        "textual",
        "torch",
        "docker",
        "git",
        "rich",
        "xllamacpp",
        "huggingface_hub",
        "jinja2",
        "prompt_toolkit",
        "tree_sitter",
    }
    assert "click" in loaded


def test_the_app_does_not_import_engines_or_docker() -> None:
    loaded = {name.partition(".")[0] for name in modules_after("import oci_tui.ui.app")}
    assert not loaded & {"torch", "docker", "git", "xllamacpp", "huggingface_hub", "jinja2"}
    assert "textual" in loaded


def test_core_needs_nothing_but_msgspec() -> None:
    every = [f"oci_tui.core.{name}" for name in ("session", "context", "events", "feedback", "terminal", "check")]
    code = "\n".join(f"import {name}" for name in every)
    loaded = {name.partition(".")[0] for name in modules_after(code) - modules_after("pass")}
    # msgspec itself imports typing_extensions where it is there
    assert loaded - set(sys.stdlib_module_names) <= {"oci_tui", "msgspec", "typing_extensions"}


def test_modules_are_short_and_say_their_purpose() -> None:
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith('"""'), f"{file}: no docstring"
        assert text.count("\n") <= 400, f"{file}: is it two modules?"


def test_there_is_no_room_without_a_word() -> None:
    banned = {"utils", "common", "helpers", "base", "manager"}
    assert not [file for file in PACKAGE.rglob("*") if file.stem in banned]


def test_the_top_level_holds_what_was_agreed() -> None:
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    top = {name.partition("/")[0] for name in tracked if not name.startswith(".")}
    assert top <= {"pyproject.toml", "README.md", "LICENSE", "oci_tui", "sandboxes", "tests", "themes"}


def test_every_setting_says_what_it_is() -> None:
    """The settings screen, the help and the errors take it from there."""
    assert [key.id for key in keys() if not key.doc] == []
    assert len(keys()) > 50
