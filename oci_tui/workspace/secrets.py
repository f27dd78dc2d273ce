"""What never enters the mirror: files whose name or content says that they hold a secret."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

LARGEST_SCANNED = 1 << 20
_NAMES = re.compile(
    rb"""
    \.env | \.env\..+ | .*\.pem | .*\.key | .*\.p12 | .*\.pfx | .*\.jks | .*\.keystore | .*\.kdbx | .*\.ppk
    | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)? | \.netrc | _netrc | \.npmrc | \.pypirc | \.git-credentials | \.pgpass | \.htpasswd
    | .*\.tfstate(?:\..*)? | credentials.*\.json | service[-_]account.*\.json
    | secrets?\.(?:json|toml|ya?ml|ini|cfg|env|txt|xml|properties|enc)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_HARMLESS = re.compile(rb"\.env\.(?:example|sample|template|dist|defaults?)", re.IGNORECASE)
_FOLDERS = frozenset({b".aws", b".azure", b".kube", b".ssh", b".gnupg"})
_SHAPES = re.compile(
    rb"""
      (?P<private_key>-----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----)
    | (?P<AWS_key>(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9]))
    | (?P<GitHub_token>gh[pousr]_[A-Za-z0-9]{36} | github_pat_[A-Za-z0-9_]{40})
    | (?P<GitLab_token>glpat-[A-Za-z0-9_-]{20})
    | (?P<Slack_token>xox[abposr]-[0-9A-Za-z-]{20})
    | (?P<API_key>(?<![A-Za-z0-9_-])sk-(?:(?:proj|ant|svcacct|or)-[A-Za-z0-9_-]{24} | [A-Za-z0-9]{32}))
    | (?P<Google_key>AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-]))
    | (?P<Hugging_Face_token>(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{34})
    | (?P<web_token>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10})
    """,
    re.VERBOSE,
)
# Each shape holds one of these, found from its rarest character: most files have none and are through in one quick pass.
_HINTS = re.compile(
    rb"[-_IJ](?:(?<=-)----BEGIN|(?<=AKI)A|(?<=ASI)A|(?<=gh[pousr]_)|(?<=github_pat_)|(?<=glpat-)|(?<=xox[abposr]-)|(?<=sk-)"
    rb"|(?<=AI)za|(?<=hf_)|(?<=eyJ))"
)


def secret_name(path: bytes) -> str:
    """Why a file is left out by its name alone, in one phrase; "" when it is not."""
    *folders, name = path.split(b"/")
    if not _FOLDERS.isdisjoint(folders) or path.endswith(b".docker/config.json"):
        return "credentials by its folder"
    if _NAMES.fullmatch(name) and not _HARMLESS.fullmatch(name):
        return "a secret by its name"
    return ""


def secret_content(data: bytes) -> str:
    """Why a file is left out by what it holds, in one phrase; only text below 1 MiB is read."""
    if len(data) > LARGEST_SCANNED or not _HINTS.search(data) or b"\0" in data[:8192]:
        return ""
    found = _SHAPES.search(data)
    if not found or not found.lastgroup:
        return ""
    what = found.lastgroup.replace("_", " ")
    return f"holds {'an' if what[0] in 'Aa' else 'a'} {what}"


def included(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the person let this left-out file in: by its path, its folder, or a pattern with `*`."""
    return any(
        path == pattern or path.startswith(f"{pattern.rstrip('/')}/") or fnmatchcase(path, pattern) for pattern in patterns
    )
