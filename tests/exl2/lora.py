"""A LoRA folder for an EXL2 model, of weights drawn at random."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def write_lora(folder: Path, base: Path) -> Path:
    """A rank-4 adapter of random weights for the query projection of every layer."""
    from safetensors.numpy import save_file

    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    random, hidden = np.random.default_rng(7), config["hidden_size"]
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = random.normal(0, 0.05, (4, hidden)).astype(np.float16)
        tensors[f"{name}.lora_B.weight"] = random.normal(0, 0.05, (hidden, 4)).astype(np.float16)
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 4}), encoding="utf-8")
    return folder
