"""EXL2 folders of the sizes that people run, their numbers drawn at random: nobody reads their replies, only the clock."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.exl2.codec import Tensors

_GROUP = 128
_HEAD_BITS = 6
# makes weights of a deviation of about 0.02
_SCALE_MAX = 0.01


class Shape(NamedTuple):
    """A Llama by its sizes; `bits` a weight."""

    name: str
    hidden: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    bits: int


SHAPES = (
    Shape("6.7B (DeepSeek-Coder) at 4 bits", 4096, 11008, 32, 32, 32, 4),
    Shape("7B (Qwen2.5-Coder) at 4 bits", 3584, 18944, 28, 28, 4, 4),
    Shape("33B (DeepSeek-Coder) at 4 bits", 7168, 19200, 62, 56, 8, 4),
)
TINY = Shape("a tiny one at 4 bits", 256, 512, 2, 4, 2, 4)


def write_random(shape: Shape, base: Path, folder: Path) -> Path:
    """Write `folder`, with the tokenizer and templates of the EXL2 folder `base`."""
    from safetensors.numpy import save_file

    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "head_dim": shape.hidden // shape.heads,
        "max_position_embeddings": 16384,
        "tie_word_embeddings": False,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    keys = shape.key_heads * shape.hidden // shape.heads
    norm: NDArray[np.float16] = np.ones(shape.hidden, np.float16)
    parts = {
        "self_attn.q_proj": _random(shape.hidden, shape.hidden, shape.bits),
        "self_attn.k_proj": _random(shape.hidden, keys, shape.bits),
        "self_attn.v_proj": _random(shape.hidden, keys, shape.bits),
        "self_attn.o_proj": _random(shape.hidden, shape.hidden, shape.bits),
        "mlp.gate_proj": _random(shape.hidden, shape.inner, shape.bits),
        "mlp.up_proj": _random(shape.hidden, shape.inner, shape.bits),
        "mlp.down_proj": _random(shape.inner, shape.hidden, shape.bits),
    }
    for layer in range(shape.layers):
        stored: Tensors = {
            f"model.layers.{layer}.{name}.weight": norm for name in ("input_layernorm", "post_attention_layernorm")
        }
        for part, tensors in parts.items():
            stored |= {f"model.layers.{layer}.{part}.{name}": tensor for name, tensor in tensors.items()}
        save_file(stored, folder / f"layer-{layer}.safetensors")
    vocabulary = config["vocab_size"]
    embedding = np.random.default_rng(1).normal(0, 0.02, (vocabulary, shape.hidden)).astype(np.float16)
    head = {f"lm_head.{name}": tensor for name, tensor in _random(shape.hidden, vocabulary, _HEAD_BITS).items()}
    save_file({"model.embed_tokens.weight": embedding, "model.norm.weight": norm, **head}, folder / "ends.safetensors")
    return folder


def _random(inputs: int, outputs: int, bits: int) -> Tensors:
    """The EXL2 tensors (see tests/exl2/codec.py) of a layer of that many inputs and outputs."""
    random, groups = np.random.default_rng(inputs + outputs), -(-inputs // _GROUP)
    first: NDArray[np.int64] = np.arange(groups) * (_GROUP * bits // 32)
    return {
        "q_weight": random.integers(-(2**31), 2**31, (inputs * bits // 32, outputs), np.int64).astype(np.int32),
        "q_scale": random.integers(-(2**31), 2**31, (groups, outputs // 8), np.int64).astype(np.int32),
        "q_scale_max": np.full(groups, _SCALE_MAX, np.float16),
        "q_groups": np.stack([np.full(groups, bits), first], 1).astype(np.uint16).view(np.int16).reshape(-1),
        "q_invperm": np.arange(inputs, dtype=np.int32),
    }
