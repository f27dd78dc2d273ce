"""An EXL2 folder is read without torch; what no engine here reads is refused by name."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from oci_tui.core.errors import ModelError
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.preflight import read_model
from tests.engine.models_on_disk import exl2


def test_it_tells_what_the_engine_must_know(tmp_path: Path) -> None:
    model = read_exl2(exl2(tmp_path / "model"))
    assert (model.bits_per_weight, model.context, model.layers, model.kv_heads, model.head_dim) == (4.25, 4096, 4, 2, 64)
    assert (model.weight_bytes, model.embedding_bytes) == (3000, 1000)
    assert (model.stop_ids, model.special_tokens) == ((7, 2), ("<s>", "<|EOT|>"))
    assert (model.bos, model.eos, model.template) == ("<s>", "<|EOT|>", "")


def test_a_tied_head_is_read_for_every_token(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model", tie_word_embeddings=True)
    file = folder / "output.safetensors"
    file.write_bytes(file.read_bytes().replace(b"lm_head.q_weight", b"model.x.q_weight"))
    assert read_exl2(folder).weight_bytes == 4000


def test_its_own_template_is_found_in_either_place(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    (folder / "tokenizer_config.json").write_text(
        '{"chat_template": [{"name": "tool", "template": "T"}, {"name": "default", "template": "D"}]}'
    )
    assert read_exl2(folder).template == "D"
    (folder / "chat_template.jinja").write_text("J")
    assert read_exl2(folder).template == "J"


@pytest.mark.parametrize(
    ("quantization", "words"),
    [
        ({"quant_method": "exl3"}, "an EXL3 model.*EXL2 version"),
        ({"quant_method": "awq"}, "quantized with 'awq'"),
        (None, "not quantized"),
        ([], "not quantized"),
    ],
)
def test_another_format_is_refused_by_name(quantization: object, words: str, tmp_path: Path) -> None:
    assert read_model(exl2(tmp_path / "good"))
    with pytest.raises(ModelError, match=words):
        read_model(exl2(tmp_path / "bad", quantization_config=quantization))


def test_a_truncated_weights_file_is_named_with_its_sizes(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    file = folder / "output.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"output\.safetensors: truncated: .* of .* bytes; fetch it again"):
        read_exl2(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234",
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": {}}',
        struct.pack("<Q", 31) + b'{"a": {"data_offsets": ["x",1]}}',
        struct.pack("<Q", 200) + b"[" * 200,
    ],
)
def test_a_lying_weights_header_is_refused(content: bytes, tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    (folder / "output.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="fetch it again"):
        read_exl2(folder)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "output.safetensors"])
def test_a_missing_file_is_named(missing: str, tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=missing.replace("output", r"\*").replace("*.", r"*\.")):
        read_exl2(folder)


@pytest.mark.parametrize("content", ["", "[]", '{"a":', "\ufeff\x00", "[" * 100_000])
def test_a_config_that_is_no_object_is_refused(content: str, tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json: .*fetch the model again"):
        read_exl2(folder)
