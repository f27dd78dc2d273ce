"""Reads a sandbox profile: the folder that says how an image is built and how code blocks run in it.

Only profile.toml is needed; a Dockerfile, prepare.sh or seccomp.json that is not there is that of the profile `python`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.terminal import visible_line
from oci_tui.resources import config_folder, data_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_SHARED = ("Dockerfile", "prepare.sh", "seccomp.json")


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a code block of one language runs: `argv` plus the block's file (`…suffix`); `tags` are fence tags."""

    tags: tuple[str, ...]
    argv: tuple[str, ...]
    suffix: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    packages: tuple[str, ...]
    languages: dict[str, Language]
    environment: dict[str, str] = {}
    runtime: Literal["", "runsc"] = ""


class Profile(msgspec.Struct, frozen=True):
    """A profile as read from `folder`. `hash` (12 hex digits) changes with any file; `seccomp` is the filter as JSON text.

    `runtime` "runsc" is gVisor, whose containers have a kernel of their own; "" is the daemon's usual one.
    """

    name: str
    folder: Path
    hash: str
    packages: tuple[str, ...]
    languages: dict[str, Language]
    environment: dict[str, str]
    seccomp: str
    runtime: str = ""

    @property
    def image(self) -> str:
        """The name and tag of the image built from this state of the profile."""
        return f"oci-tui-{self.name}:{self.hash}"

    def file(self, name: str) -> Path:
        """A file of the profile: its own, else the one that ships with `python`."""
        return _file(self.folder, name)

    def language(self, tag: str) -> Language:
        """What runs a block with this fence tag. Raises SandboxError."""
        for language in self.languages.values():
            if tag.lower() in language.tags:
                return language
        raise SandboxError(
            f"profile {self.name} cannot run {visible_line(tag)[:40]!r} blocks: it runs {', '.join(sorted(self.languages))}"
        )


def load(name: str) -> Profile:
    """The profile `name`: the person's own, else the one that ships. Raises SandboxError."""
    folder = _folder(name)
    file = folder / "profile.toml"
    try:
        content = msgspec.toml.decode(file.read_bytes(), type=_File)
    except FileNotFoundError:
        raise SandboxError(f"{file}: no such file; a profile is a folder with profile.toml") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SandboxError(f"{file}: {visible_line(str(error))}") from error
    if content.name != name:
        raise SandboxError(f"{file}: name: expected {name!r}, the folder's name, got {visible_line(content.name)[:40]!r}")
    for package in content.packages:
        if not _PACKAGE.fullmatch(package):
            raise SandboxError(f"{file}: packages: {visible_line(package)[:40]!r} is no name of a Debian package")
    for key, language in content.languages.items():
        if not language.argv or not language.tags:
            raise SandboxError(f"{file}: languages.{visible_line(key)}: tags and argv need an entry each")
    try:
        digest = _hash(folder)
    except OSError as error:
        raise SandboxError(f"{folder}: cannot be read: {error.strerror}") from error
    return Profile(
        name, folder, digest, content.packages, content.languages, content.environment, _seccomp(folder), content.runtime
    )


def _folder(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SandboxError(f"sandbox.profile: {visible_line(name)[:40]!r}: expected lower-case letters, digits and dashes")
    for place in _places():
        if (place / name).is_dir():
            return place / name
    raise SandboxError(f"sandbox.profile: no profile {name!r}; there is {', '.join(names())}")


def _places() -> tuple[Path, Path]:
    return config_folder() / "sandboxes", data_folder("sandboxes")


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    for name in _SHARED:
        if not (folder / name).is_file():
            digest.update(_file(folder, name).read_bytes())
    return digest.hexdigest()[:12]


def names() -> list[str]:
    """Every profile there is, the person's own included, sorted."""
    return sorted({file.parent.name for place in _places() for file in place.glob("*/profile.toml")})


def _file(folder: Path, name: str) -> Path:
    own = folder / name
    return own if own.is_file() else data_folder("sandboxes") / "python" / name


def _seccomp(folder: Path) -> str:
    """The system call filter as JSON text. Raises SandboxError."""
    file = _file(folder, "seccomp.json")
    try:
        return json.dumps(json.loads(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise SandboxError(f"{file}: cannot be read: {error}") from error
