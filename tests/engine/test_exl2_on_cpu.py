"""The EXL2 adapter against exllamav2's own generator, tokenizer, sampler and LoRA reader, its model computed on the CPU."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Lora, Message, Piece, Request, Sampling
from oci_tui.core.ports import Progress
from oci_tui.engine.exllamav2 import Exl2Engine, mend_rotation
from oci_tui.settings import EngineSettings
from tests.exl2.folder import linked
from tests.exl2.lora import write_lora

pytestmark = [pytest.mark.exl2, pytest.mark.model]

QUESTION = Message("user", "What is the capital of France?")
SONG = "\n".join(f"{n} green bottles hanging on the wall, and if one should fall" for n in ("ten", "nine", "eight", "seven"))


@pytest.fixture(scope="module")
def engine(smollm2_exl2: Path) -> Iterator[Exl2Engine]:
    loaded = load(EngineSettings(model=str(smollm2_exl2), context=1024))
    yield loaded
    loaded.close()


def load(settings: EngineSettings, heard: list[Progress] | None = None) -> Exl2Engine:
    from tests.exl2.library import CpuLibrary

    return Exl2Engine(settings, (heard if heard is not None else []).append, CpuLibrary)


def replies(engine: Exl2Engine, *requests: Request) -> list[list[Piece]]:
    """The pieces of each request, all begun before the first step."""
    said: list[list[Piece]] = [[] for _ in requests]

    def hear(number: int, piece: Piece | EngineError) -> None:
        if isinstance(piece, EngineError):
            raise piece
        said[number].append(piece)

    for number, request in enumerate(requests):
        engine.begin(number, request, lambda piece, number=number: hear(number, piece))  # type: ignore[misc]
    while engine.step():
        pass
    for pieces in said:
        assert [piece.usage is not None for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    return said


def reply(engine: Exl2Engine, request: Request) -> tuple[str, Any]:
    """Text and usage."""
    pieces = replies(engine, request)[0]
    return "".join(piece.text for piece in pieces), pieces[-1].usage


def ask(text: str = "", **more: Any) -> Request:
    return Request((Message("user", text) if text else QUESTION,), **{"max_new_tokens": 24, **more})


def test_the_load_tells_how_far_it_is_and_what_it_became(smollm2_exl2: Path) -> None:
    heard: list[Progress] = []
    engine = load(EngineSettings(model=str(smollm2_exl2), context=512), heard)
    assert [step.fraction for step in heard if step.doing == "loading the model"][-1] == 1.0
    assert (engine.info.context, engine.info.bits_per_weight, engine.info.at_once) == (512, 8.17, 4)
    assert any("flash-attn" in note for note in engine.info.notes)


def test_it_goes_on_from_edited_text_within_a_word(engine: Exl2Engine) -> None:
    text, usage = reply(engine, ask(begin_with="The capital of Fr"))
    assert text.startswith("ance is Paris")
    assert usage.end == "stop"


def test_a_stop_string_and_the_length_end_a_reply(engine: Exl2Engine) -> None:
    whole, _ = reply(engine, ask(begin_with="The capital of"))
    text, usage = reply(engine, ask(begin_with="The capital of", stop=("aris",)))
    assert (text, usage.end) == (whole[: whole.index("aris")], "stop")
    _, usage = reply(engine, ask(begin_with="The capital of", max_new_tokens=2))
    assert (usage.end, usage.reply_tokens) == ("length", 2)


def test_the_second_round_computes_only_what_is_new(engine: Exl2Engine) -> None:
    first, usage = reply(engine, ask("Say anything that is not in the cache yet. " * 20))
    rounds = (Message("user", "Say anything that is not in the cache yet. " * 20), Message("assistant", first))
    _, again = reply(engine, Request((*rounds, Message("user", "Go on.")), 8))
    assert usage.cached_tokens < usage.prompt_tokens // 4
    assert again.cached_tokens >= usage.prompt_tokens * 0.9
    assert again.new_tokens < again.prompt_tokens // 4


def test_each_token_has_the_models_own_probability_and_alternatives(engine: Exl2Engine) -> None:
    (pieces,) = replies(engine, ask(begin_with="The capital of France", alternatives=3))
    tokens = [token for piece in pieces for token in piece.tokens]
    assert "".join(token.text for token in tokens).startswith(" is Paris")
    for token in tokens:
        best = [probability for _, probability in token.alternatives]
        assert token.alternatives[0] == (token.text, token.probability)
        assert best == sorted(best, reverse=True)
        assert 0 < sum(best) <= 1.0001
    assert any(token.probability < 0.999 for token in tokens), "these are the sampler's, which greedy makes 1"
    assert not [token for piece in replies(engine, ask())[0] for token in piece.tokens]


def test_the_seed_decides_a_sampled_reply(engine: Exl2Engine) -> None:
    def sampled(seed: int) -> str:
        return reply(engine, ask(max_new_tokens=10, sampling=Sampling(temperature=1.0, seed=seed)))[0]

    assert sampled(1) == sampled(1)
    assert len({sampled(seed) for seed in (2, 3)}) > 1


def test_a_stopped_reply_ends_at_once_and_the_others_go_on(engine: Exl2Engine) -> None:
    heard: dict[int, list[Piece]] = {0: [], 1: []}
    for number in heard:
        engine.begin(number, ask(max_new_tokens=6), heard[number].append)  # type: ignore[arg-type]
    engine.step()
    engine.stop(0)
    engine.stop(7)
    assert heard[0][-1].usage is not None
    assert heard[0][-1].usage.end == "stopped"
    before = len(heard[0])
    while engine.step():
        pass
    assert len(heard[0]) == before
    assert heard[1][-1].usage is not None
    assert heard[1][-1].usage.reply_tokens == 6


def test_replies_at_once_share_passes(engine: Exl2Engine) -> None:
    alone, _ = reply(engine, ask(max_new_tokens=8))
    said: list[int] = []
    for number in range(3):
        engine.begin(number, ask(max_new_tokens=8), lambda _, number=number: said.append(number))  # type: ignore[misc]
    while engine.step():
        pass
    assert said != sorted(said)
    together = replies(engine, *[ask(max_new_tokens=8)] * 3)
    assert ["".join(piece.text for piece in pieces) for pieces in together] == [alone] * 3


def test_what_does_not_fit_the_window_is_refused_with_the_numbers(engine: Exl2Engine) -> None:
    with pytest.raises(EngineError, match=r"the reply may have 1024, together more than the window of 1024"):
        reply(engine, ask(max_new_tokens=1024))
    assert reply(engine, ask(max_new_tokens=2))[1].reply_tokens == 2


def test_ngram_drafts_change_the_speed_and_never_the_reply(smollm2_exl2: Path, engine: Exl2Engine) -> None:
    request = ask("Repeat: " + SONG, begin_with="ten green", max_new_tokens=40)
    plain, usage = reply(engine, request)
    drafting = load(EngineSettings(model=str(smollm2_exl2), context=1024, draft="ngram"))
    drafted, alone = reply(drafting, request)
    seeded, helped = reply(drafting, Request(**{**_fields(request), "drafts": (plain,)}))
    assert drafted == seeded == plain
    assert alone.reply_tokens == helped.reply_tokens == usage.reply_tokens
    assert usage.drafted_tokens == 0
    assert helped.accepted_tokens > alone.accepted_tokens, "the text of `drafts` taught it nothing"


def test_a_draft_model_drafts_and_one_of_another_vocabulary_is_refused(
    smollm2_exl2: Path, engine: Exl2Engine, tmp_path: Path
) -> None:
    plain, _ = reply(engine, ask())
    drafting = load(EngineSettings(model=str(smollm2_exl2), context=1024, draft=str(smollm2_exl2)))
    drafted, usage = reply(drafting, ask())
    assert drafted == plain
    assert usage.accepted_tokens >= usage.reply_tokens // 2
    other = linked(smollm2_exl2, tmp_path / "other")
    tokenizer = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["zebra-crossing"] = vocabulary.pop(next(word for word in reversed(vocabulary) if "Ġ" in word))
    tokenizer["model"]["merges"] = []
    (other / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(EngineError, match=r"the draft model .* has another vocabulary"):
        load(EngineSettings(model=str(smollm2_exl2), context=512, draft=str(other)))


def test_a_lora_is_a_requests_own(smollm2_exl2: Path, engine: Exl2Engine, tmp_path: Path) -> None:
    strong = Lora(str(write_lora(tmp_path / "lora", smollm2_exl2)), 60.0)
    plain, _ = reply(engine, ask())
    changed, _ = reply(engine, ask(loras=(strong,)))
    assert changed != plain
    assert reply(engine, ask(loras=(Lora(strong.path, 0.0),)))[0] == plain
    mixed = replies(engine, ask(), ask(loras=(strong,)), ask())
    assert ["".join(piece.text for piece in pieces) for pieces in mixed] == [plain, changed, plain]
    with pytest.raises(EngineError, match="not a LoRA for this model"):
        reply(engine, ask(loras=(Lora(str(tmp_path)),)))


@pytest.mark.parametrize("scaling", [{"rope_alpha": 2.63}, {"rope_scale": 2.0}, {"yarn_factor": 2.0}])
def test_rope_scaling_reaches_beyond_the_trained_window(smollm2_exl2: Path, tmp_path: Path, scaling: dict[str, float]) -> None:
    short = linked(smollm2_exl2, tmp_path / "short")
    config = json.loads((short / "config.json").read_text(encoding="utf-8"))
    (short / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 256}), encoding="utf-8")
    stretched = load(EngineSettings(model=str(short), context=512, **scaling))  # type: ignore[arg-type]
    assert stretched.info.context == 512
    _, usage = reply(stretched, ask("word " * 300, max_new_tokens=8))
    assert usage.prompt_tokens > 300


@pytest.mark.parametrize(
    "placed", [{"gpu_split": (8.0, 8.0)}, {"reserve_mb": (512,), "cache": "FP16"}, {"tensor_parallel": True, "cache": "Q4"}]
)
def test_every_way_to_load_serves_replies(smollm2_exl2: Path, placed: dict[str, Any]) -> None:
    engine = load(EngineSettings(model=str(smollm2_exl2), context=512, **placed))
    assert reply(engine, ask(begin_with="The capital of"))[0].startswith(" France is Paris")


def test_all_gpus_compute_a_layer_only_with_flash_attention(smollm2_exl2: Path) -> None:
    from tests.exl2.library import CpuLibrary

    library = CpuLibrary()
    library.flash = False
    with pytest.raises(EngineError, match=r"engine\.tensor_parallel needs flash-attn, .* not here") as refused:
        Exl2Engine(EngineSettings(model=str(smollm2_exl2), tensor_parallel=True), lambda _: None, lambda: library)
    assert "GB" not in str(refused.value)


def test_flash_attention_that_is_off_is_no_reason_to_refuse(smollm2_exl2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.exl2.library import CpuLibrary

    monkeypatch.setenv("EXLLAMA_NO_FLASH_ATTN", "1")
    library = CpuLibrary()
    library.flash = False
    engine = Exl2Engine(EngineSettings(model=str(smollm2_exl2), context=512), lambda _: None, lambda: library)
    assert "attention by torch, up to 4 replies at once" in engine.info.notes
    assert reply(engine, ask(max_new_tokens=2))[1].reply_tokens == 2


def test_closing_frees_the_weights_and_the_cache(smollm2_exl2: Path) -> None:
    engine = load(EngineSettings(model=str(smollm2_exl2), context=512))
    model = weakref.ref(engine._models[0])
    reply(engine, ask(max_new_tokens=2))
    engine.close()
    assert model() is None


@pytest.mark.parametrize(
    ("said", "told"),
    [("CUDA out of memory. Tried to allocate 2 GiB", "2 GiB; lower engine.context or choose a"), ("odd shape", "odd shape$")],
)
def test_a_pass_that_fails_ends_its_replies_and_the_next_is_served(
    engine: Exl2Engine, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    _fail(monkeypatch, engine, said)
    with pytest.raises(EngineError, match=rf"exllamav2 cannot go on: .*{told}"):
        reply(engine, ask())
    monkeypatch.undo()
    assert reply(engine, ask(max_new_tokens=2))[1].reply_tokens == 2


def test_a_gpu_that_fails_ends_the_process(smollm2_exl2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(EngineSettings(model=str(smollm2_exl2), context=512))
    _fail(monkeypatch, engine, "CUDA error: misaligned address\nSearch for `cudaErrorMisalignedAddress'")
    with pytest.raises(SystemExit, match=r"exllamav2 cannot go on: CUDA error: misaligned address$"):
        reply(engine, ask())


def test_pages_that_the_librarys_kernel_faults_at_are_moved_by_torch() -> None:
    """To where the kernel would have moved them; the others it moves itself."""
    import torch

    from tests.exl2.extension import cache_rotate

    moved_by_it: list[int] = []

    def kernel(cache: Any, order: Any, spare: Any) -> None:
        moved_by_it.append(cache.shape[1])
        cache_rotate(cache, order, spare)

    kernels = SimpleNamespace(cache_rotate=kernel)
    mend_rotation(kernels)
    order = torch.tensor([3, 0, 4, 1], dtype=torch.int)
    # float16 elements a page: the scales of 192 and of 256 keys a token
    for width in (256 * 192 // 32, 256 * 256 // 32):
        pages = torch.arange(6 * width).view(6, width).half()
        expected, spare = pages.clone(), torch.empty(width, dtype=torch.half)
        cache_rotate(expected, order, spare)
        kernels.cache_rotate(pages, order, spare)
        assert torch.equal(pages, expected)
        assert not torch.equal(pages, torch.arange(6 * width).view(6, width).half())
    assert moved_by_it == [256 * 256 // 32]


def _fail(monkeypatch: pytest.MonkeyPatch, engine: Exl2Engine, said: str) -> None:
    """Have the model's next passes fail as torch fails."""

    def forward_chunk(*_: Any, **__: Any) -> Any:
        raise RuntimeError(said)

    monkeypatch.setattr(engine._models[0], "forward_chunk", forward_chunk)


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__}
