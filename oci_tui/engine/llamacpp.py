"""GGUF on a CPU through xllamacpp (llama.cpp in this process): the engine of a machine without a GPU."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.ports import EngineInfo, Message, Progress, ReplyEnd, Request, Usage
from oci_tui.engine.gguf import GgufModel
from oci_tui.engine.preflight import read_model
from oci_tui.engine.room import check_room
from oci_tui.engine.templates import choose
from oci_tui.settings import EngineSettings

# A reply can be stopped between batches of a prompt: about a second of a 1.5B model on two cores.
_BATCH = 128
_READ_CHUNK = 8 * 1024**2
_WARNINGS = 2


class LlamaCpp:
    """One GGUF model in this process."""

    def __init__(self, settings: EngineSettings, progress: Callable[[Progress], None]) -> None:
        """Loads the model. Raises EngineError or ModelError."""
        model = read_model(Path(settings.model))
        if not isinstance(model, GgufModel):
            raise ModelError(
                f"{settings.model}: an EXL2 folder, which llama.cpp cannot read; set engine.kind to exllamav2 or auto"
            )
        self._template = choose(model.template, bos=model.bos, eos=model.eos, special_tokens=model.special_tokens)
        self._bos = model.bos if model.add_bos else ""
        self._context = min(settings.context, model.context or settings.context)
        self._threads = settings.threads or physical_cores()
        _read_ahead(model.path, model.file_bytes, progress)
        progress(Progress("preparing the model"))
        self._server = _Server(_parameters(model.path, self._context, self._threads))
        self.info = EngineInfo(
            engine="llama.cpp",
            model=model.path.stem,
            context=self._context,
            device=f"CPU, {self._threads} threads",
            bits_per_weight=model.bits_per_weight,
            template=self._template.name,
            notes=_notes(model, settings),
        )

    def generate(self, request: Request, grew: Callable[[str], bool]) -> Usage:
        tokens = self._tokens(request.messages)
        check_room(len(tokens), request.max_new_tokens, self._context)
        return _Reply(grew).of(self._server, body(tokens, request))

    def count(self, messages: Sequence[Message]) -> int:
        return len(self._tokens(messages))

    def _tokens(self, messages: Sequence[Message]) -> list[int]:
        prompt = self._template.render(messages)
        if self._bos and not (prompt and prompt[0].startswith(self._bos)):
            prompt = (self._bos, *prompt)
        return [token for text in prompt for token in self._server.tokenize(text)]


class _Server:
    """xllamacpp's server and its Unix socket, which loses its name once it is open: no other user can reach it."""

    def __init__(self, parameters: Any) -> None:
        """Raises EngineError."""
        import xllamacpp

        with tempfile.TemporaryDirectory(prefix="oci-") as folder:
            path = f"{folder}/llama.sock"
            parameters.hostnames = [path]
            try:
                self._server = xllamacpp.Server(parameters)
            except RuntimeError as error:
                raise EngineError(
                    f"{parameters.model.path}: llama.cpp cannot load this model (unknown architecture or too little memory), "
                    "see the engine's log; lower engine.context or choose another with `oci-tui models list`"
                ) from error
            self._inode = os.open(path, os.O_PATH | os.O_CLOEXEC)

    def complete(self, content: dict[str, object], hear: Callable[[dict[str, Any]], bool]) -> None:
        """Generate; `hear` gets every chunk and returns True to end it."""
        self._server.handle_completions(content, hear)

    def tokenize(self, text: str) -> list[int]:
        content = {"content": text, "add_special": False, "parse_special": True}
        connection = http.client.HTTPConnection("llama.cpp")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(f"/proc/self/fd/{self._inode}")
            connection.request("POST", "/tokenize", json.dumps(content), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"llama.cpp does not answer ({error}); start the engine again") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise EngineError(f"llama.cpp cannot tokenize the prompt: {said[:200]!r}")
        tokens: list[int] = json.loads(said)["tokens"]
        return tokens


class _Reply:
    """What is heard of one reply while it streams."""

    def __init__(self, grew: Callable[[str], bool]) -> None:
        self._grew = grew
        self._began = time.monotonic()
        self._first = 0.0
        self._last: dict[str, Any] = {}
        self._end: ReplyEnd | None = None
        self._error: BaseException | None = None

    def of(self, server: _Server, content: dict[str, object]) -> Usage:
        server.complete(content, self._hear)
        if self._error is not None:
            raise self._error
        if self._end is None:
            raise EngineError("llama.cpp ended the reply without a word; see the engine's log")
        return usage_of(self._last, self._end, self._first or time.monotonic() - self._began, time.monotonic() - self._began)

    def _hear(self, chunk: dict[str, Any]) -> bool:
        # An exception that leaves a callback is lost in the library, so it is carried around it.
        try:
            return self._heard(chunk)
        except (EngineError, OSError, LookupError, TypeError) as error:
            self._error = error
            return True

    def _heard(self, chunk: dict[str, Any]) -> bool:
        if "error" in chunk:
            raise EngineError(f"llama.cpp refused the request: {str(chunk['error'].get('message', ''))[:300]}")
        self._last = chunk
        choice = chunk["choices"][0]
        text = choice["text"]
        if not self._first and chunk.get("timings", {}).get("predicted_n", 0):
            self._first = time.monotonic() - self._began
        if choice["finish_reason"]:
            self._end = "length" if choice["finish_reason"] == "length" else "stop"
        if not self._grew(text):
            self._end = self._end or "stopped"
            return True
        return False


def usage_of(chunk: dict[str, Any], end: ReplyEnd, first_s: float, seconds: float) -> Usage:
    """The cost of a reply from its last chunk."""
    timings = chunk.get("timings", {})
    cached = int(timings.get("cache_n", 0))
    return Usage(
        prompt_tokens=cached + int(timings.get("prompt_n", 0)),
        cached_tokens=cached,
        reply_tokens=int(timings.get("predicted_n", 0)),
        first_token_s=first_s,
        seconds=seconds,
        end=end,
    )


def body(tokens: Sequence[int], request: Request) -> dict[str, object]:
    """The request as llama.cpp's server wants it, with every sampler named: its defaults are not neutral."""
    sampling = request.sampling
    return {
        "prompt": list(tokens),
        "n_predict": request.max_new_tokens,
        "stop": list(request.stop),
        "stream": True,
        "cache_prompt": True,
        "return_progress": True,
        "timings_per_token": True,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "seed": sampling.seed,
        "typical_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "dry_multiplier": 0.0,
        "xtc_probability": 0.0,
        "mirostat": 0,
    }


def physical_cores() -> int:
    """The cores this process may use, hyper-threads of one core counted once."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text(encoding="ascii").strip() if siblings.exists() else str(cpu))
    return max(len(cores), 1)


def _parameters(path: Path, context: int, threads: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = context
    parameters.n_batch = parameters.n_ubatch = _BATCH
    parameters.n_gpu_layers = 0
    parameters.n_parallel = 1
    parameters.fit_params = False
    parameters.warmup = False
    parameters.use_jinja = False
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cache_ram_mib = 0
    parameters.cache_idle_slots = False
    parameters.n_ctx_checkpoints = 0
    parameters.offline = True
    parameters.verbosity = _WARNINGS
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    return parameters


def _read_ahead(path: Path, size: int, progress: Callable[[Progress], None]) -> None:
    """Bring the file into the page cache, so that the load, which cannot tell how far it is, is short."""
    chunk, done = bytearray(_READ_CHUNK), 0
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(chunk):
                done += count
                progress(Progress("reading the model", min(done / size, 1.0)))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error


def _notes(model: GgufModel, settings: EngineSettings) -> tuple[str, ...]:
    notes = [f"{model.architecture}, {model.parameters / 1e9:.2f} billion weights, {model.file_bytes / 1e9:.2f} GB"]
    if 0 < model.context < settings.context:
        notes.append(f"engine.context is {settings.context}, but the model knows {model.context} tokens")
    return tuple(notes)
