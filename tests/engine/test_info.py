"""What a model is, whether it is whole and what fits is right, or one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core.errors import ModelError
from oci_tui.engine.info import info
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import CONFIG, exl2, flash_attn, gguf

SMI = '#!/bin/sh\necho "NVIDIA GeForce RTX 4090, 24564, 23000"\n'


@pytest.fixture(autouse=True)
def _no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No models of this machine, and a PATH without a GPU's tools."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.fixture
def gpu(tmp_path: Path) -> None:
    """What stands for the driver's own tool, which reports a card of 24 GB."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvidia-smi").write_text(SMI)
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)


def lines(model: object) -> str:
    return "\n".join(info(EngineSettings(model=str(model))))


def test_an_exl2_folder(tmp_path: Path) -> None:
    told = lines(exl2(tmp_path / "m"))
    assert "format    EXL2, llama, 4.25 bits per weight: for exllamav2" in told
    assert "context   4096 tokens" in told
    assert "template  deepseek-coder" in told
    assert "files     whole, 0.00 GB" in told
    assert "none here: the table tells what is needed" in told
    assert "✓" not in told
    assert [line.split()[:2] for line in told.splitlines()[-4:]] == [["4.25", mode] for mode in ("Q4", "Q6", "Q8", "FP16")]


@pytest.mark.usefixtures("gpu")
def test_with_a_gpu_the_table_says_what_fits_and_the_speed_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flash_attn(tmp_path, monkeypatch)
    told = lines("opencodeinterpreter-ds-33b")
    assert "NVIDIA GeForce RTX 4090 (24.1 of 25.8 GB free)" in told
    rows = {(bits, cache): cells for bits, cache, *cells in (line.split() for line in told.splitlines()[8:])}
    assert rows["4", "Q8"] == ["18.3", "✓", "18.9", "✓", "20.0", "✓"]
    assert rows["5", "FP16"] == ["22.9", "✓", "24.0", "✓", "26.0", "✗"]
    assert rows["8", "Q4"][1] == "✗"


@pytest.mark.usefixtures("gpu")
def test_the_speed_limit_is_what_the_memory_allows(tmp_path: Path) -> None:
    assert "at most 336000000 tokens/s" in lines(exl2(tmp_path / "m"))


LOADED = """
import os, subprocess, sys, time
from oci_tui.engine import bandwidth
idle = bandwidth.of_ram()
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
try:
    loaded = [bandwidth.of_ram() for _ in range(3)]
finally:
    for other in others:
        other.kill()
        other.wait()
print(min(loaded) / idle)
"""


def test_what_else_runs_does_not_make_the_memory_seem_slow() -> None:
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert float(told.stdout) > 0.5


def test_a_gguf_file(tmp_path: Path) -> None:
    told = lines(gguf(tmp_path / "m.gguf"))
    assert "format    GGUF, llama, 8.5 bits per weight: for llama.cpp" in told
    assert "context   4096 tokens" in told
    assert "0.4 ✓" in told
    assert "tokens/s at most" in told


def test_a_gptq_folder_is_named_as_what_it_is(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "m", quantization_config={"quant_method": "gptq", "bits": 4})
    assert "format    GPTQ, llama, 4 bits per weight: for exllamav2" in lines(folder)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("exl3", "an EXL3 model, which exllamav2 cannot read; fetch the EXL2 version of it"),
        ("awq", "quantized with 'awq', which no engine here reads"),
        (None, "not quantized"),
    ],
)
def test_another_format_is_named(method: str | None, words: str, tmp_path: Path) -> None:
    folder = exl2(tmp_path / "m", quantization_config={"quant_method": method} if method else None)
    with pytest.raises(ModelError, match=words) as caught:
        lines(folder)
    assert "\n" not in str(caught.value)
    assert CONFIG["quantization_config"] == {"quant_method": "exl2", "bits": 4.25}


def test_what_is_not_whole_is_told_in_one_line(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "m")
    os.truncate(folder / "output.safetensors", 2000)
    with pytest.raises(ModelError, match=r"output\.safetensors: truncated: 2,000 of [\d,]+ bytes; fetch it again"):
        lines(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"config\.json: not found; an EXL2 folder holds config\.json"):
        lines(tmp_path / "empty")
    os.truncate(gguf(tmp_path / "m.gguf"), 300)
    with pytest.raises(ModelError, match="not a whole GGUF file: it ends inside its header"):
        lines(tmp_path / "m.gguf")
