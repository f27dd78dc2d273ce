"""What an EXL2 folder says of itself: its config, its tokenizer and the headers of its safetensors files; no torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from oci_tui.core.errors import ModelError

_MAX_JSON = 64 * 1024**2
_MAX_WEIGHTS_HEADER = 100 * 1024**2


class Exl2Model(msgspec.Struct, frozen=True):
    """A whole EXL2 folder. `context` is what the model was trained for, in tokens.

    `weight_bytes` are read for every token: all tensors but an untied embedding, whose `embedding_bytes` stay off the GPU.
    """

    path: Path
    name: str
    architecture: str
    context: int
    template: str
    special_tokens: tuple[str, ...]
    bos: str
    eos: str
    add_bos: bool
    stop_ids: tuple[int, ...]
    bits_per_weight: float
    weight_bytes: int
    embedding_bytes: int
    layers: int
    kv_heads: int
    head_dim: int


def read_exl2(folder: Path) -> Exl2Model:
    """What the folder is, after checking that every file is whole. Raises ModelError."""
    config = _json(folder / "config.json")
    quantization = quantization_of(folder)
    tokenizer = _json(folder / "tokenizer.json", "an EXL2 folder needs the tokenizer.json of its model; copy it there")
    tokens = _json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
    weights, embedding = _weights(folder, bool(config.get("tie_word_embeddings")))
    heads = _number(folder, config, "num_attention_heads")
    return Exl2Model(
        path=folder,
        name=folder.name,
        architecture=str(config.get("model_type", "")),
        context=_number(folder, config, "max_position_embeddings"),
        template=_template(folder, tokens),
        special_tokens=_special(tokenizer),
        bos=_token(tokens.get("bos_token")),
        eos=_token(tokens.get("eos_token")),
        add_bos=tokens.get("add_bos_token") is True,
        stop_ids=_stop_ids(folder, config),
        bits_per_weight=_bits(quantization.get("bits")),
        weight_bytes=weights,
        embedding_bytes=embedding,
        layers=_number(folder, config, "num_hidden_layers"),
        kv_heads=_number(folder, config, "num_key_value_heads", heads),
        head_dim=_number(folder, config, "head_dim", _number(folder, config, "hidden_size") // max(heads, 1)),
    )


def quantization_of(folder: Path) -> dict[str, Any]:
    """How the weights are quantized, by config.json alone. Raises ModelError when exllamav2 cannot read them."""
    quantization = _json(folder / "config.json").get("quantization_config")
    method = quantization.get("quant_method") if isinstance(quantization, dict) else None
    if not isinstance(quantization, dict) or method not in ("exl2", "gptq"):
        _refuse(folder, method)
    return quantization


def _refuse(folder: Path, method: object) -> NoReturn:
    if method == "exl3":
        raise ModelError(f"{folder}: an EXL3 model, which exllamav2 cannot read; fetch the EXL2 version of it")
    if isinstance(method, str):
        raise ModelError(
            f"{folder}: quantized with {method[:40]!r}, which no engine here reads; fetch an EXL2 or GGUF version of it"
        )
    raise ModelError(f"{folder}: not quantized (config.json has no quantization_config); fetch an EXL2 or GGUF version of it")


def _json(path: Path, advice: str = "an EXL2 folder holds config.json, tokenizer.json and *.safetensors") -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ModelError(
                f"{path}: larger than {_MAX_JSON // 1024**2} MiB, so it is not what it is named; fetch the model again"
            )
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: not found; {advice}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read ({type(error).__name__}); fetch the model again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: expected a JSON object; fetch the model again")
    return content


def _weights(folder: Path, tied: bool) -> tuple[int, int]:
    """Bytes read for every token, bytes of the embedding."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"{folder}: holds no *.safetensors file; fetch the model again")
    weights = embedding = 0
    head = False
    for file in files:
        for name, length in _tensors(file).items():
            if "embed_tokens" in name or name.endswith("wte.weight"):
                embedding += length
            else:
                weights += length
                head = head or name.startswith("lm_head.")
    return (weights + embedding if tied and not head else weights), embedding


def _tensors(file: Path) -> dict[str, int]:
    """Name → bytes of each tensor of a safetensors file that is as long as its header says."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(_MAX_WEIGHTS_HEADER, size - 8):
                raise ModelError(f"{file}: not a whole safetensors file ({size:,} bytes); fetch it again")
            header = json.loads(stream.read(length))
        ends = {
            name: (int(t["data_offsets"][0]), int(t["data_offsets"][1])) for name, t in header.items() if name != "__metadata__"
        }
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file}: its header is damaged; fetch it again") from error
    expected = 8 + length + max((end for _, end in ends.values()), default=0)
    if size < expected:
        raise ModelError(f"{file}: truncated: {size:,} of {expected:,} bytes; fetch it again")
    return {name: max(end - begin, 0) for name, (begin, end) in ends.items()}


def _number(folder: Path, config: dict[str, Any], key: str, otherwise: int | None = None) -> int:
    value = config.get(key)
    if isinstance(value, int) and value > 0:
        return value
    if otherwise is None:
        raise ModelError(f"{folder}/config.json: {key} must be a positive number; fetch the model again")
    return otherwise


def _bits(value: object) -> float:
    return round(float(value), 2) if isinstance(value, int | float) else 0.0


def _template(folder: Path, tokens: dict[str, Any]) -> str:
    own = folder / "chat_template.jinja"
    if own.is_file() and own.stat().st_size <= _MAX_JSON:
        return own.read_text(encoding="utf-8", errors="replace")
    listed = tokens.get("chat_template")
    if isinstance(listed, list):
        named = {entry.get("name"): entry.get("template") for entry in listed if isinstance(entry, dict)}
        listed = named.get("default")
    return listed if isinstance(listed, str) else ""


def _special(tokenizer: dict[str, Any]) -> tuple[str, ...]:
    added = tokenizer.get("added_tokens")
    entries = added if isinstance(added, list) else []
    return tuple(e["content"] for e in entries if isinstance(e, dict) and isinstance(e.get("content"), str) and e["content"])


def _token(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _stop_ids(folder: Path, config: dict[str, Any]) -> tuple[int, ...]:
    """Every end-of-text token: exllamav2 itself keeps only the first of a list."""
    found: list[int] = []
    generation = folder / "generation_config.json"
    for source in (_json(generation) if generation.exists() else {}, config):
        ids = source.get("eos_token_id")
        found += [i for i in (ids if isinstance(ids, list) else [ids]) if type(i) is int and i >= 0]
    return tuple(dict.fromkeys(found))
