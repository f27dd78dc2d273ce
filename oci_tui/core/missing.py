"""What a command lacked that the sandbox can be prepared with: a package that the repository asks for, or a program."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

Read = Callable[[str], str | None]

MOST = 40
"""How many packages of a pyproject.toml an offered command names at most."""

_PYTHON = re.compile(r"\b(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_]\w*)")
_NODE = re.compile(
    r"\b(?:Cannot find (?:module|package)|Could not resolve) ['\"](@[\w.-]+/[\w.-]+|[\w-][\w.-]*)(?:/[\w./-]*)?['\"]"
)
_PROGRAM = re.compile(r"(?:^|[\s:])([\w.+-]+): (?:command )?not found$", re.MULTILINE)
_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(\[[\w\s,.-]*\])?\s*(?:\(?([<>=!~][\w\s<>=!~.,*+-]*)\)?)?\s*(?:;.*)?"
)
_FILE = re.compile(r"[\w./-]+")

# where a package is not named as its module is
_NAMES = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_DEBIAN = {
    "cargo": "cargo",
    "go": "golang-go",
    "make": "make",
    "node": "nodejs",
    "npm": "npm",
    "npx": "npm",
    "pytest": "python3-pytest",
    "tox": "tox",
}


class Missing(msgspec.Struct, frozen=True):
    """What is not in the sandbox, and the command that a preparation runs to put it there."""

    name: str
    command: str


def found(output: str, paths: Sequence[str], read: Read) -> Missing | None:
    """What a failed command lacked, as it says in its output; None when that is nothing that the repository asks for."""
    own = {part.removesuffix(".py") for path in paths for part in PurePosixPath(path).parts[:2]}
    for name in dict.fromkeys(_PYTHON.findall(output)):
        if name not in own and (command := _pip(name, paths, read)):
            return Missing(name, command)
    for name in dict.fromkeys(_NODE.findall(output)):
        if name in _node_packages(read):
            install = "npm ci" if "package-lock.json" in paths else "npm install"
            return Missing(name, f"command -v npm || ({program('npm').command}) && {install}")
    for name in dict.fromkeys(_PROGRAM.findall(output)):
        if name in _DEBIAN:
            return program(name)
    return None


def program(name: str) -> Missing:
    """A program that the sandbox lacks; `name` is one of `check.PROGRAMS`."""
    return Missing(name, f"apt-get update && apt-get install -y --no-install-recommends {_DEBIAN.get(name, name)}")


def offer(missing: Missing, profile: str) -> str:
    """The command to type that prepares the sandbox."""
    quoted = shlex.quote(missing.command)
    if not re.search(r"[\"$`\\!]", missing.command):
        quoted = f'"{missing.command}"'
    other = f"--profile {profile} " if profile not in ("", "python") else ""
    return f"oci-tui sandbox prepare {other}{quoted}"


def _pip(module: str, paths: Sequence[str], read: Read) -> str:
    """What installs the packages among which the repository lists the one of this module; "" when it does not."""
    wanted = _plain(_NAMES.get(module.lower(), module))
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        listed = path.endswith(".txt") and "requirements" in path and _FILE.fullmatch(path)
        if listed and wanted in {_plain(package) for package, _ in _requirements((read(path) or "").splitlines())}:
            return f"pip install -r {path}"
    declared = _requirements(_declared(read("pyproject.toml") or ""))
    if wanted in {_plain(package) for package, _ in declared}:
        return shlex.join(("pip", "install", *dict.fromkeys(spec for _, spec in declared[:MOST])))
    return ""


def _requirements(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Of each line that is a requirement by name: the name, and it with extras and versions. Options and URLs are left out."""
    found = []
    for line in lines:
        bare = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if bare and (match := _REQUIREMENT.fullmatch(bare)):
            spec = "".join(filter(None, match.groups()))
            found.append((match[1], re.sub(r"\s", "", spec)))
    return found


def _declared(text: str) -> list[str]:
    """The requirements of a pyproject.toml: of the project, its extras and groups, and poetry's by name."""
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    project, poetry = _table(content, "project"), _table(content, "tool", "poetry")
    lists: list[object] = [project.get("dependencies")]
    lists += [*_table(project, "optional-dependencies").values(), *_table(content, "dependency-groups").values()]
    lists += [list(_table(poetry, "dependencies")), list(_table(poetry, "dev-dependencies"))]
    lists += [list(_table(group, "dependencies")) for group in _table(poetry, "group").values() if isinstance(group, dict)]
    return [
        item for entries in lists if isinstance(entries, list) for item in entries if isinstance(item, str) and item != "python"
    ]


def _table(content: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = content.get(key)
        content = inner if isinstance(inner, dict) else {}
    return content


def _node_packages(read: Read) -> frozenset[str]:
    try:
        package = json.loads(read("package.json") or "{}")
    except ValueError:
        return frozenset()
    if not isinstance(package, dict):
        return frozenset()
    return frozenset(name for key in ("dependencies", "devDependencies", "peerDependencies") for name in _table(package, key))


def _plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
