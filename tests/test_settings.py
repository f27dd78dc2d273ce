"""Settings from file, environment and flags; an error names where it stands and what is expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from oci_tui import settings
from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import CREATIVE, PRECISE, Sampling


def test_defaults_need_no_file(tmp_path: Path) -> None:
    assert settings.load(file=tmp_path / "none.toml") == settings.Settings()


def test_flags_beat_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[engine]\nmodel = "a"\ncontext = 1536\n[agent]\nrounds = 5\n')
    monkeypatch.setenv("OCI_ENGINE_CONTEXT", "2048")
    monkeypatch.setenv("OCI_ENGINE_GPU_SPLIT", "10, 12.5")
    loaded = settings.load({"agent.rounds": 7, "engine.kind": None}, file)
    assert (loaded.engine.model, loaded.engine.context, loaded.agent.rounds) == ("a", 2048, 7)
    assert loaded.engine.gpu_split == (10.0, 12.5)


def test_a_preset_holds_until_a_value_beside_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    assert settings.load(file=file).sampling.sampling() == PRECISE == Sampling(temperature=0.0)
    assert settings.load({"sampling.preset": "creative"}, file).sampling.sampling() == CREATIVE
    file.write_text('[sampling]\npreset = "creative"\nmin_p = 0.1\n')
    monkeypatch.setenv("OCI_SAMPLING_TEMPERATURE", "0.5")
    assert settings.load(file=file).sampling.sampling() == replace(CREATIVE, min_p=0.1, temperature=0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[engine]\ncontext = 'many'\n", r"config\.toml: engine\.context: expected `int`"),
        (
            "[engine]\nmodell = 'x'\n",
            r"config\.toml: engine\.modell: no such key; do you mean engine\.model\?; `oci-tui config edit` opens the file",
        ),
        ("[agent]\nround = 1\n", r"config\.toml: agent\.round: no such key; do you mean agent\.rounds\?"),
        ("[agent]\ntimeout_s = 1\n", r"agent\.timeout_s: no such key; do you mean engine\.timeout_s or sandbox\.timeout_s\?"),
        ("[log]\nxyz = 1\n", r"log\.xyz: no such key; there are level;"),
        ("[engin]\n", r"config\.toml: \[engin\]: no such section; do you mean \[engine\]\?"),
        ("engine = 1\n", r"config\.toml: engine must be a section"),
        ("[engine\n", r"config\.toml: cannot be read"),
        ("[engine]\ncontext = 1024\n", r"config\.toml: engine\.max_new_tokens: expected less than engine\.context \(1024\)"),
        ("[sandbox]\noutput_mb = 0\n", r"config\.toml: sandbox\.output_mb: expected `int` >= 1"),
        ("[sampling]\ntop_p = 2\n", r"config\.toml: sampling\.top_p: expected `float` <= 1"),
        ("[sampling]\npreset = 'wild'\n", r"sampling\.preset: .*expected one of precise, creative"),
        ("[engine]\ncontext = 100\n", r"engine\.context: expected 0 or at least 512, got 100"),
        ("[agent]\nrounds = 0\n", r"config\.toml: agent\.rounds: expected `int` >= 1"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        settings.load(file=file)
    assert "\n" not in str(caught.value)


def test_a_bad_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCI_SANDBOX_CPUS", "lots")
    with pytest.raises(SettingsError, match=r"^OCI_SANDBOX_CPUS: sandbox\.cpus: expected `float`"):
        settings.load(file=tmp_path / "none.toml")


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCI_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match="no such file"):
        settings.load()


def test_a_list_of_flags_is_added_to_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[workspace]\ninclude = ["a"]\n')
    chosen = settings.load({"workspace.include": ("b", "c"), "workspace.ignored": ("data",)}, file)
    assert chosen.workspace.include == ("a", "b", "c")
    assert chosen.workspace.ignored == ("data",)
    assert settings.load({"workspace.include": None}, file).workspace.include == ("a",)
