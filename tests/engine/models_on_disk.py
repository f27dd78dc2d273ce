"""Writes small GGUF files, EXL2 folders and wheels that are what they say, for tests to break."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

STRING, ARRAY, U32, BOOL, I32 = 8, 9, 4, 7, 5


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def strings(values: list[str]) -> bytes:
    return struct.pack("<IQ", STRING, len(values)) + b"".join(map(text, values))


def gguf(path: Path, *, version: int = 3, extra: tuple[bytes, ...] = (), tokenizer: bool = True) -> Path:
    """A whole GGUF file of one Q8_0 tensor of 64 weights."""
    entries = [
        entry("general.architecture", STRING, text("llama")),
        entry("llama.context_length", U32, struct.pack("<I", 4096)),
        *extra,
    ]
    if tokenizer:
        entries += [
            entry("tokenizer.ggml.tokens", ARRAY, strings(["<s>", "</s>", "a"])),
            entry("tokenizer.ggml.token_type", ARRAY, struct.pack("<IQ3i", I32, 3, 3, 3, 1)),
            entry("tokenizer.ggml.eos_token_id", U32, struct.pack("<I", 1)),
            entry("tokenizer.ggml.add_bos_token", BOOL, b"\x01"),
            entry("tokenizer.ggml.bos_token_id", U32, struct.pack("<I", 0)),
        ]
    tensor = text("output.weight") + struct.pack("<IQIQ", 1, 64, 8, 0)
    head = b"GGUF" + struct.pack("<IQQ", version, 1, len(entries)) + b"".join(entries) + tensor
    path.write_bytes(head + b"\0" * (-len(head) % 32) + b"\1" * 68)
    return path


CONFIG = {
    "model_type": "llama",
    "hidden_size": 512,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "num_hidden_layers": 4,
    "max_position_embeddings": 4096,
    "eos_token_id": 2,
    "quantization_config": {"quant_method": "exl2", "bits": 4.25},
}


def exl2(folder: Path, **config: Any) -> Path:
    """A whole EXL2 folder with 1000 bytes of embedding and 3000 of weights."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    (folder / "generation_config.json").write_text('{"eos_token_id": [7, 2]}')
    (folder / "tokenizer.json").write_text('{"added_tokens": [{"content": "<s>"}, {"content": "<|EOT|>"}]}')
    (folder / "tokenizer_config.json").write_text('{"bos_token": {"content": "<s>"}, "eos_token": "<|EOT|>"}')
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "model.embed_tokens.weight": {"dtype": "F16", "shape": [500], "data_offsets": [0, 1000]},
            "lm_head.q_weight": {"dtype": "I32", "shape": [750], "data_offsets": [1000, 4000]},
        }
    ).encode()
    (folder / "output.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4000)
    return folder


def wheel(folder: Path, name: str, version: str, member: str, content: bytes) -> Path:
    """A wheel that pip accepts, with one data file."""
    folder.mkdir(exist_ok=True, parents=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def flash_attn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a flash-attn be found, in `folder`."""
    (folder / "flash_attn.py").touch()
    monkeypatch.syspath_prepend(str(folder))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own of so many MB, for root only: elsewhere the test is skipped."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
