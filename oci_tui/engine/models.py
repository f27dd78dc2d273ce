"""Models by name: find, fetch, check, remove."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Finding, Progress, Setup
from oci_tui.engine import catalogue
from oci_tui.engine.catalogue import Entry
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import Gpu, fit, gpus
from oci_tui.engine.preflight import read_model
from oci_tui.engine.pull import is_whole
from oci_tui.engine.pull import pull as fetch
from oci_tui.resources import models_folder
from oci_tui.settings import EngineSettings


class Model(msgspec.Struct, frozen=True):
    """A whole model and the engine that runs it."""

    name: str
    path: Path
    kind: Literal["llamacpp", "exllamav2"]


class Listed(msgspec.Struct, frozen=True):
    """A row of `oci-tui models list`: a model that is here or can be fetched. `bytes` is its size in either case."""

    name: str
    title: str
    present: bool
    bytes: int
    path: Path
    licence: str = ""


def pull(name: str) -> Iterator[Progress]:
    """Fetch a model by name; goes on where an interrupted pull stopped. Raises ModelError."""
    yield from fetch(catalogue.entry(name), models_folder())


def resolve(settings: EngineSettings) -> Model:
    """The model that the settings ask for: a name, a path, or "" for the best that is here. Raises ModelError."""
    name = settings.model or _default(settings)
    path = _path(name)
    if not path.exists():
        raise ModelError(_missing(name))
    found = read_model(path)
    kind: Literal["llamacpp", "exllamav2"] = "exllamav2" if isinstance(found, Exl2Model) else "llamacpp"
    if settings.kind not in ("auto", kind):
        raise ModelError(f"{path}: is for {kind}, but engine.kind is {settings.kind}; set engine.kind to auto")
    return Model(name, path, kind)


def listed() -> tuple[Listed, ...]:
    """The models known by name, then what else is in the models folder."""
    folder = models_folder()
    known = catalogue.entries()
    rows = [Listed(e.name, e.title, is_whole(e, folder / e.file), e.bytes, folder / e.file, e.licence) for e in known]
    files = {entry.file for entry in known}
    for path in sorted(folder.iterdir()):
        if path.name not in files and (path.suffix == ".gguf" or (path / "config.json").exists()):
            rows.append(Listed(path.name, "found in the models folder", True, _size(path), path))
    return tuple(rows)


def remove(name: str) -> None:
    """Delete a model, and what an interrupted pull left of it, from the models folder. Raises ModelError."""
    folder = models_folder()
    entry = next((each for each in catalogue.entries() if each.name == name), None)
    path = folder / (entry.file if entry else name)
    left = folder / ".partial" / name
    # a name is one name: nothing outside the models folder can be meant
    if (
        not name
        or Path(name).name != name
        or name.startswith(".")
        or not (path.exists() or path.is_symlink() or (entry and left.exists()))
    ):
        raise ModelError(f"no model {name!r} in {folder}; see `oci-tui models list`")
    try:
        for each in (path, left):
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path}: cannot be removed: {error.strerror or error}") from error


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
        self._entry = entry
        self._settings = settings

    def needed(self) -> bool:
        try:
            resolve(self._settings)
        except ModelError:
            return True
        return False

    def run(self) -> Iterator[Progress]:
        yield from fetch(self._entry, models_folder())


def _default(settings: EngineSettings) -> str:
    """An EXL2 folder of the models folder where a GPU can run it, else the small code model for a CPU."""
    if settings.kind in ("auto", "exllamav2"):
        folders = sorted(path for path in models_folder().iterdir() if (path / "config.json").exists())
        if folders and (settings.kind == "exllamav2" or gpus()):
            return folders[0].name
    return catalogue.DEFAULT


def _path(name: str) -> Path:
    known = next((each for each in catalogue.entries() if each.name == name), None)
    inside = models_folder() / (known.file if known else name)
    if known is not None or (Path(name).name == name and inside.exists()):
        return inside
    return Path(name).expanduser()


def _missing(name: str) -> str:
    if name in {entry.name for entry in catalogue.entries()}:
        return f"the model {name} is not here; fetch it with `oci-tui models pull {name}`"
    return f"{name}: no such model, file or folder; see `oci-tui models list`"


def _fix(settings: EngineSettings) -> str:
    name = settings.model or catalogue.DEFAULT
    if name not in {entry.name for entry in catalogue.entries()}:
        return "oci-tui models list"
    # a damaged file has the final name, so a pull would take it for whole
    again = f"oci-tui models rm {name} && " if _path(name).exists() else ""
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
    room = fit(model, settings.context, settings.cache, sum(gpu.free for gpu in found), len(found))
    detail = f"{room.needed / 1e9:.1f} GB needed for a window of {settings.context} tokens, {room.free / 1e9:.1f} GB free"
    if room.fits:
        return [Finding("GPU memory", "ok", detail)]
    return [
        Finding("GPU memory", "warning", f"{detail}; {room.context} tokens fit", f"export OCI_ENGINE_CONTEXT={room.context}")
    ]


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())
