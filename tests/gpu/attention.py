"""Attention to pages by torch beside the plain sum, on the GPU, in half precision; run as `python -m tests.gpu.attention`.

Prints the number of cases and the greatest difference from the sum; in a process of its own, since a kernel's fault ends it.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any, NamedTuple

PAGE = 256
# heads, key heads, size: SmolLM2-135M, Qwen2.5-Coder-7B, DeepSeek-Coder-6.7B, Gemma-2
SHAPES = ((9, 3, 64), (28, 4, 128), (32, 32, 128), (8, 4, 256))
# tokens there, new tokens
LENGTHS = (
    ((0,), 1), ((300,), 1), ((1017,), 1), ((5, 300, 700, 1017), 1), ((5, 300, 700, 1017), 3), ((300,), 5), ((1017,), 63),
    ((0,), 64), ((0,), 1017), ((256,), 761), ((300,), 200), ((1017,), 1024),
)  # fmt: skip
# window, softcap
LIMITS = ((-1, 0.0), (200, 0.0), (-1, 30.0))


class Case(NamedTuple):
    shape: tuple[int, int, int]
    lengths: tuple[int, ...]
    new: int
    window: int
    softcap: float
    counted: bool
    in_a_run: bool


def difference(torch: Any, attention: Any, case: Case) -> float:
    """The greatest one between an element of the attention's output and of the plain sum in single precision."""
    heads, key_heads, size = case.shape
    rows, most = len(case.lengths), max(-(-(length + case.new) // PAGE) for length in case.lengths)
    order = torch.arange(rows * most) if case.in_a_run else torch.randperm(rows * most)
    table = (1 + order).to(torch.int32).view(rows, most).cuda()
    keys, values = (torch.randn(1 + rows * most, PAGE, key_heads, size, device="cuda").half() for _ in "kv")
    q, k, v = (torch.randn(rows, case.new, n, size, device="cuda").half() for n in (heads, key_heads, key_heads))
    before = torch.tensor(case.lengths, dtype=torch.int32, device="cuda")
    if case.counted:
        for row, length in enumerate(case.lengths):
            places = torch.arange(length, length + case.new, device="cuda")
            keys[table[row, places // PAGE], places % PAGE] = k[row]
            values[table[row, places // PAGE], places % PAGE] = v[row]
    said = attention(
        q, keys, values, *(() if case.counted else (k, v)), block_table=table, softcap=case.softcap,
        cache_seqlens=before + case.new if case.counted else before, window_size=(case.window, case.window),
    )  # fmt: skip
    torch.cuda.synchronize()
    worst = 0.0
    for row, length in enumerate(case.lengths):
        own = [part[table[row].long()].flatten(0, 1)[: length + case.new].float() for part in (keys, values)]
        k_own, v_own = (part.repeat_interleave(heads // key_heads, 1).transpose(0, 1) for part in own)
        scores = q[row].float().transpose(0, 1) @ k_own.transpose(1, 2) / size**0.5
        if case.softcap:
            scores = case.softcap * torch.tanh(scores / case.softcap)
        at = torch.arange(length + case.new, device="cuda") - torch.arange(length, length + case.new, device="cuda")[:, None]
        hidden = (at > 0) | (at < -case.window) if case.window >= 0 else at > 0
        sums = torch.softmax(scores.masked_fill(hidden, float("-inf")), -1) @ v_own
        worst = max(worst, (said[row].float() - sums.transpose(0, 1)).abs().max().item())
    return worst


def main() -> None:
    import torch

    from oci_tui.engine.exllamav2 import Library
    from oci_tui.engine.paged_attention import PagedAttention

    Library()
    torch.manual_seed(0)
    attention, worst, cases = PagedAttention(torch), 0.0, 0
    for shape, (lengths, new), (window, softcap), counted, in_a_run in itertools.product(
        SHAPES, LENGTHS, LIMITS, (True, False), (True, False)
    ):
        case = Case(shape, lengths, new, window, softcap, counted, in_a_run)
        try:
            found = difference(torch, attention, case)
        except RuntimeError as error:
            sys.exit(f"{case}: {str(error).splitlines()[0]}")
        if not found < 0.02:
            sys.exit(f"{case}: {found:.4f} from the sum")
        worst, cases = max(worst, found), cases + 1
    print(json.dumps({"cases": cases, "worst": worst}))


if __name__ == "__main__":
    main()
