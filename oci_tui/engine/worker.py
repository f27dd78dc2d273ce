"""The child process that holds the model: reads orders on stdin, answers on a pipe of its own, and dies with the app.

Run as `python -m oci_tui.engine.worker ANSWERS APP`: the descriptor to answer on and the process id of the app.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.ports import EngineInfo, Message, Piece, Progress, Request, Usage
from oci_tui.engine.wire import Answer, Count, Counted, Failed, Generate, Grew, Load, Loaded, Loading, Stop, frame, read_order
from oci_tui.settings import EngineSettings

_PR_SET_PDEATHSIG = 1


class LoadedModel(Protocol):
    """A model in this process. Raises EngineError."""

    @property
    def info(self) -> EngineInfo: ...

    def generate(self, request: Request, grew: Callable[[str], bool]) -> Usage:
        """Give each part of the reply to `grew` ("" while there is none yet) until it returns False, which asks to stop."""
        ...

    def count(self, messages: Sequence[Message]) -> int: ...


class Worker:
    """Serves one app: orders in turn, except Stop, which takes effect at once."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._orders: queue.SimpleQueue[Load | Generate | Count] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._model: LoadedModel | None = None

    def serve(self) -> None:
        """Until the app goes, which ends this process."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        while True:
            order = self._orders.get()
            number = 0 if isinstance(order, Load) else order.number
            try:
                self._do(order)
            except EngineError as error:
                self._answer(Failed(number, "model" if isinstance(error, ModelError) else "engine", str(error)))

    def _listen(self) -> None:
        while (order := read_order(sys.stdin.buffer)) is not None:
            if isinstance(order, Stop):
                self._stopped.add(order.number)
            else:
                self._orders.put(order)
        os._exit(0)

    def _do(self, order: Load | Generate | Count) -> None:
        if isinstance(order, Load):
            self._model = load(order.settings, lambda progress: self._answer(Loading(progress)))
            self._answer(Loaded(self._model.info))
            return
        if self._model is None:
            raise EngineError("no model is loaded; start the engine first")
        if isinstance(order, Count):
            self._answer(Counted(order.number, self._model.count(order.messages)))
        else:
            self._generate(self._model, order)

    def _generate(self, model: LoadedModel, order: Generate) -> None:
        def grew(text: str) -> bool:
            if text:
                self._answer(Grew(order.number, Piece(text)))
            return order.number not in self._stopped

        usage = model.generate(order.request, grew) if grew("") else Usage(end="stopped")
        self._stopped.discard(order.number)
        self._answer(Grew(order.number, Piece("", usage)))

    def _answer(self, answer: Answer) -> None:
        rest = memoryview(frame(answer))
        while rest:
            rest = rest[os.write(self._answers, rest) :]


def load(settings: EngineSettings, progress: Callable[[Progress], None]) -> LoadedModel:
    """The model of `settings.model` (a path) in this process, by the engine of `settings.kind`. Raises EngineError."""
    if settings.kind == "exllamav2":
        from oci_tui.engine.exllamav2 import Exl2Engine

        return Exl2Engine(settings, progress)
    from oci_tui.engine.llamacpp import LlamaCpp

    return LlamaCpp(settings, progress)


def _die_with(app: int) -> None:
    """Have the kernel kill this process when the app ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != app:
        os._exit(0)


def main() -> None:
    answers, app = int(sys.argv[1]), int(sys.argv[2])
    _die_with(app)
    Worker(answers).serve()


if __name__ == "__main__":
    main()
