"""What a rename or a move left behind: the old name that still stands somewhere, a definition that stands twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from oci_tui.core.outline import Outline
from oci_tui.core.ports import Parser

MOST_FILES = 2_000
_SHOWN = 5
_KIND = r"(?!(?:function|method|class|variable|constant|parameter|module|file|it|this|that)\b)"
_NAME = r"[`'\"]?(?P<{}>[A-Za-z_]\w*)(?:\(\))?[`'\"]?"
_RENAME = re.compile(
    rf"\brenam(?:e|ing)\s+(?:the\s+)?(?:\w+\s+){{0,2}}?{_KIND}{_NAME.format('old')}(?:\s+(?:of|in)(?:\s+\S+){{1,3}}?)?"
    rf"\s+(?:to|into|as)\s+{_NAME.format('new')}",
    re.IGNORECASE,
)
_MOVE = re.compile(r"\b(?:mov|extract|split)(?:e|es|ing|ting)?\b", re.IGNORECASE)


def left_behind(
    prompt: str, paths: Sequence[str], read: Callable[[str], str | None], parser: Parser, wrote: Collection[str]
) -> str:
    """What the prompt asks to rename or to move and the files still have as it was, in a sentence for the model; else "".

    `paths` are all files, of which `wrote` were changed: what is in none of these has not been begun.
    """
    if renamed := _RENAME.search(prompt):
        old, new = renamed["old"], renamed["new"]
        outlines = _outlines({old, new}, paths, read, parser)
        if any(_has(outlines[path], new) for path in outlines.keys() & set(wrote)):
            still = [path for path, outline in outlines.items() if _has(outline, old)]
            return f"`{old}` still stands in {_listed(still)}: rename it there too." if still else ""
    elif _MOVE.search(prompt):
        begun = {one.name for path in wrote for one in parser.outline(path, read(path) or "").definitions if not one.inside}
        for name in sorted(name for name in begun if re.search(rf"\b{re.escape(name)}\b", prompt)):
            outlines = _outlines({name}, paths, read, parser)
            homes = [path for path, outline in outlines.items() if _defines(outline, name)]
            if len(homes) > 1:
                return f"`{name}` is defined in {_listed(homes)}: define it in one of them and import it in the others."
    return ""


def _outlines(names: set[str], paths: Sequence[str], read: Callable[[str], str | None], parser: Parser) -> dict[str, Outline]:
    """Of the files that say one of the names."""
    texts = {path: read(path) or "" for path in [path for path in paths if parser.knows(path)][:MOST_FILES]}
    return {path: parser.outline(path, text) for path, text in texts.items() if any(name in text for name in names)}


def _has(outline: Outline, name: str) -> bool:
    return name in outline.uses or any(one.name == name for one in outline.definitions)


def _defines(outline: Outline, name: str) -> bool:
    return any(one.name == name and not one.inside for one in outline.definitions)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
