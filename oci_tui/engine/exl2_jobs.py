"""The replies that one dynamic generator has in hand: what it says of each job becomes pieces."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Piece, Token
from oci_tui.engine import exl2_values as values
from oci_tui.engine.loaded import Say

Result = dict[str, Any]


class Reply:
    """A reply in hand: its job, the LoRAs it is computed with, and whom to tell."""

    def __init__(
        self, number: int, job: Any, loras: Sequence[Any], say: Say, tokens: Callable[[Result], tuple[Token, ...]]
    ) -> None:
        """`tokens` are those of a result, () where they were not asked for."""
        self.number, self.job, self.loras = number, job, list(loras)
        self._say, self._tokens = say, tokens
        self._began = time.monotonic()
        self._first_s, self._written = 0.0, 0

    def hear(self, result: Result) -> None:
        self._written += values.tokens_in(result)
        if self._written and not self._first_s:
            self._first_s = time.monotonic() - self._began
        text, tokens = str(result.get("text", "")), self._tokens(result)
        if result["eos"]:
            # A reply cut at its length may end inside a character.
            text = text.rstrip("\N{REPLACEMENT CHARACTER}")
            usage = values.usage_of(result, values.end_of(result), self._first_s, time.monotonic() - self._began)
            self._say(Piece(text, usage, tokens))
        elif text or tokens:
            self._say(Piece(text, tokens=tokens))

    def stopped(self) -> None:
        counted = {"prompt_tokens": len(self.job.sequences[0].input_ids), "new_tokens": self._written}
        self._say(Piece("", values.usage_of(counted, "stopped", self._first_s, time.monotonic() - self._began)))

    def failed(self, error: BaseException) -> None:
        advice = "; lower engine.context or choose a smaller model" if values.about_memory(error) else ""
        self._say(EngineError(f"exllamav2 cannot go on: {values.line(error)}{advice}"))


class Jobs:
    """Starts, advances and stops replies; one thread calls it."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self._running: dict[int, Reply] = {}
        self._waiting: list[Reply] = []
        self._loras: list[Any] = []

    def begin(self, reply: Reply) -> None:
        self._waiting.append(reply)
        self._start_waiting()

    def step(self) -> bool:
        """One pass of the model for every reply that runs, or a chunk of a prompt; False when there is nothing to do.

        Raises SystemExit with what happened when the GPU itself failed, which only a new process can use again.
        """
        if not self._running:
            return False
        by_job = {id(reply.job): reply for reply in self._running.values()}
        try:
            for result in self._generator.iterate():
                if (reply := by_job.get(id(result["job"]))) is not None:
                    if result["eos"]:
                        del self._running[reply.number]
                    reply.hear(result)
        except (AssertionError, RuntimeError) as error:
            if values.about_gpu(error):
                raise SystemExit(f"exllamav2 cannot go on: {values.line(error)}") from error
            self._generator.clear_queue()
            failed, self._running = self._running, {}
            for reply in failed.values():
                reply.failed(error)
        self._start_waiting()
        return bool(self._running)

    def stop(self, number: int) -> None:
        """End a reply now; without effect when there is no such reply."""
        waiting = [reply for reply in self._waiting if reply.number == number]
        if waiting:
            self._waiting.remove(waiting[0])
            waiting[0].stopped()
        elif (reply := self._running.pop(number, None)) is not None:
            self._generator.cancel(reply.job)
            reply.stopped()
            self._start_waiting()

    def _start_waiting(self) -> None:
        """Hand the generator what shares its LoRAs; when it is idle, whoever waited longest chooses them."""
        while self._waiting and (not self._running or self._waiting[0].loras == self._loras):
            reply = self._waiting.pop(0)
            try:
                if reply.loras != self._loras:
                    self._generator.set_loras(reply.loras or None)
                    self._loras = reply.loras
                self._generator.enqueue(reply.job)
            except (AssertionError, RuntimeError) as error:
                reply.failed(error)
            else:
                self._running[reply.number] = reply
