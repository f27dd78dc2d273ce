"""Models by name: find, fetch, remove. A name is the catalogue's, the hub's, or a file or folder."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import msgspec

from oci_tui.core.errors import ModelError
from oci_tui.core.models import Listed
from oci_tui.core.ports import Progress
from oci_tui.engine import catalogue, hub
from oci_tui.engine.catalogue import Exl2Entry
from oci_tui.engine.exl2_folder import Exl2Model
from oci_tui.engine.fit import Gpu, fit, gathered_by, gpus
from oci_tui.engine.preflight import read_model
from oci_tui.engine.pull import is_whole
from oci_tui.engine.pull import pull as fetch
from oci_tui.engine.pull_repository import pull_repository
from oci_tui.resources import models_folder
from oci_tui.settings import EngineSettings

RECOMMENDED = "recommended"
_WINDOW = 8192
_GOOD_BITS = 4.0


class Model(msgspec.Struct, frozen=True):
    """A whole model and the engine that runs it."""

    name: str
    path: Path
    kind: Literal["llamacpp", "exllamav2"]


def pull(name: str, settings: EngineSettings) -> Generator[Progress]:
    """Fetch a model: NAME, NAME:BITS, "recommended", or OWNER/NAME[/FILE.gguf][@REVISION] of the hub. Raises ModelError.

    It goes on where an interrupted pull stopped.
    """
    if name == RECOMMENDED:
        name = recommended(settings, gpus())
        yield Progress(f"{name} is what suits this machine")
    if known := catalogue.exl2_entry(name):
        found, rate = known
        yield from pull_repository(found.source(rate or _fitting(found, settings)), models_folder())
    elif "/" in name:
        yield from pull_repository(hub.parse(name), models_folder())
    else:
        yield from fetch(catalogue.entry(name), models_folder())


def recommended(settings: EngineSettings, found: tuple[Gpu, ...]) -> str:
    """The name of the most capable model that fits the GPUs at four bits or more; without a GPU, the one for a CPU."""
    for entry in catalogue.exl2_entries() if found else ():
        rate = best_rate(entry, settings, found)
        if rate and entry.rates[rate] >= _GOOD_BITS:
            return f"{entry.name}:{entry.rates[rate]:g}"
    return catalogue.DEFAULT


def best_rate(entry: Exl2Entry, settings: EngineSettings, found: tuple[Gpu, ...]) -> str:
    """The most bits per weight that fit the GPUs' free memory with the window of the settings; "" when none do."""
    free, window = sum(gpu.free for gpu in found), min(settings.context or _WINDOW, entry.context)
    for rate in entry.best_first():
        if fit(entry.sized(rate), window, settings.cache, free, len(found), gathered_by(settings.at_once)).fits:
            return rate
    return ""


def resolve(settings: EngineSettings) -> Model:
    """The model that the settings ask for: a name, a path, or "" for the best that is here. Raises ModelError."""
    name = settings.model or _default(settings)
    path = path_of(name)
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
    rows = [
        Listed(each.name, each.title, is_whole(each, folder / each.file), each.bytes, each.licence)
        for each in catalogue.entries()
    ]
    known = {each.file for each in catalogue.entries()}
    for entry in catalogue.exl2_entries():
        here = [rate for rate in entry.rates if (folder / entry.source(rate).name).exists()]
        known |= {entry.source(rate).name for rate in entry.rates}
        bits = " ".join(f"{entry.rates[rate]:g}{'✓' if rate in here else ''}" for rate in reversed(entry.best_first()))
        size = min(entry.sized(rate).weight_bytes for rate in here or entry.rates)
        rows.append(Listed(entry.name, f"{entry.title}, EXL2 at {bits} bits", bool(here), size, entry.licence))
    for path in sorted(folder.iterdir()):
        if path.name not in known and (path.suffix == ".gguf" or (path / "config.json").exists()):
            rows.append(Listed(path.name, "found in the models folder", True, size_of(path)))
    return tuple(rows)


def remove(name: str) -> None:
    """Delete a model, and what an interrupted pull left of it, from the models folder. Raises ModelError."""
    folder = models_folder()
    known = next((each for each in catalogue.entries() if each.name == name), None)
    path, left = folder / (known.file if known else name), folder / ".partial" / name
    if found := catalogue.exl2_entry(name):
        path = path_of(name)
        here = [rate for rate in found[0].rates if (folder / found[0].source(rate).name).exists()]
        if len(here) > 1 and not found[1]:
            raise ModelError(f"{name} is here at several bit rates; name one, for example {name}:{found[0].rates[here[0]]:g}")
        left = folder / ".partial" / path.name
    elif "/" in name and not Path(name).is_absolute() and not name.startswith("."):
        path = folder / hub.parse(name).name
        left = folder / ".partial" / path.name
    # a name is one name: nothing outside the models folder can be meant
    if path.parent != folder or path.name in ("", "..") or path.name.startswith(".") or not _is_there(path, left):
        raise ModelError(f"no model {name!r} in {folder}; see `oci-tui models list`")
    try:
        for each in (path, left):
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path}: cannot be removed: {error.strerror or error}") from error


def path_of(name: str) -> Path:
    """Where the model called so is or would be."""
    folder = models_folder()
    if found := catalogue.exl2_entry(name):
        entry, rate = found
        names = [entry.source(each).name for each in ([rate] if rate else entry.best_first())]
        return next((folder / each for each in names if (folder / each).exists()), folder / names[0])
    known = next((each for each in catalogue.entries() if each.name == name), None)
    inside = folder / (known.file if known else name)
    if known is not None or (Path(name).name == name and inside.exists()):
        return inside
    return Path(name).expanduser()


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files below a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def _is_there(path: Path, left: Path) -> bool:
    return path.exists() or path.is_symlink() or left.exists()


def _fitting(entry: Exl2Entry, settings: EngineSettings) -> str:
    found = gpus()
    rate = best_rate(entry, settings, found)
    if rate:
        return rate
    rates = ", ".join(f"{value:g}" for value in sorted(entry.rates.values()))
    why = "no bit rate of it fits the GPU's free memory" if found else "there is no CUDA GPU here to choose the bit rate for"
    raise ModelError(f"{entry.name}: {why}; name one of {rates}: {entry.name}:{min(entry.rates.values()):g}")


def _default(settings: EngineSettings) -> str:
    """An EXL2 folder of the models folder where a GPU can run it, else the small code model for a CPU."""
    if settings.kind in ("auto", "exllamav2"):
        folders = sorted(path for path in models_folder().iterdir() if (path / "config.json").exists())
        if folders and (settings.kind == "exllamav2" or gpus()):
            return folders[0].name
    return catalogue.DEFAULT


def _missing(name: str) -> str:
    if name in {entry.name for entry in catalogue.entries()} or catalogue.exl2_entry(name):
        return f"the model {name} is not here; fetch it with `oci-tui models pull {name}`"
    return f"{name}: no such model, file or folder; see `oci-tui models list`"
