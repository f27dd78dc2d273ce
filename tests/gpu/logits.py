"""Next-token logits of an EXL2 folder over a text, written as an array: by exllamav2 on the GPU, or by the CPU reader.

Run as `python -m tests.gpu.logits gpu|pages|cpu FOLDER OUT.npy`; each in a process of its own, since the CPU reader
replaces the library's kernels.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np

TEXT = Path(__file__).read_text(encoding="utf-8")


def gpu(folder: str) -> Any:
    """In one pass, without pages; the library's plain attention, since its other one has no causal mask."""
    torch, model, cache, ids = _on_gpu(folder)
    model.config.no_sdpa = True
    with torch.inference_mode():
        return _array(model.forward(ids, cache)[0], model)


def pages(folder: str) -> Any:
    """In passes of 200, 71, 1 and the rest, to pages in a mixed order."""
    torch, model, cache, ids = _on_gpu(folder)
    from exllamav2.attn import ExLlamaV2Attention

    order, told = torch.tensor([[2, 0, 3, 1]], dtype=torch.int32), []
    with torch.inference_mode():
        for start, end in itertools.pairwise((0, 200, 271, 272, ids.shape[-1])):
            passed = torch.tensor([start], dtype=torch.int32)
            parameters = ExLlamaV2Attention.PagedParams(1, order.clone(), passed, start, 256, end - start)
            told.append(model.forward_chunk(ids[:, start:end], attn_params=parameters, cache=cache)["logits"][0])
        return _array(torch.cat(told), model)


def _on_gpu(folder: str) -> tuple[Any, Any, Any, Any]:
    from oci_tui.engine.exllamav2 import Library

    library = Library()
    exllamav2 = library.exllamav2
    config = exllamav2.ExLlamaV2Config(folder)
    config.arch_compat_overrides()
    config.max_seq_len = 1024
    model = exllamav2.ExLlamaV2(config)
    cache = exllamav2.ExLlamaV2Cache(model, max_seq_len=1024, lazy=True)
    model.load_autosplit(cache)
    return library.torch, model, cache, exllamav2.ExLlamaV2Tokenizer(config).encode(TEXT)[:, :512]


def _array(logits: Any, model: Any) -> Any:
    return logits[:, : model.config.vocab_size].float().cpu().numpy()


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
    np.save(sys.argv[3], {"gpu": gpu, "pages": pages, "cpu": cpu}[sys.argv[1]](sys.argv[2]))
