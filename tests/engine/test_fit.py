"""The sums of memory and speed, against figures worked out by hand."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from oci_tui.engine.exl2_folder import Exl2Model, read_exl2
from oci_tui.engine.fit import Gpu, fit, gathered_by, kv_bytes, parse_gpus, speed_limit
from oci_tui.engine.memory import on_gpu
from tests.engine.models_on_disk import exl2, flash_attn


@pytest.fixture
def llama_7b(tmp_path: Path) -> Exl2Model:
    facts = {"layers": 32, "kv_heads": 32, "head_dim": 128, "weight_bytes": 3_340_000_000}
    return msgspec.structs.replace(read_exl2(exl2(tmp_path / "model")), **facts)


def test_the_cache_of_llama_7b_is_half_a_megabyte_a_token(llama_7b: Exl2Model) -> None:
    assert kv_bytes(llama_7b, 4096, "FP16") == 4096 * 524_288
    assert kv_bytes(llama_7b, 4000, "FP16") == kv_bytes(llama_7b, 4096, "FP16")
    one_layer = 4096 * 524_288 // 32
    assert kv_bytes(llama_7b, 4096, "Q4") == round(4096 * 524_288 * 0.5625 / 2) + one_layer


def test_what_does_not_fit_says_which_window_does(llama_7b: Exl2Model) -> None:
    assert fit(llama_7b, 4096, "FP16", 8_000_000_000).fits
    tight = fit(llama_7b, 16_384, "FP16", 8_000_000_000)
    assert not tight.fits
    assert tight.context % 256 == 0
    assert fit(llama_7b, tight.context, "FP16", 8_000_000_000).fits
    assert not fit(llama_7b, tight.context + 256, "FP16", 8_000_000_000).fits
    assert fit(llama_7b, 256, "FP16", 1_000_000_000).context == 0


def test_replies_whose_pages_are_gathered_take_a_layer_each(llama_7b: Exl2Model) -> None:
    one_layer = 4096 * 524_288 // 32
    for mode in ("FP16", "Q8"):
        assert kv_bytes(llama_7b, 4096, mode, 4) - kv_bytes(llama_7b, 4096, mode) == 4 * one_layer
    assert fit(llama_7b, 4096, "Q8", 8_000_000_000, 1, 4).context < fit(llama_7b, 4096, "Q8", 8_000_000_000).context


def test_with_flash_attention_no_pages_are_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("flash_attn") is None:
        assert gathered_by(4) == 4
    flash_attn(tmp_path, monkeypatch)
    assert gathered_by(4) == 0


def test_the_advice_counts_the_gathered_pages(llama_7b: Exl2Model) -> None:
    free = 6_000_000_000
    for gathered in (0, 4):
        fitting = fit(llama_7b, 16_384, "Q8", free, 1, gathered)
        assert not fitting.fits
        assert f"set engine.context to {fitting.context} or less" in on_gpu(llama_7b, 16_384, "Q8", free, 1, gathered)


def test_the_speed_limit_is_bandwidth_over_bytes(llama_7b: Exl2Model) -> None:
    assert speed_limit(llama_7b, 0, "FP16", 1008e9) == pytest.approx(302, abs=1)
    assert speed_limit(llama_7b, 4096, "Q4", 1008e9) < speed_limit(llama_7b, 4096, "FP16", 1008e9)


def test_the_drivers_lines_are_read_and_others_left_out() -> None:
    text = "NVIDIA H100 80GB HBM3, 81559, 81008\nNVIDIA-SMI has failed\nX, [N/A], 3\n"
    assert parse_gpus(text) == (Gpu("NVIDIA H100 80GB HBM3", 81559 * 1024**2, 81008 * 1024**2),)
    assert parse_gpus("") == ()
