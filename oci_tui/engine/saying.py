"""A worker whose model says tokens without computing any, so that what is measured is the process in between.

The last user message holds two numbers: how many tokens, and how many a second (0: as fast as can be). Each token is the time
it was said, on the clock that all processes share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from oci_tui.core.generation import EngineInfo, Message, Piece, Request, Usage
from oci_tui.core.ports import Progress
from oci_tui.engine import worker
from oci_tui.engine.loaded import Say
from oci_tui.settings import EngineSettings


class SayingModel:
    """`loaded.LoadedModel` that computes nothing."""

    info = EngineInfo("saying", "saying", 8192)

    def __init__(self, _settings: EngineSettings, _progress: Callable[[Progress], None]) -> None: ...

    def begin(self, number: int, request: Request, say: Say) -> None:  # noqa: ARG002
        count, rate = (int(word) for word in request.messages[-1].content.split())
        began = time.monotonic()
        for spoken in range(count):
            while rate and time.monotonic() < began + spoken / rate:
                time.sleep(0.0005)
            say(Piece(f"{time.monotonic()} "))
        say(Piece("", Usage(reply_tokens=count)))

    def step(self) -> bool:
        return False

    def stop(self, number: int) -> None: ...

    def count(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def close(self) -> None: ...


if __name__ == "__main__":
    worker.main(SayingModel)
