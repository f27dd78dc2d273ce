"""What a worker asks of the model that it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import EngineInfo, Message, Piece, Request

Say = Callable[[Piece | EngineError], None]


class LoadedModel(Protocol):
    """A model in this process, called from one thread. Raises EngineError."""

    @property
    def info(self) -> EngineInfo: ...

    def begin(self, number: int, request: Request, say: Say) -> None:
        """Take a reply in hand. Its pieces go to `say`, from any thread; it ends with a piece with usage, or an error."""
        ...

    def step(self) -> bool:
        """Compute a little of what was begun; False when this thread has nothing to compute until an order comes.

        Raises SystemExit with the reason when the process has to end.
        """
        ...

    def stop(self, number: int) -> None:
        """End a reply early; its last piece still comes. Without effect when there is no such reply."""
        ...

    def count(self, messages: Sequence[Message]) -> int: ...

    def close(self) -> None:
        """Free the model; replies that still run end without a word."""
        ...
