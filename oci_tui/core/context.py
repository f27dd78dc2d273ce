"""Which files and messages the model reads: files first named by the prompt, then what fits; the oldest messages go first.

Prompts only ever grow at the end, so that an engine's prefix cache holds from round to round.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from pathlib import PurePosixPath

import msgspec

from oci_tui.core.formats import search_replace, whole_file
from oci_tui.core.generation import Message
from oci_tui.core.ports import Workspace

TOKEN_CHARACTERS = 3.2
NAMED_SHARE, OTHER_SHARE, OTHER_TOKENS = 0.6, 0.35, 6_000
LISTED, MOST_READ = 60, 400

_MENTION = re.compile(r"@([\w./+-]+)")
_SKIPPED = (".lock", ".svg", ".min.js", ".csv", ".ipynb", "LICENSE", "package-lock.json")


class Shown(msgspec.Struct, frozen=True):
    """Which files a message shows whole, and which of those that the prompt names found no room."""

    text: str
    paths: tuple[str, ...]
    left_out: tuple[str, ...]


def system_message(languages: Sequence[str] = ("python", "bash")) -> Message:
    """The fixed prompt; `languages` are the fence tags of those that can be run."""
    *others, last = [f"```{language}" for language in languages]
    run = f"{', '.join(others)} or {last}" if others else last
    text = (files("oci_tui.core") / "prompts" / "system.md").read_text(encoding="utf-8")
    return Message("system", text.format(formats=whole_file.TEACH + "\n" + search_replace.TEACH, languages=run))


def show_files(workspace: Workspace, prompt: str, room: int, known: dict[str, int]) -> Shown:
    """The files worth reading for this prompt, as text, in about `room` tokens (counted roughly).

    `known` holds the hash of what the model has read or written of each file; files it knows as they are do not come again, and
    `known` is brought up to date.
    """
    paths = workspace.paths()
    first = not known
    named = _named(prompt, paths)
    others = min(OTHER_TOKENS, room * OTHER_SHARE)
    texts = {path: workspace.read(path) for path in _by_interest(paths)[:MOST_READ] if path not in named}
    wanted = sorted(texts, key=lambda path: -_relevance(path, texts[path] or "", _words(prompt)))
    budgets = {True: int(room * NAMED_SHARE * TOKEN_CHARACTERS), False: int(others * TOKEN_CHARACTERS)}
    parts: list[str] = []
    shown: list[str] = []
    left_out: list[str] = []
    for path in [*named, *wanted]:
        is_named = path in named
        text = workspace.read(path) if is_named else texts[path]
        if not text or known.get(path) == hash(text):
            continue
        cost = len(text) + len(path) + 20
        if cost > budgets[is_named]:
            if is_named:
                left_out.append(path)
            continue
        budgets[is_named] -= cost
        known[path] = hash(text)
        shown.append(path)
        parts.append(block(path, text))
    listed = "\n".join(paths[:LISTED]) + (f"\n... and {len(paths) - LISTED} more" if len(paths) > LISTED else "")
    head = f"Files of the repository:\n{listed}\n\n" if first and room else ""
    return Shown(head + "\n".join(parts), tuple(shown), tuple(left_out))


def changed_files(workspace: Workspace, paths: Sequence[str], known: dict[str, int], room: int) -> list[str]:
    """Those of the files that the model knows otherwise than they are, as far as `room` characters go."""
    parts: list[str] = []
    for path in paths:
        text = workspace.read(path) if path in known else None
        if text is None or known[path] == hash(text) or len(text) > room:
            continue
        room -= len(text)
        known[path] = hash(text)
        parts.append(block(path, text))
    return parts


def block(path: str, text: str) -> str:
    """A file as the model reads it, and as it should write it: path line, then a fence longer than any inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * max(longest + 1, 3)
    tag = {".py": "python", ".sh": "bash", ".js": "javascript", ".ts": "typescript"}.get(PurePosixPath(path).suffix, "")
    return f"{path}\n{fence}{tag}\n{text.rstrip()}\n{fence}\n"


async def fitted(
    messages: Sequence[Message], room: int, keep_from: int, count: Callable[[Sequence[Message]], Awaitable[int]]
) -> tuple[list[Message], int]:
    """The messages that fit into `room` tokens, and their size: the oldest after the system message go first, two at a time.

    Messages from index `keep_from` on (this turn's) are never dropped, even when they do not fit: the engine then says so.
    """
    kept = list(messages)
    size = await count(kept)
    while size > room and keep_from >= 3:
        del kept[1:3]
        keep_from -= 2
        size = await count(kept)
    return kept, size


def _named(prompt: str, paths: Sequence[str]) -> list[str]:
    """Files that the prompt names: by @path, by path, or by file name."""
    mentions = {mention.rstrip(".,;:") for mention in _MENTION.findall(prompt)}
    words = set(re.findall(r"[\w./+-]+", prompt))
    words |= {word.rstrip(".,;:").removeprefix("./") for word in words}
    return [path for path in paths if path in mentions | words or PurePosixPath(path).name in words]


def _words(prompt: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z_]{4,}", prompt)}


def _relevance(path: str, text: str, words: set[str]) -> int:
    """How many of the prompt's words a file holds; those in its name count three times."""
    content, name = text.lower(), path.lower()
    return sum((word in content) + 3 * (word in name) for word in words)


def _by_interest(paths: Sequence[str]) -> list[str]:
    """Files worth showing unasked: near the root first, code before prose, no generated files."""
    code = (".py", ".js", ".ts", ".go", ".rs", ".c", ".h", ".sh", ".java")
    wanted = [path for path in paths if not path.endswith(_SKIPPED) and not PurePosixPath(path).name.startswith(".")]
    return sorted(wanted, key=lambda path: (not path.endswith(code), path.count("/"), path))
