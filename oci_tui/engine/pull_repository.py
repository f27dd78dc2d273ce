"""Fetches any model of the Hugging Face hub by repository and revision: an EXL2 folder, or one GGUF file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Progress
from oci_tui.engine import hub
from oci_tui.engine.exl2_folder import quantization_of
from oci_tui.engine.fetching import NotHereError, alone, check_disk, sync, writing
from oci_tui.engine.hub import HubFile, Source
from oci_tui.engine.preflight import read_model

# what a model needs, and nothing that could be run
_WANTED = ("*.json", "*.safetensors", "*.jinja", "tokenizer.model", "LICENSE*", "README.md")


def pull_repository(source: Source, folder: Path) -> Iterator[Progress]:
    """Fetch the model into `folder` under its name there; nothing to do when it is there whole. Raises ModelError.

    Closing the iterator (or Ctrl+C) stops it; called again it goes on where it was.
    """
    target = folder / source.name
    if target.exists():
        read_model(target)
        yield Progress(f"{source.name} is there", 1.0)
        return
    resume = folder / ".partial" / source.name
    with writing(source.name, folder):
        resume.mkdir(parents=True, exist_ok=True)
        with alone(source.name, resume):
            try:
                yield from _fetch(source, resume)
            except NotHereError as error:
                raise ModelError(f"{source.name} cannot be fetched: {error}") from error
            arrived = resume / "files"
            (arrived / source.file if source.file else arrived).replace(target)
            sync(folder)
            shutil.rmtree(resume)
    yield Progress(f"{source.name} is there", 1.0)


def _fetch(source: Source, resume: Path) -> Iterator[Progress]:
    """Everything of the model, whole, into `resume`/files."""
    hub.reach()
    yield Progress(f"asking the hub what {source.repository} holds")
    listing = hub.listing(source.repository, source.revision)
    files = _chosen(source, listing.files)
    arrived, whole = resume / "files", sum(file.bytes for file in files)
    if not source.file:
        for _ in hub.download(source.repository, listing.commit, ["config.json"], arrived):
            yield Progress(f"looking at {source.name}")
        quantization_of(arrived)
    check_disk(source.name, resume, whole)
    names = [file.name for file in files]
    for bytes_there in hub.download(source.repository, listing.commit, names, arrived):
        yield Progress(f"fetching {source.name} ({whole / 1e9:.1f} GB)", min(bytes_there / max(whole, 1), 1.0))
    yield from hub.check(arrived, files, source.name)
    shutil.rmtree(arrived / ".cache", ignore_errors=True)
    read_model(arrived / source.file if source.file else arrived)


def _chosen(source: Source, files: tuple[HubFile, ...]) -> list[HubFile]:
    if source.file:
        chosen = [file for file in files if file.name == source.file]
        if not chosen:
            there = [file.name for file in files if file.name.endswith(".gguf")]
            raise ModelError(f"{source.repository}: holds no {source.file}; it has {', '.join(there[:20]) or 'no GGUF file'}")
        return chosen
    chosen = [file for file in files if any(fnmatch(file.name, pattern) for pattern in _WANTED) and "/" not in file.name]
    if any(file.name.endswith(".safetensors") for file in chosen):
        return chosen
    ggufs = [file.name for file in files if file.name.endswith(".gguf")]
    if ggufs:
        raise ModelError(f"{source.repository}: holds GGUF files; name one, for example {source.repository}/{ggufs[0]}")
    rates = [name for name in hub.branches(source.repository) if name != source.revision]
    raise ModelError(
        f"{source.repository}: holds no weights at {source.revision}"
        + (f"; its bit rates are branches: {source.repository}@{rates[0]} ({', '.join(rates)})" if rates else "")
    )
