"""EXL2 folders on CUDA GPUs through exllamav2, the main engine: its synchronous dynamic generator, driven by requests."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import EngineInfo, Lora, Message, Request, Token
from oci_tui.core.ports import Progress
from oci_tui.engine import bandwidth
from oci_tui.engine import exl2_values as values
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.exl2_jobs import Jobs, Reply
from oci_tui.engine.fit import fit, gpus, speed_limit
from oci_tui.engine.loaded import Say
from oci_tui.engine.memory import on_gpu
from oci_tui.engine.paged_attention import PagedAttention
from oci_tui.engine.preflight import read_model
from oci_tui.engine.room import check_room
from oci_tui.engine.templates import choose
from oci_tui.settings import EngineSettings

# An n-gram trie of a longer text takes longer to fill than it saves.
_SEED_TOKENS = 16_384
# The library's kernel moves a page in so many parts, and each in steps of 16 bytes.
_PARTS_OF_PAGE = 128
_NO_GPU = (
    "exllamav2 cannot be used here ({reason}); it needs an NVIDIA GPU, CUDA's nvcc and a C++ compiler, then "
    "`pip install 'oci-tui[exl2]'`. Without a GPU choose a GGUF model: `oci-tui models pull qwen2.5-coder-1.5b`"
)


class Library:
    """exllamav2 and torch, imported when first asked for: that compiles exllamav2's kernels. Raises EngineError."""

    def __init__(self) -> None:
        _skip_broken_flash_attention()
        _show_cuda_headers()
        try:
            import exllamav2
            import exllamav2.attn
            import exllamav2.ext
            import exllamav2.generator
            import torch
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineError(_NO_GPU.format(reason=values.line(error))) from error
        if not torch.cuda.is_available():
            raise EngineError(_NO_GPU.format(reason="torch finds no CUDA GPU"))
        self.torch: Any = torch
        self.exllamav2: Any = exllamav2
        self.generator: Any = exllamav2.generator
        self.flash = not PagedAttention.installed(exllamav2.attn) and bool(exllamav2.attn.has_flash_attn_with_paged)
        if not self.flash:
            PagedAttention(torch).install(exllamav2.attn)
        mend_rotation(exllamav2.ext.exllamav2_ext)


class Exl2Engine:
    """One EXL2 model in this process."""

    def __init__(
        self, settings: EngineSettings, progress: Callable[[Progress], None], library: Callable[[], Library] = Library
    ) -> None:
        """Loads the model. Raises EngineError or ModelError."""
        facts = _exl2(Path(settings.model))
        progress(Progress("compiling exllamav2's kernels (minutes the first time)"))
        self._library = library()
        if settings.tensor_parallel and not self._library.flash:
            raise EngineError(
                "engine.tensor_parallel needs flash-attn, which is not here; without it the layers are split over the GPUs"
            )
        found = gpus()
        free, gpu_count = sum(gpu.free for gpu in found), max(len(found), 1)
        self._facts = facts
        gathered = 0 if self._library.flash else settings.at_once
        room = fit(facts, 0, settings.cache, free, gpu_count, gathered) if found else None
        self._context = values.window(settings, facts.context, room)
        self._template = choose(facts.template, bos=facts.bos, eos=facts.eos, special_tokens=facts.special_tokens)
        self._bos = facts.bos if facts.add_bos else ""
        self._drafting = settings.draft
        self._loaded_loras: dict[Lora, Any] = {}
        try:
            self._load(settings, progress)
        except (AssertionError, RuntimeError, ValueError, OSError, KeyError) as error:
            advice = on_gpu(facts, self._context, settings.cache, free, gpu_count, gathered)
            added = f". {advice}" if values.about_memory(error) else ""
            raise EngineError(f"{facts.path}: {values.line(error)}{added}") from error
        self._stop_ids = (*facts.stop_ids, *self._turn_end())
        self.info = EngineInfo(
            engine="exllamav2",
            model=facts.name,
            context=self._context,
            device=", ".join(gpu.name for gpu in found) or "CUDA GPU",
            bits_per_weight=facts.bits_per_weight or None,
            template=self._template.name,
            notes=values.notes(facts, settings, self._context, flash=self._library.flash),
            at_once=settings.at_once,
            probabilities=True,
            speed_limit=speed_limit(facts, 0, settings.cache, bandwidth.of_gpu(found)),
        )

    def begin(self, number: int, request: Request, say: Say) -> None:
        """Take a reply in hand. Raises EngineError."""
        ids = self._ids(request.messages, request.begin_with)
        check_room(int(ids.shape[-1]), request.max_new_tokens, self._context)
        loras = [self._lora(lora) for lora in request.loras]
        job = self._job(ids, request)
        self._jobs.begin(Reply(number, job, loras, say, self._tokens_with(request.alternatives, job)))

    def step(self) -> bool:
        return self._jobs.step()

    def stop(self, number: int) -> None:
        self._jobs.stop(number)

    def count(self, messages: Sequence[Message]) -> int:
        return int(self._ids(messages, "").shape[-1])

    def close(self) -> None:
        """Give the GPU's memory back; only the context of CUDA itself stays until the process ends."""
        for model in self._models:
            model.unload()
        del self._jobs, self._models
        gc.collect()
        self._library.torch.cuda.empty_cache()

    def _ids(self, messages: Sequence[Message], begin_with: str) -> Any:
        prompt = self._template.render(messages, begin_with)
        if self._bos and not (prompt and prompt[0].startswith(self._bos)):
            prompt = (self._bos, *prompt)
        parts = [self._tokenizer.encode(text, encode_special_tokens=True, add_bos=False) for text in prompt]
        return self._library.torch.cat(parts, dim=-1)

    def _turn_end(self) -> list[int]:
        """The token that ends a turn by the chat template, which a folder need not name among its ends of text."""
        token = self._template.turn_end()
        ids: list[int] = self._tokenizer.encode(token, encode_special_tokens=True, add_bos=False)[0].tolist() if token else []
        return ids if len(ids) == 1 else []

    def _job(self, ids: Any, request: Request) -> Any:
        job = self._library.generator.ExLlamaV2DynamicJob(
            input_ids=ids,
            # With drafts the library ends a reply that many tokens early.
            max_new_tokens=request.max_new_tokens + (values.DRAFT_TOKENS if self._drafting else 0),
            seed=request.sampling.seed,
            gen_settings=self._library.generator.ExLlamaV2Sampler.Settings(**values.sampler_values(request.sampling)),
            stop_conditions=values.stop_conditions(self._stop_ids, self._tokenizer.eos_token_id, request.stop),
            token_healing=bool(request.begin_with),
            return_logits=request.alternatives > 0,
        )
        if self._drafting == "ngram":
            _seed(job.ngrams, self._draft_ids(request.drafts))
        return job

    def _draft_ids(self, drafts: Sequence[str]) -> list[list[int]]:
        found, left = [], _SEED_TOKENS
        for text in drafts:
            # A token is at least one character, so the rest of a long text need not be tokenized.
            ids = self._tokenizer.encode(text[: left * 8], add_bos=False)[0, :left].tolist() if left else []
            left -= len(ids)
            found.append(ids)
        return found

    def _tokens_with(self, alternatives: int, job: Any) -> Callable[[dict[str, Any]], tuple[Token, ...]]:
        """How a result's tokens are told: with the model's own probabilities, whatever the sampler made of them."""
        text = self._tokenizer.get_id_to_piece_list(True)
        # The first token of a reply that goes on from a text begins with that text's last token.
        said = [] if job.prefix_token is None else [text[int(job.prefix_token[0])]]

        def tokens(result: dict[str, Any]) -> tuple[Token, ...]:
            if not alternatives or result.get("logits") is None:
                return ()
            shares = self._library.torch.softmax(result["logits"][0].float(), dim=-1)
            best, ids = shares.topk(alternatives, dim=-1)
            told = []
            for place, token in enumerate(result["token_ids"][0].tolist()):
                cut = len(said.pop()) if said else 0
                others = (
                    (text[other][cut:], float(share)) for other, share in zip(ids[place].tolist(), best[place], strict=True)
                )
                told.append(Token(text[token][cut:], float(shares[place, token]), tuple(others)))
            return tuple(told)

        return tokens

    def _lora(self, lora: Lora) -> Any:
        if lora not in self._loaded_loras:
            try:
                loaded = self._library.exllamav2.ExLlamaV2Lora.from_directory(self._models[0], lora.path, lora.scale)
            except (AssertionError, OSError, ValueError, KeyError) as error:
                raise EngineError(
                    f"{lora.path}: not a LoRA for this model: {values.line(error)}; a LoRA folder holds "
                    "adapter_config.json and adapter_model.safetensors"
                ) from error
            self._loaded_loras[lora] = loaded
        return self._loaded_loras[lora]

    def _load(self, settings: EngineSettings, progress: Callable[[Progress], None]) -> None:
        library = self._library
        model, cache = self._model(self._facts, settings, progress, "the model")
        self._models = [model]
        self._tokenizer = library.exllamav2.ExLlamaV2Tokenizer(model.config)
        drafting: dict[str, Any] = {}
        if settings.draft == "ngram":
            drafting = {"use_ngram_draft": True, "max_ngram": values.NGRAM, "num_draft_tokens": values.DRAFT_TOKENS}
        elif settings.draft:
            draft, draft_cache = self._model(_exl2(Path(settings.draft)), settings, progress, "the draft model")
            self._models.append(draft)
            if (
                library.exllamav2.ExLlamaV2Tokenizer(draft.config).get_id_to_piece_list()
                != self._tokenizer.get_id_to_piece_list()
            ):
                raise ValueError(f"the draft model {settings.draft} has another vocabulary; choose one of the same family")
            drafting = {"draft_model": draft, "draft_cache": draft_cache, "num_draft_tokens": values.DRAFT_TOKENS}
        generator = library.generator.ExLlamaV2DynamicGenerator(
            model=model,
            cache=cache,
            tokenizer=self._tokenizer,
            max_batch_size=settings.at_once,
            **drafting,
        )
        progress(Progress("warming up"))
        generator.warmup()
        self._jobs = Jobs(generator)

    def _model(
        self, facts: Exl2Model, settings: EngineSettings, progress: Callable[[Progress], None], what: str
    ) -> tuple[Any, Any]:
        """A loaded model and its cache, which is as long as the window."""
        library, tokens = self._library.exllamav2, values.cache_tokens(self._context)
        config = library.ExLlamaV2Config(str(facts.path))
        config.arch_compat_overrides()
        # EXLLAMA_NO_FLASH_ATTN sets it, and then the generator refuses to page whatever attends
        config.no_flash_attn = config.no_flash_attn and self._library.flash
        for name, value in values.config_values(settings, self._context, facts.context).items():
            setattr(config, name, value)
        model = library.ExLlamaV2(config)
        cache_class = getattr(library, values.cache_class_name(settings.cache))

        def loaded(done: int, of: int) -> None:
            progress(Progress(f"loading {what}", min(done / max(of, 1), 1.0)))

        split = list(settings.gpu_split) or None
        if settings.tensor_parallel:
            model.load_tp(split, expect_cache_tokens=tokens, expect_cache_base=cache_class, callback=loaded)
            return model, library.ExLlamaV2Cache_TP(model, base=cache_class, max_seq_len=tokens)
        if split:
            model.load(split, callback=loaded)
            return model, cache_class(model, max_seq_len=tokens)
        cache = cache_class(model, max_seq_len=tokens, lazy=True)
        model.load_autosplit(cache, reserve_vram=[mb * 1024**2 for mb in settings.reserve_mb] or None, callback=loaded)
        return model, cache


def mend_rotation(kernels: Any) -> None:
    """Have torch move the pages that `cache_rotate` of exllamav2 0.3.2 faults at ("misaligned address").

    These are pages whose parts are no multiple of a step, as the scales of a quantized cache of 192 keys a token.
    """
    rotate = kernels.cache_rotate

    def mended(cache: Any, order: Any, spare: Any) -> None:
        if spare.nbytes % (_PARTS_OF_PAGE * 16) == 0:
            rotate(cache, order, spare)
        else:
            places = order.long()
            cache[places] = cache[places.roll(-1)]

    kernels.cache_rotate = mended


def _exl2(path: Path) -> Exl2Model:
    model = read_model(path)
    if not isinstance(model, Exl2Model):
        raise ModelError(f"{path}: a GGUF file, which exllamav2 cannot read; set engine.kind to llamacpp or auto")
    return model


def _skip_broken_flash_attention() -> None:
    """A flash-attn of another torch breaks the import of exllamav2, which only expects it to be absent."""
    try:
        importlib.import_module("flash_attn")
    except ModuleNotFoundError:
        return
    except (ImportError, OSError):
        os.environ["EXLLAMA_NO_FLASH_ATTN"] = "1"


def _show_cuda_headers() -> None:
    """CUDA's libraries came with torch, and their headers too, which the compiler's own CUDA may lack: they come last."""
    found = importlib.util.find_spec("nvidia")
    places = found.submodule_search_locations or () if found else ()
    known = list(filter(None, os.environ.get("CPLUS_INCLUDE_PATH", "").split(os.pathsep)))
    there = (str(path) for place in places for path in sorted(Path(place).glob("*/include")))
    if paths := [*known, *(path for path in there if path not in known)]:
        os.environ["CPLUS_INCLUDE_PATH"] = os.pathsep.join(paths)


def _seed(trie: Any, texts: Sequence[Sequence[int]]) -> None:
    """Teach an NGramTrie of the library the n-grams of `texts`, as it learns those of the reply itself."""
    for ids in texts:
        for start in range(len(ids) - values.NGRAM + 1):
            node = trie
            for token in ids[start : start + values.NGRAM]:
                child = node.children.get(token)
                if child is None:
                    child = node.children[token] = type(trie)(token)
                child.count += 1
                if not node.winningest_child or child.count > node.winningest_child.count:
                    node.winningest_child = child
                node = child
