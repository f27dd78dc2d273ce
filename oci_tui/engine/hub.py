"""The Hugging Face hub: what a repository holds at a revision, and files of it, fetched resumably and checked."""

from __future__ import annotations

import hashlib
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Progress
from oci_tui.core.terminal import visible_line
from oci_tui.engine.fetching import NotHereError, run

_REACH_S = 5.0
_SOURCE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+?)(?:/(?P<file>[\w./-]+\.gguf))?(?:@(?P<revision>[\w./-]+))?")
_CHUNK = 4 * 1024**2
# Xet keeps its parts elsewhere, where they neither count as progress nor can be resumed.
_ENVIRONMENT = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


class Source(msgspec.Struct, frozen=True):
    """A repository at a revision; `file` names one GGUF file of it, "" means an EXL2 folder."""

    repository: str
    revision: str = "main"
    file: str = ""

    @property
    def name(self) -> str:
        """What the model is called in the models folder."""
        if self.file:
            return Path(self.file).name
        own = self.repository.partition("/")[2]
        return own if self.revision == "main" else f"{own}-{self.revision.replace('/', '-')}"


def parse(text: str) -> Source:
    """OWNER/NAME[/FILE.gguf][@REVISION]. Raises ModelError."""
    found = _SOURCE.fullmatch(text)
    if found is None or ".." in text:
        raise ModelError(f"{text!r} is no model of the hub; expected OWNER/NAME[@REVISION] or OWNER/NAME/FILE.gguf[@REVISION]")
    return Source(found["repository"], found["revision"] or "main", found["file"] or "")


class HubFile(msgspec.Struct, frozen=True):
    """A file of a repository; `sha256` is "" for the small ones that the hub keeps in git itself."""

    name: str
    bytes: int
    sha256: str


class Listing(msgspec.Struct, frozen=True):
    """What a repository holds at a commit."""

    commit: str
    files: tuple[HubFile, ...]


def reach() -> None:
    """Fails at once where there is no way to the hub; its own client would try for half a minute. Raises NotHereError."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise NotHereError("the Hugging Face hub is switched off (HF_HUB_OFFLINE)")
    try:
        urllib.request.urlopen(urllib.request.Request(constants.ENDPOINT, method="HEAD"), timeout=_REACH_S).close()
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        raise NotHereError(f"the Hugging Face hub cannot be reached ({getattr(error, 'reason', error)})") from error


def listing(repository: str, revision: str) -> Listing:
    """Raises ModelError; a revision that is not there is told with those that are."""
    import httpx2
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    hub = HfApi(endpoint=constants.ENDPOINT)
    try:
        found = hub.model_info(repository, revision=revision, files_metadata=True, timeout=30)
    except GatedRepoError as error:
        raise ModelError(
            f"{repository}: its licence must be accepted on its page of the hub first; then set HF_TOKEN and pull again"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"{repository}: no such model on the hub, or a private one; expected OWNER/NAME[@REVISION]") from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{repository}: has no revision {revision!r}{_others(repository)}") from error
    except HFValidationError as error:
        raise ModelError(f"{repository}: not a name on the hub; expected OWNER/NAME[@REVISION]") from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError) as error:
        raise ModelError(f"{repository}: the hub does not say what it holds ({_line(error)}); try again later") from error
    files = [
        HubFile(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else "")
        for each in found.siblings or ()
        if not (each.rfilename.startswith("/") or ".." in Path(each.rfilename).parts)
    ]
    return Listing(found.sha or revision, tuple(files))


def branches(repository: str) -> tuple[str, ...]:
    """The branches of a repository, where EXL2 repositories keep their bit rates; empty when the hub does not tell."""
    import httpx2
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return tuple(sorted(ref.name for ref in HfApi(endpoint=constants.ENDPOINT).list_repo_refs(repository).branches))
    except (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError):
        return ()


def download(repository: str, revision: str, names: Sequence[str], folder: Path) -> Iterator[int]:
    """Fetch files into `folder`; yields the bytes that have come. What is there already is not fetched again."""
    command = [sys.executable, "-P", "-m", "huggingface_hub.cli.hf", "download", repository, *names]
    command += ["--revision", revision, "--local-dir", str(folder)]
    yield from run("the Hugging Face hub", command, _ENVIRONMENT, [folder])


def check(folder: Path, files: Sequence[HubFile], name: str) -> Iterator[Progress]:
    """Compare length and hash of each file; one that differs is deleted. Raises ModelError."""
    whole, done = sum(file.bytes for file in files) or 1, 0
    for file in files:
        path, digest = folder / file.name, hashlib.sha256()
        size = path.stat().st_size if path.is_file() else 0
        if size == file.bytes and file.sha256:
            with path.open("rb") as content:
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    yield Progress(f"checking {name}", min(done / whole, 1.0))
        if size != file.bytes or (file.sha256 and digest.hexdigest() != file.sha256):
            path.unlink(missing_ok=True)
            raise ModelError(f"{name}: {file.name} came damaged and is deleted; pull again, the other files are kept")


def _others(repository: str) -> str:
    found = branches(repository)
    return f"; it has {', '.join(found)}" if found else ""


def _line(error: BaseException) -> str:
    return visible_line(" ".join(str(error).split()))[:200] or type(error).__name__
