"""Files as an uncompressed tar: written for the sandbox, and read back from it as hostile bytes, in memory.

The reader knows only what GNU tar and Python write for files and symlinks, and refuses the rest by name; each header is
looked at once, so no archive can make it loop, recurse or unpack more than it holds.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import NamedTuple

_BLOCK = 512
_OWNER = 10001
_SHORT = 100
_LONGEST_META = 1 << 16
_AFTER = b"".ljust(_SHORT, b"\0") + b"ustar  \0".ljust(_BLOCK - 257, b"\0")
_CONSTANT_SUM = 8 * ord(" ") + ord("0") + sum(_AFTER)
END = bytes(2 * _BLOCK)
_KINDS = {b"1": "a hard link", b"3": "a device", b"4": "a device", b"6": "a named pipe", b"S": "a sparse file"}


class Member(NamedTuple):
    """One file of a tar: `refused` is why it cannot be taken, "" when it can. A symlink's content is its target."""

    name: bytes
    symlink: bool
    executable: bool
    data: bytes
    refused: str = ""


def packed(name: bytes, data: bytes, *, symlink: bool, executable: bool, mtime: int) -> bytes:
    """One file as tar bytes; the archive ends with `END`."""
    if len(name) <= _SHORT and not symlink:
        mode = b"0000755" if executable else b"0000644"
        return b"%b%b%b" % (_header(name, mode, len(data), mtime), data, bytes(-len(data) % _BLOCK))
    info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
    info.uid = info.gid = _OWNER
    info.mtime = mtime
    info.mode = 0o755 if executable else 0o644
    if symlink:
        info.type = tarfile.SYMTYPE
        info.mode = 0o777
        info.linkname = data.decode("utf-8", "surrogateescape")
        data = b""
    info.size = len(data)
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + data + bytes(-len(data) % _BLOCK)


def _header(name: bytes, mode: bytes, size: int, mtime: int) -> bytes:
    """The header of a regular file with a short name, as tarfile writes it, which takes most of a large seed's time to."""
    before = b"%b%b\0%07o\0%07o\0%011o\0%011o\0" % (name.ljust(_SHORT, b"\0"), mode, _OWNER, _OWNER, size, mtime)
    checksum = sum(before) + _CONSTANT_SUM
    return b"%b%06o\0 0%b" % (before, checksum, _AFTER)


def members(archive: bytes) -> Iterator[Member]:
    """The files of an untrusted archive. What is damaged ends the reading with one refused member named ""."""
    view = memoryview(archive)
    position = 0
    named: dict[str, bytes] = {}
    while position + _BLOCK <= len(view):
        header = bytes(view[position : position + _BLOCK])
        position += _BLOCK
        if not header.strip(b"\0"):
            return
        size = _number(header[124:136])
        if not _sound(header) or size is None:
            yield _damaged("a damaged header")
            return
        kind = header[156:157]
        if kind in b"LKxg" and size > _LONGEST_META:
            yield _damaged("a name that is too long")
            return
        if kind not in b"LKxg" and "size" in named:
            size = int(named["size"]) if named["size"].isdigit() and len(named["size"]) < 16 else -1
        if size < 0 or position + size > len(view):
            yield _damaged("cut short")
            return
        data = bytes(view[position : position + size])
        position += size + -size % _BLOCK
        if kind == b"L":
            named["path"] = data.removesuffix(b"\0")
        elif kind == b"K":
            named["linkpath"] = data.removesuffix(b"\0")
        elif kind == b"x":
            records = _records(data)
            if records is None:
                yield _damaged("a damaged extended header")
                return
            named |= records
        elif kind != b"g":
            if kind != b"5":
                yield _member(header, kind, data, named)
            named = {}


def _member(header: bytes, kind: bytes, data: bytes, named: dict[str, bytes]) -> Member:
    name = named.get("path", _name(header)).removeprefix(b"./")
    executable = bool((_number(header[100:108]) or 0) & 0o100)
    if any(key.startswith("GNU.sparse") for key in named):
        kind = b"S"
    if kind in (b"0", b"\0", b"7"):
        return Member(name, False, executable, data)
    if kind == b"2":
        target = named.get("linkpath", header[157:257].split(b"\0", 1)[0])
        bad = "a symlink without a target" if not target or b"\0" in target or len(target) > 4095 else ""
        return Member(name, True, False, target, bad)
    return Member(name, False, False, b"", f"{_KINDS.get(kind, 'not a file')}")


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes) -> int | None:
    """A tar number: octal, or binary when its first byte says so; None when it is neither."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.strip(b"\0 ")
    return int(text, 8) if text and all(byte in b"01234567" for byte in text) else None if text else 0


def _sound(header: bytes) -> bool:
    plain = header[:148] + b" " * 8 + header[156:]
    return _number(header[148:156]) == sum(plain)


def _records(data: bytes) -> dict[str, bytes] | None:
    """The records `length key=value\\n` of an extended header; None when they do not add up."""
    records: dict[str, bytes] = {}
    while data:
        digits, space, _ = data.partition(b" ")
        if not space or not digits.isdigit() or len(digits) > 6:
            return None
        length = int(digits)
        record = data[len(digits) + 1 : length]
        if length > len(data) or not record.endswith(b"\n") or b"=" not in record:
            return None
        key, _, value = record[:-1].partition(b"=")
        records[key.decode("utf-8", "backslashreplace")] = value
        data = data[length:]
    return records


def _damaged(why: str) -> Member:
    return Member(b"", False, False, b"", why)
