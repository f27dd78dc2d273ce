"""A Llama on a CPU behind exllamav2's own model and cache classes: reads an EXL2 folder, takes the generator's parameters.

Paged, with draft models, LoRA and every rope scaling of the library, which computes the frequencies itself.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.exl2 import codec, extension

extension.install()

import exllamav2
import exllamav2.attn
import exllamav2.generator
from exllamav2 import rope

Tensor = Any


class CpuCache(exllamav2.ExLlamaV2CacheBase):
    """Keys and values in float32, whichever mode was asked for."""

    def __init__(self, model: CpuModel, batch_size: int = 1, max_seq_len: int = -1, lazy: bool = False) -> None:
        super().__init__(model, batch_size, max_seq_len, torch.float32, 1, 1, False)
        self.key_states = [torch.zeros(self.shape_basic) for _ in range(self.num_hidden_layers)]
        self.value_states = [torch.zeros(self.shape_basic) for _ in range(self.num_hidden_layers)]

    def all_tensors(self) -> list[Tensor]:
        return self.key_states + self.value_states


class CpuTensorParallelCache(CpuCache):
    """As the library's: over caches of a class `base`."""

    def __init__(self, model: CpuModel, base: type[CpuCache], max_seq_len: int) -> None:
        super().__init__(model, max_seq_len=max_seq_len)


class CpuModel(exllamav2.ExLlamaV2):
    """ExLlamaV2 with its tensors in main memory; loading goes module by module, as the library's does."""

    def load_autosplit(self, cache: CpuCache, reserve_vram: Any = None, callback: Any = None, **_: Any) -> None:
        self.load(callback=callback)

    def load_tp(self, gpu_split: Any, expect_cache_tokens: int, expect_cache_base: type[CpuCache], callback: Any) -> None:
        self.load(gpu_split, callback)

    def load(self, gpu_split: Any = None, callback: Any = None, **_: Any) -> None:
        self.weights = _weights(tuple(str(Path(file).resolve()) for file in self.config.tensor_files))
        for number, module in enumerate(self.modules):
            for part in module.submodules or [module]:
                part.device_idx = -1
            if callback is not None:
                callback(number + 1, len(self.modules))
        frequencies, self._stretch = rope.get_rope_params("cpu", self.config, self.config.rotary_embedding_base)
        positions = torch.arange(self.config.max_seq_len).float() / (self.config.scale_pos_emb or 1.0)
        angles = torch.outer(positions, frequencies.float())
        self._angles = torch.cat((angles, angles), dim=-1)
        self.loaded = True

    @torch.inference_mode()
    def forward_chunk(
        self,
        input_ids: Tensor,
        attn_params: Any = None,
        cache: CpuCache | None = None,
        preprocess_only: bool = False,
        loras: list[Any] | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        assert cache is not None
        places = [self._places(attn_params, row, input_ids.shape[-1]) for row in range(len(input_ids))]
        x = self.weights["model.embed_tokens"][input_ids]
        for layer in range(self.config.num_hidden_layers):
            x = x + self._attend(layer, self._norm(x, f"model.layers.{layer}.input_layernorm"), places, cache, loras)
            x = x + self._mlp(layer, self._norm(x, f"model.layers.{layer}.post_attention_layernorm"), loras)
        if preprocess_only:
            return {}
        logits = self._linear(self._norm(x, "model.norm"), "lm_head", loras)
        # the library's logits come padded to whole groups of 32
        return {"logits": torch.nn.functional.pad(logits, (0, -logits.shape[-1] % 32), value=float("-inf"))}

    def _places(self, parameters: Any, row: int, new: int) -> Tensor:
        """Where in the cache positions 0 to the last new one of a sequence lie."""
        if not parameters.paged:
            return torch.arange(parameters.past_len + new)
        positions = torch.arange(int(parameters.cache_seqlens[row]) + new)
        pages = parameters.block_index[row][positions // parameters.page_size].long()
        return pages * parameters.page_size + positions % parameters.page_size

    def _attend(self, layer: int, x: Tensor, places: list[Tensor], cache: CpuCache, loras: list[Any] | None) -> Tensor:
        name, config = f"model.layers.{layer}.self_attn", self.config
        shape = (*x.shape[:2], -1, config.head_dim)
        query, key, value = (self._linear(x, f"{name}.{part}_proj", loras).view(shape) for part in "qkv")
        rows = []
        for row, place in enumerate(places):
            new = x.shape[1]
            past = len(place) - new
            keys, values = cache.key_states[layer][0], cache.value_states[layer][0]
            keys[place[past:]], values[place[past:]] = self._rotated(key[row], past), value[row]
            mask = torch.ones(new, len(place), dtype=torch.bool).tril(past)
            rows.append(
                torch.nn.functional.scaled_dot_product_attention(
                    self._rotated(query[row], past).transpose(0, 1),
                    keys[place].transpose(0, 1),
                    values[place].transpose(0, 1),
                    attn_mask=mask,
                    enable_gqa=True,
                ).transpose(0, 1)
            )
        return self._linear(torch.stack(rows).flatten(2), f"{name}.o_proj", loras)

    def _rotated(self, x: Tensor, past: int) -> Tensor:
        """(new, heads, head_dim) turned by the angles of the positions from `past` on."""
        angles = self._angles[past : past + len(x), None]
        first, second = x.chunk(2, dim=-1)
        return (x * angles.cos() + torch.cat((-second, first), dim=-1) * angles.sin()) * self._stretch

    def _mlp(self, layer: int, x: Tensor, loras: list[Any] | None) -> Tensor:
        name = f"model.layers.{layer}.mlp"
        gate = torch.nn.functional.silu(self._linear(x, f"{name}.gate_proj", loras))
        return self._linear(gate * self._linear(x, f"{name}.up_proj", loras), f"{name}.down_proj", loras)

    def _linear(self, x: Tensor, key: str, loras: list[Any] | None) -> Tensor:
        out = torch.nn.functional.linear(x, self.weights[key], self.weights.get(f"{key}.bias"))
        module = self.modules_dict[key]
        for lora in loras or []:
            if lora in module.lora_a_tensors:
                out = out + x @ module.lora_a_tensors[lora].float() @ module.lora_b_tensors[lora].float()
        return out

    def _norm(self, x: Tensor, key: str) -> Tensor:
        return torch.nn.functional.rms_norm(x, (x.shape[-1],), self.weights[key], self.config.norm_eps)


@functools.lru_cache(maxsize=1)
def _weights(files: tuple[str, ...]) -> dict[str, Tensor]:
    """Every tensor of an EXL2 folder in float32, by the name of its module; read once for the many loads of a test run."""
    from safetensors.numpy import load_file

    stored: codec.Tensors = {}
    for file in files:
        stored |= load_file(file)
    weights = {}
    for name, tensor in stored.items():
        key, _, part = name.rpartition(".")
        if part == "q_weight":
            tensor = codec.read({piece: stored[f"{key}.{piece}"] for piece in codec.PARTS})
        elif part == "bias":
            key = name
        elif part != "weight":
            continue
        weights[key] = torch.from_numpy(np.array(tensor)).float()
    return {"lm_head": weights["model.embed_tokens"], **weights}
