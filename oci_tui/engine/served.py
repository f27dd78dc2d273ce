"""What an OpenAI-compatible server serves: which program it is, its model, and the window that it really has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import Message, encodable, spoken
from oci_tui.engine.endpoint import Endpoint, RefusedError

Server = Literal["llama.cpp", "vLLM", "TabbyAPI", "Ollama", "unknown"]

LOADING = 503
_NO_SUCH_PATH = 404
_BYTES_PER_TOKEN = 3


class Served(msgspec.Struct, frozen=True):
    """`context` is the window in tokens, `slots` how many replies it computes together; 0 where the server does not tell."""

    server: Server
    model: str
    context: int
    slots: int = 0


async def probe(endpoint: Endpoint, wanted: str) -> Served:
    """Ask what is served; `wanted` is a model's id there, "" for the first. Raises EngineError or ModelError."""
    try:
        listed = await endpoint.ask("models", tries=1)
    except RefusedError as error:
        if error.status != _NO_SUCH_PATH or not wanted:
            raise
        listed = {}
    models = [m for m in (listed.get("data") if isinstance(listed, dict) else None) or () if isinstance(m, dict) and "id" in m]
    ids = [str(model["id"]) for model in models]
    if not ids and not wanted:
        raise ModelError(f"{endpoint.url}: serves no model; load one there, or set engine.model")
    if wanted and ids and wanted not in ids:
        raise ModelError(f"{endpoint.url}: serves no model {wanted!r}; set engine.model to one of: {', '.join(ids[:20])}")
    model = wanted or ids[0]
    facts = next((each for each in models if each["id"] == model), {})
    if window := _whole(facts.get("max_model_len")):
        return Served("vLLM", model, window)
    if (props := await _offered(endpoint, "/props")) and "default_generation_settings" in props:
        return Served(
            "llama.cpp", model, _whole(props["default_generation_settings"].get("n_ctx")), _whole(props.get("total_slots"))
        )
    if (tabby := await _offered(endpoint, "model")) and isinstance(tabby.get("parameters"), dict):
        return Served("TabbyAPI", model, _whole(tabby["parameters"].get("max_seq_len")))
    if loaded := await _offered(endpoint, "/api/ps"):
        running = [m for m in loaded.get("models") or () if isinstance(m, dict) and m.get("name") == model]
        return Served("Ollama", model, _whole(running[0].get("context_length")) if running else 0)
    return Served("unknown", model, _whole(facts.get("context_length")) or _whole(facts.get("context_window")))


async def count(endpoint: Endpoint, served: Served, messages: Sequence[Message]) -> int:
    """Tokens of the messages as a prompt: as the server counts them, or an estimate on the safe side where it cannot."""
    said = written(messages)
    if served.server == "llama.cpp":
        content = {"content": await prompt(endpoint, messages), "add_special": True, "parse_special": True}
        return len((await endpoint.ask("/tokenize", content))["tokens"])
    if served.server == "vLLM":
        content = {"model": served.model, "messages": said, "add_generation_prompt": True}
        return int((await endpoint.ask("/tokenize", content))["count"])
    if served.server == "TabbyAPI":
        return int((await endpoint.ask("token/encode", {"text": said}))["length"])
    return sum(4 + len(message.content.encode("utf-8", "replace")) // _BYTES_PER_TOKEN for message in messages)


def written(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as the API writes them."""
    return [{"role": message.role, "content": encodable(message.content)} for message in spoken(messages)]


async def prompt(endpoint: Endpoint, messages: Sequence[Message]) -> str:
    """The messages as llama.cpp's server renders them."""
    rendered = await endpoint.ask("/apply-template", {"messages": written(messages)})
    return str(rendered["prompt"])


async def _offered(endpoint: Endpoint, path: str) -> dict[str, Any]:
    """The answer of a path that only some servers have; empty where this one has not."""
    try:
        answer = await endpoint.ask(path, tries=1)
    except RefusedError as error:
        if error.status == LOADING:
            raise
        return {}
    except EngineError as error:
        if "not JSON" in str(error):
            return {}
        raise
    return answer if isinstance(answer, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
