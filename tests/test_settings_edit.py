"""Settings changed while the app runs: refused in one line, taken back, saved with all that is not ours kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import SettingsError
from oci_tui.settings import Key, keys, load, loaded
from oci_tui.settings_edit import HERE, EditedSettings, form, shown

WRITTEN = """# mine, for the big machine
[engine]
model = "a"   # the small one
# a window that fits
context = 4096

[ui]
keys = { accept = "f9" }
"""


def key(name: str) -> Key:
    return next(each for each in keys() if each.id == name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN)
    return file


def test_a_change_holds_at_once_and_reaches_the_file_only_when_saved(file: Path) -> None:
    edited = EditedSettings(loaded(file=file))
    edited.change({"engine.context": "2048"})
    edited.change({"agent.rounds": "5"})
    assert (edited.now.engine.context, edited.now.agent.rounds, edited.unsaved) == (2048, 5, 2)
    assert edited.origin(key("engine.context")) == HERE
    assert file.read_text() == WRITTEN
    assert edited.save() == []
    assert file.read_text() == WRITTEN.replace("4096", "2048") + "\n[agent]\nrounds = 5\n"
    assert load(file=file) == edited.now
    assert edited.unsaved == 0
    assert edited.origin(key("agent.rounds")) == f"{file}, your settings file"


def test_what_is_set_back_to_the_default_leaves_the_file(file: Path) -> None:
    edited = EditedSettings(loaded(file=file))
    edited.change({"engine.context": key("engine.context").default})
    edited.change({"ui.keys": "accept = f10, console.error = ctrl+e"})
    edited.save()
    assert "context" not in file.read_text()
    assert 'keys = {accept = "f10", "console.error" = "ctrl+e"}' in file.read_text()
    assert load(file=file) == edited.now


def test_what_cannot_be_used_is_one_line_and_changes_nothing(file: Path) -> None:
    edited = EditedSettings(loaded(file=file))
    for name, text, said in (
        ("engine.context", "many", "engine.context: expected `int`"),
        ("engine.context", "100", "engine.context: expected 0 or at least 512"),
        ("engine.max_new_tokens", "5000", "expected less than engine.context"),
        ("sampling.top_p", "2", "expected `float` <= 1"),
        ("ui.notify", "loud", "expected one of auto, bell, off"),
        ("engine.gpu_split", "1, x", "expected `float`"),
    ):
        with pytest.raises(SettingsError, match=said) as raised:
            edited.change({name: text})
        assert "\n" not in str(raised.value)
    assert edited.unsaved == 0
    assert edited.now == load(file=file)


def test_where_a_value_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCI_AGENT_ROUNDS", "4")
    edited = EditedSettings(loaded({"check.command": "make test"}, file))
    said = {name: edited.origin(key(name)) for name in ("engine.model", "agent.rounds", "check.command", "ui.theme")}
    assert said == {
        "engine.model": f"{file}, your settings file",
        "agent.rounds": "OCI_AGENT_ROUNDS, the environment",
        "check.command": "--check, a flag",
        "ui.theme": "default",
    }
    edited.change({"agent.rounds": "6"})
    assert edited.save() == ["OCI_AGENT_ROUNDS still comes before agent.rounds"]


def test_taking_back_and_odd_values(file: Path) -> None:
    edited = EditedSettings(loaded(file=file))
    edited.change({"sampling.temperature": "0.5"})
    edited.change({"engine.gpu_split": "10, 12.5"})
    assert (edited.now.sampling.temperature, edited.now.engine.gpu_split) == (0.5, (10.0, 12.5))
    edited.change({"sampling.temperature": ""})
    edited.take_back(key("engine.gpu_split"))
    assert edited.unsaved == 0


def test_a_file_that_cannot_be_saved_stays_and_says_why(file: Path) -> None:
    edited = EditedSettings(loaded(file=file))
    edited.change({"agent.rounds": "5"})
    file.write_text("[engine\n")
    with pytest.raises(SettingsError, match=r"config\.toml: cannot be read: .*mend it, then save again"):
        edited.save()
    assert file.read_text() == "[engine\n"
    assert edited.unsaved == 1


def test_a_file_and_folder_that_are_not_there_are_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    edited = EditedSettings(loaded(file=file))
    edited.change({"workspace.include": "a, b"})
    edited.save()
    assert file.read_text() == '[workspace]\ninclude = ["a", "b"]\n'


def test_a_link_to_the_file_stays_one_and_its_mode_too(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    file.chmod(0o600)
    edited = EditedSettings(loaded(file=link))
    edited.change({"agent.rounds": "5"})
    edited.save()
    assert link.is_symlink()
    assert "rounds = 5" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_every_key_says_its_form_and_shows_its_default() -> None:
    assert {each.id for each in keys() if not form(each)} == set()
    for each in keys():
        edited = EditedSettings(loaded(file=Path("/nonexistent")))
        edited.change({each.id: shown(each.default)})
        assert edited.now == load(file=Path("/nonexistent")), each.id
