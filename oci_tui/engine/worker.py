"""The child process that holds the model: reads orders on stdin, answers on a pipe of its own, and dies with the app.

Run as `python -m oci_tui.engine.worker ANSWERS APP`: the descriptor to answer on and the process id of the app.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Piece
from oci_tui.core.ports import Progress
from oci_tui.engine.loaded import LoadedModel
from oci_tui.engine.wire import (
    Answer,
    Count,
    Counted,
    Failed,
    Generate,
    Grew,
    Load,
    Loaded,
    Loading,
    Order,
    Stop,
    Unload,
    Unloaded,
    frame,
    read_order,
)
from oci_tui.settings import EngineSettings

_PR_SET_PDEATHSIG = 1

Loader = Callable[[EngineSettings, Callable[[Progress], None]], LoadedModel]


class Worker:
    """Serves one app: orders as they come, and between them steps of the replies in hand."""

    def __init__(self, answers: int, loader: Loader) -> None:
        self._answers, self._load = answers, loader
        self._writing = threading.Lock()
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._model: LoadedModel | None = None

    def serve(self) -> None:
        """Until the app goes, which ends this process."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        working = False
        while True:
            with contextlib.suppress(queue.Empty):
                self._do(self._orders.get(block=not working))
                while True:
                    self._do(self._orders.get_nowait())
            working = self._model is not None and self._model.step()

    def _listen(self) -> None:
        while (order := read_order(sys.stdin.buffer)) is not None:
            self._orders.put(order)
        os._exit(0)

    def _do(self, order: Order) -> None:
        number = 0 if isinstance(order, Load | Unload) else order.number
        try:
            match order:
                case Load(settings):
                    self._unload()
                    self._model = self._load(settings, lambda progress: self._answer(Loading(progress)))
                    self._answer(Loaded(self._model.info))
                case Unload():
                    self._unload()
                    self._answer(Unloaded())
                case Generate(_, request):
                    self._loaded().begin(number, request, lambda said: self._say(number, said))
                case Count(_, messages):
                    self._answer(Counted(number, self._loaded().count(messages)))
                case Stop() if self._model is not None:
                    self._model.stop(number)
        except EngineError as error:
            self._answer(Failed.of(number, error))

    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise EngineError("no model is loaded; start the engine first")
        return self._model

    def _unload(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.close()

    def _say(self, number: int, said: Piece | EngineError) -> None:
        self._answer(Grew(number, said) if isinstance(said, Piece) else Failed.of(number, said))

    def _answer(self, answer: Answer) -> None:
        with self._writing:
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


def _end(failed: threading.ExceptHookArgs) -> None:
    """A thread that fails ends the process: the app is told then, and would wait for its replies otherwise."""
    threading.__excepthook__(failed)
    sys.stderr.flush()
    os._exit(1)


def main(loader: Loader = load) -> None:
    answers, app = int(sys.argv[1]), int(sys.argv[2])
    threading.excepthook = _end
    _die_with(app)
    try:
        Worker(answers, loader).serve()
    except SystemExit as error:  # a GPU that failed may keep an orderly end from coming
        sys.stderr.write(f"{error.code}\n")
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
