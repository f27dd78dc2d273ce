"""Models by name: what is here is found, what is not is told with the command that fetches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.engine import installation, models
from oci_tui.engine.catalogue import DEFAULT, entries, entry, exl2_entries, exl2_entry
from oci_tui.engine.fit import Gpu
from oci_tui.engine.opening import open_engine
from oci_tui.engine.process import EngineProcess
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2, flash_attn, gguf


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, and a PATH without a GPU's tools."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "data" / "oci-tui" / "models"


@pytest.mark.usefixtures("folder")
def test_a_model_that_is_not_here_names_the_command_that_fetches_it() -> None:
    for name in ("", DEFAULT):
        with pytest.raises(ModelError, match=f"oci-tui models pull {DEFAULT}"):
            models.resolve(EngineSettings(model=name))
    with pytest.raises(ModelError, match="no such model, file or folder"):
        models.resolve(EngineSettings(model="gpt-9"))
    with pytest.raises(ModelError, match=r"'gpt-9'; choose one of qwen2\.5-coder-1\.5b, smollm2"):
        list(models.pull("gpt-9", EngineSettings()))


def test_a_path_and_a_name_in_the_models_folder_are_found(folder: Path, tmp_path: Path) -> None:
    file, unpacked = gguf(tmp_path / "own.gguf"), exl2(tmp_path / "own-exl2")
    assert models.resolve(EngineSettings(model=str(file))).kind == "llamacpp"
    assert models.resolve(EngineSettings(model=str(unpacked))).kind == "exllamav2"
    folder.mkdir(parents=True, exist_ok=True)
    gguf(folder / "mine.gguf")
    assert models.resolve(EngineSettings(model="mine.gguf")).path == folder / "mine.gguf"


@pytest.mark.usefixtures("folder")
def test_an_engine_that_cannot_run_the_model_is_refused(tmp_path: Path) -> None:
    file = str(gguf(tmp_path / "own.gguf"))
    assert models.resolve(EngineSettings(model=file, kind="llamacpp"))
    with pytest.raises(ModelError, match=r"set engine\.kind to auto"):
        models.resolve(EngineSettings(model=file, kind="exllamav2"))


def test_without_a_gpu_the_default_is_the_model_for_a_cpu(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    exl2(folder / "big-exl2")
    gguf(folder / entry(DEFAULT).file)
    assert models.resolve(EngineSettings()).name == DEFAULT
    assert models.resolve(EngineSettings(kind="exllamav2")).name == "big-exl2"


def test_the_list_has_the_known_and_the_found(folder: Path) -> None:
    assert [(row.name, row.present) for row in models.listed()] == [
        (name, False) for name in [*(each.name for each in entries()), *(each.name for each in exl2_entries())]
    ]
    gguf(folder / "mine.gguf")
    exl2(folder / "big-exl2")
    (folder / "note.txt").write_text("not a model")
    assert [row.name for row in models.listed() if row.present] == ["big-exl2", "mine.gguf"]


def test_remove_deletes_a_model_and_nothing_outside_the_folder(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    gguf(folder / "mine.gguf")
    exl2(folder / "big-exl2")
    (folder / ".partial" / "smollm2").mkdir(parents=True)
    outside = gguf(tmp_path / "own.gguf")
    for name in ("mine.gguf", "big-exl2", "smollm2"):
        models.remove(name)
    assert not list((folder / ".partial").iterdir())
    for name in ("mine.gguf", "../own.gguf", str(outside), ".", "..", ".partial", "", "smollm2"):
        with pytest.raises(ModelError, match="oci-tui models list"):
            models.remove(name)
    assert outside.exists()


def test_doctor_names_what_is_missing_and_the_exact_fix(folder: Path) -> None:
    model, gpu = installation.examine(EngineSettings())
    assert (model.state, model.fix, model.needed) == ("missing", f"oci-tui models pull {DEFAULT}", True)
    assert (gpu.state, gpu.detail) == ("ok", "no CUDA GPU: llama.cpp on the CPU is used")
    truncated = gguf(folder / entry(DEFAULT).file)
    truncated.write_bytes(truncated.read_bytes()[:-1])
    [model, _] = installation.examine(EngineSettings())
    assert "truncated" in model.detail
    assert model.fix == f"oci-tui models rm {DEFAULT} && oci-tui models pull {DEFAULT}"
    gguf(folder / entry(DEFAULT).file)
    assert installation.examine(EngineSettings())[0].state == "ok"


@pytest.mark.usefixtures("folder")
def test_doctor_says_that_an_exl2_model_needs_a_gpu(tmp_path: Path) -> None:
    rows = {row.part: row for row in installation.examine(EngineSettings(model=str(exl2(tmp_path / "m"))))}
    assert (rows["model"].state, rows["GPU"].state) == ("ok", "missing")
    assert rows["exllamav2"].state in ("missing", "warning", "ok")


def test_setup_offers_the_model_while_it_is_needed(folder: Path) -> None:
    [setup] = installation.setups(EngineSettings())
    assert (setup.command, setup.touches_system) == (f"oci-tui models pull {DEFAULT}", False)
    assert setup.needed()
    folder.mkdir(parents=True, exist_ok=True)
    gguf(folder / entry(DEFAULT).file)
    assert not setup.needed()
    assert installation.setups(EngineSettings(kind="scripted")) == []


@pytest.mark.usefixtures("folder")
def test_the_engine_is_chosen_by_what_the_model_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert isinstance(open_engine(EngineSettings(model=str(gguf(tmp_path / "m.gguf"))), log), EngineProcess)
    script = tmp_path / "script.jsonl"
    script.write_text('{"reply": "hi"}\n')
    assert isinstance(open_engine(EngineSettings(kind="scripted", replies=str(script)), log), ScriptedEngine)
    with pytest.raises(EngineError, match=r"engine\.replies names no file"):
        open_engine(EngineSettings(kind="scripted"), log)


GPU_24 = Gpu("NVIDIA GeForce RTX 4090", 24 * 1024**3, 23_500_000_000)


def gpu(free_gb: float) -> tuple[Gpu, ...]:
    return (Gpu("NVIDIA", round(free_gb * 1e9), round(free_gb * 1e9)),)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ((), DEFAULT),
        (gpu(4), DEFAULT),
        (gpu(8), "qwen2.5-coder-7b:6.5"),
        (gpu(12), "qwen2.5-coder-14b:5"),
        ((GPU_24,), "qwen2.5-coder-32b:5"),
        (gpu(24) * 2, "qwen2.5-coder-32b:8"),
        (gpu(80), "qwen2.5-coder-32b:8"),
    ],
)
def test_the_recommended_model_is_the_most_capable_that_fits(found: tuple[Gpu, ...], name: str) -> None:
    assert models.recommended(EngineSettings(), found) == name


def test_a_wider_window_leaves_fewer_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flash_attn(tmp_path, monkeypatch)
    entry = next(each for each in exl2_entries() if each.name == "opencodeinterpreter-ds-6.7b")
    rates = [models.best_rate(entry, EngineSettings(context=window), gpu(12)) for window in (2048, 16384)]
    assert rates == ["8.0bpw-h8", "6.0bpw-h6"]
    assert models.best_rate(entry, EngineSettings(), gpu(2)) == ""


def test_every_bit_rate_names_its_repository_and_revision() -> None:
    known = exl2_entry("opencodeinterpreter-ds-6.7b:4.0")
    assert known is not None
    source = known[0].source(known[1])
    assert (source.repository, source.revision) == ("LoneStriker/OpenCodeInterpreter-DS-6.7B-4.0bpw-h6-exl2", "main")
    known = exl2_entry("qwen2.5-coder-7b:4.25bpw")
    assert known is not None
    source = known[0].source(known[1])
    assert (source.repository, source.revision) == ("bartowski/Qwen2.5-Coder-7B-Instruct-exl2", "4_25")
    assert source.name == "Qwen2.5-Coder-7B-Instruct-exl2-4_25"
    with pytest.raises(ModelError, match=r"no 7 bits per weight; choose one of 3, 4, 5, 6, 8"):
        exl2_entry("opencodeinterpreter-ds-6.7b:7")
    for each in exl2_entries():
        assert len({each.source(rate).name for rate in each.rates}) == len(each.rates)


@pytest.mark.usefixtures("folder")
def test_without_a_gpu_an_exl2_model_needs_its_bit_rate_named() -> None:
    with pytest.raises(ModelError, match=r"no CUDA GPU here .*; name one of 3, 4, 5, 6, 8: opencodeinterpreter-ds-6\.7b:3"):
        list(models.pull("opencodeinterpreter-ds-6.7b", EngineSettings()))
    with pytest.raises(ModelError, match="is not here; fetch it with `oci-tui models pull opencodeinterpreter-ds-6"):
        models.resolve(EngineSettings(model="opencodeinterpreter-ds-6.7b"))


def test_a_model_in_several_bit_rates_is_one_row_and_removed_by_rate(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for rate in ("4.0bpw-h6", "6.0bpw-h6"):
        exl2(folder / f"OpenCodeInterpreter-DS-6.7B-{rate}-exl2")
    [row] = [row for row in models.listed() if row.present]
    assert (row.name, "3 4✓ 5 6✓ 8" in row.title) == ("opencodeinterpreter-ds-6.7b", True)
    assert models.resolve(EngineSettings(model="opencodeinterpreter-ds-6.7b")).path.name.endswith("6.0bpw-h6-exl2")
    assert models.resolve(EngineSettings(model="opencodeinterpreter-ds-6.7b:4")).path.name.endswith("4.0bpw-h6-exl2")
    with pytest.raises(ModelError, match="at several bit rates; name one"):
        models.remove("opencodeinterpreter-ds-6.7b")
    models.remove("opencodeinterpreter-ds-6.7b:4")
    models.remove("opencodeinterpreter-ds-6.7b")
    assert not list(folder.glob("Open*"))
