"""exllamav2 as the engine asks for it, with its model and caches on a CPU."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from oci_tui.engine.exllamav2 import Library
from tests.exl2.llama import CpuCache, CpuModel, CpuTensorParallelCache, exllamav2


class CpuLibrary(Library):
    """The real tokenizer, sampler, dynamic generator and LoRA reader, as if flash-attn were there."""

    def __init__(self) -> None:
        self.torch = torch
        self.generator = exllamav2.generator
        self.flash = exllamav2.attn.has_flash_attn_with_paged = True
        self.exllamav2 = SimpleNamespace(
            ExLlamaV2=CpuModel,
            ExLlamaV2Config=exllamav2.ExLlamaV2Config,
            ExLlamaV2Tokenizer=exllamav2.ExLlamaV2Tokenizer,
            ExLlamaV2Lora=exllamav2.ExLlamaV2Lora,
            ExLlamaV2Cache_TP=CpuTensorParallelCache,
            **{f"ExLlamaV2Cache{mode}": CpuCache for mode in ("", "_Q8", "_Q6", "_Q4")},
        )
