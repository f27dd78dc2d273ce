"""Which files hold secrets by their name, and which of them a person lets into the mirror all the same."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

_NAMES = re.compile(
    rb"""
    \.env | \.env\..+ | .*\.pem | .*\.key | .*\.p12 | .*\.pfx | .*\.jks | .*\.keystore | .*\.kdbx | .*\.ppk
    | id_(?:rsa|dsa|ecdsa|ed25519).* | \.netrc | _netrc | \.npmrc | \.pypirc | \.git-credentials | \.pgpass | \.htpasswd
    | .*\.tfstate(?:\..*)? | credentials.*\.json | service[-_]account.*\.json | secrets?\..+
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# Examples, public keys, and code: a module called `secrets` is read by its content like any other.
_HARMLESS = re.compile(
    rb"\.env\.(?:example|sample|template|dist|defaults?)|id_.*\.pub"
    rb"|secrets?\.(?:py|pyi|ipynb|rs|go|c|h|cc|cpp|hpp|java|kt|cs|rb|php|js|mjs|cjs|jsx|ts|tsx|vue|swift|scala|ex|exs|sh|md|rst|html|css)",
    re.IGNORECASE | re.DOTALL,
)
_FOLDERS = frozenset({b".aws", b".azure", b".kube", b".ssh", b".gnupg"})


def secret_name(path: bytes) -> str:
    """Why a file is left out by its name alone, in one phrase; "" when it is not."""
    *folders, name = path.split(b"/")
    if not _FOLDERS.isdisjoint(folders) or (name == b"config.json" and folders[-1:] == [b".docker"]):
        return "credentials by its folder"
    if _NAMES.fullmatch(name) and not _HARMLESS.fullmatch(name):
        return "a secret by its name"
    return ""


def included(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the person let this left-out file in: by its path, its folder, or a pattern with `*`."""
    return any(
        path == pattern or path.startswith(f"{pattern.rstrip('/')}/") or fnmatchcase(path, pattern) for pattern in patterns
    )
