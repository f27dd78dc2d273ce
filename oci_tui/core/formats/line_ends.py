"""The form of a text file beside its lines: a byte order mark, and line ends as Windows has them."""

from __future__ import annotations

BOM = "\ufeff"


def plain(text: str) -> str:
    """The text without a byte order mark, and where all its line ends are Windows's with plain ones."""
    text = text.removeprefix(BOM)
    return text.replace("\r\n", "\n") if _windows(text) else text


def like(old: str, new: str) -> str:
    """`new`, which has the form that `plain` gives, with the byte order mark and the line ends of `old`."""
    if _windows(old):
        new = new.replace("\r\n", "\n").replace("\n", "\r\n")
    return BOM + new if old.startswith(BOM) else new


def _windows(text: str) -> bool:
    return 0 < text.count("\n") == text.count("\r\n")
