"""What a rename or a move left behind: the old name in files that use it, a definition that stands in two places."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from oci_tui.core.diff import Diff
from oci_tui.core.imports import module_of
from oci_tui.core.outline import Definition
from oci_tui.core.ports import Parser, Snapshot
from oci_tui.core.repository_map import LARGEST, LARGEST_OF_ALL

MOST_FILES = 500
_SHOWN = 5
_KIND = r"(?!(?:function|method|class|variable|constant|parameter|module|file|it|this|that)\b)"
_NAME = r"[`'\"]?(?P<{}>[A-Za-z_]\w*)(?:\(\))?[`'\"]?"
_RENAME = re.compile(
    rf"\brenam(?:e|ing)\s+(?:the\s+)?(?:\w+\s+){{0,2}}?{_KIND}{_NAME.format('old')}(?:\s+(?:of|in)(?:\s+\S+){{1,3}}?)?"
    rf"\s+(?:to|into|as)\s+{_NAME.format('new')}",
    re.IGNORECASE,
)
_CALLED_IT = re.compile(rf"\brenam(?:e|ing)\s+(?:it|this|that)\s+(?:to|into|as)\s+{_NAME.format('new')}", re.IGNORECASE)
_QUOTED = re.compile(r"`([A-Za-z_]\w*)(?:\(\))?`")
_MEMBER = re.compile(r"\b(?:field|attribute|property|member)\b", re.IGNORECASE)
_MOVE = re.compile(r"\bmov(?:e|ing)\b", re.IGNORECASE)
_KEEPING = re.compile(r"\b(?:keep|alias|deprecat\w*|compatib\w*|copy)\b", re.IGNORECASE)


def left_behind(prompt: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """What the prompt asks to rename or to move, the change has begun with and files still have as it was; "" for nothing.

    A sentence for the model. `diff` is the change so far, after which `files` are as they are. Only functions, classes and
    types of a file itself count, and fields where the prompt says so; of the old name only the file that had it and those of
    its language that name that file.
    """
    if _KEEPING.search(prompt):
        return ""
    if renamed := _renamed(prompt):
        old, new = renamed
        for home in _where(diff, "-", old):
            names = {one.name for one in _top(home, files, parser)}
            if new in names and old not in names:
                texts = {path: text for path, text in _texts(home, files, parser) if old in parser.outline(path, text).uses}
                lines = [f"{path}: {line}" for path, text in texts.items() for line in text.splitlines() if _says(line, old)]
                return _renaming(old, new, home, texts, lines) if lines else ""
            if _MEMBER.search(prompt) and _says(text := files.read(home) or "", new) and not _says(text, old):
                return _member(old, new, home, files, parser)
    elif _MOVE.search(prompt):
        for home in (file.path for file in diff.files):
            for name in (one.name for one in _top(home, files, parser) if _says(prompt, one.name)):
                came = home in _where(diff, "+", name) and home not in _where(diff, "-", name)
                homes = _texts("", files, parser, home) if came else ()
                also = [path for path, _ in homes if path != home and _defines(path, name, files, parser)]
                if also:
                    taken = f" and with `from {module_of(home)} import {name}`" if home.endswith(".py") else ""
                    return f"`{name}` still stands where it was. Write {', '.join(also[:_SHOWN])} without it{taken}."
    return ""


def _renamed(prompt: str) -> tuple[str, str] | None:
    """The old name and the new one; what "it" is must be the one name in backticks before that."""
    if found := _RENAME.search(prompt):
        return found["old"], found["new"]
    found = _CALLED_IT.search(prompt)
    named = set(_QUOTED.findall(prompt, 0, found.start())) if found else set[str]()
    return (named.pop(), found["new"]) if found and len(named) == 1 else None


def _renaming(old: str, new: str, home: str, texts: Mapping[str, str], lines: Sequence[str]) -> str:
    """With a command that does it: a small model writes whole files again sooner than it changes a line in each.

    Not where a file says the name of something else, too: a member of what is not the renamed one's file, or a text.
    """
    plain = re.compile(rf"(?<![\w.'\"]){old}\b(?!['\"])|\b{re.escape(PurePosixPath(home).stem)}\.{old}\b")
    if any(len(plain.findall(text)) < len(re.findall(rf"\b{old}\b", text)) for text in texts.values()):
        return _plainly(old, new, lines)
    return _with_command(old, new, lines, f"sed -i 's/\\b{old}\\b/{new}/g' -- {shlex.join(texts)}")


def _member(old: str, new: str, home: str, files: Snapshot, parser: Parser) -> str:
    """What takes a field by its old name, in files that name its home; with a command where no other file has such a field."""
    use = re.compile(rf"\.{old}\b|(?<=[(,\s]){old}\s?=(?!=)")
    texts = {path: text for path, text in _texts(home, files, parser) if path != home and use.search(text)}
    lines = [f"{path}: {line}" for path, text in texts.items() for line in text.splitlines() if use.search(line)]
    has = re.compile(rf"\bself\.{old}\s*=(?!=)|^\s+{old}\s*:", re.MULTILINE)
    if lines and any(has.search(text) for _, text in _texts("", files, parser, home)):
        return _plainly(old, new, lines)
    command = f"sed -i -E 's/\\.{old}\\b/.{new}/g; s/\\b{old}( ?=[^=])/{new}\\1/g' -- {shlex.join(texts)}"
    return _with_command(old, new, lines, command) if lines else ""


def _plainly(old: str, new: str, lines: Sequence[str]) -> str:
    return f"`{old}` still stands in these lines; write `{new}` there.\n{_listed(lines)}"


def _with_command(old: str, new: str, lines: Sequence[str], command: str) -> str:
    said = f"`{old}` still stands in these lines, where `{new}` has to stand:"
    return f"{said}\n{_listed(lines)}\nAnswer with this block, and write no file again:\n```bash\n{command}\n```"


def _where(diff: Diff, kind: str, name: str) -> list[str]:
    """The changed files of which a line that says the name went ("-") or came ("+")."""
    lines = {file.path: [line.text for hunk in file.hunks for line in hunk.lines if line.kind == kind] for file in diff.files}
    return [path for path, texts in lines.items() if any(_says(text, name) for text in texts)]


def _top(path: str, files: Snapshot, parser: Parser) -> list[Definition]:
    return [one for one in parser.outline(path, files.read(path) or "").definitions if not one.inside]


def _defines(path: str, name: str, files: Snapshot, parser: Parser) -> bool:
    return any(one.name == name for one in _top(path, files, parser))


def _texts(named: str, files: Snapshot, parser: Parser, like: str = "") -> Iterator[tuple[str, str]]:
    """Files of the language of `named`, or of `like`: that one and those that say its name; all of them where it is ""."""
    suffix, left = PurePosixPath(named or like).suffix, LARGEST_OF_ALL
    for path in [path for path in files.paths() if path.endswith(suffix) and parser.knows(path)][:MOST_FILES]:
        text = files.read(path) or ""
        if len(text) > min(left, LARGEST):
            continue
        left -= len(text)
        if not named or path == named or _says(text, PurePosixPath(named).stem):
            yield path, text


def _says(text: str, name: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text))


def _listed(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])
