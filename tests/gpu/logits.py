"""Next-token logits of an EXL2 folder over a text, written as an array: by exllamav2 on the GPU, or by the CPU reader.

Run as `python -m tests.gpu.logits gpu|cpu FOLDER OUT.npy`; each in a process of its own, since the CPU reader replaces the
library's kernels.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

TEXT = Path(__file__).read_text(encoding="utf-8")


def gpu(folder: str) -> Any:
    import torch
    from exllamav2 import ExLlamaV2, ExLlamaV2Cache, ExLlamaV2Config, ExLlamaV2Tokenizer

    config = ExLlamaV2Config(folder)
    config.arch_compat_overrides()
    config.max_seq_len = 1024
    model = ExLlamaV2(config)
    cache = ExLlamaV2Cache(model, max_seq_len=1024, lazy=True)
    model.load_autosplit(cache)
    ids = ExLlamaV2Tokenizer(config).encode(TEXT)[:, :512]
    with torch.inference_mode():
        return model.forward(ids, cache)[0, :, : config.vocab_size].float().cpu().numpy()


def cpu(folder: str) -> Any:
    from tests.exl2.llama import CpuCache, CpuModel, exllamav2

    config = exllamav2.ExLlamaV2Config(folder)
    config.max_seq_len = 1024
    model = CpuModel(config)
    model.load()
    ids = exllamav2.ExLlamaV2Tokenizer(config).encode(TEXT)[:, :512]
    parameters = exllamav2.attn.ExLlamaV2Attention.Params(1, ids.shape[-1], 0)
    logits = model.forward_chunk(ids, attn_params=parameters, cache=CpuCache(model, max_seq_len=1024))["logits"]
    return logits[0, :, : config.vocab_size].numpy()


if __name__ == "__main__":
    np.save(sys.argv[3], {"gpu": gpu, "cpu": cpu}[sys.argv[1]](sys.argv[2]))
