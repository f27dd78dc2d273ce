"""EXL2 tensors written (rounded to nearest) and read in numpy; the reader is exact to exllamav2's reconstruct kernel.

Of a weight `w` of shape (out, in): `q_weight` int32 (words, out), each column a little-endian bit stream, 32 rows in
`bits` words; `q_scale` int32 (groups, out / 8), nibbles of s - 1; `q_scale_max` float16 (groups,); `q_groups` int16
(2 * groups,), bits and first row of words; `q_invperm` int32 (in,), the stored row of each input.
A weight is (q - 2^(bits-1)) * (s^2 * (q_scale_max / 256)), each product rounded to float16.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.generic]]

PARTS = ("q_weight", "q_scale", "q_scale_max", "q_groups", "q_invperm")

# What the largest magnitude of a group may be shrunk or stretched by, to lessen the error of the rest.
_STRETCH = np.linspace(0.85, 1.15, 5)
_NORM = 3.5


def write(weight: NDArray[np.float32], bits: int, group: int) -> Tensors:
    """The EXL2 tensors of `weight`, (out, in), both multiples of 32, in groups of `group` inputs of `bits` bits each."""
    stored = weight.T.astype(np.float32)
    words: list[NDArray[np.int32]] = []
    scales: list[NDArray[np.uint32]] = []
    largest: list[np.float16] = []
    groups: list[int] = []
    first = 0
    for start in range(0, len(stored), group):
        q, s, scale_max = _round(stored[start : start + group], bits)
        packed = _pack(q, bits)
        groups += [bits, first]
        first += len(packed)
        words.append(packed)
        scales.append(s - 1)
        largest.append(scale_max)
    nibbles = np.stack(scales).reshape(len(scales), -1, 8) << (4 * np.arange(8, dtype=np.uint32))
    return {
        "q_weight": np.concatenate(words),
        "q_scale": np.bitwise_or.reduce(nibbles, axis=2).view(np.int32),
        "q_scale_max": np.array(largest, np.float16),
        "q_groups": np.array(groups, np.uint16).view(np.int16),
        "q_invperm": np.arange(len(stored), dtype=np.int32),
    }


def read(tensors: Tensors) -> NDArray[np.float16]:
    """The weight, (out, in), that EXL2 tensors stand for."""
    words = tensors["q_weight"].view(np.int32)
    packed = tensors["q_scale"].view(np.uint32)
    s = ((packed[:, :, None] >> (4 * np.arange(8, dtype=np.uint32))) & 15).reshape(len(packed), -1) + 1
    groups = tensors["q_groups"].view(np.uint16).astype(int).reshape(-1, 2)
    ends = [*groups[1:, 1], len(words)]
    parts = []
    for index, ((bits, first), end) in enumerate(zip(groups, ends, strict=True)):
        centred = _unpack(words[first:end], int(bits)).astype(np.int16) - (1 << (int(bits) - 1))
        parts.append(centred.astype(np.float16) * _scale(s[index], tensors["q_scale_max"].astype(np.float16)[index]))
    rows: NDArray[np.float16] = np.concatenate(parts)[tensors["q_invperm"].astype(np.int64)]
    return np.ascontiguousarray(rows.T)


def _round(block: NDArray[np.float32], bits: int) -> tuple[NDArray[np.uint8], NDArray[np.uint32], np.float16]:
    """The numbers, column scales and scale maximum of one group that lose least."""
    top, zero = 2**bits - 1, 2 ** (bits - 1)
    base = (np.abs(block).max(0) + 1e-12) / (top / 2)
    s = np.clip(np.round(np.sqrt(base / base.max()) * 16), 1, 16).astype(np.uint32)
    best: tuple[float, NDArray[np.uint8], np.float16] | None = None
    for stretch in _STRETCH:
        scale_max = np.float16(base.max() * stretch)
        scale = np.maximum(_scale(s, scale_max).astype(np.float32), np.float32(1e-12))
        q = np.clip(np.round(block / scale) + zero, 0, top)
        error = float((np.abs((q - zero) * scale - block) ** _NORM).sum())
        if best is None or error < best[0]:
            best = error, q.astype(np.uint8), scale_max
    assert best is not None
    return best[1], s, best[2]


def _scale(s: NDArray[np.uint32], scale_max: np.float16) -> NDArray[np.float16]:
    return (s**2).astype(np.float16) * np.float16(scale_max * np.float16(1 / 256))


def _pack(q: NDArray[np.uint8], bits: int) -> NDArray[np.int32]:
    """(rows, columns) of numbers below 2^bits, rows a multiple of 32 → (rows * bits / 32, columns) of words."""
    blocks = q.astype(np.uint64).reshape(-1, 32, q.shape[1])
    out = np.zeros((len(blocks), bits, q.shape[1]), np.uint64)
    for row in range(32):
        word, shift = divmod(row * bits, 32)
        out[:, word] |= (blocks[:, row] << np.uint64(shift)) & np.uint64(0xFFFFFFFF)
        if shift + bits > 32:
            out[:, word + 1] |= blocks[:, row] >> np.uint64(32 - shift)
    return out.reshape(-1, q.shape[1]).astype(np.uint32).view(np.int32)


def _unpack(words: NDArray[np.int32], bits: int) -> NDArray[np.uint8]:
    blocks = np.ascontiguousarray(words).view(np.uint32).reshape(-1, bits, words.shape[1])
    out = np.empty((len(blocks), 32, words.shape[1]), np.uint8)
    for row in range(32):
        word, shift = divmod(row * bits, 32)
        value = blocks[:, word] >> np.uint32(shift)
        if shift + bits > 32:
            value = value | (blocks[:, word + 1] << np.uint32(32 - shift))
        out[:, row] = value & ((1 << bits) - 1)
    return out.reshape(-1, words.shape[1])
