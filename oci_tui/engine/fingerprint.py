"""Which weights a model is made of, as one hash: what was measured with them holds for no others."""

from __future__ import annotations

import hashlib
from pathlib import Path

from oci_tui.core.errors import EngineError
from oci_tui.engine.models import resolve
from oci_tui.settings import EngineSettings

_MADE_OF = (".safetensors", ".json", ".model", ".jinja")


def fingerprint(settings: EngineSettings) -> str:
    """SHA-256 of the GGUF file, of a model folder's files, or of a script; for a server, which does not show its weights, of
    its address and the model's name. Reads all of it: about a second for a gigabyte. Raises EngineError or ModelError.
    """
    if settings.is_endpoint:
        return hashlib.sha256(f"{settings.url}\n{settings.model}".encode()).hexdigest()
    path = Path(settings.replies).expanduser() if settings.kind == "scripted" else resolve(settings).path
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
