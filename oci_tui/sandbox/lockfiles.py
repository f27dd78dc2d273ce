"""The files at a repository's root that say which packages it needs: a change of one makes a prepared image stale."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

_PATTERNS = (
    *("requirements*.txt", "requirements/*.txt", "constraints*.txt", "pyproject.toml", "setup.py", "setup.cfg"),
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "environment.yml"),
    *("package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"),
)
_LARGEST = 16 << 20


def hashes(root: Path) -> dict[str, str]:
    """Each of them that is there, with the beginning of its SHA-256. Links and what is no file do not count."""
    found = {}
    for file in sorted({file for pattern in _PATTERNS for file in root.glob(pattern)}):
        with contextlib.suppress(OSError):
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as opened:
                if stat.S_ISREG(os.fstat(handle).st_mode):
                    found[str(file.relative_to(root))] = hashlib.sha256(opened.read(_LARGEST)).hexdigest()[:16]
    return found
