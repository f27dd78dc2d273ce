"""The window is never cut silently: what does not fit is refused with the numbers."""

from __future__ import annotations

from oci_tui.core.errors import EngineError


def check_room(prompt: int, reply: int, context: int) -> None:
    """Raises EngineError when a prompt and the longest reply (in tokens) do not fit the window together."""
    if prompt + reply > context:
        raise EngineError(
            f"the prompt has {prompt} tokens and the reply may have {reply}, together more than the window of {context}; "
            "shorten the conversation, lower engine.max_new_tokens or raise engine.context"
        )
