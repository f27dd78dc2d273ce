"""Theme files: those that ship can be used, a bad one is one line that names the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import SettingsError
from oci_tui.resources import config_folder, data_folder
from oci_tui.ui import themes
from oci_tui.ui.app import OciApp
from oci_tui.ui.picture import picture
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import on_screen, opened, text_of, until

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
        ('primary = "#fff"\ntext_alpha = "a"', "text_alpha: expected a number"),
        ('primary = "$accent"', "'$accent' is no colour"),
        ('primary = "#fff"\nvariables = 3', "variables: expected a table"),
        ('primary = "#fff"\n[variables]\nink-muted = "#fff 1x%"', "ink-muted: '#fff 1x%' is no colour"),
        ('primary = "#fff"\n[variables]\nscrollbar = "bogus"', "scrollbar: 'bogus' is no colour"),
        ('primary = "#fff"\n[variables]\nlink-style = "bogus"', "link-style: 'bogus' is no style"),
        ('primary = "#fff"\n[variables]\nrule = "$nothing 14%"', "rule: '$nothing 14%' names no colour"),
        ('primary = "#fff"\n[variables]\nrule = "$rule"', "rule: '$rule' names no colour"),
        ("primary = " + "[" * 3000, "cannot be read"),
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


async def test_a_dangling_link_and_an_editors_lock_cost_at_most_a_word() -> None:
    folder = config_folder() / "themes"
    folder.mkdir(parents=True)
    (folder / "early.toml").symlink_to("nowhere")
    async with opened() as (app, pilot, _):
        await until(pilot, lambda: "early.toml:cannotberead" in "".join(text_of(app.workbench.transcript).split()))
        (folder / ".#night.toml").symlink_to("me@host.1:2")
        (folder / "late.toml").symlink_to("nowhere")
        await until(pilot, lambda: "late.toml: cannot be read" in on_screen(app))
        (folder / "late.toml").unlink()
        (folder / "night.toml").write_text('primary = "#ff0000"\nbackground = "#010203"', encoding="utf-8")
        await until(pilot, lambda: app.workbench.background_colors[1].hex == "#010203")
        assert "#night" not in text_of(app.workbench.transcript) + on_screen(app)
