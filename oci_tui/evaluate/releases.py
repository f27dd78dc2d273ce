"""The published files: where they come from, what they must hash to, and how one is found or fetched."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from oci_tui.core.errors import DatasetError
from oci_tui.core.terminal import visible_line
from oci_tui.resources import datasets_folder

_PATIENCE_S = 30.0
_MOST = 64 << 20


class Release(msgspec.Struct, frozen=True):
    """A file of a repository at a commit. `file` is its name in a folder of datasets, `path` that in the repository."""

    family: str
    version: str
    file: str
    sha256: str
    repository: str
    commit: str
    path: str
    host: str = "https://raw.githubusercontent.com"

    @property
    def url(self) -> str:
        return f"{self.host}/{self.repository}/{self.commit}/{self.path}"


RELEASES = (
    Release(
        "humaneval",
        "v0.1.9",
        "HumanEvalPlus-v0.1.9.jsonl.gz",
        "e62f4130146963d969da64553f407a66e52d095adbfed4ee6733b4d59e14a3ed",
        "evalplus/humanevalplus_release",
        "1e96903185780a2659be407d0ecdc5650e3957e8",
        "HumanEvalPlus.jsonl.gz",
    ),
    Release(
        "humaneval",
        "v0.1.10",
        "HumanEvalPlus-v0.1.10.jsonl.gz",
        "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
        "evalplus/humanevalplus_release",
        "200defce9e3429d28ca215b6dd061c0f7f31c18b",
        "HumanEvalPlus.jsonl.gz",
    ),
    Release(
        "mbpp",
        "v0.1.0",
        "MbppPlus-v0.1.0.jsonl.gz",
        "57d639e77667d88930052b2b07212011c25c0bab94dfc1f19d15e1f7f558bfa9",
        "evalplus/mbppplus_release",
        "3f0efe4ee7457d4718bd997c01697a1e9157e40c",
        "MbppPlus.jsonl.gz",
    ),
    Release(
        "mbpp",
        "v0.2.0",
        "MbppPlus-v0.2.0.jsonl.gz",
        "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
        "evalplus/mbppplus_release",
        "dadf43da556a00f7bacd71cb154f2932757d9144",
        "MbppPlus.jsonl.gz",
    ),
)
# The examples of HumanEval's docstrings as asserts, for 158 of its problems.
EXAMPLES = Release(
    "humaneval",
    "",
    "humaneval-python.deepseek.jsonl",
    "0eae07adadbb00d51962fdb78b9e2a26bfa8ade85dc54eb57cae9bffed2f5c54",
    "deepseek-ai/DeepSeek-Coder",
    "2f9fd85927c669dae3c0fbb2d607274023af243e",
    "Evaluation/HumanEval/data/humaneval-python.jsonl",
)
DEFAULT_VERSIONS = {"humaneval": "v0.1.10", "mbpp": "v0.2.0"}


def named(family: str, version: str) -> Release:
    """Raises DatasetError."""
    for release in RELEASES:
        if (release.family, release.version) == (family, version):
            return release
    known = ", ".join(release.version for release in RELEASES if release.family == family)
    raise DatasetError(f"{family} has no version {visible_line(version)[:40]!r} here: expected {known}")


def found(release: Release, folder: Path | None) -> tuple[Path, bytes]:
    """The file, checked, and where it is: in `folder`, else OCI_DATA, else among those fetched before, else fetched now.

    Raises DatasetError.
    """
    told = folder or (Path(os.environ["OCI_DATA"]) if os.environ.get("OCI_DATA") else None)
    path = (told or datasets_folder()) / release.file
    if told is None and not path.exists():
        _fetch(release, path)
    data = read(path)
    digest = hashlib.sha256(data).hexdigest()
    if digest != release.sha256:
        mend = "put the published file there" if told else "remove it, and it is fetched again"
        raise DatasetError(
            f"{path}: not the published {release.file} ({len(data)} bytes, sha256 {digest[:12]}…, "
            f"expected {release.sha256[:12]}…): {mend}"
        )
    return path, data


def read(path: Path) -> bytes:
    """Raises DatasetError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); --data or OCI_DATA names the folder") from error
    if len(data) > _MOST:
        raise DatasetError(f"{path}: larger than {_MOST >> 20} MB; no dataset is")
    return data


def _fetch(release: Release, path: Path) -> None:
    import httpx2

    help_ = f"put {release.file} into a folder and name it with --data or OCI_DATA"
    data = bytearray()
    try:
        with httpx2.stream("GET", release.url, timeout=_PATIENCE_S, follow_redirects=True) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _MOST:
                    raise DatasetError(f"{release.url}: sends more than {_MOST >> 20} MB; {help_}")
    except httpx2.HTTPError as error:
        why = visible_line(" ".join(str(error).split()))[:200]
        raise DatasetError(f"{release.file} cannot be fetched from {release.url} ({why}); {help_}") from error
    if hashlib.sha256(data).hexdigest() != release.sha256:
        raise DatasetError(f"{release.url}: sends another file than the published one; {help_}")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written ({error.strerror}); {help_}") from error
