"""A state of the files, as a value: path → (mode, blob)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
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
    return _object_id(b"blob", data)


def folders(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Git's objects for the folders of a state of the files, each with its id: the innermost first, the root last.

    Raises ValueError when a file stands where others need a folder.
    """
    rows: dict[bytes, list[tuple[bytes, bytes]]] = {b"": []}
    for path, entry in tree.items():
        folder, _, name = path.rpartition(b"/")
        if folder not in rows:
            rows[folder] = []
            while folder := folder.rpartition(b"/")[0]:
                rows.setdefault(folder, [])
            folder = path.rpartition(b"/")[0]
        rows[folder].append((name, b"%b %b\0%b" % (entry.mode.encode(), name, bytes.fromhex(entry.blob))))
    if clashing := tree.keys() & rows.keys():
        raise ValueError(min(clashing))
    for path in sorted(rows, reverse=True):
        data = b"".join(row for _, row in sorted(rows[path]))
        made = _object_id(b"tree", data)
        yield made, data
        if path:
            folder, _, name = path.rpartition(b"/")
            # git sorts a folder as if its name ended in a slash
            rows[folder].append((name + b"/", b"40000 %b\0%b" % (name, bytes.fromhex(made))))


def _object_id(kind: bytes, data: bytes) -> str:
    digest = hashlib.sha1(b"%b %d\0" % (kind, len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def differing(old: Tree, new: Tree) -> list[bytes]:
    """The paths that are not the same in both, sorted."""
    touched = [path for path, entry in old.items() if (now := new.get(path)) is not entry and now != entry]
    return sorted([*touched, *(new.keys() - old.keys())])


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
