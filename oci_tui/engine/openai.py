"""Any OpenAI-compatible server as an engine: llama-server, vLLM, TabbyAPI, Ollama and what speaks like them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import EngineInfo, Message, Piece, ReplyEnd, Request, Sampling, Usage, encodable
from oci_tui.core.ports import Finding, Progress
from oci_tui.engine.endpoint import Endpoint, RefusedError
from oci_tui.engine.logprobs import tokens_of
from oci_tui.engine.room import check_messages, check_room
from oci_tui.engine.served import LOADING, Served, Server, count, probe, prompt, written
from oci_tui.settings import EngineSettings

_UNTOLD_WINDOW = 8192

# field of Sampling → its name there, where the server knows it beside temperature, top_p, seed and the two penalties
_NAMES: dict[Server, dict[str, str]] = {
    "llama.cpp": {
        name: name for name in ("top_k", "min_p", "typical_p", "repeat_penalty", "dry_multiplier", "xtc_probability")
    },
    "vLLM": {"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    "TabbyAPI": {
        "top_k": "top_k",
        "min_p": "min_p",
        "typical_p": "typical",
        "repeat_penalty": "repetition_penalty",
        "dry_multiplier": "dry_multiplier",
        "xtc_probability": "xtc_probability",
    },
    "Ollama": {},
    "unknown": {},
}


class OpenAiEngine:
    """`core.ports.Engine` over `settings.url`. `pause_s` is the first pause before a request is sent again."""

    def __init__(self, settings: EngineSettings, pause_s: float = 0.5) -> None:
        """Raises EngineError when `settings.url` cannot be an address."""
        self._settings, self._pause_s = settings, pause_s
        self._endpoint: Endpoint | None = None
        self._served: Served | None = None

    async def start(self) -> AsyncGenerator[Progress]:
        if self._served is not None:
            return
        await self.close()
        endpoint = self._endpoint = Endpoint(self._settings.url, self._settings.timeout_s, self._pause_s)
        try:
            yield Progress(f"asking {endpoint.url} what it serves")
            deadline = time.monotonic() + self._settings.timeout_s
            while self._served is None:
                try:
                    self._served = await probe(endpoint, self._settings.model)
                except RefusedError as error:
                    if error.status != LOADING or time.monotonic() > deadline:
                        raise
                    yield Progress(f"{endpoint.url} loads its model")
                    await asyncio.sleep(self._pause_s)
        finally:
            if self._served is None:
                await self.close()
        yield Progress(f"{self._served.model} is there", 1.0)

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        endpoint, served = self._running()
        check_messages(request.messages)
        if request.loras:
            raise EngineError(f"{endpoint.url}: adapters are chosen at the server; name the adapted model as engine.model")
        prompt_tokens = await self.count(request.messages)
        check_room(prompt_tokens, request.max_new_tokens, self._window())
        path, content = await self._asked(endpoint, served, request)
        reply = _Reply()
        async with aclosing(endpoint.stream(path, content)) as events:
            async for event in events:
                piece = reply.heard(event)
                if piece is not None:
                    yield piece
        if reply.end is None:
            raise EngineError(f"{endpoint.url}: the reply broke off; see the server's log, then ask again")
        yield Piece("", reply.usage(prompt_tokens))

    async def count(self, messages: Sequence[Message]) -> int:
        endpoint, served = self._running()
        try:
            return await count(endpoint, served, messages)
        except (LookupError, TypeError, ValueError) as error:
            raise EngineError(f"{endpoint.url}: counts tokens in a way that is not understood; use another server") from error

    async def describe(self) -> EngineInfo:
        endpoint, served = self._running()
        return EngineInfo(
            engine="OpenAI-compatible" if served.server == "unknown" else served.server,
            model=served.model.rpartition("/")[2] if served.model.startswith("/") else served.model,
            context=self._window(),
            device=endpoint.url,
            template="the server's own",
            notes=tuple(_notes(endpoint, served, self._settings.context, self._window())),
            at_once=min(self._settings.at_once, served.slots or self._settings.at_once),
            probabilities=served.server != "unknown",
        )

    async def close(self) -> None:
        endpoint, self._endpoint, self._served = self._endpoint, None, None
        if endpoint is not None:
            await endpoint.close()

    async def _asked(self, endpoint: Endpoint, served: Served, request: Request) -> tuple[str, dict[str, object]]:
        """Where the request goes, and as what."""
        messages = written(request.messages)
        content: dict[str, object] = {
            "model": served.model,
            "max_tokens": request.max_new_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **sampler_values(request.sampling, served.server),
        }
        if request.stop:
            content["stop"] = [encodable(stop) for stop in request.stop]
        if request.alternatives:
            content |= {"logprobs": True, "top_logprobs": request.alternatives}
        begin = encodable(request.begin_with)
        if not begin:
            return "chat/completions", content | {"messages": messages}
        continued = [*messages, {"role": "assistant", "content": begin}]
        match served.server:
            case "llama.cpp":
                text = await prompt(endpoint, request.messages) + begin
                if request.alternatives:
                    content |= {"logprobs": request.alternatives}
                return "completions", content | {"prompt": text}
            case "vLLM":
                return "chat/completions", content | {
                    "messages": continued,
                    "continue_final_message": True,
                    "add_generation_prompt": False,
                }
            case "TabbyAPI":
                return "chat/completions", content | {"messages": messages, "response_prefix": begin}
            case "Ollama":
                return "chat/completions", content | {"messages": continued}
        raise EngineError(f"{endpoint.url}: a reply cannot be continued there (known for llama-server, vLLM, TabbyAPI, Ollama)")

    def _window(self) -> int:
        assert self._served is not None
        asked = self._settings.context or self._served.context or _UNTOLD_WINDOW
        return min(asked, self._served.context or asked)

    def _running(self) -> tuple[Endpoint, Served]:
        if self._endpoint is None or self._served is None:
            raise EngineError("the engine is not running; start it first")
        return self._endpoint, self._served


class _Reply:
    """What is heard of one reply while it streams."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first_s = 0.0
        self._pieces = 0
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self.end: ReplyEnd | None = None

    def heard(self, event: dict[str, Any]) -> Piece | None:
        """The part of the reply that the event brings, if it brings one."""
        self._usage = event.get("usage") or self._usage
        self._timings = event.get("timings") or self._timings
        for choice in event.get("choices") or ():
            text = str((choice.get("delta") or {}).get("content") or choice.get("text") or "")
            tokens = tokens_of(choice)
            if choice.get("finish_reason"):
                self.end = "length" if choice["finish_reason"] == "length" else "stop"
            if text or tokens:
                self._pieces += 1
                self._first_s = self._first_s or time.monotonic() - self._began
                return Piece(text, tokens=tokens)
        return None

    def usage(self, prompt_tokens: int) -> Usage:
        seconds = time.monotonic() - self._began
        details = self._usage.get("prompt_tokens_details") or {}
        return Usage(
            prompt_tokens=int(self._usage.get("prompt_tokens") or prompt_tokens),
            cached_tokens=int(details.get("cached_tokens") or self._timings.get("cache_n") or 0),
            reply_tokens=int(self._usage.get("completion_tokens") or self._pieces),
            first_token_s=self._first_s or seconds,
            seconds=seconds,
            end=self.end or "stop",
        )


def sampler_values(sampling: Sampling, server: Server) -> dict[str, object]:
    """The sampler as this server names it."""
    values: dict[str, object] = {
        name: getattr(sampling, name) for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
    }
    return values | {there: getattr(sampling, name) for name, there in _NAMES[server].items()}


def examine(settings: EngineSettings) -> list[Finding]:
    """What `oci-tui doctor` says of the endpoint. Not to be called where an event loop runs."""

    async def ask() -> EngineInfo:
        engine = OpenAiEngine(settings)
        try:
            async with aclosing(engine.start()) as progress:
                async for _ in progress:
                    pass
            return await engine.describe()
        finally:
            await engine.close()

    try:
        info = asyncio.run(ask())
    except EngineError as error:
        return [Finding("engine", "missing", str(error), needed=True)]
    rows = [Finding("engine", "ok", f"{info.engine} at {info.device}: {info.model}, window {info.context} tokens", needed=True)]
    return rows + [Finding("engine", "warning", note) for note in info.notes]


def _notes(endpoint: Endpoint, served: Served, asked: int, window: int) -> list[str]:
    notes = []
    if not endpoint.local:
        notes.append(f"what the model reads goes to {endpoint.host}{'' if endpoint.encrypted else ', unencrypted'}")
    if not served.context:
        notes.append(f"the server does not tell its window; {window} tokens are taken for it (set engine.context)")
    elif served.context < asked:
        notes.append(f"engine.context is {asked}, but the server's window is {served.context}")
    return notes
