"""What a prompt names: files and folders, and with @ also symbols, the pending change and the last output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

_MENTION = re.compile(r"(?<![\w@.])@([\w./+:-]+)")
_WORD = re.compile(r"[\w./+-]+")


class Mentions(msgspec.Struct, frozen=True):
    """What was found: paths of the workspace, names that may be symbols, and whether diff and output are wanted."""

    paths: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    diff: bool = False
    output: bool = False


def find(prompt: str, paths: Sequence[str]) -> Mentions:
    """Files that the prompt names by @path, by path or by file name, folders by @folder/, and what else it mentions with @."""
    mentioned = {mention.rstrip(".,;:") for mention in _MENTION.findall(prompt)}
    words = set(_WORD.findall(prompt))
    words |= {word.rstrip(".,;:").removeprefix("./") for word in words}
    folders = tuple(f"{mention.rstrip('/')}/" for mention in mentioned)
    named = [
        path
        for path in paths
        if path in mentioned or path in words or PurePosixPath(path).name in words or (folders and path.startswith(folders))
    ]
    found = set(named) | {PurePosixPath(path).name for path in named}
    symbols = sorted(name for name in mentioned - found - {"diff", "output"} if name.replace(".", "_").isidentifier())
    return Mentions(tuple(named), tuple(symbols), "diff" in mentioned - found, "output" in mentioned - found)
