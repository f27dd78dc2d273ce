"""Theme files: those that ship can be used, a bad one is one line that names the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import SettingsError
from oci_tui.resources import data_folder
from oci_tui.ui import themes
from oci_tui.ui.app import OciApp
from oci_tui.ui.picture import picture
from oci_tui.ui.replay import ReplaySession

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"


@pytest.mark.parametrize("file", sorted(data_folder("themes").glob("*.toml")), ids=lambda file: file.stem)
async def test_a_shipped_theme_draws_the_workbench(file: Path) -> None:
    assert themes.load(file).name == file.stem
    assert "passed" in await picture(RECORDING, (120, 30), file.stem)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("primary = 3", "primary: expected a colour"),
        ('primary = "bleu"', "'bleu' is no colour"),
        ('primary = "#fff"\ncolour = "#fff"', "colour: no such key"),
        ('accent = "#fff"', "primary is missing"),
        ("primary = ", "cannot be read"),
        ('primary = "#fff"\ndark = "yes"', "dark: expected true or false"),
    ],
)
def test_a_bad_theme_is_one_clear_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        themes.load(file)
    assert said in str(raised.value)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("term", "more", "chosen", "worn"),
    [
        ("screen-16color", "", "", "sixteen"),
        ("linux", "", "", "sixteen"),
        ("screen", "truecolor", "", "night"),
        ("tmux-256color", "", "", "night"),
        ("screen-16color", "", "frost", "frost"),
    ],
)
def test_a_terminal_of_sixteen_colours_is_given_its_own_theme_where_none_was_chosen(
    term: str, more: str, chosen: str, worn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", more)
    assert OciApp(lambda: ReplaySession(RECORDING), Path("/src"), chosen).theme == worn


def test_the_persons_own_theme_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "oci-tui" / "themes"
    folder.mkdir(parents=True)
    (folder / "night.toml").write_text('primary = "#123456"', encoding="utf-8")
    (folder / "bad.toml").write_text("x", encoding="utf-8")
    loaded, problems = themes.load_all()
    assert {theme.name: theme for theme in loaded}["night"].primary == "#123456"
    assert len(problems) == 1
