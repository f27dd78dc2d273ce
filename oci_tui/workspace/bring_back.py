"""What the container returns, parsed and checked: every byte of its listing and its tar is hostile.

A refusal is one line; what is not refused is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from oci_tui.core.terminal import visible_line
from oci_tui.workspace import names
from oci_tui.workspace.tar import Member, members
from oci_tui.workspace.tree import Tree

MOST_FILES = 20_000
MOST_BYTES = 256 << 20
LARGEST_FILE = 64 << 20
MOST_REFUSALS = 50
_LONGEST_LISTING = 256 << 20
_MOST_MEMBERS = 2 * MOST_FILES  # more than can be asked for: a hostile archive is not read to its end


class Record(NamedTuple):
    """One file as the container lists it; equal records mean an unchanged file."""

    kind: bytes
    mode: bytes
    size: int
    ctime: bytes
    inode: bytes


class Listing(NamedTuple):
    """The container's files by path, and what is wrong with the listing (path → why, in one phrase)."""

    records: dict[bytes, Record]
    refused: dict[bytes, str]
    whole: bool


class Wanted(NamedTuple):
    """Which files to fetch, which are gone, and why others are not taken (path → one phrase)."""

    paths: list[bytes]
    gone: list[bytes]
    refused: dict[bytes, str]


class Taken(NamedTuple):
    """Files to put into the mirror, and why others are not taken."""

    members: dict[bytes, Member]
    refused: dict[bytes, str]


class Known(NamedTuple):
    """What the container's files are compared with. `closed` may not be written, nor anything below it (path → why).

    `hidden` says which of some new paths the user's ignore rules hide.
    """

    tree: Tree
    closed: Mapping[bytes, str]
    folds_case: bool
    hidden: Callable[[Iterable[bytes]], set[bytes]]


def parse_listing(listing: bytes) -> Listing:
    """Read the records `type mode size ctime inode path\\0`. Folders are left out; a record that is none makes it not whole."""
    records: dict[bytes, Record] = {}
    refused: dict[bytes, str] = {}
    whole = len(listing) <= _LONGEST_LISTING and (not listing or listing.endswith(b"\0"))
    for line in listing[:_LONGEST_LISTING].split(b"\0")[:-1]:
        fields = line.split(b" ", 5)
        if len(fields) != 6 or len(fields[0]) != 1 or not fields[2].isdigit() or len(fields[2]) > 18:
            whole = False
            continue
        kind, mode, size, ctime, inode, path = fields
        path = path.removeprefix(b"./")
        if kind == b"d":
            continue
        if path in records:
            refused[path] = "listed twice"
        elif inside := names.dot_git(path):
            refused[inside] = "inside .git"
        elif why := names.refusal(path):
            refused[path] = why
        records[path] = Record(kind, mode, int(size), ctime, inode)
    return Listing(records, refused, whole)


def wanted(listing: Listing, synced: Mapping[bytes, Record], known: Known) -> Wanted:
    """What of a listing must be fetched because it is new or changed since `synced`, within the limits."""
    held = _held(synced) if listing.refused else frozenset()
    refused = {path: why for path, why in listing.refused.items() if path not in held}
    names_ok = [path for path in listing.records if path not in listing.refused and names.dot_git(path) is None]
    fresh = [path for path in names_ok if listing.records[path] != synced.get(path)]
    new = [path for path in fresh if path not in known.tree]
    silent = {path for path in new if names.is_cache(path)}
    silent |= known.hidden(path for path in new if path not in silent and path not in known.closed)
    paths: list[bytes] = []
    total = 0
    for path in sorted(fresh):
        record = listing.records[path]
        if path in silent:
            continue
        if closed := _closed(path, known.closed):
            refused[closed] = known.closed[closed]
        elif record.kind not in (b"f", b"l"):
            refused[path] = "not a file or a symlink"
        elif record.size > LARGEST_FILE:
            refused[path] = f"larger than {LARGEST_FILE >> 20} MiB"
        elif len(paths) >= MOST_FILES or total + record.size > MOST_BYTES:
            refused[path] = f"more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB changed at once"
        else:
            paths.append(path)
            total += record.size
    missing = [path for path in known.tree if path in synced and path not in listing.records] if listing.whole else []
    gone = [path for path in missing if not _closed(path, known.closed)]
    if not listing.whole:
        refused[b""] = "the sandbox's listing is damaged; deletions were not taken"
    return Wanted(paths, gone, refused)


def take(archive: bytes, wish: Wanted, known: Known) -> Taken:
    """The wanted files of an archive that may enter the mirror."""
    found: dict[bytes, Member] = {}
    refused: dict[bytes, str] = {}
    asked = set(wish.paths)
    for number, member in enumerate(members(archive)):
        if number == _MOST_MEMBERS:
            refused[b""] = f"the sandbox's archive: more than {_MOST_MEMBERS} files"
            break
        if not member.name:
            refused[b""] = f"the sandbox's archive: {member.refused or 'a file without a name'}"
        elif why := names.refusal(member.name):
            refused[names.dot_git(member.name) or member.name] = why
        elif member.name not in asked:
            refused[member.name] = "not asked for"
        elif member.refused:
            refused[member.name] = member.refused
        elif len(member.data) > LARGEST_FILE:
            refused[member.name] = f"larger than {LARGEST_FILE >> 20} MiB"
        elif member.name in found:
            refused[member.name] = "twice in the archive"
        else:
            found[member.name] = member
    for name in refused.keys() & found.keys():
        del found[name]
    for name in asked - found.keys() - refused.keys():
        refused[name] = "changed while it was copied"
    _drop_misplaced(found, refused, wish, known)
    return Taken(found, refused)


def _drop_misplaced(found: dict[bytes, Member], refused: dict[bytes, str], wish: Wanted, known: Known) -> None:
    """Refuse what cannot stand beside the rest of the mirror."""

    def drop(name: bytes, why: str) -> None:
        refused[name] = why
        del found[name]

    rest = known.tree.keys() - set(wish.gone)
    folders = {folder for path in rest for folder in names.ancestors(path)}
    for name in sorted(found):
        if any(folder in rest or folder in found for folder in names.ancestors(name)):
            drop(name, "below a file or a symlink")
        elif name in folders:
            drop(name, "in the place of a folder")
    if known.folds_case:
        taken = {names.shown(path).casefold(): path for path in rest}
        for name in sorted(found):
            if taken.setdefault(names.shown(name).casefold(), name) != name:
                drop(name, "differs only by case from another file")
    for bare in names.bare_repositories(rest | found.keys()):
        for name in [name for name in found if name.startswith(bare)]:
            drop(name, "part of what git would take for a repository")


def told(refused: Mapping[bytes, str]) -> tuple[str, ...]:
    """The refusals as lines for a person, the first 50 of them."""
    lines = [f"{visible_line(names.shown(path))}: {why}" if path else why for path, why in sorted(refused.items())]
    more = len(lines) - MOST_REFUSALS
    return tuple(lines[:MOST_REFUSALS]) + ((f"and {more} more",) if more > 0 else ())


def _closed(path: bytes, closed: Mapping[bytes, str]) -> bytes | None:
    """The path itself or the folder above it that may not be written."""
    return next((place for place in (*names.ancestors(path), path) if place in closed), None)


def _held(synced: Mapping[bytes, Record]) -> frozenset[bytes]:
    """The files and folders that the sandbox held when it was last level with the mirror: they were refused before."""
    return frozenset(synced) | {folder for path in synced for folder in names.ancestors(path)}
