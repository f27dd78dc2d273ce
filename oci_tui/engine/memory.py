"""What is too big when memory runs out (the model, the window or the cache), and what would fit instead."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import fit, gathered_by, gpus
from oci_tui.engine.gguf import GgufModel
from oci_tui.engine.preflight import read_model
from oci_tui.settings import CacheMode, EngineSettings

# what llama.cpp takes beside weights and cache: buffers, the tokenizer, the interpreter
_OVERHEAD = 400_000_000
_SMALLEST_WINDOW = 2048


def advise(settings: EngineSettings) -> str:
    """What to change so that the model of `settings.model` (a path) fits. Raises ModelError when it cannot be read."""
    model = read_model(Path(settings.model))
    if isinstance(model, GgufModel):
        return in_ram(model, settings.context, available())
    found = gpus()
    free = sum(gpu.free for gpu in found)
    return on_gpu(model, settings.context, settings.cache, free, max(len(found), 1), gathered_by(settings.at_once))


def on_gpu(model: Exl2Model, context: int, cache: CacheMode, free: int, gpu_count: int = 1, gathered: int = 0) -> str:
    """The advice for an EXL2 model and `free` bytes over `gpu_count` GPUs; `gathered`: see `fit.kv_bytes`."""
    now = fit(model, context, cache, free, gpu_count, gathered)
    has = f"{now.needed / 1e9:.1f} GB of GPU memory are needed and {now.free / 1e9:.1f} GB are free"
    if now.fits:
        return f"{has}: another program took it meanwhile; end that, or lower engine.context"
    if now.context >= _SMALLEST_WINDOW:
        return f"{has}: the window is too big; set engine.context to {now.context} or less"
    for mode in get_args(CacheMode)[get_args(CacheMode).index(cache) + 1 :]:
        smaller = fit(model, context, mode, free, gpu_count, gathered)
        if smaller.context >= _SMALLEST_WINDOW:
            window = "" if smaller.fits else f" and engine.context to {smaller.context}"
            return f"{has}: the cache is too big; set engine.cache to {mode}{window}"
    return (
        f"{has}: the model is too big, its weights alone are {model.weight_bytes / 1e9:.1f} GB; choose fewer bits per weight, "
        "a smaller model, or a GGUF model on the CPU"
    )


def in_ram(model: GgufModel, context: int, free: int) -> str:
    """The advice for a GGUF model and `free` bytes of memory."""
    has = f"{ram_needed(model, context) / 1e9:.1f} GB of memory are needed and {free / 1e9:.1f} GB are free"
    fits = window_in_ram(model, free)
    if fits >= context:
        return f"{has}: another program took it meanwhile; end that, or choose a smaller model"
    if fits >= _SMALLEST_WINDOW:
        return f"{has}: the window is too big; set engine.context to {fits} or less"
    return f"{has}: the model is too big; choose a smaller one (`oci-tui models list`)"


def window_in_ram(model: GgufModel, free: int) -> int:
    """The longest window in tokens, in steps of 256, that fits `free` bytes beside the weights."""
    token = kv_token_bytes(model)
    return max(free - ram_needed(model, 0), 0) // token // 256 * 256 if token else 0


def ram_needed(model: GgufModel, tokens: int) -> int:
    """Bytes of memory for the model with a window of `tokens`."""
    return model.file_bytes + _OVERHEAD + kv_token_bytes(model) * tokens


def kv_token_bytes(model: GgufModel) -> int:
    """Bytes of the cache for each token of the window, in FP16."""
    return 2 * 2 * model.layers * model.kv_heads * model.head_dim


def available() -> int:
    """Bytes of memory that this machine can still give, swap not counted."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
