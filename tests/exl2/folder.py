"""A GGUF file (architecture llama or qwen2) as an EXL2 folder: config, tokenizer and weights, written on a CPU.

Run as `python -m tests.exl2.folder MODEL.gguf FOLDER BITS`.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.exl2 import codec

_GROUP = 32
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}
_SPECIAL, _USER_DEFINED = 3, 4
_QWEN_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def write_folder(gguf: Path, folder: Path, bits: int) -> None:
    """Write `folder`, layers at `bits` bits; a tied head stays float16, as small models want it."""
    from gguf import GGUFReader

    reader = GGUFReader(gguf)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    folder.mkdir(parents=True, exist_ok=True)
    stored: codec.Tensors = {}
    spent = quantized = 0
    for name, weight in _weights(reader, facts).items():
        if weight.ndim < 2 or "embed_tokens" in name:
            stored[name] = weight.astype(np.float16)
            continue
        tensors = codec.write(weight, bits, _GROUP)
        stored |= {f"{name.removesuffix('.weight')}.{part}": tensor for part, tensor in tensors.items()}
        spent += sum(tensor.nbytes * 8 for tensor in tensors.values())
        quantized += weight.size
    from safetensors.numpy import save_file

    save_file(stored, folder / "output.safetensors", metadata={"format": "pt"})
    texts = {
        "config.json": _config(facts, "lm_head.q_weight" not in stored, round(spent / quantized, 2)),
        "tokenizer.json": _tokenizer(facts),
        "tokenizer_config.json": _tokenizer_config(facts),
        "generation_config.json": {"eos_token_id": int(facts["tokenizer.ggml.eos_token_id"])},
    }
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def linked(folder: Path, copy: Path) -> Path:
    """A copy of a model's folder whose weights are the same file."""
    copy.mkdir()
    for file in folder.iterdir():
        if file.suffix == ".safetensors":
            (copy / file.name).symlink_to(file)
        else:
            shutil.copy(file, copy)
    return copy


def _weights(reader: Any, facts: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    from gguf.quants import dequantize

    architecture = facts["general.architecture"]
    heads = {
        "attn_q": facts[f"{architecture}.attention.head_count"],
        "attn_k": facts[f"{architecture}.attention.head_count_kv"],
    }
    found: dict[str, NDArray[np.float32]] = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        name, suffix = tensor.name.rsplit(".", 1)
        if not name.startswith("blk."):
            found[f"{_TOP[name]}.{suffix}"] = weight
            continue
        _, layer, part = name.split(".")
        if architecture == "llama" and part in heads:
            weight = _unpermuted(weight, int(heads[part]))
        found[f"model.layers.{layer}.{_PARTS[part]}.{suffix}"] = weight
    return found


def _unpermuted(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows in the order of halves; llama.cpp keeps the pairs of rotary embedding side by side."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _config(facts: dict[str, Any], tied: bool, bits: float) -> dict[str, Any]:
    a = facts["general.architecture"]
    heads = int(facts[f"{a}.attention.head_count"])
    return {
        "architectures": [_CLASSES[a]],
        "model_type": a,
        "hidden_size": int(facts[f"{a}.embedding_length"]),
        "intermediate_size": int(facts[f"{a}.feed_forward_length"]),
        "num_hidden_layers": int(facts[f"{a}.block_count"]),
        "num_attention_heads": heads,
        "num_key_value_heads": int(facts[f"{a}.attention.head_count_kv"]),
        "head_dim": int(facts[f"{a}.embedding_length"]) // heads,
        "rms_norm_eps": round(float(facts[f"{a}.attention.layer_norm_rms_epsilon"]), 8),
        "rope_theta": float(facts[f"{a}.rope.freq_base"]),
        "max_position_embeddings": int(facts[f"{a}.context_length"]),
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        "tie_word_embeddings": tied,
        "hidden_act": "silu",
        "torch_dtype": "float16",
        "attention_bias": a == "qwen2",
        "bos_token_id": int(facts["tokenizer.ggml.bos_token_id"]),
        "eos_token_id": int(facts["tokenizer.ggml.eos_token_id"]),
        "quantization_config": {"quant_method": "exl2", "version": "0.3.2", "bits": bits, "head_bits": 16 if tied else bits},
    }


def _tokenizer(facts: dict[str, Any]) -> dict[str, Any]:
    tokens, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    llama = facts["general.architecture"] == "llama"
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": llama, "use_regex": llama}
    split = {"type": "Split", "pattern": {"Regex": _QWEN_WORDS}, "behavior": "Isolated", "invert": False}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, "special": kind == _SPECIAL, **plain}
            for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind in (_SPECIAL, _USER_DEFINED)
        ],
        "normalizer": None if llama else {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True} if llama else split, byte_level],
        },
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in facts["tokenizer.ggml.merges"]],
        },
    }


def _tokenizer_config(facts: dict[str, Any]) -> dict[str, Any]:
    tokens = facts["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[int(facts["tokenizer.ggml.bos_token_id"])],
        "eos_token": tokens[int(facts["tokenizer.ggml.eos_token_id"])],
        "chat_template": facts["tokenizer.chat_template"],
        "clean_up_tokenization_spaces": False,
    }


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
