"""A repository of the hub is fetched whole, checked file by file, and goes on where it was stopped."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci_tui.core.errors import ModelError
from oci_tui.engine.hub import Source, parse
from oci_tui.engine.preflight import read_model
from oci_tui.engine.pull_repository import pull_repository
from tests.engine.hub_server import HubServer
from tests.engine.models_on_disk import CONFIG, exl2, gguf, small_disk

MIB = 1024**2


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def weights(size: int = 3 * MIB) -> bytes:
    header = json.dumps({"lm_head.q_weight": {"dtype": "I32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + os.urandom(size)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """EXL2 repositories as they are on the hub: by branch, with only a measurement on main, and by name."""
    from huggingface_hub import constants

    server = HubServer()
    files = contents(exl2(tmp_path / "whole")) | {"output.safetensors": weights(), "evil.py": b"1/0", "a/b.json": b"{}"}
    server.repositories = {
        "owner/Coder-exl2": {"main": {"measurement.json": b"{}", "README.md": b"hi"}, "4_25": files},
        "owner/Coder-4.0bpw-h6-exl2": {"main": files},
        "owner/Coder-exl3": {
            "main": files | {"config.json": json.dumps(CONFIG | {"quantization_config": {"quant_method": "exl3"}}).encode()}
        },
        "owner/Coder-GGUF": {"main": {"q4.gguf": gguf(tmp_path / "m.gguf").read_bytes(), "README.md": b"hi"}},
    }
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    with server.serving():
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_a_branch_becomes_a_folder_of_what_a_model_needs(hub: HubServer, folder: Path) -> None:
    steps = list(pull_repository(Source("owner/Coder-exl2", "4_25"), folder))
    got = folder / "Coder-exl2-4_25"
    assert sorted(path.name for path in got.iterdir()) == [
        "config.json", "generation_config.json", "output.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    assert read_model(got).bits_per_weight == 4.25
    assert steps[-1].fraction == 1.0
    assert all(step.fraction is None or 0 <= step.fraction <= 1 for step in steps)
    assert {step.doing.split()[0] for step in steps} >= {"asking", "looking", "fetching", "checking"}
    assert not list((folder / ".partial").iterdir())
    before = len(hub.asked)
    assert [step.doing for step in pull_repository(Source("owner/Coder-exl2", "4_25"), folder)] == ["Coder-exl2-4_25 is there"]
    assert len(hub.asked) == before


def test_a_repository_that_is_one_bit_rate_keeps_its_name(hub: HubServer, folder: Path) -> None:
    list(pull_repository(parse("owner/Coder-4.0bpw-h6-exl2"), folder))
    assert read_model(folder / "Coder-4.0bpw-h6-exl2")
    assert hub.asked


def test_one_gguf_file_is_fetched_by_its_name(hub: HubServer, folder: Path) -> None:
    list(pull_repository(parse("owner/Coder-GGUF/q4.gguf"), folder))
    assert read_model(folder / "q4.gguf").name == "q4"
    with pytest.raises(ModelError, match=r"holds no q8\.gguf; it has q4\.gguf"):
        list(pull_repository(parse("owner/Coder-GGUF/q8.gguf"), folder))
    with pytest.raises(ModelError, match=r"holds GGUF files; name one, for example owner/Coder-GGUF/q4\.gguf"):
        list(pull_repository(parse("owner/Coder-GGUF"), folder))
    assert hub.asked


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("owner/Coder-exl2", r"holds no weights at main; its bit rates are branches: owner/Coder-exl2@4_25 \(4_25\)"),
        ("owner/Coder-exl2@9_9", r"has no revision '9_9'; it has 4_25, main"),
        ("owner/Nothing", r"no such model on the hub, or a private one; expected OWNER/NAME\[@REVISION\]"),
        ("owner/Coder-exl3", r"an EXL3 model, which exllamav2 cannot read; fetch the EXL2 version"),
    ],
)
def test_what_cannot_be_had_is_told_before_the_weights_are_fetched(text: str, words: str, folder: Path) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        list(pull_repository(parse(text), folder))
    assert "\n" not in str(caught.value)
    assert not list(folder.rglob("*.safetensors"))


def test_an_interrupted_fetch_goes_on_where_it_was(hub: HubServer, folder: Path) -> None:
    source = Source("owner/Coder-exl2", "4_25")
    pulling = pull_repository(source, folder)
    for step in pulling:
        if step.doing.startswith("fetching"):
            break
    pulling.close()  # type: ignore[attr-defined]
    [partial] = (folder / ".partial").iterdir()
    assert (partial / "files" / "config.json").exists()
    assert not (folder / source.name).exists()
    before = len(hub.asked)
    list(pull_repository(source, folder))
    assert read_model(folder / source.name)
    assert not [path for method, path, _ in hub.asked[before:] if method == "GET" and path.endswith("/config.json")]


def test_a_connection_that_ends_within_the_weights_is_taken_up_there(hub: HubServer, folder: Path) -> None:
    hub.repositories["owner/Coder-exl2"]["4_25"]["output.safetensors"] = weights(24 * MIB)
    hub.break_after = {"output.safetensors": 15 * MIB}
    list(pull_repository(Source("owner/Coder-exl2", "4_25"), folder))
    assert [span for _, path, span in hub.asked if path.endswith("output.safetensors") and span] == [f"bytes={10 * MIB}-"]
    assert read_model(folder / "Coder-exl2-4_25")


def test_a_damaged_file_is_deleted_and_the_next_pull_mends_it(hub: HubServer, folder: Path) -> None:
    source = Source("owner/Coder-exl2", "4_25")
    hub.corrupt.add("output.safetensors")
    with pytest.raises(
        ModelError, match=r"output\.safetensors came damaged and is deleted; pull again, the other files are kept"
    ):
        list(pull_repository(source, folder))
    assert not (folder / source.name).exists()
    hub.corrupt.clear()
    list(pull_repository(source, folder))
    assert read_model(folder / source.name)


@pytest.mark.usefixtures("hub")
def test_too_little_room_is_told_before_the_weights_are_fetched(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 40) as disk:
        with pytest.raises(ModelError, match=r"Coder-exl2-4_25 needs 0\.07 GB more on the disk of .* and 0\.04 GB are free"):
            list(pull_repository(Source("owner/Coder-exl2", "4_25"), disk))
        assert not list(disk.rglob("*.safetensors"))


def test_without_a_hub_it_says_so(hub: HubServer, folder: Path) -> None:
    hub.shutdown()
    hub.server_close()
    with pytest.raises(ModelError, match=r"Coder-exl2-4_25 cannot be fetched: the Hugging Face hub cannot be reached"):
        list(pull_repository(Source("owner/Coder-exl2", "4_25"), folder))


@pytest.mark.parametrize("text", ["a/b/c", "a/../b", "../a/b", "a/b@", "a b/c", "a/b/../c.gguf", "/a/b", "a/b@x..y"])
def test_what_is_no_name_on_the_hub_is_told_with_the_form(text: str) -> None:
    with pytest.raises(ModelError, match=r"expected OWNER/NAME\[@REVISION\]"):
        parse(text)
    assert parse("a/b@refs/pr/1").name == "b-refs-pr-1"
