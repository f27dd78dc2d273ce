"""Attention to pages by torch is the plain sum over each sequence's own tokens, whatever else lies in the cache."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="torch missing; `pip install 'oci-tui[exl2]'` installs it")

from oci_tui.engine.paged_attention import PagedAttention  # noqa: E402

PAGE, SIZE, KEY_HEADS = 16, 8, 2


class Cache:
    """Sequences in pages in a mixed order, or in a run; what belongs to no sequence is as large as numbers get."""

    def __init__(self, lengths: list[int], new: int, *, in_a_run: bool = False) -> None:
        most = max(-(-(length + new) // PAGE) for length in lengths)
        pages = len(lengths) * most
        order = 1 + (torch.arange(pages) if in_a_run else torch.randperm(pages)).to(torch.int32)
        self.table = order.view(len(lengths), most)
        self.lengths = torch.tensor(lengths, dtype=torch.int32)
        shape = (pages + 1, PAGE, KEY_HEADS, SIZE)
        self.keys, self.values = torch.full(shape, 60000.0), torch.full(shape, -60000.0)
        self.said = [
            (torch.randn(length + new, KEY_HEADS, SIZE), torch.randn(length + new, KEY_HEADS, SIZE)) for length in lengths
        ]

    def fill(self, counts: list[int]) -> None:
        for row, count in enumerate(counts):
            for place in range(count):
                page, within = int(self.table[row, place // PAGE]), place % PAGE
                self.keys[page, within], self.values[page, within] = (part[place] for part in self.said[row])


def plain(q: Any, cache: Cache, scale: float, window: int = -1, softcap: float = 0.0) -> Any:
    """The sum itself, token by token and head by head."""
    rows, new, heads, _ = q.shape
    out = torch.empty_like(q)
    for row in range(rows):
        keys, values = cache.said[row]
        for token in range(new):
            seen = int(cache.lengths[row]) + token + 1
            first = max(seen - 1 - window, 0) if window >= 0 else 0
            for head in range(heads):
                of = head // (heads // KEY_HEADS)
                scores = keys[first:seen, of] @ q[row, token, head] * scale
                if softcap:
                    scores = softcap * torch.tanh(scores / softcap)
                out[row, token, head] = torch.softmax(scores, 0) @ values[first:seen, of]
    return out


@pytest.mark.parametrize("heads", [2, 6])
@pytest.mark.parametrize(
    ("lengths", "new"), [([37], 1), ([37, 5, 16], 1), ([20, 3], 5), ([0], 80), ([100], 140), ([15, 16, 17, 0], 1)]
)
@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("in_a_run", [False, True])
@pytest.mark.parametrize(("window", "softcap"), [(-1, 0.0), (9, 0.0), (-1, 2.0), (9, 2.0)])
def test_it_attends_to_each_sequences_own_tokens(
    lengths: list[int], new: int, heads: int, counted: bool, window: int, softcap: float, in_a_run: bool
) -> None:
    torch.manual_seed(0)
    cache = Cache(lengths, new, in_a_run=in_a_run)
    q, scale = torch.randn(len(lengths), new, heads, SIZE), 1 / math.sqrt(SIZE)
    ends = [length + new for length in lengths]
    cache.fill(ends if counted else lengths)
    fresh = {} if counted else {
        "k": torch.stack([keys[length:] for (keys, _), length in zip(cache.said, lengths, strict=True)]),
        "v": torch.stack([values[length:] for (_, values), length in zip(cache.said, lengths, strict=True)]),
    }  # fmt: skip
    attention = PagedAttention(torch)
    said = attention(
        q,
        cache.keys,
        cache.values,
        cache_seqlens=torch.tensor(ends if counted else lengths, dtype=torch.int32),
        block_table=cache.table,
        softmax_scale=scale,
        window_size=(window, window),
        softcap=softcap,
        **fresh,
    )
    torch.testing.assert_close(said, plain(q, cache, scale, window, softcap), rtol=1e-4, atol=1e-5)
    assert said.is_contiguous(), "the library views it as another shape"
    stored = cache.keys[cache.table.long()].flatten(1, 2)
    for row, end in enumerate(ends):
        torch.testing.assert_close(stored[row, :end], cache.said[row][0])


def test_another_pass_is_another_plan() -> None:
    """The next pass's tensors may come to lie where those of the last one lay."""
    torch.manual_seed(0)
    attention = PagedAttention(torch)
    for length in range(30, 60):
        cache = Cache([length], 1)
        cache.fill([length + 1])
        q = torch.randn(1, 1, 4, SIZE)
        said = attention(
            q, cache.keys, cache.values, cache_seqlens=cache.lengths + 1, block_table=cache.table, softmax_scale=0.3
        )
        torch.testing.assert_close(said, plain(q, cache, 0.3), rtol=1e-4, atol=1e-5)


def test_layers_share_a_plan_and_models_of_other_heads_do_not() -> None:
    torch.manual_seed(0)
    attention, cache = PagedAttention(torch), Cache([20, 33], 1)
    cache.fill([21, 34])
    lengths = cache.lengths + 1
    for heads in (2, 6, 2, 6):
        q = torch.randn(2, 1, heads, SIZE)
        said = attention(q, cache.keys, cache.values, cache_seqlens=lengths, block_table=cache.table, softmax_scale=0.3)
        torch.testing.assert_close(said, plain(q, cache, 0.3), rtol=1e-4, atol=1e-5)
    assert len(attention._plans) == 2


def test_what_is_installed_is_known_again() -> None:
    module = SimpleNamespace(has_flash_attn_with_paged=False)
    assert not PagedAttention.installed(module)
    PagedAttention(torch).install(module)
    assert PagedAttention.installed(module)
    assert module.has_flash_attn_with_paged
