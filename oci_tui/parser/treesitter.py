"""The parser: one tree of a text, read for definitions, uses and the first error; what was read is kept by content."""

from __future__ import annotations

import importlib
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from hashlib import blake2b

import msgspec
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser, Query, QueryCursor

from oci_tui.core.outline import Definition, Outline
from oci_tui.parser import languages
from oci_tui.parser.languages import Language

KEPT = 4_000
"""How many outlines are remembered; the one asked for longest ago goes first."""

PATIENCE_S = 0.5
"""How long the parsing of one text may take, many times what 200,000 characters of code do; it then counts as not known."""

MOST_WRONG = 5_000
"""How many nodes of a text may be wrong."""

_LONGEST_SIGNATURE = 110
_LONGEST_LINE = 120
_PIECE = 1 << 16
_NAME = re.compile(r"[\w$.:?!=<>~+*/%&|^\[\]()-]{1,200}")
# what stands around a definition and belongs to it
_AROUND = frozenset(
    {"decorated_definition", "export_statement", "lexical_declaration", "variable_declaration", "expression_statement"}
    | {"type_declaration", "ambient_declaration", "template_declaration"}
)


class _Read(msgspec.Struct, frozen=True):
    """A grammar, made ready once."""

    parser: Parser
    definitions: Query | None
    uses: Query | None


class _LateError(Exception):
    """A text took too long."""


class _Deadline:
    """When to give a text up."""

    def __init__(self) -> None:
        self._at = time.monotonic() + PATIENCE_S

    def passed(self, *_: object) -> bool:
        return time.monotonic() > self._at

    def check(self) -> None:
        """Raises _LateError."""
        if self.passed():
            raise _LateError


class TreeSitterParser:
    """Knows the languages of `parser.languages`; a grammar is loaded when the first file of its language comes."""

    def __init__(self) -> None:
        self._languages: dict[Language, _Read] = {}
        self._outlines: OrderedDict[tuple[str, bytes], Outline] = OrderedDict()

    def knows(self, path: str) -> bool:
        """Whether the definitions of such a file can be read."""
        language = languages.of(path)
        return language is not None and bool(language.definitions)

    def outline(self, path: str, text: str) -> Outline:
        """What a file defines and uses; nothing where its language is not known."""
        language = languages.of(path)
        if language is None or not language.definitions:
            return Outline()
        data = _bytes(text)
        key = path, blake2b(data).digest()
        if (found := self._outlines.get(key)) is not None:
            self._outlines.move_to_end(key)
            return found
        try:
            made = _outline(path, text, data, self._ready(language), _Deadline())
        except _LateError:
            made = Outline()
        self._outlines[key] = made
        if len(self._outlines) > KEPT:
            self._outlines.popitem(last=False)
        return made

    def problem(self, path: str, text: str) -> str:
        """Why a text is not written in the language of its file, with the line; "" when it is, or that is not known."""
        language = languages.of(path)
        if language is None:
            return ""
        try:
            root = _parsed(self._ready(language).parser, _bytes(text), _Deadline())
        except _LateError:
            return ""
        if (wrong := _first_error(root)) is None:
            return ""
        row = wrong.start_point[0]
        line = (text.split("\n")[row : row + 1] or [""])[0].strip()
        what = f"{wrong.type} is missing" if wrong.is_missing else "syntax error"
        return f"line {row + 1}: {what}" + (f": {line[:_LONGEST_LINE]}" if line else "")

    def _ready(self, language: Language) -> _Read:
        if language not in self._languages:
            grammar = Grammar(getattr(importlib.import_module(language.module), language.function)())
            queries = [Query(grammar, text) if language.definitions else None for text in (language.definitions, language.uses)]
            self._languages[language] = _Read(Parser(grammar), *queries)
        return self._languages[language]


def _parsed(parser: Parser, data: bytes, deadline: _Deadline) -> Node:
    """The tree of a text. Raises _LateError."""
    try:
        # only a text that is asked for in pieces can be given up
        tree = parser.parse(lambda at, _: data[at : at + _PIECE], progress_callback=deadline.passed)
    except ValueError:
        parser.reset()
        raise _LateError from None
    root = tree.root_node
    if _tangled(root):
        raise _LateError
    return root


def _tangled(root: Node) -> bool:
    """Whether so much is wrong that a query would take for ever: it goes through what is wrong in quadratic time."""
    left, wrong = MOST_WRONG, [root] if root.has_error else []
    while wrong:
        node = wrong.pop()
        left -= node.child_count if node.is_error else 1
        if left < 0:
            return True
        wrong += [child for child in node.children if child.has_error]
    return False


def _outline(path: str, text: str, data: bytes, read: _Read, deadline: _Deadline) -> Outline:
    """Raises _LateError."""
    root = _parsed(read.parser, data, deadline)
    if read.definitions is None or read.uses is None:
        return Outline()
    lines = text.split("\n")
    found = sorted(_found(read.definitions, root, data), key=lambda each: (each[0].start_byte, -each[0].end_byte))
    used = QueryCursor(read.uses).captures(root).get("use", [])
    deadline.check()
    uses = Counter(data[node.start_byte : node.end_byte] for node in used)
    return Outline(
        tuple(_placed(path, data, lines, found, deadline)),
        {name.decode("utf-8", "replace"): count for name, count in uses.items()},
    )


def _found(query: Query, root: Node, data: bytes) -> Iterator[tuple[Node, Node, str, str]]:
    """Its node, its name's node, its kind and the owner that is said of each definition; a name is counted once."""
    seen: set[int] = set()
    for _, captures in QueryCursor(query).matches(root):
        name = captures.pop("name")[0]
        owner = captures.pop("owner", None)
        ((kind, (node,)),) = captures.items()
        if name.start_byte not in seen and _NAME.fullmatch(_text(data, name)):
            seen.add(name.start_byte)
            yield node, name, kind, _text(data, owner[0]) if owner else ""


def _placed(
    path: str, data: bytes, lines: list[str], found: list[tuple[Node, Node, str, str]], deadline: _Deadline
) -> Iterator[Definition]:
    """The definitions, each with what it is in: of those that begin before it, the last that has not ended."""
    around: list[tuple[int, str]] = []
    for node, name, kind, said in found:
        deadline.check()
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        inside = bool(around)
        owner = said or (around[-1][1] if inside else "")
        around.append((node.end_byte, _text(data, name)))
        if kind == "owns":
            continue
        outer = node
        while outer.parent is not None and outer.parent.type in _AROUND:
            outer = outer.parent
        first, line = outer.start_point[0], name.start_point[0]
        last = outer.end_point[0] + (outer.end_point[1] > 0)
        yield Definition(
            path=path,
            name=_text(data, name),
            kind=kind,
            first=first + 1,
            line=line + 1,
            last=max(last, line + 1),
            column=_indent(lines[first]),
            signature=lines[line].strip().rstrip("{ ").rstrip()[:_LONGEST_SIGNATURE],
            owner=owner,
            inside=inside,
        )


def _first_error(root: Node) -> Node | None:
    """The first node that is wrong or missing, going down only where something is."""
    if not root.has_error:
        return None
    node = root
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return node


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())


def _text(data: bytes, node: Node) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
