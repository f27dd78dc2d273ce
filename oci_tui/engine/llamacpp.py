"""GGUF on a CPU through xllamacpp (llama.cpp in this process): the engine of a machine without a GPU."""

from __future__ import annotations

import http.client
import json
import os
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import EngineInfo, Message, Piece, ReplyEnd, Request, Usage
from oci_tui.core.ports import Progress
from oci_tui.engine import bandwidth
from oci_tui.engine.gguf import GgufModel
from oci_tui.engine.loaded import Say
from oci_tui.engine.logprobs import tokens_of
from oci_tui.engine.memory import available, in_ram, ram_needed, window_in_ram
from oci_tui.engine.preflight import read_model
from oci_tui.engine.room import check_room
from oci_tui.engine.templates import choose
from oci_tui.settings import EngineSettings

# A reply can be stopped between batches of a prompt: about a second of a 1.5B model on two cores.
_BATCH = 128
_READ_CHUNK = 8 * 1024**2
_WARNINGS = 2
_ALL_LAYERS = 999
_SMALLEST_WINDOW = 512
_UNTOLD_WINDOW = 8192


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
        self._context = window(settings.context, model, available())
        self._threads = settings.threads or physical_cores()
        _read_ahead(model.path, model.file_bytes, progress)
        progress(Progress("preparing the model"))
        gpu = _gpu()
        try:
            self._server = _Server(_parameters(model.path, self._context, self._threads, _ALL_LAYERS if gpu else 0))
        except RuntimeError as error:
            raise EngineError(f"{model.path}: llama.cpp cannot load this model: {_why(model, self._context)}") from error
        self._replies: dict[int, _Reply] = {}
        self._asked: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._computing = threading.Thread(target=self._compute, name="replies", daemon=True)
        self._computing.start()
        self.info = EngineInfo(
            engine="llama.cpp",
            model=model.path.stem,
            context=self._context,
            device=f"{gpu or 'CPU'}, {self._threads} thread{'s' if self._threads > 1 else ''}",
            bits_per_weight=model.bits_per_weight,
            template=self._template.name,
            notes=_notes(model, settings),
            probabilities=True,
            speed_limit=0.0 if gpu else bandwidth.of_ram() / model.file_bytes,
        )

    def begin(self, number: int, request: Request, say: Say) -> None:
        if request.loras:
            raise EngineError("llama.cpp takes no LoRA adapters here; merge the adapter into the GGUF, or use an EXL2 model")
        tokens = self._tokens(request.messages, request.begin_with)
        check_room(len(tokens), request.max_new_tokens, self._context)
        self._replies[number] = _Reply(len(tokens), body(tokens, request), say)
        self._asked.put(number)

    def step(self) -> bool:
        return False

    def stop(self, number: int) -> None:
        if (reply := self._replies.get(number)) is not None:
            reply.stopped = True

    def count(self, messages: Sequence[Message]) -> int:
        return len(self._tokens(messages))

    def close(self) -> None:
        for reply in list(self._replies.values()):
            reply.stopped = True
        self._asked.put(None)
        self._computing.join()
        self._server.close()

    def _compute(self) -> None:
        """One reply after the other: they share the processor and the cached prompt, so in turn each is quickest."""
        while (number := self._asked.get()) is not None:
            self._replies[number].of(self._server)
            del self._replies[number]

    def _tokens(self, messages: Sequence[Message], begin_with: str = "") -> list[int]:
        prompt = self._template.render(messages, begin_with)
        if self._bos and not (prompt and prompt[0].startswith(self._bos)):
            prompt = (self._bos, *prompt)
        return [token for text in prompt for token in self._server.tokenize(text)]


class _Server:
    """xllamacpp's server and its Unix socket, which loses its name once it is open: no other user can reach it."""

    def __init__(self, parameters: Any) -> None:
        """Raises RuntimeError when the model cannot be loaded."""
        import xllamacpp

        with tempfile.TemporaryDirectory(prefix="oci-") as folder:
            path = f"{folder}/llama.sock"
            parameters.hostnames = [path]
            self._server = xllamacpp.Server(parameters)
            self._inode = os.open(path, os.O_PATH | os.O_CLOEXEC)

    def close(self) -> None:
        """Free the model."""
        del self._server
        os.close(self._inode)

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
    """One reply: what is asked, what is heard of it while it streams, and whom it is told to."""

    def __init__(self, prompt_tokens: int, content: dict[str, object], say: Say) -> None:
        self.stopped = False
        self.began = time.monotonic()
        self._prompt_tokens, self._content, self._say = prompt_tokens, content, say
        self._first_s = 0.0
        self._timings: dict[str, Any] = {}
        self._end: ReplyEnd | None = None
        self._error: EngineError | None = None

    def of(self, server: _Server) -> None:
        """Compute it, to its end."""
        if not self.stopped:
            try:
                server.complete(self._content, self._hear)
            except (RuntimeError, ValueError) as error:
                self._error = self._error or EngineError(f"llama.cpp cannot go on: {' '.join(str(error).split())[:300]}")
        if self.stopped and self._end is None:
            self._end = "stopped"
        if self._error is None and self._end is None:
            self._error = EngineError("llama.cpp ended the reply without a word; see the engine's log")
        self._say(self._error or Piece("", self._usage(self._end or "stop")))

    def _hear(self, chunk: dict[str, Any]) -> bool:
        # An exception that leaves a callback is lost in the library, so it is carried around it.
        try:
            return self._heard(chunk)
        except EngineError as error:
            self._error = error
        except (OSError, LookupError, TypeError) as error:
            self._error = EngineError(f"llama.cpp said what is not understood: {type(error).__name__}: {error}")
        return True

    def _heard(self, chunk: dict[str, Any]) -> bool:
        if "error" in chunk:
            raise EngineError(f"llama.cpp refused the request: {str(chunk['error'].get('message', ''))[:300]}")
        self._timings = chunk.get("timings", self._timings)
        choice = chunk["choices"][0]
        if not self._first_s and self._timings.get("predicted_n", 0):
            self._first_s = time.monotonic() - self.began
        if choice["finish_reason"]:
            self._end = "length" if choice["finish_reason"] == "length" else "stop"
        if choice["text"]:
            self._say(Piece(choice["text"], tokens=tokens_of(choice)))
        return self.stopped

    def _usage(self, end: ReplyEnd) -> Usage:
        seconds = time.monotonic() - self.began
        return Usage(
            prompt_tokens=self._prompt_tokens,
            cached_tokens=int(self._timings.get("cache_n", 0)),
            reply_tokens=int(self._timings.get("predicted_n", 0)),
            first_token_s=self._first_s or seconds,
            seconds=seconds,
            end=end,
            drafted_tokens=int(self._timings.get("draft_n", 0)),
            accepted_tokens=int(self._timings.get("draft_n_accepted", 0)),
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
        "typical_p": sampling.typical_p,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "dry_multiplier": sampling.dry_multiplier,
        "xtc_probability": sampling.xtc_probability,
        "mirostat": 0,
        **({"n_probs": request.alternatives} if request.alternatives else {}),
    }


def physical_cores() -> int:
    """The cores this process may use, hyper-threads of one core counted once."""
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text(encoding="ascii").strip() if siblings.exists() else str(cpu))
    return max(len(cores), 1)


def _gpu() -> str:
    """The GPUs that this build of llama.cpp can use; "" without one."""
    import xllamacpp

    kind = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU
    return ", ".join(str(device["description"]) for device in xllamacpp.get_device_info() if device["type"] == kind)


def _parameters(path: Path, context: int, threads: int, gpu_layers: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = context
    parameters.n_batch = parameters.n_ubatch = _BATCH
    parameters.n_gpu_layers = gpu_layers
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


def window(asked: int, model: GgufModel, free: int) -> int:
    """The window in tokens: what is asked for, at most what the model knows; asked for 0, the most that fits `free` bytes."""
    known = model.context or asked or _UNTOLD_WINDOW
    return min(asked or max(window_in_ram(model, free), _SMALLEST_WINDOW), known)


def _why(model: GgufModel, context: int) -> str:
    """Memory is blamed only where it does not suffice."""
    free = available()
    if ram_needed(model, context) > free:
        return in_ram(model, context, free)
    return (
        f"its architecture ({model.architecture}) may be unknown to this version, the engine's log says more; "
        "choose another with `oci-tui models list`"
    )


def _notes(model: GgufModel, settings: EngineSettings) -> tuple[str, ...]:
    notes = [f"{model.architecture}, {model.parameters / 1e9:.2f} billion weights, {model.file_bytes / 1e9:.2f} GB"]
    if 0 < model.context < settings.context:
        notes.append(f"engine.context is {settings.context}, but the model knows {model.context} tokens")
    return tuple(notes)
