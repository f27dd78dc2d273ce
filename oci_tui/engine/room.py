"""What is refused before a model is asked: nothing to reply to, and what does not fit the window, which is never cut."""

from __future__ import annotations

from collections.abc import Sequence

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message


def check_messages(messages: Sequence[Message]) -> None:
    """Raises EngineError when there is nothing to reply to."""
    if not messages:
        raise EngineError("there is no message to reply to; say something first")


def check_room(prompt: int, reply: int, context: int) -> None:
    """Raises EngineError when a prompt and the longest reply (in tokens) do not fit the window together."""
    if prompt + reply > context:
        raise EngineError(
            f"the prompt has {prompt} tokens and the reply may have {reply}, together more than the window of {context}; "
            "shorten the conversation, lower engine.max_new_tokens or raise engine.context"
        )
