"""What `oci-tui models info` tells of a model before it is loaded: what it is, whether it is whole, what fits, how fast."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from typing import get_args

from oci_tui.core.errors import ModelError
from oci_tui.engine import bandwidth, catalogue
from oci_tui.engine.catalogue import Exl2Entry
from oci_tui.engine.exl2_folder import Exl2Model, quantization_of
from oci_tui.engine.fit import Gpu, Shape, fit, gathered_by, gpus, speed_limit
from oci_tui.engine.gguf import GgufModel
from oci_tui.engine.memory import available, kv_token_bytes, ram_needed
from oci_tui.engine.models import path_of, resolve, size_of
from oci_tui.engine.preflight import read_model
from oci_tui.engine.templates import choose
from oci_tui.settings import CacheMode, EngineSettings

_SMALLEST_WINDOW = 4096


def info(settings: EngineSettings) -> list[str]:
    """Lines about the model of `settings.model`, here or known by name. Raises ModelError. Call it in the main thread."""
    found, gathered = gpus(), gathered_by(settings.at_once)
    known = catalogue.exl2_entry(settings.model)
    if known and not path_of(settings.model).exists():
        return _not_here(*known, found, gathered)
    path = resolve(settings).path
    model = read_model(path)
    template = choose(model.template, bos=model.bos, eos=model.eos, special_tokens=model.special_tokens)
    rows = [
        ("model", model.name),
        ("files", f"whole, {size_of(path) / 1e9:.2f} GB: {path}"),
        ("context", f"{model.context} tokens"),
        ("template", template.name),
    ]
    if isinstance(model, GgufModel):
        rows.insert(1, ("format", f"GGUF, {model.architecture}, {model.bits_per_weight:g} bits per weight: for llama.cpp"))
        return [*_aligned(rows), *_gguf_table(model)]
    form = str(quantization_of(path)["quant_method"]).upper()
    rows.insert(1, ("format", f"{form}, {model.architecture}, {model.bits_per_weight:g} bits per weight: for exllamav2"))
    shapes: list[tuple[str, Shape]] = [(f"{model.bits_per_weight:g}", model)]
    if known:
        shapes += [(f"{known[0].rates[rate]:g}", known[0].sized(rate)) for rate in _other_rates(known[0], model)]
    return [*_aligned([*rows, _gpu_row(found), *_limits(model, found)]), *_exl2_table(shapes, model.context, found, gathered)]


async def info_apart(name: str) -> list[str]:
    """`info` by a process of its own: the model's template is rendered there, bounded in time and memory."""
    asked = _ask(name)
    try:
        told, said = await asyncio.to_thread(asked.communicate)
    finally:
        # whoever no longer wants to know; the thread then comes to its end and has it reaped
        asked.kill()
    if asked.returncode != 0:
        raise ModelError(said.decode("utf-8", "replace").strip().removeprefix("oci-tui: ") or "nothing is known of it")
    return told.decode("utf-8", "replace").splitlines()


def _ask(name: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-P", "-m", "oci_tui", "models", "info", "--", name)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _not_here(entry: Exl2Entry, rate: str, found: tuple[Gpu, ...], gathered: int) -> list[str]:
    rates = [rate] if rate else list(reversed(entry.best_first()))
    rows = [
        ("model", f"{entry.title}: not here, `oci-tui models pull {entry.name}:{entry.rates[rates[0]]:g}` fetches it"),
        ("format", "EXL2: for exllamav2"),
        ("source", ", ".join(dict.fromkeys(entry.source(each).repository for each in rates))),
        ("context", f"{entry.context} tokens"),
        _gpu_row(found),
    ]
    shapes = [(f"{entry.rates[each]:g}", entry.sized(each)) for each in rates]
    return [*_aligned(rows), *_exl2_table(shapes, entry.context, found, gathered)]


def _other_rates(entry: Exl2Entry, model: Exl2Model) -> list[str]:
    return [rate for rate in reversed(entry.best_first()) if entry.source(rate).name != model.path.name]


def _gpu_row(found: tuple[Gpu, ...]) -> tuple[str, str]:
    if not found:
        return "GPU", "none here: the table tells what is needed, not what fits"
    return "GPU", ", ".join(f"{gpu.name} ({gpu.free / 1e9:.1f} of {gpu.memory / 1e9:.1f} GB free)" for gpu in found)


def _limits(model: Exl2Model, found: tuple[Gpu, ...]) -> list[tuple[str, str]]:
    """The speed that the memory of the first GPU allows: every weight is read once for each token."""
    speed = bandwidth.of_gpu(found)
    if not speed:
        return []
    empty, full = (speed_limit(model, tokens, "FP16", speed) for tokens in (0, model.context))
    return [
        ("speed", f"at most {empty:.0f} tokens/s, {full:.0f} with a full window ({speed / 1e9:.0f} GB/s of memory bandwidth)")
    ]


def _exl2_table(shapes: Sequence[tuple[str, Shape]], context: int, found: tuple[Gpu, ...], gathered: int) -> list[str]:
    windows, free = _windows(context), sum(gpu.free for gpu in found)
    lines = ["", "GPU memory needed, GB" + (", ✓ where it fits" if found else "")]
    lines.append(f"{'bits':>6} {'cache':>6} " + "".join(f"{window:>10}" for window in windows) + "  tokens of window")
    for bits, shape in shapes:
        for cache in reversed(get_args(CacheMode)):
            cells = [_cell(shape, window, cache, free, len(found), gathered) for window in windows]
            lines.append(f"{bits:>6} {cache:>6} " + "".join(cells))
    return lines


def _cell(shape: Shape, window: int, cache: CacheMode, free: int, gpu_count: int, gathered: int) -> str:
    need = fit(shape, window, cache, free, max(gpu_count, 1), gathered)
    sign = "" if not gpu_count else " ✓" if need.fits else " ✗"
    return f"{need.needed / 1e9:.1f}{sign}".rjust(10)


def _gguf_table(model: GgufModel) -> list[str]:
    free, speed = available(), bandwidth.of_ram()
    windows = _windows(model.context or _SMALLEST_WINDOW)
    rows = [
        ("memory", f"{free / 1e9:.1f} GB available, {kv_token_bytes(model) * 1024 / 1e6:.0f} MB for 1024 tokens of window"),
        (
            "speed",
            f"about {speed / model.file_bytes:.0f} tokens/s at most ({speed / 1e9:.0f} GB/s, the best of some copies)",
        ),
    ]
    needed = [ram_needed(model, window) for window in windows]
    return [
        *_aligned(rows),
        "",
        "memory needed, GB, ✓ where it is available",
        "".join(f"{window:>10}" for window in windows) + "  tokens of window",
        "".join(f"{need / 1e9:.1f} {'✓' if need <= free else '✗'}".rjust(10) for need in needed),
    ]


def _windows(context: int) -> list[int]:
    doubled = [window for window in (2**power for power in range(12, 18)) if window < context]
    return [*(window for window in doubled if window >= _SMALLEST_WINDOW), context][-5:]


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name:9} {text}" for name, text in rows]
