"""A GGUF file is read without loading it, and a header that lies is refused before anything is believed."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci_tui.core.errors import ModelError
from oci_tui.engine.gguf import read_gguf
from oci_tui.engine.preflight import read_model
from tests.engine.models_on_disk import ARRAY, STRING, entry, gguf, text

HUGE = struct.pack("<Q", 2**62)


def test_it_tells_what_the_engine_must_know(tmp_path: Path) -> None:
    template = entry("tokenizer.chat_template", STRING, text("{{ messages }}"))
    model = read_gguf(gguf(tmp_path / "small.gguf", extra=(template,)))
    assert (model.architecture, model.context, model.template, model.name) == ("llama", 4096, "{{ messages }}", "small")
    assert (model.special_tokens, model.bos, model.eos, model.add_bos) == (("<s>", "</s>"), "<s>", "</s>", True)
    assert (model.parameters, model.bits_per_weight) == (64, 8.5)


@pytest.mark.model
def test_it_reads_a_real_model(smollm2: Path) -> None:
    model = read_gguf(smollm2)
    assert (model.architecture, model.context, model.bits_per_weight) == ("llama", 8192, 5.74)
    assert "<|im_start|>" in model.special_tokens
    assert "<|im_start|>" in model.template


BREAKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "one byte short": (lambda raw: raw[:-1], "truncated: .* of .* bytes; fetch it again"),
    "half of it": (lambda raw: raw[: len(raw) // 2], "fetch it again"),
    "only the magic": (lambda raw: raw[:4], "not a GGUF file"),
    "another format": (lambda raw: b"PK\3\4" + raw[4:], "not a GGUF file"),
    "version 9": (lambda raw: raw[:4] + struct.pack("<I", 9) + raw[8:], "version 9 is not known"),
    "endless tensors": (lambda raw: raw[:8] + HUGE + raw[16:], "not a whole GGUF file"),
    "endless entries": (lambda raw: raw[:16] + HUGE + raw[24:], "not a whole GGUF file"),
    "endless key": (lambda raw: raw[:24] + HUGE + raw[32:], "not a whole GGUF file"),
}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_broken_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    change, words = BREAKS[name]
    path = gguf(tmp_path / "model.gguf")
    assert read_gguf(path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ModelError, match=words) as error:
        read_gguf(path)
    assert "\n" not in str(error.value)


def test_a_list_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    for inner in (0, STRING, ARRAY):
        lie = entry("x", ARRAY, struct.pack("<I", inner) + HUGE)
        with pytest.raises(ModelError, match="not a whole GGUF file"):
            read_gguf(gguf(tmp_path / "model.gguf", extra=(lie,)))


def test_a_file_without_tokenizer_is_no_language_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no tokenizer"):
        read_gguf(gguf(tmp_path / "model.gguf", tokenizer=False))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file or folder"):
        read_model(tmp_path / "nothing")
    gguf(tmp_path / "a.gguf")
    with pytest.raises(ModelError, match=r"a folder of GGUF files; name the file, for example .*a\.gguf"):
        read_model(tmp_path)
    assert read_model(tmp_path / "a.gguf").name == "a"


@settings(max_examples=150, deadline=1000)
@given(data=st.data())
def test_any_damage_is_either_harmless_or_a_model_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = gguf(tmp_path_factory.mktemp("fuzz") / "model.gguf")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        read_gguf(path)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ends are right
