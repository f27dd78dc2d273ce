"""Where there is no GPU, and what is not an EXL2 folder, the EXL2 adapter says what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.engine.exllamav2 import Exl2Engine, _show_cuda_headers
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import exl2, gguf


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    from importlib.util import find_spec

    if find_spec("torch") is not None:
        pytest.skip("torch is installed here; this is about a machine without it")
    with pytest.raises(EngineError, match=r"pip install 'oci-tui\[exl2\]'"):
        Exl2Engine(EngineSettings(model=str(exl2(tmp_path / "model"))), lambda _: None)


def test_a_gguf_file_is_not_for_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"set engine\.kind to llamacpp or auto"):
        Exl2Engine(EngineSettings(model=str(gguf(tmp_path / "m.gguf"))), lambda _: None)


def test_the_headers_of_torchs_packages_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / "nvidia" / name / "include" for name in ("cublas", "cusparse")]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    monkeypatch.setenv("CPLUS_INCLUDE_PATH", "/mine")
    for _ in range(2):
        _show_cuda_headers()
        found = os.environ["CPLUS_INCLUDE_PATH"].split(os.pathsep)
        assert found[:1] == ["/mine"]
        assert [found.count(str(folder)) for folder in folders] == [1, 1]
