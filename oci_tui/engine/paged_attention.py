"""Paged attention for exllamav2 where there is no flash-attn: torch attends to the gathered pages of each sequence.

exllamav2 0.3.2 by itself then attends without a causal mask as it reads a prompt, and to one sequence at a time.
"""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

# From so many new tokens of one sequence on, keys are repeated for their heads and need no mask.
_CHUNK = 64
_ROWS_OF_SCORES = 128


class _Plan(NamedTuple):
    """What the layers of one pass of the model share; holds the tensors it was made from, by which it is found again.

    The tokens to attend to are those of `span` in each row's `pages`, gathered, or without these in the cache as it lies.
    """

    lengths: Any
    table: Any
    pages: Any
    span: slice
    written: Any
    mask: Any

    def tokens(self, cache: Any, rows: int) -> Any:
        """Of a cache, (pages, page, key heads, size), what the rows attend to: (rows, key heads, tokens, size)."""
        found = cache if self.pages is None else cache.index_select(0, self.pages)
        return found.view(rows, -1, *cache.shape[2:])[:, self.span].transpose(1, 2)


class PagedAttention:
    """Takes the place of flash-attn's `flash_attn_with_kvcache`, with the parameters that exllamav2 gives."""

    def __init__(self, torch: Any) -> None:
        self._torch, self._bias = torch, importlib.import_module("torch.nn.attention.bias")
        self._plans: dict[Any, _Plan] = {}

    def install(self, attn: Any) -> None:
        """Into the library's module `exllamav2.attn`.

        cuDNN, which torch prefers on newer GPUs, is put off: it prepares anew, for some 40 ms, at each length of a sequence.
        """
        self._torch.backends.cuda.enable_cudnn_sdp(False)
        attn.flash_attn_with_kvcache = self
        attn.has_flash_attn_with_paged = attn.has_flash_attn_with_window = attn.has_flash_attn_with_softcap = True

    @staticmethod
    def installed(attn: Any) -> bool:
        return isinstance(getattr(attn, "flash_attn_with_kvcache", None), PagedAttention)

    def __call__(
        self,
        q: Any,
        k_cache: Any,
        v_cache: Any,
        k: Any = None,
        v: Any = None,
        *,
        cache_seqlens: Any,
        block_table: Any,
        softmax_scale: float | None = None,
        causal: bool = True,
        window_size: tuple[int, int] = (-1, -1),
        softcap: float = 0.0,
    ) -> Any:
        """Attention of the new tokens `q`, (rows, new, heads, size), each to those before it and itself; the same shape.

        Caches are (pages, page, key heads, size); row r of `block_table`, (rows, pages), names the pages of sequence r.
        With `k` and `v`, (rows, new, key heads, size), these are written to the cache behind its `cache_seqlens`, (rows,),
        tokens; without, they are there already and counted. A token attends to `window_size[0]` tokens before itself (-1: to
        all), and scores are capped at `softcap` (0: not).
        """
        assert causal
        rows, new, heads, size = q.shape
        key_heads = k_cache.shape[2]
        groups, window, scale = heads // key_heads, window_size[0], softmax_scale or 1 / math.sqrt(size)
        chunk = rows == 1 and new >= _CHUNK and window < 0 and not softcap
        masked = (rows > 1 or new > 1) and not chunk
        plan = self._plan(
            cache_seqlens, block_table, k_cache.shape[1], new, k is None, window, groups if masked else 0, q.dtype
        )
        if k is not None:
            k_cache.flatten(0, 1).index_copy_(0, plan.written, k.flatten(0, 1))
            v_cache.flatten(0, 1).index_copy_(0, plan.written, v.flatten(0, 1))
        keys, values = plan.tokens(k_cache, rows), plan.tokens(v_cache, rows)
        if new == 1:
            said = self._attend(q.view(rows, key_heads, groups, size), keys, values, plan.mask, scale, softcap)
            return said.reshape(rows, 1, heads, size)
        if chunk:
            q = q.transpose(1, 2)
            keys, values = (part.repeat_interleave(groups, 1) if groups > 1 else part for part in (keys, values))
        else:
            # The heads that share a key head are as many more new tokens to it, so that no key is copied for each of them.
            q = q.view(rows, new, key_heads, groups, size).permute(0, 2, 3, 1, 4).reshape(rows, key_heads, groups * new, size)
        mask = self._bias.causal_lower_right(new, keys.shape[2]) if chunk else plan.mask
        said = self._attend(q, keys, values, mask, scale, softcap)
        return said.reshape(rows, heads, new, size).transpose(1, 2).contiguous()

    def _attend(self, q: Any, keys: Any, values: Any, mask: Any, scale: float, softcap: float) -> Any:
        torch = self._torch
        if not softcap:
            return torch.nn.functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask, scale=scale)
        said = []
        for start in range(0, q.shape[2], _ROWS_OF_SCORES):
            part = slice(start, start + _ROWS_OF_SCORES)
            scores = softcap * torch.tanh((q[:, :, part] @ keys.transpose(-1, -2)).float() * (scale / softcap))
            scores = scores if mask is None else scores + mask[:, :, part]
            said.append(torch.softmax(scores, -1).to(values.dtype) @ values)
        return torch.cat(said, 2)

    def _plan(
        self, lengths: Any, table: Any, page: int, new: int, counted: bool, window: int, masked: int, dtype: Any
    ) -> _Plan:
        """`masked`: for how many heads to a key head there has to be a mask; 0 for none."""
        torch, device = self._torch, table.device
        plan = self._plans.get((device, window, masked))
        if plan is not None and plan.lengths is lengths and plan.table is table:
            return plan
        rows = len(table)
        places = lengths.long()[:, None] - (new if counted else 0) + torch.arange(new, device=device)
        written = (table.long().gather(1, places // page) * page + places % page).flatten()
        pages, first, end, begin, mask = table.flatten(), 0, table.shape[1] * page, 0, None
        if rows == 1:
            *held, last = torch.cat((pages, places[0, -1:])).tolist()
            held = held[: last // page + 1]
            first, end = max(last - new + 1 - window, 0) if window >= 0 else 0, len(held) * page if masked else last + 1
            pages = pages[: len(held)]
            if held == list(range(held[0], held[0] + len(held))):
                pages, begin = None, held[0] * page
        if masked:
            at = torch.arange(first, end, device=device) - places[:, :, None]
            hidden = (at > 0) | (at < -window) if window >= 0 else at > 0
            mask = torch.zeros(hidden.shape, dtype=dtype, device=device).masked_fill_(hidden, -math.inf)
            mask = mask.repeat(1, masked, 1)[:, None]
        plan = _Plan(lengths, table, pages, slice(begin + first, begin + end), written, mask)
        self._plans[device, window, masked] = plan
        return plan
