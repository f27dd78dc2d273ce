"""What of a model fits a GPU, and the speed that its memory allows: pure sums, and the question to the driver."""

from __future__ import annotations

import importlib.util
import subprocess
from typing import Protocol

import msgspec

from oci_tui.settings import CacheMode

# bytes of one cached number, scales included
_CACHE_BYTES: dict[CacheMode, float] = {"FP16": 2.0, "Q8": 1.0625, "Q6": 0.8125, "Q4": 0.5625}
# what CUDA, its libraries and the working buffers of exllamav2 take beside weights and cache, on each GPU
_OVERHEAD = 1_200_000_000
_PAGE = 256


class Shape(Protocol):
    """What the sums need of a model; `weight_bytes` are read for every token."""

    @property
    def weight_bytes(self) -> int: ...
    @property
    def layers(self) -> int: ...
    @property
    def kv_heads(self) -> int: ...
    @property
    def head_dim(self) -> int: ...


class Gpu(msgspec.Struct, frozen=True):
    """A GPU as the driver tells it; bytes."""

    name: str
    memory: int
    free: int


class Fit(msgspec.Struct, frozen=True):
    """Bytes that a model needs and that are free; `context` is the longest window, in tokens, that fits."""

    needed: int
    free: int
    context: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.free


def gpus() -> tuple[Gpu, ...]:
    """The CUDA GPUs; empty where there is no driver. Asks nvidia-smi, so that no driver is loaded into this process."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_gpus(answer.stdout) if answer.returncode == 0 else ()


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """The GPUs of nvidia-smi's CSV lines `name, MiB in all, MiB free`; other lines are left out."""
    found = []
    for line in text.splitlines():
        name, _, numbers = line.partition(",")
        total, _, free = numbers.partition(",")
        if total.strip().isdigit() and free.strip().isdigit():
            found.append(Gpu(name.strip(), int(total) * 1024**2, int(free) * 1024**2))
    return tuple(found)


def gathered_by(at_once: int) -> int:
    """For how many of the replies that run at once pages are copied together: none of them with flash-attn."""
    return 0 if importlib.util.find_spec("flash_attn") else at_once


def kv_bytes(model: Shape, tokens: int, cache: CacheMode, gathered: int = 0) -> int:
    """Memory of the cache for `tokens`, in whole pages; a quantized cache adds one layer's worth of FP16 workspace.

    So does each of the `gathered` replies whose pages are copied together to attend to them.
    """
    tokens = -(-tokens // _PAGE) * _PAGE
    per_layer = 2 * model.kv_heads * model.head_dim * tokens
    workspace = per_layer * 2.0 * (gathered + (cache != "FP16"))
    return round(per_layer * model.layers * _CACHE_BYTES[cache] + workspace)


def fit(model: Shape, tokens: int, cache: CacheMode, free: int, gpu_count: int = 1, gathered: int = 0) -> Fit:
    """Whether the model with a window of `tokens` fits `free` bytes over `gpu_count` GPUs; `gathered`: see `kv_bytes`."""
    fixed = model.weight_bytes + _OVERHEAD * gpu_count
    page = kv_bytes(model, _PAGE, cache, gathered)
    return Fit(fixed + kv_bytes(model, tokens, cache, gathered), free, max(free - fixed, 0) // page * _PAGE if page else 0)


def speed_limit(model: Shape, tokens: int, cache: CacheMode, bandwidth: float) -> float:
    """Tokens per second that a memory of `bandwidth` bytes per second allows with `tokens` in the window.

    Every weight is read once per token; a quantized cache is also unpacked (2 bytes written, 2 read per number).
    """
    per_number = _CACHE_BYTES[cache] + (0.0 if cache == "FP16" else 4.0)
    past = 2 * model.layers * model.kv_heads * model.head_dim * tokens * per_number
    return bandwidth / (model.weight_bytes + past)
