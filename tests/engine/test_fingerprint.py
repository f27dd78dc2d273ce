"""What was measured is known by its weights and by the settings that change replies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.engine.fingerprint import Fingerprint, fingerprint
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2, gguf


def test_a_file_is_known_by_its_hash(tmp_path: Path) -> None:
    model = gguf(tmp_path / "model.gguf")
    found = fingerprint(EngineSettings(model=str(model)))
    assert found == Fingerprint(hashlib.sha256(model.read_bytes()).hexdigest())
    script = tmp_path / "script.jsonl"
    script.write_text('{"reply": "a"}\n')
    assert (
        fingerprint(EngineSettings(kind="scripted", replies=str(script))).sha256
        == hashlib.sha256(script.read_bytes()).hexdigest()
    )


def test_a_folder_is_known_by_its_files_and_how_it_is_used(tmp_path: Path) -> None:
    folder = exl2(tmp_path / "model")
    first = fingerprint(EngineSettings(model=str(folder), cache="Q4", rope_alpha=2.5))
    assert first.how == "cache Q4, rope_alpha 2.5"
    (folder / "notes.txt").write_text("mine")
    assert fingerprint(EngineSettings(model=str(folder))).sha256 == first.sha256
    (folder / "generation_config.json").write_text("{}")
    assert fingerprint(EngineSettings(model=str(folder))).sha256 != first.sha256


def test_a_server_is_known_by_its_address(tmp_path: Path) -> None:
    here, there = (fingerprint(EngineSettings(url=f"http://{host}:8080/v1")) for host in ("here", "there"))
    assert here.served
    assert here.sha256 != there.sha256
    with pytest.raises(EngineError, match="none: cannot be read"):
        fingerprint(EngineSettings(kind="scripted", replies=str(tmp_path / "none")))
