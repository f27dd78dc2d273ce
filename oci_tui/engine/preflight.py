"""What a model file or folder is and whether it is whole, without loading it."""

from __future__ import annotations

from pathlib import Path

from oci_tui.core.errors import ModelError
from oci_tui.engine.exl2_folder import Exl2Model, read_exl2
from oci_tui.engine.gguf import GgufModel, read_gguf


def read_model(path: Path) -> GgufModel | Exl2Model:
    """What is at `path`, by what it holds and never by its name. Raises ModelError."""
    if path.is_dir():
        if not (path / "config.json").exists() and (inside := sorted(path.glob("*.gguf"))):
            raise ModelError(f"{path}: a folder of GGUF files; name the file, for example {inside[0]}")
        return read_exl2(path)
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder; see `oci-tui models list`")
    return read_gguf(path)
