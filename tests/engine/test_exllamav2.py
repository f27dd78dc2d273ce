"""The parts of the EXL2 adapter that need no GPU: settings become the library's values, its results become ours."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import Sampling
from oci_tui.engine import exllamav2 as adapter
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.exllamav2 import Exl2Engine
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2, gguf


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
    assert adapter.window(8192, 4096) == 4096
    assert adapter.window(8192, 0) == 8192
    assert adapter.config_values(1000) == {
        "max_seq_len": 1024,
        "max_input_len": 1024,
        "max_attention_size": 1024**2,
        "max_output_len": 16,
    }
    assert adapter.config_values(8192)["max_input_len"] == 2048
    assert [adapter.cache_class_name(mode) for mode in ("FP16", "Q4")] == ["ExLlamaV2Cache", "ExLlamaV2Cache_Q4"]


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
    said = adapter.notes(read_exl2(exl2(tmp_path / "model")), EngineSettings(context=8192), paged=False)
    assert "no flash-attn: unpaged attention" in said
    assert "engine.context is 8192, but the model knows 4096 tokens" in said


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    from importlib.util import find_spec

    if find_spec("torch") is not None:
        pytest.skip("torch is installed here; this is about a machine without it")
    with pytest.raises(EngineError, match=r"pip install 'oci-tui\[exl2\]'"):
        Exl2Engine(EngineSettings(model=str(exl2(tmp_path / "model"))), lambda _: None)


def test_a_gguf_file_is_not_for_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"set engine\.kind to llamacpp or auto"):
        Exl2Engine(EngineSettings(model=str(gguf(tmp_path / "m.gguf"))), lambda _: None)
