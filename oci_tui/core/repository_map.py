"""A repository in a thousand tokens: its most wanted definitions, by who refers to whom and by the words of the prompt."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import PurePosixPath

import msgspec

LARGEST, LARGEST_OF_ALL = 200_000, 2_000_000
"""The characters of a file, and of all together, that are read for definitions and references."""

_DAMPING, _STEPS = 0.85, 15
_TOO_COMMON = 6
_LONGEST_SIGNATURE = 110
_WORD = re.compile(r"[A-Za-z_]\w{2,}")

_PYTHON = r"^(?P<lead>[ \t]*)(?:async[ ]+)?(?:def|class)[ ]+(?P<name>\w+)"
_SCRIPT = (
    r"^(?P<lead>[ \t]*)(?:export[ ]+)?(?:default[ ]+)?(?:abstract[ ]+|async[ ]+)?"
    r"(?:function\*?|class|interface|type|enum)[ ]+(?P<name>[\w$]+)"
    r"|^(?:export[ ]+)?const[ ]+(?P<constant>[\w$]+)[ ]*=[ ]*(?:async[ ]*)?\("
)
_GO = r"^(?P<lead>)(?:func|type)[ ]+(?:\([^)]*\)[ ]*)?(?P<name>\w+)"
_RUST = (
    r"^(?P<lead>[ \t]*)(?:pub(?:\([^)]*\))?[ ]+)?(?:const[ ]+|async[ ]+|unsafe[ ]+)*"
    r"(?:fn|struct|enum|trait|mod|type|macro_rules!)[ ]+(?P<name>\w+)"
)
_C = (
    r"^(?P<lead>)(?!(?:if|for|while|switch|return|else)\b)[A-Za-z_][\w:<>,*& \t]{0,80}?[ \t*&]"
    r"(?P<name>[A-Za-z_]\w*)\([^;{}\n]*\)[ \t]*(?:const[ \t]*)?\{?$"
)
_JAVA = (
    r"^(?P<lead>[ \t]*)(?:(?:public|private|protected|internal|static|final|abstract|sealed|override|async|data|open)[ ]+)*"
    r"(?:class|interface|enum|record|object|fun)[ ]+(?P<name>\w+)"
)
_RUBY = r"^(?P<lead>[ \t]*)(?:def|class|module)[ ]+(?:self\.)?(?P<name>\w+)"
_SHELL = r"^(?P<lead>)(?:function[ ]+)?(?P<name>[\w-]+)[ ]*\(\)[ ]*\{"

_BY_SUFFIX = {
    suffix: re.compile(pattern, re.MULTILINE)
    for suffixes, pattern in (
        ("py pyi", _PYTHON),
        ("js jsx ts tsx mjs cjs", _SCRIPT),
        ("go", _GO),
        ("rs", _RUST),
        ("c h cc cpp hpp cxx", _C),
        ("java kt cs scala swift", _JAVA),
        ("rb", _RUBY),
        ("sh bash", _SHELL),
    )
    for suffix in suffixes.split()
}


class Definition(msgspec.Struct, frozen=True):
    """A named thing that a file defines: its first line, where that is (from 1), and its column."""

    path: str
    name: str
    line: int
    column: int
    signature: str


def definitions(path: str, text: str) -> list[Definition]:
    """What a file defines, by the first lines that its language has for it; [] in languages that are not known here."""
    pattern = _BY_SUFFIX.get(PurePosixPath(path).suffix[1:]) if len(text) <= LARGEST else None
    return list(_matches(path, text, pattern)) if pattern else []


def is_code(path: str) -> bool:
    """Whether the file's language is one whose definitions are known here."""
    return PurePosixPath(path).suffix[1:] in _BY_SUFFIX


def source(text: str, definition: Definition) -> str:
    """A definition with its body: the lines from its first one on that are indented further, and what closes it."""
    lines = text.splitlines()[definition.line - 1 :]
    end = 1
    for number, line in enumerate(lines[1:], 1):
        bare = line.strip()
        if bare and len(line) - len(line.lstrip()) <= definition.column and bare[0] not in ")]}":
            break
        if bare:
            end = number + 1
        if bare[:1] == "}" and len(line) - len(line.lstrip()) <= definition.column:
            break
    return "\n".join(lines[:end])


def find(symbol: str, files: Mapping[str, str]) -> list[Definition]:
    """The definitions that `symbol` can mean: a name, or `Class.method`."""
    *_, name = symbol.split(".")
    found = [item for path, text in files.items() if name in text for item in definitions(path, text) if item.name == name]
    if "." not in symbol:
        return found
    owner = symbol.split(".")[-2]
    return [item for item in found if re.search(rf"\b(?:class|impl|struct)\s+{re.escape(owner)}\b", files[item.path])]


def draw(files: Mapping[str, str], words: Collection[str], room: int) -> str:
    """The map of these files in at most `room` characters: paths, and below each the first lines of its best definitions."""
    sizes = accumulate(min(len(text), LARGEST) for text in files.values())
    files = {path: text for (path, text), size in zip(files.items(), sizes, strict=True) if size <= LARGEST_OF_ALL}
    defined = {path: definitions(path, text) for path, text in files.items()}
    ranked = _ranked(defined, {path: Counter(_WORD.findall(text[:LARGEST])) for path, text in files.items()}, words)
    chosen: dict[str, list[Definition]] = defaultdict(list)
    for definition in ranked:
        cost = len(definition.signature) + definition.column + 3
        cost += 0 if definition.path in chosen else len(definition.path) + 1
        if cost > room:
            break
        room -= cost
        chosen[definition.path].append(definition)
    parts = [
        "\n".join([path, *(f"  {' ' * item.column}{item.signature}" for item in sorted(items, key=lambda item: item.line))])
        for path, items in chosen.items()
    ]
    return "\n".join(parts)


def _matches(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[Definition]:
    line, at = 1, 0
    for match in pattern.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        whole = text[match.start() : (text + "\n").index("\n", match.start())]
        groups = match.groupdict()
        name = groups["name"] or groups.get("constant") or ""
        column = len((groups["lead"] or "").expandtabs(4))
        yield Definition(path, name, line, column, whole.strip().rstrip("{ ").rstrip()[:_LONGEST_SIGNATURE])


def _ranked(
    defined: Mapping[str, Sequence[Definition]], used: Mapping[str, Counter[str]], words: Collection[str]
) -> list[Definition]:
    """All definitions, the most wanted first: of files that others refer to, of names that they use and the prompt says."""
    homes: dict[str, set[str]] = defaultdict(set)
    for path, items in defined.items():
        for item in items:
            homes[item.name].add(path)
    known = {name: paths for name, paths in homes.items() if len(paths) <= _TOO_COMMON}
    links: dict[str, Counter[str]] = {path: Counter() for path in defined}
    calls: Counter[str] = Counter()
    for path, counts in used.items():
        for name in counts.keys() & known.keys():
            for home in known[name] - {path}:
                links[path][home] += _telling(name)
                calls[name] += 1
    told = {path: 1.0 + 10 * sum(_said(item.name, words) for item in items) for path, items in defined.items()}
    rank = _page_rank(links, told)

    def worth(item: Definition) -> float:
        inner = 0.3 if item.name.startswith("_") or item.column > 4 else 1.0
        said = 20 if _said(item.name, words) else 1
        return rank[item.path] * (1 + calls[item.name]) * _telling(item.name) * said * inner / len(homes[item.name])

    def order(item: Definition) -> tuple[bool, float, str, int]:
        return item.name.lower() not in words, -worth(item), item.path, item.line

    return sorted((item for items in defined.values() for item in items), key=order)


def _telling(name: str) -> int:
    """How much a use of a name tells: one of several words is hardly there by chance."""
    return 10 if len(name) >= 6 and ("_" in name.strip("_") or name.lower() != name) else 1


def _said(name: str, words: Collection[str]) -> bool:
    """Whether the prompt says a name, or a part of it that is a word of its own."""
    lowered = name.lower()
    return lowered in words or any(part in words for part in lowered.split("_") if len(part) > 3)


def _page_rank(links: Mapping[str, Counter[str]], preferred: Mapping[str, float]) -> dict[str, float]:
    """How important each file is when one follows references from file to file, starting anew where the prompt points."""
    total = sum(preferred.values()) or 1.0
    start = {path: weight / total for path, weight in preferred.items()}
    rank = dict(start)
    for _ in range(_STEPS):
        loose = sum(rank[path] for path, targets in links.items() if not targets)
        following = {path: (1 - _DAMPING + _DAMPING * loose) * start[path] for path in rank}
        for path, targets in links.items():
            weight = sum(targets.values())
            for target, count in targets.items():
                following[target] += _DAMPING * rank[path] * count / weight
        rank = following
    return rank
