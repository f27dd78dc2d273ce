"""Settings and requests become exllamav2's values, its results become ours."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Sampling
from oci_tui.engine import exl2_values as adapter
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.fit import Fit
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2


def test_greedy_is_one_candidate_and_no_penalty() -> None:
    values = adapter.sampler_values(Sampling())
    assert (values["top_k"], values["temperature"], values["top_p"], values["token_repetition_penalty"]) == (1, 1.0, 0.0, 1.0)


def test_sampling_passes_through_and_everything_else_is_neutral() -> None:
    values = adapter.sampler_values(Sampling(temperature=0.7, top_p=0.9, top_k=40, min_p=0.05, repeat_penalty=1.1))
    assert (values["temperature"], values["top_p"], values["top_k"], values["min_p"]) == (0.7, 0.9, 40, 0.05)
    assert values["token_repetition_penalty"] == 1.1
    assert not any(
        values[name] for name in ("top_a", "tfs", "typical", "skew", "mirostat", "dry_multiplier", "xtc_probability")
    )
    assert adapter.sampler_values(Sampling(temperature=0.7))["top_p"] == 0.0


def test_every_end_of_text_token_stops_once_and_nothing_empty_does() -> None:
    assert adapter.stop_conditions((7, 2), 2, ("\nUser", "")) == [7, 2, "\nUser"]
    assert adapter.stop_conditions((), None, ()) == []


def test_the_cache_is_whole_pages_and_the_window_is_never_longer_than_trained() -> None:
    assert [adapter.cache_tokens(n) for n in (1, 256, 257)] == [256, 256, 512]
    assert adapter.window(EngineSettings(context=8192), 4096, None) == 4096
    assert adapter.window(EngineSettings(context=8192), 0, None) == 8192
    assert adapter.config_values(EngineSettings(), 1000, 4096) == {
        "max_seq_len": 1024,
        "max_input_len": 1024,
        "max_attention_size": 1024**2,
        "max_output_len": 16,
    }
    assert adapter.config_values(EngineSettings(), 8192, 8192)["max_input_len"] == 2048
    assert [adapter.cache_class_name(mode) for mode in ("FP16", "Q4")] == ["ExLlamaV2Cache", "ExLlamaV2Cache_Q4"]


def test_a_window_of_zero_is_what_fits_and_the_model_knows(tmp_path: Path) -> None:
    asked = EngineSettings(context=0)
    assert adapter.window(asked, 32_768, Fit(needed=5_000, free=9_000, context=20_480)) == 20_480
    assert adapter.window(asked, 16_384, Fit(needed=5_000, free=9_000, context=20_480)) == 16_384
    with pytest.raises(EngineError, match=r"needs 9\.0 GB of GPU memory and 8\.0 GB are free"):
        adapter.window(asked, 16_384, Fit(needed=9_000_000_000, free=8_000_000_000, context=0))
    said = adapter.notes(read_exl2(exl2(tmp_path / "model")), asked, 16_384, flash=True)
    assert "the window is 16384 tokens: what fits the GPU and the model knows" in said
    assert "attention by flash-attn, up to 4 replies at once" in said


@pytest.mark.parametrize(
    ("scaling", "known", "set_in_library"),
    [
        ({"rope_scale": 4.0}, 16_384, {"scale_pos_emb": 4.0}),
        ({"rope_alpha": 2.63}, 8_192, {"scale_alpha_value": 2.63}),
        (
            {"yarn_factor": 2.0},
            8_192,
            {"alt_rope_method": "yarn", "yarn_rope_factor": 2.0, "yarn_rope_original_max_position_embeddings": 4096},
        ),
    ],
)
def test_rope_scaling_lengthens_what_the_model_knows(
    scaling: dict[str, float], known: int, set_in_library: dict[str, object]
) -> None:
    settings = EngineSettings(context=65_536, **scaling)  # type: ignore[arg-type]
    assert adapter.window(settings, 4096, None) == pytest.approx(known, rel=0.001)
    assert set_in_library.items() <= adapter.config_values(settings, known, 4096).items()
    assert not set_in_library.keys() & adapter.config_values(EngineSettings(), known, 4096).keys()


def test_a_last_result_becomes_usage() -> None:
    result = {"eos": True, "eos_reason": "max_new_tokens", "prompt_tokens": 20, "cached_tokens": 18, "new_tokens": 5}
    usage = adapter.usage_of(result, adapter.end_of(result), 0.1, 0.5)
    assert (usage.prompt_tokens, usage.cached_tokens, usage.reply_tokens, usage.end) == (20, 18, 5, "length")
    assert usage.tokens_per_second == pytest.approx(10)
    assert adapter.end_of({"eos_reason": "stop_string"}) == "stop"


def test_tokens_of_a_result_are_counted() -> None:
    assert adapter.tokens_in({"token_ids": SimpleNamespace(shape=(1, 3))}) == 3
    assert adapter.tokens_in({"stage": "prefill"}) == 0


def test_notes_say_what_is_slower_or_shorter_than_asked(tmp_path: Path) -> None:
    said = adapter.notes(read_exl2(exl2(tmp_path / "model")), EngineSettings(context=8192), 4096, flash=False)
    assert "attention by torch, up to 4 replies at once" in said
    assert "engine.context is 8192, but the model knows 4096 tokens" in said


@pytest.mark.parametrize(
    ("said", "memory"),
    [
        ("Insufficient VRAM for model and cache", True),
        ("Insufficient space in device allocation", True),
        ("CUDA out of memory. Tried to allocate 200.00 GiB", True),
        ("view size is not compatible with input tensor's size and stride", False),
    ],
)
def test_advice_on_memory_is_for_want_of_memory(said: str, memory: bool) -> None:
    assert adapter.about_memory(RuntimeError(said)) is memory


def test_a_failed_gpu_is_told_from_want_of_memory_and_without_torchs_advice() -> None:
    fault = "CUDA error: misaligned address\nSearch for `cudaErrorMisalignedAddress' in the manual.\nFor debugging consider"
    assert adapter.about_gpu(RuntimeError(fault))
    assert adapter.line(RuntimeError(fault)) == "CUDA error: misaligned address"
    assert not adapter.about_gpu(RuntimeError("CUDA error: out of memory\nFor debugging consider"))
    assert not adapter.about_gpu(AssertionError("Job requires 9 pages"))
