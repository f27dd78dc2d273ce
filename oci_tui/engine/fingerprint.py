"""Which weights a model is made of, as one hash, and which settings change its replies: what was measured holds for these."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.engine.models import resolve
from oci_tui.settings import EngineSettings

_MADE_OF = (".safetensors", ".json", ".model", ".jinja")
_STRETCHES = ("rope_scale", "rope_alpha", "yarn_factor")


class Fingerprint(msgspec.Struct, frozen=True):
    """`sha256` of the GGUF file, of a model folder's files, or of a script. A server shows no weights: it is that of its
    address, and `served` says that the model's name there belongs to it. `how`: settings that change replies, in words.
    """

    sha256: str
    served: bool = False
    how: str = ""


def fingerprint(settings: EngineSettings) -> Fingerprint:
    """Reads all of the weights: about a second for a gigabyte. Raises EngineError or ModelError."""
    if settings.is_endpoint:
        return Fingerprint(hashlib.sha256(settings.url.encode("utf-8", "replace")).hexdigest(), served=True)
    if settings.kind == "scripted":
        return Fingerprint(_hash(Path(settings.replies).expanduser()))
    model = resolve(settings)
    if model.kind != "exllamav2":
        return Fingerprint(_hash(model.path))
    stretched = [f"{name} {value:g}" for name in _STRETCHES if (value := getattr(settings, name)) != 1.0]
    return Fingerprint(_hash(model.path), how=", ".join([f"cache {settings.cache}", *stretched]))


def _hash(path: Path) -> str:
    try:
        return _of_folder(path) if path.is_dir() else _of_file(path)
    except OSError as error:
        raise EngineError(f"{path}: cannot be read ({error.strerror}); name another model or script") from error


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_folder(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.suffix in _MADE_OF)
    listed = "".join(f"{path.name}\n{_of_file(path)}\n" for path in files)
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
