"""A repository in a thousand tokens: its most wanted definitions, by who refers to whom and by the words of the prompt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from oci_tui.core.outline import Definition, Outline
from oci_tui.core.ports import Parser

LARGEST, LARGEST_OF_ALL = 200_000, 700_000
"""The characters of a file, and of all together, that are read for definitions and uses."""

_DAMPING, _STEPS = 0.85, 15
_TOO_COMMON = 6


def definitions(path: str, text: str, parser: Parser) -> tuple[Definition, ...]:
    """What a file defines; () where its language is not known, or it is too long."""
    return _outline(path, text, parser).definitions


def source(text: str, definition: Definition) -> str:
    """A definition with its body and what belongs to it before."""
    return "\n".join(text.split("\n")[definition.first - 1 : definition.last])


def find(symbol: str, files: Mapping[str, str], parser: Parser) -> list[Definition]:
    """The definitions that `symbol` can mean: a name, or `Class.method`."""
    *owners, name = symbol.split(".")
    found = [item for path, text in files.items() if name in text for item in definitions(path, text, parser)]
    return [item for item in found if item.name == name and (not owners or item.owner == owners[-1])]


def draw(files: Mapping[str, str], words: Collection[str], room: int, parser: Parser) -> str:
    """The map of these files in at most `room` characters: paths, and below each the first lines of its best definitions.

    Of a large repository the files that come first are read.
    """
    outlines: dict[str, Outline] = {}
    left = LARGEST_OF_ALL
    for path, text in files.items():
        if parser.knows(path) and len(text) <= min(left, LARGEST):
            left -= len(text)
            outlines[path] = _outline(path, text, parser)
    ranked = _ranked(outlines, words)
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


def _outline(path: str, text: str, parser: Parser) -> Outline:
    return parser.outline(path, text) if len(text) <= LARGEST else Outline()


def _ranked(outlines: Mapping[str, Outline], words: Collection[str]) -> list[Definition]:
    """All definitions, the most wanted first: of files that others refer to, of names that they use and the prompt says."""
    defined = {path: outline.definitions for path, outline in outlines.items()}
    homes: dict[str, set[str]] = defaultdict(set)
    for path, items in defined.items():
        for item in items:
            homes[item.name].add(path)
    known = {name: paths for name, paths in homes.items() if len(paths) <= _TOO_COMMON}
    links: dict[str, Counter[str]] = {path: Counter() for path in defined}
    calls: Counter[str] = Counter()
    for path, outline in outlines.items():
        for name in outline.uses.keys() & known.keys():
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
