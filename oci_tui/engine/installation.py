"""What is installed for the engine and what is missing: the findings of `oci-tui doctor`, the steps of `oci-tui setup`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Finding, Progress, Setup
from oci_tui.engine import catalogue
from oci_tui.engine.catalogue import Entry
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import Gpu, fit, gathered_by, gpus
from oci_tui.engine.models import path_of, resolve
from oci_tui.engine.preflight import read_model
from oci_tui.engine.pull import pull
from oci_tui.resources import models_folder
from oci_tui.settings import EngineSettings


def examine(settings: EngineSettings) -> list[Finding]:
    """What `oci-tui doctor` says of the engine."""
    if settings.kind == "scripted":
        there = Path(settings.replies).is_file()
        return [Finding("model", "ok" if there else "missing", f"scripted replies: {settings.replies or 'none'}", needed=True)]
    if settings.is_endpoint:
        from oci_tui.engine.openai import examine as examine_endpoint

        return examine_endpoint(settings)
    found = gpus()
    try:
        model = resolve(settings)
    except ModelError as error:
        return [Finding("model", "missing", str(error), _fix(settings), needed=True), _gpu(found, wanted=False)]
    rows = [Finding("model", "ok", f"{model.name} ({model.path})", needed=True)]
    rows.append(_gpu(found, wanted=model.kind == "exllamav2"))
    if model.kind == "exllamav2":
        rows += [_exllamav2(), *_room(model.path, settings, found)]
    return rows


def setups(settings: EngineSettings) -> list[Setup]:
    """What `oci-tui setup` can put in place for the engine: the model, where it has a known name."""
    name = settings.model or catalogue.DEFAULT
    if settings.kind == "scripted" or settings.is_endpoint or name not in {entry.name for entry in catalogue.entries()}:
        return []
    return [FetchModel(catalogue.entry(name), settings)]


class FetchModel:
    """Fetches the model that the settings ask for."""

    touches_system = False

    def __init__(self, entry: Entry, settings: EngineSettings) -> None:
        self.title = f"the model {entry.name} ({entry.bytes / 1e9:.1f} GB, {entry.licence})"
        self.command = f"oci-tui models pull {entry.name}"
        self.fetches = entry.bytes
        self._entry = entry
        self._settings = settings

    def needed(self) -> bool:
        try:
            resolve(self._settings)
        except ModelError:
            return True
        return False

    def run(self) -> Iterator[Progress]:
        yield from pull(self._entry, models_folder())


def _fix(settings: EngineSettings) -> str:
    name = settings.model or catalogue.DEFAULT
    if name not in {entry.name for entry in catalogue.entries()}:
        return "oci-tui models list"
    # a damaged file has the final name, so a pull would take it for whole
    again = f"oci-tui models rm {name} && " if path_of(name).exists() else ""
    return f"{again}oci-tui models pull {name}"


def _gpu(found: tuple[Gpu, ...], *, wanted: bool) -> Finding:
    if found:
        return Finding(
            "GPU", "ok", ", ".join(f"{gpu.name} ({gpu.free / 1e9:.1f} of {gpu.memory / 1e9:.1f} GB free)" for gpu in found)
        )
    if wanted:
        return Finding(
            "GPU", "missing", "no CUDA GPU, which an EXL2 model needs", "oci-tui models pull qwen2.5-coder-1.5b", True
        )
    return Finding("GPU", "ok", "no CUDA GPU: llama.cpp on the CPU is used")


def _exllamav2() -> Finding:
    from importlib.util import find_spec

    absent = [name for name in ("exllamav2", "torch", "tokenizers") if find_spec(name) is None]
    if absent:
        return Finding("exllamav2", "missing", f"not installed: {', '.join(absent)}", "pip install 'oci-tui[exl2]'", True)
    if shutil.which("nvcc") is None or shutil.which("c++") is None:
        detail = (
            "nvcc or a C++ compiler is missing; exllamav2 compiles its kernels at the first start unless it was built ahead"
        )
        return Finding("exllamav2", "warning", detail)
    return Finding("exllamav2", "ok", "installed, with nvcc and a C++ compiler")


def _room(path: Path, settings: EngineSettings, found: tuple[Gpu, ...]) -> list[Finding]:
    model = read_model(path)
    if not isinstance(model, Exl2Model) or not found:
        return []
    free = sum(gpu.free for gpu in found)
    room = fit(model, settings.context, settings.cache, free, len(found), gathered_by(settings.at_once))
    detail = f"{room.needed / 1e9:.1f} GB needed for a window of {settings.context} tokens, {room.free / 1e9:.1f} GB free"
    if room.fits:
        return [Finding("GPU memory", "ok", detail)]
    return [
        Finding("GPU memory", "warning", f"{detail}; {room.context} tokens fit", f"export OCI_ENGINE_CONTEXT={room.context}")
    ]
