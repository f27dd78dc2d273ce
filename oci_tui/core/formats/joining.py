"""A part of a file of code put into it, statement by statement: what comes again takes the place of what is there."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from oci_tui.core.formats.items import Item, shown
from oci_tui.core.formats.parts import CROWDED, left_out
from oci_tui.core.formats.search_replace import MismatchError
from oci_tui.core.outline import Definition

_LIST = re.compile(r"\{([^{}]*)\}")
_FROM = re.compile(r"(?:import\b(.*)\bfrom|(?:const|let|var)\s(.*)=\s*require\()\s*[\"']", re.DOTALL)
_GO_IMPORT = re.compile(r'(?:import\s*)?([\w.]+[ \t]+)?("[^"\n]+")')
_FIELD = re.compile(r"\s*(?:[a-z]+\s+)*([\w$#]+)\s*\??\s*[=:;]")
_GO_FIELD = re.compile(r"\s+(\w+)\s+[\w*\[(]")
_GROUP = re.compile(r"(?:const|var|type)\s*\(")
_TYPE = re.compile(r"(?:export\s+|default\s+|declare\s+|pub(?:\(\w+\))?\s+)*(?:interface|struct|type|enum)\b")
_COMMENT = re.compile(r"\s*(?:$|//|/\*|\*)")


def joined(path: str, text: str, held: Sequence[Item], told: Sequence[Item]) -> str:
    """The file `text`, whose statements are `held`, with those `told` in it, which are part of it.

    New definitions come last, before what exports them; other new statements come after the one that they follow. Raises
    MismatchError where a statement cannot be put together with the file's.
    """
    if any(one.last >= other.first for items in (held, told) for one, other in pairwise(items)):
        raise MismatchError(CROWDED)
    lines = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    imports = [item for item in held if item.imports]
    place = head = imports[-1].last if imports else held[0].first - 1
    ends = [item for item in held if item.exports and item.last == held[-1].last]
    end = ends[0].first - 1 if ends else len(lines)
    while ends and end and _COMMENT.match(lines[end - 1]) and lines[end - 1].strip():
        end -= 1
    replacing: dict[str, str] = {}
    inserts: dict[int, list[str]] = defaultdict(list)
    spans: dict[str, tuple[int, int]] = {}
    known = {item.key: item for item in reversed(held)}
    aside = shown(told, known)
    for item in (item for item in told if item not in aside):
        if item.imports:
            inserts[head] += _imports(path, imports, item)
        elif item.key in known:
            alike = [one for one in held if one.key == item.key]
            old = max(alike, key=lambda one: len(one.member_names & item.member_names))
            span = f"{old.first}"
            merged = bool(old.member_names - item.member_names and item.members)
            start = old.first if item.first < item.start and not merged else old.start
            spans[span] = start - 1, old.last
            other = not old.public and any(one.exports for one in held)
            source = _class(old, item) if merged else _instead(old, item, exported=other)
            replacing[span] = f"{replacing.get(span, '')}{source}\n"
            place = old.last
        elif item.exports and "default" in item.key and any("default" in one.public for one in held):
            continue
        elif item.names or item.members:
            inserts[end].append(("\n" if end == len(lines) else "") + item.source + "\n" + ("\n" if end < len(lines) else ""))
            place = end
        elif place == head and not item.variable:
            inserts[end].append(f"\n{item.source}\n")
        else:
            space = "\n" * ("\n" in item.source or place == head)
            inserts[place].append(f"{space}{item.source}\n")
    edits = [(at, at, "".join(sources)) for at, sources in inserts.items()]
    edits += [(*spans[span], source) for span, source in replacing.items()]
    for start, stop, source in sorted(edits, reverse=True):
        lines[start:stop] = [source]
    return "".join(lines)


def _imports(path: str, held: Sequence[Item], item: Item) -> list[str]:
    """The lines that import what the file does not import yet."""
    if path.endswith(".go"):
        there = {spec for one in held for _, spec in _GO_IMPORT.findall(one.text)}
        return [f"import {name}{spec}\n" for name, spec in _GO_IMPORT.findall(item.text) if spec not in there]
    known = {word for one in held for word in _names(one)}
    new = [word for word in _names(item) if word not in known]
    if not new or any(" ".join(one.text.split()) == " ".join(item.text.split()) for one in held):
        return []
    listed, found = _LIST.search(item.text), _FROM.match(item.text)
    names = set(re.findall(r"[\w$]+", listed[1])) if listed else set()
    if found and len(new) < len(_names(item)) and "as" not in item.words and ":" not in item.text:
        start, end = found.span(1 if found[1] else 2)
        inner = ", ".join(word for word in new if word in names)
        clause = ", ".join([*(word for word in new if word not in names), *([f"{{ {inner} }}"] if inner else [])])
        return [f"{item.text[:start].rstrip()} {clause} {item.text[end:].lstrip()}\n"]
    return [item.text + "\n"]


def _names(item: Item) -> list[str]:
    """The names that an import gives."""
    found = _FROM.match(item.text)
    clause = (found[1] or found[2]) if found else item.text
    return [word for word in re.findall(r"[\w$]+", clause) if word not in ("import", "type", "as", "use", "pub", "default")]


def _instead(old: Item, new: Item, *, exported: bool) -> str:
    """What takes the place of a statement: the new one, with what it leaves out of the old one's list, and seen as that is.
    `exported`: another statement of the file may let others see it.

    Raises MismatchError where it leaves out fields.
    """
    source = new.source if new.first < new.start else new.text
    if old.exports:
        return _listed(old, new)
    if old.variable or _TYPE.match(old.text) or _GROUP.match(old.text):
        held, told = _fields(old), _fields(new)
        if len(held - told) > len(told - held):
            raise left_out({f"{old.key}.{name}" if old.names or old.variable else name for name in held - told})
    if exported and new.public.startswith("export"):
        return source.replace(new.public, "", 1)
    return old.public + source if old.public.startswith("export") and not new.public else source


def _listed(old: Item, new: Item) -> str:
    """An export of several names with those of both."""
    lists = [_LIST.search(item.text) if item.text.count("{") == 1 else None for item in (old, new)]
    if not lists[0] or not lists[1]:
        if "{" in old.text and old.words - new.words:
            raise left_out(old.words - new.words)
        return new.text
    held, told = ([part.strip() for part in found[1].split(",") if part.strip()] for found in lists if found)
    if set(held) <= set(told):
        return new.text
    more = [part for part in told if part not in held]
    if not all(re.fullmatch(r"[\w$]+", part) for part in (*held, *more)):
        raise left_out(set(held) - set(told))
    body, separator = lists[0][1], ", "
    if "\n" in body:
        separator = ",\n" + re.findall(r"\n([ \t]*)\S", body)[-1]
    kept = body.rstrip().rstrip(",")
    end = body[len(kept) :]
    return old.text.replace(lists[0][0], "{" + separator.join([kept, *more]) + end + "}")


def _class(old: Item, new: Item) -> str:
    """A class, or what is implemented for a type, with the members of both. Raises MismatchError where that is not clear."""
    lines, written = old.text.split("\n"), new.text.split("\n")
    others = _other_lines(new, written)
    fields = _fields(old)
    there = set(map(str.strip, lines))
    fresh = [line for line in others if line.strip() not in there]
    unclear = [line for line in fresh if not (found := _FIELD.match(line)) or found[1] in fields]
    twice = [name for name, count in new.member_names.items() if old.member_names[name] not in (0, count)]
    for one in (old, new):
        ends = [one.start, *(line for member in one.members for line in (member.first, member.last)), one.last]
        if any(end >= start for end, start in zip(ends[::2], ends[1::2], strict=True)):
            raise MismatchError(CROWDED)
    if unclear or twice or old.head != new.head:
        what = unclear[0].strip() if unclear else twice[0] if twice else new.head
        raise MismatchError(f'it cannot be told where "{what[:80]}" belongs in what the file has; write all of {old.key}')
    waiting = {name: [_span(old, member, lines) for member in old.members if member.name == name] for name in old.member_names}
    column = " " * old.members[0].column
    edits: list[tuple[int, int, list[str]]] = []
    for member in new.members:
        first, start, stop = _span(new, member, written)
        body = textwrap.dedent("\n".join(written[first:stop]))
        source = textwrap.indent(body, column).split("\n")
        if waiting.get(member.name):
            above, at, end = waiting[member.name].pop(0)
            edits.append((above if first < start else at, end, source))
        else:
            at = old.last - old.start
            edits.append((at, at, ["", *source]))
    if fresh:
        edits.append((1, 1, textwrap.indent(textwrap.dedent("\n".join(fresh)), column).split("\n")))
    for start, stop, source in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        lines[start:stop] = source
    return "\n".join(lines)


def _fields(item: Item) -> set[str]:
    """The first names of the lines of a body that set or declare one."""
    ways = [_FIELD, _GO_FIELD] if re.match(r"type\b.*\bstruct\b", item.text) else [_FIELD]
    return {found[1] for line in item.text.split("\n")[1:] for way in ways if (found := way.match(line))}


def _span(item: Item, member: Definition, lines: Sequence[str]) -> tuple[int, int, int]:
    """Where among the lines of its class a member begins with its attributes, begins without them, and ends."""
    first = start = member.first - item.start
    while first > 1 and lines[first - 1].lstrip().startswith(("#[", "@")) and not lines[first - 1].rstrip().endswith(";"):
        first -= 1
    return first, start, member.last - item.start + 1


def _other_lines(item: Item, lines: Sequence[str]) -> list[str]:
    """Lines of a class that are in no member, but for its first and last, blank ones and comments."""
    spans = [_span(item, member, lines) for member in item.members]
    inside = {line for first, _, stop in spans for line in range(first, stop)}
    return [
        line
        for number, line in enumerate(lines)
        if 0 < number < len(lines) - 1 and number not in inside and not _COMMENT.match(line)
    ]
