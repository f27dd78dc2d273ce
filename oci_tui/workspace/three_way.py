"""Three-way merges that say which paths are in conflict, and what of the rest is clean."""

from __future__ import annotations

from typing import NamedTuple

from oci_tui.workspace.names import ancestors
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import Tree, part


class Merged(NamedTuple):
    """The result at the `clean` paths; the `conflicts` are not in it."""

    tree: Tree
    clean: list[bytes]
    conflicts: list[bytes]


def three_way(shadow: Shadow, base: Tree, ours: Tree, theirs: Tree, paths: list[bytes]) -> Merged:
    """Merge what both sides made of these paths; what is in conflict is left out and the rest merged again."""
    clean = sorted(paths)
    conflicts: list[bytes] = []
    while clean:
        tree, at = shadow.merge(*(part(side, clean) for side in (base, ours, theirs)))
        strange = sorted(tree.keys() - set(clean))
        if not at and not strange:
            return Merged(tree, clean, conflicts)
        places = {_place(path, clean) for path in (*at, *strange)}
        found = [path for path in clean if path in places] or clean
        conflicts += found
        clean = [path for path in clean if path not in set(found)]
    return Merged({}, [], conflicts)


def impossible(tree: Tree, paths: list[bytes]) -> list[bytes]:
    """Those of the paths that cannot be as they are in the tree: it has a file above them, or files below them."""
    folders = {folder for path in tree for folder in ancestors(path)}
    return [path for path in paths if path in tree and (path in folders or any(above in tree for above in ancestors(path)))]


def _place(path: bytes, touched: list[bytes]) -> bytes:
    """The file a conflict is about: where two sides cannot share a name, git calls one of them `name~side`."""
    if path in touched:
        return path
    return next((place for place in touched if path.startswith(place + b"~")), path)
