"""Probabilities of tokens as OpenAI's format, which llama.cpp speaks too, writes them."""

from __future__ import annotations

import math
from typing import Any

from oci_tui.core.generation import Token


def tokens_of(choice: dict[str, Any]) -> tuple[Token, ...]:
    """The tokens of a chunk with their probabilities; none where they were not asked for or are not offered."""
    content = (choice.get("logprobs") or {}).get("content") or ()
    return tuple(
        Token(
            str(entry["token"]),
            math.exp(entry["logprob"]),
            tuple((str(other["token"]), math.exp(other["logprob"])) for other in entry.get("top_logprobs") or ()),
        )
        for entry in content
    )
