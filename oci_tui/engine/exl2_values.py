"""Settings and requests as the values that exllamav2 takes, its results as ours: pure translation, no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import ReplyEnd, Sampling, Usage
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import Fit
from oci_tui.settings import EngineSettings

PAGE = 256
_CHUNK = 2048
_LOGIT_ROWS = 16
NGRAM = 4
DRAFT_TOKENS = 4


def stretch(settings: EngineSettings) -> float:
    """How many times the trained window the rope scaling of the settings covers."""
    return max(settings.rope_scale, settings.yarn_factor, reach(settings.rope_alpha))


def reach(alpha: float) -> float:
    """How many times the trained window an NTK alpha covers: TabbyAPI's fit, -0.13436 + 0.80541 r + 0.28833 r^2, solved."""
    if alpha <= 1:
        return 1.0
    return max((-0.80541 + math.sqrt(0.80541**2 + 4 * 0.28833 * (alpha + 0.13436))) / (2 * 0.28833), 1.0)


def window(settings: EngineSettings, trained: int, room: Fit | None) -> int:
    """The window in tokens. What is asked for, at most what the model knows; asked for 0, the most that fits the GPU.

    Raises EngineError when not even one page fits.
    """
    known = round(trained * stretch(settings)) if trained else 0
    if settings.context:
        return min(settings.context, known) if known else settings.context
    fitting = room.context if room is not None else _CHUNK * 4
    if fitting < PAGE:
        assert room is not None
        raise EngineError(
            f"the model needs {room.needed / 1e9:.1f} GB of GPU memory and {room.free / 1e9:.1f} GB are free; "
            "free some, or choose a smaller model"
        )
    return min(fitting, known) if known else fitting


def cache_tokens(context: int) -> int:
    """The cache's size in tokens: whole pages."""
    return -(-context // PAGE) * PAGE


def cache_class_name(mode: str) -> str:
    return "ExLlamaV2Cache" if mode == "FP16" else f"ExLlamaV2Cache_{mode}"


def config_values(settings: EngineSettings, context: int, trained: int) -> dict[str, int | float | str]:
    """Attributes of ExLlamaV2Config; a chunk bounds how long a prompt holds up a stop, and the buffers."""
    tokens = cache_tokens(context)
    chunk = min(_CHUNK, tokens)
    values: dict[str, int | float | str] = {
        "max_seq_len": tokens,
        "max_input_len": chunk,
        "max_attention_size": chunk**2,
        "max_output_len": _LOGIT_ROWS,
    }
    if settings.rope_scale != 1:
        values["scale_pos_emb"] = settings.rope_scale
    if settings.rope_alpha != 1:
        values["scale_alpha_value"] = settings.rope_alpha
    if settings.yarn_factor != 1:
        values |= {
            "alt_rope_method": "yarn",
            "yarn_rope_factor": settings.yarn_factor,
            "yarn_rope_original_max_position_embeddings": trained,
        }
    return values


def sampler_values(sampling: Sampling) -> dict[str, float | int | bool]:
    """Every value of ExLlamaV2Sampler.Settings that changes the choice of a token: the library's defaults are not neutral."""
    greedy = sampling.temperature <= 0
    return {
        "temperature": 1.0 if greedy else sampling.temperature,
        "top_k": 1 if greedy else sampling.top_k,
        "top_p": 0.0 if greedy or sampling.top_p >= 1 else sampling.top_p,
        "min_p": 0.0 if greedy else sampling.min_p,
        "typical": 0.0 if greedy or sampling.typical_p >= 1 else sampling.typical_p,
        "token_repetition_penalty": sampling.repeat_penalty,
        "token_frequency_penalty": sampling.frequency_penalty,
        "token_presence_penalty": sampling.presence_penalty,
        "dry_multiplier": sampling.dry_multiplier,
        "xtc_probability": 0.0 if greedy else sampling.xtc_probability,
        "top_a": 0.0,
        "tfs": 0.0,
        "skew": 0.0,
        "smoothing_factor": 0.0,
        "temperature_last": False,
        "mirostat": False,
    }


def stop_conditions(model_ids: Sequence[int], eos: int | None, stops: Sequence[str]) -> list[int | str]:
    """Every end-of-text token once, then the stop strings; exllamav2 refuses None and empty strings."""
    ids = [*model_ids, *([eos] if eos is not None else [])]
    return [*dict.fromkeys(ids), *(stop for stop in stops if stop)]


def tokens_in(result: dict[str, Any]) -> int:
    """How many tokens a streaming result brings."""
    ids = result.get("token_ids")
    return int(ids.shape[-1]) if ids is not None else 0


def end_of(result: dict[str, Any]) -> ReplyEnd:
    return "length" if result.get("eos_reason") == "max_new_tokens" else "stop"


def usage_of(result: dict[str, Any], end: ReplyEnd, first_s: float, seconds: float) -> Usage:
    """The cost of a reply from its last result."""
    accepted = int(result.get("accepted_draft_tokens", 0))
    return Usage(
        prompt_tokens=int(result.get("prompt_tokens", 0)),
        cached_tokens=int(result.get("cached_tokens", 0)),
        reply_tokens=int(result.get("new_tokens", 0)),
        first_token_s=first_s,
        seconds=seconds,
        end=end,
        drafted_tokens=accepted + int(result.get("rejected_draft_tokens", 0)),
        accepted_tokens=accepted,
    )


def notes(model: Exl2Model, settings: EngineSettings, context: int, *, flash: bool) -> tuple[str, ...]:
    """What a person should know of this load, one fact a line."""
    found = [f"{model.architecture}, {model.weight_bytes / 1e9:.2f} GB of weights, cache {settings.cache}"]
    found.append(f"attention by {'flash-attn' if flash else 'torch'}, up to {settings.at_once} replies at once")
    if settings.draft:
        found.append(f"drafting: {'n-grams of the files and the reply' if settings.draft == 'ngram' else settings.draft}")
    if not settings.context:
        found.append(f"the window is {context} tokens: what fits the GPU and the model knows")
    elif context < settings.context:
        found.append(f"engine.context is {settings.context}, but the model knows {context} tokens")
    return tuple(found)


def about_memory(error: BaseException) -> bool:
    """Whether the library failed for want of GPU memory."""
    return any(words in str(error) for words in ("Insufficient VRAM", "Insufficient space", "out of memory"))


def about_gpu(error: BaseException) -> bool:
    """Whether the GPU itself failed, after which this process cannot use it."""
    return "CUDA error" in str(error) and not about_memory(error)


def line(error: BaseException) -> str:
    """A library's error as one line, without the advice that torch adds for who debugs a kernel."""
    said = str(error).partition("\n")[0] if about_gpu(error) else str(error)
    return " ".join(said.split())[:300] or type(error).__name__
