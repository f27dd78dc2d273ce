"""The commands that move files in and out of the container, run by the runner as the code's own user.

Never the daemon's archive interface: on a running container it does not see a tmpfs, and in old engines it lets the
container reach the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from oci_tui.sandbox.runner_process import Request

PATIENCE_S = 300.0
PACK_LIMIT = 256 << 20
LISTING_LIMIT = 128 << 20

# Folders that tools fill with what is not worth bringing back, unless the repository itself holds one of that name.
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")

_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "HOME": "/home/agent", "LC_ALL": "C"}

_REMOVE = """
import os, shutil, sys
for path in filter(None, sys.stdin.buffer.read().split(b"\\0")):
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        continue
    folder = os.path.dirname(path)
    while folder and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)
"""

_BASELINE = """
set -e
git init -q --template= .
git config gc.auto 0
git config user.name agent
git config user.email agent@sandbox
git add -A -f .
git commit -q --allow-empty --no-verify -m baseline
"""


def unpack() -> Request:
    """Extract the uncompressed tar on standard input into the workspace."""
    argv = ("/bin/tar", "-x", "-f", "-", "--no-same-owner", "--recursive-unlink", "--delay-directory-restore")
    return Request(argv, _ENVIRONMENT, PATIENCE_S, 1 << 20, input=True)


def remove() -> Request:
    """Delete the NUL-separated paths on standard input, and folders that become empty."""
    return Request(("/usr/bin/python3", "-I", "-S", "-c", _REMOVE), _ENVIRONMENT, PATIENCE_S, 1 << 20, input=True)


def pack() -> Request:
    """The NUL-separated paths on standard input as an uncompressed tar; a file that cannot be read is left out."""
    argv = ("/bin/tar", "-c", "-f", "-", "--format=gnu", "--no-recursion", "--hard-dereference", "--ignore-failed-read")
    return Request((*argv, "--null", "--verbatim-files-from", "-T", "-"), _ENVIRONMENT, PATIENCE_S, PACK_LIMIT, input=True)


def baseline() -> Request:
    """A repository with one commit in the workspace, so that `git diff` there shows what changed since."""
    return Request(("/bin/sh", "-c", _BASELINE), _ENVIRONMENT, PATIENCE_S, 1 << 20)


def cache_folders() -> Request:
    """The names of folders called like a cache, NUL-ended."""
    argv = ("/usr/bin/find", ".", "-xdev", "-type", "d", "(", *_any_name(CACHES), ")", "-printf", "%f\\0")
    return Request(argv, _ENVIRONMENT, PATIENCE_S, LISTING_LIMIT)


def listing(caches: Sequence[str]) -> Request:
    """`type mode size ctime inode path`, NUL-ended, of every file but those in .git and in folders named in `caches`."""
    pruned = ("(", "-path", "./.git", *(("-o", *_any_name(caches)) if caches else ()), ")", "-prune")
    argv = ("/usr/bin/find", ".", "-xdev", *pruned, "-o", "!", "-type", "d", "-printf", "%y %m %s %C@ %i %P\\0")
    return Request(argv, _ENVIRONMENT, PATIENCE_S, LISTING_LIMIT)


def _any_name(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for name in names for part in ("-o", "-name", name))[1:]


def trouble(stderr: bytes) -> str:
    """What a failed command said, and what to do, as one line."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    if any(re.search("No space left|Disk quota|Wrote only", line) for line in lines):
        return "the workspace is full: raise sandbox.workspace_mb"
    return lines[0][:300] if lines else "no message"
