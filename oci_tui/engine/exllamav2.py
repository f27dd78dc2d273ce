"""EXL2 folders on CUDA GPUs through exllamav2, the main engine: its synchronous generator, one job at a time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import EngineInfo, Message, Piece, ReplyEnd, Request, Sampling, Token, Usage
from oci_tui.core.ports import Progress
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import gpus
from oci_tui.engine.loaded import Say
from oci_tui.engine.memory import on_gpu
from oci_tui.engine.preflight import read_model
from oci_tui.engine.room import check_room
from oci_tui.engine.templates import choose
from oci_tui.settings import EngineSettings

_PAGE = 256
_CHUNK = 2048
_LOGIT_ROWS = 16
_NO_GPU = (
    "exllamav2 cannot be used here ({reason}); it needs an NVIDIA GPU, CUDA's nvcc and a C++ compiler, then "
    "`pip install 'oci-tui[exl2]'`. Without a GPU choose a GGUF model: `oci-tui models pull qwen2.5-coder-1.5b`"
)


class Exl2Engine:
    """One EXL2 model in this process."""

    def __init__(self, settings: EngineSettings, progress: Callable[[Progress], None]) -> None:
        """Loads the model. Raises EngineError or ModelError."""
        model = read_model(Path(settings.model))
        if not isinstance(model, Exl2Model):
            raise ModelError(f"{settings.model}: a GGUF file, which exllamav2 cannot read; set engine.kind to llamacpp or auto")
        self._model_facts = model
        self._context = window(settings.context, model.context)
        self._template = choose(model.template, bos=model.bos, eos=model.eos, special_tokens=model.special_tokens)
        self._bos = model.bos if model.add_bos else ""
        progress(Progress("compiling exllamav2's kernels (minutes the first time)"))
        self._library = _Library()
        self._settings = settings
        self._replies: dict[int, _Reply] = {}
        self._model: Any = None
        self._generator: Any = None
        self._load(settings, progress)

    def begin(self, number: int, request: Request, say: Say) -> None:
        if request.loras:
            raise EngineError("LoRA adapters are not loaded by this engine; merge the adapter before quantizing")
        ids = self._ids(request.messages, request.begin_with)
        check_room(int(ids.shape[-1]), request.max_new_tokens, self._context)
        job = self._library.generator.ExLlamaV2DynamicJob(
            input_ids=ids,
            max_new_tokens=request.max_new_tokens,
            seed=request.sampling.seed,
            gen_settings=self._library.generator.ExLlamaV2Sampler.Settings(**sampler_values(request.sampling)),
            stop_conditions=stop_conditions(self._model_facts.stop_ids, self._tokenizer.eos_token_id, request.stop),
            return_probs=request.alternatives > 0,
            return_top_tokens=request.alternatives,
            identifier=number,
        )
        try:
            self._generator.enqueue(job)
        except AssertionError as error:
            raise EngineError(f"exllamav2 refuses the request: {_line(error)}; lower engine.context") from error
        self._replies[number] = _Reply(job, say, int(ids.shape[-1]))

    def step(self) -> bool:
        if not self._replies:
            return False
        try:
            results = self._generator.iterate()
        except (AssertionError, RuntimeError) as error:
            self._generator.clear_queue()
            words = f"exllamav2 cannot go on: {_line(error)}. {self._advice(self._settings)}"
            for reply in self._replies.values():
                reply.say(EngineError(words))
            self._replies.clear()
            return False
        for result in results:
            self._heard(result)
        return bool(self._replies)

    def _heard(self, result: dict[str, Any]) -> None:
        reply = self._replies.get(result["identifier"])
        if reply is None:
            return
        reply.written += tokens_in(result)
        if reply.written and not reply.first_s:
            reply.first_s = time.monotonic() - reply.began
        text = str(result.get("text", ""))
        tokens = tokens_of(result, self._pieces)
        if text or tokens:
            reply.say(Piece(text, tokens=tokens))
        if result["eos"]:
            del self._replies[result["identifier"]]
            reply.say(Piece("", usage_of(result, end_of(result), reply.first_s, time.monotonic() - reply.began)))

    def stop(self, number: int) -> None:
        reply = self._replies.pop(number, None)
        if reply is not None:
            self._generator.cancel(reply.job)
            counted = {"prompt_tokens": reply.prompt_tokens, "new_tokens": reply.written}
            reply.say(Piece("", usage_of(counted, "stopped", reply.first_s, time.monotonic() - reply.began)))

    def close(self) -> None:
        self._replies.clear()
        self._generator.clear_queue()
        self._generator = None
        self._model.unload()
        self._model = None
        gc.collect()
        self._library.torch.cuda.empty_cache()

    def count(self, messages: Sequence[Message]) -> int:
        return int(self._ids(messages).shape[-1])

    def _ids(self, messages: Sequence[Message], begin_with: str = "") -> Any:
        prompt = self._template.render(messages, begin_with)
        if self._bos and not (prompt and prompt[0].startswith(self._bos)):
            prompt = (self._bos, *prompt)
        parts = [self._tokenizer.encode(text, encode_special_tokens=True, add_bos=False) for text in prompt]
        return self._library.torch.cat(parts, dim=-1)

    def _load(self, settings: EngineSettings, progress: Callable[[Progress], None]) -> None:
        library = self._library
        try:
            config = library.exllamav2.ExLlamaV2Config(str(self._model_facts.path))
            config.arch_compat_overrides()
            for name, value in config_values(self._context).items():
                setattr(config, name, value)
            model = self._model = library.exllamav2.ExLlamaV2(config)
            cache_class = getattr(library.exllamav2, cache_class_name(settings.cache))

            def loaded(done: int, of: int) -> None:
                progress(Progress("loading the model", min(done / max(of, 1), 1.0)))

            if settings.gpu_split:
                model.load(list(settings.gpu_split), callback=loaded)
                cache = cache_class(model, max_seq_len=cache_tokens(self._context))
            else:
                cache = cache_class(model, max_seq_len=cache_tokens(self._context), lazy=True)
                model.load_autosplit(cache, callback=loaded)
            self._tokenizer = library.exllamav2.ExLlamaV2Tokenizer(config)
            self._pieces = self._tokenizer.get_id_to_piece_list()
            paged = bool(library.attention.has_flash_attn_with_paged)
            self._generator = library.generator.ExLlamaV2DynamicGenerator(
                model=model, cache=cache, tokenizer=self._tokenizer, max_batch_size=1, paged=paged
            )
            progress(Progress("warming up"))
            self._generator.warmup()
        except (AssertionError, RuntimeError, ValueError, OSError, KeyError) as error:
            raise EngineError(f"{self._model_facts.path}: {_line(error)}. {self._advice(settings)}") from error
        self.info = EngineInfo(
            engine="exllamav2",
            model=self._model_facts.name,
            context=self._context,
            device=", ".join(gpu.name for gpu in gpus()) or "CUDA GPU",
            bits_per_weight=self._model_facts.bits_per_weight or None,
            template=self._template.name,
            notes=notes(self._model_facts, settings, paged),
        )

    def _advice(self, settings: EngineSettings) -> str:
        found = gpus()
        return on_gpu(self._model_facts, self._context, settings.cache, sum(gpu.free for gpu in found), max(len(found), 1))


class _Reply:
    """A job of the generator, and whom it is told to."""

    def __init__(self, job: Any, say: Say, prompt_tokens: int) -> None:
        self.job, self.say, self.prompt_tokens = job, say, prompt_tokens
        self.began = time.monotonic()
        self.first_s = 0.0
        self.written = 0


class _Library:
    """exllamav2 and what it needs, imported when first asked for: that compiles its kernels. Raises EngineError."""

    def __init__(self) -> None:
        try:
            import exllamav2
            import exllamav2.attn
            import exllamav2.generator
            import torch
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineError(_NO_GPU.format(reason=_line(error))) from error
        if not torch.cuda.is_available():
            raise EngineError(_NO_GPU.format(reason="torch finds no CUDA GPU"))
        self.torch: Any = torch
        self.exllamav2: Any = exllamav2
        self.generator: Any = exllamav2.generator
        self.attention: Any = exllamav2.attn


def window(asked: int, trained: int) -> int:
    """The window in tokens: what is asked for, at most what the model was trained for."""
    return min(asked, trained) if trained else asked


def cache_tokens(context: int) -> int:
    """The cache's size in tokens: whole pages."""
    return -(-context // _PAGE) * _PAGE


def cache_class_name(mode: str) -> str:
    return "ExLlamaV2Cache" if mode == "FP16" else f"ExLlamaV2Cache_{mode}"


def config_values(context: int) -> dict[str, int]:
    """Attributes of ExLlamaV2Config; a chunk bounds how long a prompt holds up a stop, and the buffers."""
    chunk = min(_CHUNK, cache_tokens(context))
    return {
        "max_seq_len": cache_tokens(context),
        "max_input_len": chunk,
        "max_attention_size": chunk**2,
        "max_output_len": _LOGIT_ROWS,
    }


def sampler_values(sampling: Sampling) -> dict[str, float | int | bool]:
    """Every value of ExLlamaV2Sampler.Settings that changes the choice of a token: the library's defaults are not neutral."""
    greedy = sampling.temperature <= 0
    return {
        "temperature": 1.0 if greedy else sampling.temperature,
        "top_k": 1 if greedy else sampling.top_k,
        "top_p": 0.0 if greedy or sampling.top_p >= 1 else sampling.top_p,
        "min_p": 0.0 if greedy else sampling.min_p,
        "token_repetition_penalty": sampling.repeat_penalty,
        "token_frequency_penalty": sampling.frequency_penalty,
        "token_presence_penalty": sampling.presence_penalty,
        "top_a": 0.0,
        "tfs": 0.0,
        "typical": 0.0 if greedy or sampling.typical_p >= 1 else sampling.typical_p,
        "skew": 0.0,
        "smoothing_factor": 0.0,
        "temperature_last": False,
        "mirostat": False,
        "dry_multiplier": sampling.dry_multiplier,
        "xtc_probability": 0.0 if greedy else sampling.xtc_probability,
    }


def stop_conditions(model_ids: Sequence[int], eos: int | None, stops: Sequence[str]) -> list[int | str]:
    """Every end-of-text token once, then the stop strings; exllamav2 refuses None and empty strings."""
    ids = [*model_ids, *([eos] if eos is not None else [])]
    return [*dict.fromkeys(ids), *(stop for stop in stops if stop)]


def tokens_in(result: dict[str, Any]) -> int:
    """How many tokens a streaming result brings."""
    ids = result.get("token_ids")
    return int(ids.shape[-1]) if ids is not None else 0


def tokens_of(result: dict[str, Any], pieces: Sequence[str]) -> tuple[Token, ...]:
    """The tokens of a result with their probabilities; none where they were not asked for. `pieces` are texts by token id."""
    if result.get("token_probs") is None or result.get("top_k_tokens") is None:
        return ()
    ids, probabilities = result["token_ids"][0].tolist(), result["token_probs"][0].tolist()
    others = zip(result["top_k_tokens"][0].tolist(), result["top_k_probs"][0].tolist(), strict=True)
    return tuple(
        Token(pieces[token], probability, tuple((pieces[other], p) for other, p in zip(*most, strict=True)))
        for token, probability, most in zip(ids, probabilities, others, strict=True)
    )


def end_of(result: dict[str, Any]) -> ReplyEnd:
    return "length" if result.get("eos_reason") == "max_new_tokens" else "stop"


def usage_of(result: dict[str, Any], end: ReplyEnd, first_s: float, seconds: float) -> Usage:
    """The cost of a reply from its last result."""
    return Usage(
        prompt_tokens=int(result.get("prompt_tokens", 0)),
        cached_tokens=int(result.get("cached_tokens", 0)),
        reply_tokens=int(result.get("new_tokens", 0)),
        first_token_s=first_s,
        seconds=seconds,
        end=end,
    )


def notes(model: Exl2Model, settings: EngineSettings, paged: bool) -> tuple[str, ...]:
    found = [f"{model.architecture}, {model.weight_bytes / 1e9:.2f} GB of weights, cache {settings.cache}"]
    found.append("paged attention (flash-attn)" if paged else "no flash-attn: unpaged attention")
    if model.context and model.context < settings.context:
        found.append(f"engine.context is {settings.context}, but the model knows {model.context} tokens")
    return tuple(found)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
