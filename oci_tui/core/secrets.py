"""The shapes of well-known tokens and private keys: what holds one is said, and none is shown to the model."""

from __future__ import annotations

import re

LARGEST_SCANNED = 1 << 20
_BINARY_SAMPLE = 8192
_PATTERN = rb"""
      (?P<private_key>-----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----(?:\\n|[A-Za-z0-9+/=\s-])*)
    | (?P<AWS_key>(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9]))
    | (?P<GitHub_token>gh[pousr]_[A-Za-z0-9]{36,} | github_pat_[A-Za-z0-9_]{40,})
    | (?P<GitLab_token>glpat-[A-Za-z0-9_-]{20,})
    | (?P<Slack_token>xox[abposr]-[0-9A-Za-z-]{20,})
    | (?P<API_key>(?<![A-Za-z0-9_-])sk-(?:(?:proj|ant|svcacct|or)-[A-Za-z0-9_-]{24,} | [A-Za-z0-9]{32,}))
    | (?P<Google_key>AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-]))
    | (?P<Hugging_Face_token>(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{34,})
    | (?P<web_token>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})
"""
_IN_BYTES = re.compile(_PATTERN, re.VERBOSE)
_IN_TEXT = re.compile(_PATTERN.decode("ascii"), re.VERBOSE | re.ASCII)
# Each shape holds one of these, found from its rarest character: most files have none and are through in one quick pass.
_HINTS = re.compile(
    rb"-(?:----BEGIN|(?<=sk-)|(?<=glpat-)|(?<=xox[abposr]-))|_(?:(?<=hf_)|(?<=gh[pousr]_)|(?<=github_pat_))"
    rb"|I(?:A(?<=AKIA)|A(?<=ASIA)|za(?<=AIza))|J(?<=eyJ)"
)


def secret_in(data: bytes) -> str:
    """Which secret this content holds, as "holds a GitHub token"; "" for none. Only text of at most 1 MiB is looked at."""
    if len(data) > LARGEST_SCANNED or not _HINTS.search(data) or b"\0" in data[:_BINARY_SAMPLE]:
        return ""
    found = _IN_BYTES.search(data)
    return f"holds {_named(found)}" if found else ""


def redacted(text: str) -> str:
    """The text with every secret in it replaced by what it was: "[a GitHub token was here]"."""
    return _IN_TEXT.sub(lambda found: f"[{_named(found)} was here]", text)


def _named(found: re.Match[bytes] | re.Match[str]) -> str:
    what = str(found.lastgroup).replace("_", " ")
    return f"{'an' if what[0] in 'Aa' else 'a'} {what}"
