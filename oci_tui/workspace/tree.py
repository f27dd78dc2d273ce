"""A state of the files, as a value: path → (mode, blob)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

FILE = "100644"
PROGRAM = "100755"
SYMLINK = "120000"


class Entry(NamedTuple):
    """One file: git's mode, and the id of its content in the shadow. A symlink's content is its target."""

    mode: str
    blob: str


Tree = dict[bytes, Entry]


def blob_id(data: bytes) -> str:
    """The id git gives to this content."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def differing(old: Tree, new: Tree) -> list[bytes]:
    """The paths that are not the same in both, sorted."""
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def part(tree: Tree, paths: Iterable[bytes]) -> Tree:
    """The tree with only these paths."""
    return {path: tree[path] for path in paths if path in tree}


def put(tree: Tree, paths: Iterable[bytes], source: Tree) -> Tree:
    """The tree with these paths as `source` has them."""
    result = dict(tree)
    for path in paths:
        if path in source:
            result[path] = source[path]
        else:
            result.pop(path, None)
    return result
