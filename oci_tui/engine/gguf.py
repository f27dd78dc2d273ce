"""What a GGUF file says of itself, read from its header alone, with every length checked before it is believed."""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path
from typing import Any

import msgspec

from oci_tui.core.errors import ModelError

_MAX_HEADER = 256 * 1024**2
_MAX_STRING = 4 * 1024**2
_MAX_ENTRIES = 65_536
_MAX_NESTING = 2

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_CONTROL_TOKENS = (3, 4)

# ggml type → (elements of a block, bytes of a block)
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


class GgufModel(msgspec.Struct, frozen=True):
    """A whole GGUF file. `context` is what the model was trained for, in tokens, 0 where it does not say.

    `special_tokens` are texts that the tokenizer turns into control tokens; `template` is the model's own chat template or "".
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
    parameters: int
    bits_per_weight: float
    file_bytes: int
    layers: int
    kv_heads: int
    head_dim: int


class _MalformedError(Exception):
    """The header contradicts itself or the file; the text says how."""


class _Cursor:
    """A position in the header that never leaves it."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.end = data, 0, min(len(data), _MAX_HEADER)

    def skip(self, length: int) -> int:
        """Go `length` bytes on; where they began."""
        begin = self.at
        if length < 0 or begin + length > self.end:
            raise _MalformedError("it ends inside its header")
        self.at = begin + length
        return begin

    def number(self, code: str) -> Any:
        layout = struct.Struct("<" + code)
        return layout.unpack_from(self.data, self.skip(layout.size))[0]

    def text(self, limit: int = _MAX_STRING) -> str:
        length = self.number("Q")
        if length > limit:
            raise _MalformedError(f"a text of {length} bytes in its header")
        begin = self.skip(length)
        return self.data[begin : begin + length].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth == _MAX_NESTING:
            raise _MalformedError(f"a value of the unknown kind {kind}")
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            layout = struct.Struct(f"<{_SCALARS[inner]}")
            begin = self.skip(count * layout.size)
            return self.data[begin : self.at], layout
        if count * 8 > self.end - self.at:
            raise _MalformedError(f"a list of {count} entries in its header")
        return [self.value(inner, depth + 1) for _ in range(count)]


def read_gguf(path: Path) -> GgufModel:
    """What the file is, after checking that it is whole. Raises ModelError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size < 24 or file.read(4) != b"GGUF":
                raise ModelError(f"{path}: not a GGUF file; give a *.gguf file or an EXL2 folder, or see `oci-tui models list`")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _read(path, size, _Cursor(data))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    except _MalformedError as error:
        raise ModelError(f"{path}: not a whole GGUF file: {error}; fetch it again") from error


def _read(path: Path, size: int, cursor: _Cursor) -> GgufModel:
    cursor.skip(4)
    version = cursor.number("I")
    if version not in (2, 3):
        raise ModelError(f"{path}: GGUF version {version} is not known (2 and 3 are); convert the model again with llama.cpp")
    tensors, entries = cursor.number("Q"), cursor.number("Q")
    if tensors > _MAX_ENTRIES or entries > _MAX_ENTRIES:
        raise _MalformedError(f"{tensors} tensors and {entries} entries")
    facts: dict[str, Any] = {}
    for _ in range(entries):
        key = cursor.text(65_535)
        facts[key] = cursor.value(cursor.number("I"))
    parameters, weight_bytes, end = _tensors(cursor, tensors, _whole(facts, "general.alignment") or 32)
    if end > size:
        raise ModelError(f"{path}: truncated: {size:,} of {end:,} bytes; fetch it again")
    architecture = _text(facts, "general.architecture")
    if not architecture:
        raise _MalformedError("it names no architecture")
    tokens = facts.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list):
        raise ModelError(f"{path}: holds no tokenizer, so it is not a language model; choose another file")
    return GgufModel(
        path=path,
        name=_text(facts, "general.name") or path.stem,
        architecture=architecture,
        context=_whole(facts, f"{architecture}.context_length"),
        template=_text(facts, "tokenizer.chat_template"),
        special_tokens=_special(tokens, facts.get("tokenizer.ggml.token_type")),
        bos=_token(tokens, facts.get("tokenizer.ggml.bos_token_id")),
        eos=_token(tokens, facts.get("tokenizer.ggml.eos_token_id")),
        add_bos=facts.get("tokenizer.ggml.add_bos_token") is True,
        parameters=parameters,
        bits_per_weight=round(weight_bytes * 8 / parameters, 2) if parameters else 0.0,
        file_bytes=size,
        layers=_whole(facts, f"{architecture}.block_count"),
        kv_heads=_kv_heads(facts, architecture),
        head_dim=_whole(facts, f"{architecture}.attention.key_length")
        or _whole(facts, f"{architecture}.embedding_length") // max(_whole(facts, f"{architecture}.attention.head_count"), 1),
    )


def _tensors(cursor: _Cursor, count: int, alignment: int) -> tuple[int, int, int]:
    """Elements, bytes of weights, and where the file must end at the earliest."""
    parameters = weight_bytes = last = 0
    for _ in range(count):
        cursor.text(65_535)
        dimensions = cursor.number("I")
        if dimensions > 8:
            raise _MalformedError(f"a tensor of {dimensions} dimensions")
        elements = math.prod([cursor.number("Q") for _ in range(dimensions)])
        kind, offset = cursor.number("I"), cursor.number("Q")
        block, block_bytes = _BLOCKS.get(kind, (1, 0))
        length = elements // block * block_bytes
        parameters, weight_bytes, last = parameters + elements, weight_bytes + length, max(last, offset + length)
    return parameters, weight_bytes, -(-cursor.at // alignment) * alignment + last


def _whole(facts: dict[str, Any], key: str) -> int:
    value = facts.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _kv_heads(facts: dict[str, Any], architecture: str) -> int:
    """Heads whose keys and values are cached, the most of any layer."""
    heads = facts.get(f"{architecture}.attention.head_count_kv")
    if isinstance(heads, tuple):
        raw, layout = heads
        return max((int(number) for (number,) in layout.iter_unpack(raw)), default=0)
    return _whole(facts, f"{architecture}.attention.head_count_kv") or _whole(facts, f"{architecture}.attention.head_count")


def _text(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return value if isinstance(value, str) else ""


def _token(tokens: list[Any], index: Any) -> str:
    return str(tokens[index]) if isinstance(index, int) and 0 <= index < len(tokens) else ""


def _special(tokens: list[Any], kinds: Any) -> tuple[str, ...]:
    if not isinstance(kinds, tuple):
        return ()
    raw, layout = kinds
    return tuple(
        str(token) for token, (kind,) in zip(tokens, layout.iter_unpack(raw), strict=False) if kind in _CONTROL_TOKENS and token
    )
