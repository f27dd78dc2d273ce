"""exllamav2 as its own examples drive it, for comparison: prints tokens per second of a reply, and the memory's speed.

Unpaged where there is no flash-attn.
Run as `python -m tests.gpu.bare FOLDER TOKENS CACHE [--stand-in]`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tests.gpu.asking import PROMPT


def bandwidth(torch: Any) -> float:
    """Bytes read and written per second by a copy of a gigabyte within the GPU; 0.0 without one."""
    if not torch.cuda.is_available():
        return 0.0
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target, best = torch.empty_like(source), 0.0
    for _ in range(10):
        torch.cuda.synchronize()
        began = time.perf_counter()
        target.copy_(source)
        torch.cuda.synchronize()
        best = max(best, 2 * source.numel() / (time.perf_counter() - began))
    return best


def main(folder: str, tokens: int, cache_mode: str, *, stand_in: bool) -> None:
    if stand_in:
        from tests.exl2.library import CpuLibrary

        library: Any = CpuLibrary()
    else:
        from oci_tui.engine.exllamav2 import Library

        library = Library()
    exllamav2, torch = library.exllamav2, library.torch
    config = exllamav2.ExLlamaV2Config(folder)
    config.arch_compat_overrides()
    config.max_seq_len = 2048
    model = exllamav2.ExLlamaV2(config)
    cache = getattr(exllamav2, f"ExLlamaV2Cache{'' if cache_mode == 'FP16' else '_' + cache_mode}")(
        model, max_seq_len=2048, lazy=True
    )
    model.load_autosplit(cache)
    tokenizer = exllamav2.ExLlamaV2Tokenizer(config)
    generator = library.generator.ExLlamaV2DynamicGenerator(
        model=model, cache=cache, tokenizer=tokenizer, max_batch_size=1, paged=library.flash
    )
    generator.warmup()
    greedy = library.generator.ExLlamaV2Sampler.Settings.greedy()
    rates = []
    for _ in range(3):
        job = library.generator.ExLlamaV2DynamicJob(
            input_ids=tokenizer.encode(PROMPT), max_new_tokens=tokens, min_new_tokens=tokens, gen_settings=greedy
        )
        generator.enqueue(job)
        first = written = 0.0
        while generator.num_remaining_jobs():
            for result in generator.iterate():
                if result["stage"] == "streaming":
                    first = first or time.perf_counter()
                    written = result.get("new_tokens", 0)
        rates.append((written - 1) / (time.perf_counter() - first))
    print(json.dumps({"tokens_per_second": max(rates), "bandwidth": bandwidth(torch)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], stand_in="--stand-in" in sys.argv)
