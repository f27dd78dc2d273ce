"""Stands in for exllamav2's compiled extension on a machine without CUDA, so that the real library imports and generates.

What it offers is what the tokenizer, sampler and dynamic generator call on a CPU; a sampler it does not know raises.
"""

from __future__ import annotations

import itertools
import sys
import types
from typing import Any

import numpy as np
import torch


def install() -> None:
    """Before the first import of exllamav2 in this process."""
    module = types.ModuleType("exllamav2_ext")
    for function in (
        partial_strings_match,
        count_match,
        apply_rep_penalty,
        logit_filter_exclusive,
        sample_basic,
        fast_fadd_cpu,
        fast_fill_cpu_ones_bool,
        cache_rotate,
    ):
        setattr(module, function.__name__, function)
    sys.modules["exllamav2_ext"] = module


def partial_strings_match(text: Any, offsets: Any, strings: Any) -> int:
    """Where in `text` the first of the strings begins; -2 when its end may be the start of one, -1 when not."""
    said = bytes(memoryview(text)).decode("utf-32-le")
    ends = np.frombuffer(bytes(memoryview(offsets)), np.int32)
    wanted = [bytes(memoryview(strings))[a:b].decode("utf-32-le") for a, b in itertools.pairwise(ends)]
    whole = [said.find(one) for one in wanted if one in said]
    if whole:
        return min(whole)
    return -2 if any(said.endswith(one[:length]) for one in wanted for length in range(1, len(one))) else -1


def count_match(a: Any, b: Any, longest: int) -> int:
    """How many leading ids two sequences share."""
    a, b = a.reshape(-1), b.reshape(-1)
    longest = min(longest, len(a), len(b))
    different = (a[:longest] != b[:longest]).nonzero()
    return int(different[0]) if len(different) else longest


def apply_rep_penalty(
    sequence: Any, penalty: float, sustain: int, decay: int, frequency: float, presence: float, logits: Any
) -> None:
    if decay or frequency or presence:
        raise ValueError("only the multiplicative repetition penalty is known here")
    ids = torch.unique(sequence[0] if sustain < 0 else sequence[0, -sustain:])
    seen = logits[0, 0, ids]
    logits[0, 0, ids] = torch.where(seen > 0, seen / penalty, seen * penalty)


def logit_filter_exclusive(allowed: Any, ids: list[list[int]]) -> None:
    for row, kept in zip(allowed, ids, strict=True):
        mask = torch.zeros_like(row)
        mask[torch.tensor(list(kept))] = True
        row &= mask


def sample_basic(
    logits: Any,
    temperature: float,
    top_k: int,
    top_p: float,
    top_a: float,
    min_p: float,
    tfs: float,
    typical: float,
    random: float,
    output_tokens: Any,
    output_probs: Any,
    output_kprobs: Any,
    output_ktokens: Any,
    logit_filter: Any,
    mirostat: bool,
    *rest: Any,
) -> list[float]:
    """Temperature, then top-k, top-p and min-p on what is left, then one draw at `random` of the cumulated rest."""
    if top_a or tfs or typical or mirostat:
        raise ValueError("only temperature, top-k, top-p and min-p are known here")
    scores = logits[:, 0, :].float()
    if not logit_filter.is_meta:
        scores = scores.masked_fill(~logit_filter, float("-inf"))
    if temperature < 0.01:
        temperature, top_k = 1.0, 1
    shares, ids = torch.softmax(scores / temperature, -1).sort(-1, descending=True)
    if top_k:
        shares[:, top_k:] = 0
    if 0 < top_p < 1:
        shares[(shares.cumsum(-1) - shares) > top_p] = 0
    if min_p:
        shares[shares < min_p * shares[:, :1]] = 0
    shares = shares / shares.sum(-1, keepdim=True)
    drawn = (shares.cumsum(-1) < random).sum(-1, keepdim=True).clamp(max=shares.shape[-1] - 1)
    output_tokens.copy_(ids.gather(-1, drawn))
    output_probs.copy_(shares.gather(-1, drawn))
    if not output_ktokens.is_meta:
        count = output_ktokens.shape[-1]
        output_ktokens[:, 0], output_kprobs[:, 0] = ids[:, :count], shares[:, :count]
    return []


def fast_fadd_cpu(a: Any, b: Any) -> None:
    a.add_(b)


def fast_fill_cpu_ones_bool(tensor: Any) -> None:
    tensor.fill_(True)


def cache_rotate(pages: Any, order: Any, spare: Any) -> None:
    """Move the pages of `order` one place on: each takes what its successor held, the last what the first held."""
    places = order.tolist()
    first = pages[places[0]].clone()
    for place, source in itertools.pairwise(places):
        pages[place] = pages[source]
    pages[places[-1]] = first
