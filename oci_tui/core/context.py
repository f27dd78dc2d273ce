"""Which files and messages the model reads: what the prompt names first, then what fits; the oldest messages go first.

Prompts only ever grow at the end, so that an engine's prefix cache holds from round to round.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import PurePosixPath

import msgspec

from oci_tui.core import mentions, repository_map
from oci_tui.core.diff import to_patch
from oci_tui.core.failure import Place
from oci_tui.core.feedback import shortened
from oci_tui.core.formats import search_replace, whole_file
from oci_tui.core.generation import Message
from oci_tui.core.ports import Parser, Snapshot
from oci_tui.core.secrets import redacted

PLAIN = Message("system", "")
"""Stands for the fixed prompt where there is no file yet: rules about files cost a small model the task itself."""

MOST_TOKENS = 25_000
"""What a prompt holds at most, however wide the window: weak models lose their way in more (aider's measurements)."""

TOKEN_CHARACTERS = 3.2
FEEDBACK_TOKENS, LEAST_FEEDBACK_TOKENS = 1_300, 400
"""So much a turn's first message leaves free for what comes of a reply: filled with other files, and with named ones alone."""

NAMED_SHARE, OTHER_SHARE, OTHER_TOKENS = 0.6, 0.35, 6_000
MAP_SHARE, MAP_TOKENS = 0.15, 1_000
LISTED, MOST_READ = 60, 400
INSTRUCTIONS, LONGEST_INSTRUCTIONS = "AGENTS.md", 6_000
_DIFF_SHARE = 0.25
FRAME_LINES, MOST_FRAMES, MOST_OF_FRAMES, _FRAME_WIDTH = 5, 2, 2_500, 200
_OUTPUT_SHARE, _OUTPUT_CHARACTERS = 0.5, 16_000
_LEAST_CUT = 200

_SKIPPED = (".lock", ".svg", ".min.js", ".csv", ".ipynb", "LICENSE", "package-lock.json")
_CODE = (".py", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".c", ".h", ".cpp", ".sh", ".java", ".kt", ".rb", ".cs")

Count = Callable[[Sequence[Message]], Awaitable[int]]
"""How many tokens messages are."""


class Shown(msgspec.Struct, frozen=True):
    """What a message shows, files whole, which of those that the prompt names found no room, and which @names mean nothing."""

    text: str = ""
    paths: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Fitted(msgspec.Struct, frozen=True):
    """The messages that fit, their size in tokens, and those that were dropped, a phrase each."""

    messages: tuple[Message, ...]
    size: int
    dropped: tuple[str, ...]


def fingerprint(text: str | None) -> int:
    """Tells one text from another, the same in every process."""
    return int.from_bytes(hashlib.blake2b((text or "").encode("utf-8", "replace"), digest_size=6).digest())


def system_message(languages: Sequence[str] = ("python", "bash"), instructions: str = "", *, planning: bool = False) -> Message:
    """The fixed prompt, and after it what the repository says; `languages` are the fence tags of those that can be run.

    `planning`: the one by which nothing is written or run.
    """
    *others, last = [f"```{language}" for language in languages]
    run = f"{', '.join(others)} or {last}" if others else last
    text = (files("oci_tui.core") / "prompts" / ("plan.md" if planning else "system.md")).read_text(encoding="utf-8")
    text = text.format(formats=whole_file.TEACH + "\n" + search_replace.TEACH, languages=run)
    return Message("system", f"{text}\nInstructions of this repository:\n{redacted(instructions)}\n" if instructions else text)


def instructions(workspace: Snapshot) -> tuple[str, bool]:
    """What AGENTS.md says, and whether that is only its beginning."""
    text = (workspace.read(INSTRUCTIONS) or "").strip()
    return text[:LONGEST_INSTRUCTIONS], len(text) > LONGEST_INSTRUCTIONS


async def show(
    workspace: Snapshot,
    parser: Parser,
    prompt: str,
    output: str,
    room: int,
    known: dict[str, int],
    failing: Sequence[str] = (),
    unasked: float = 1.0,
) -> Shown:
    """What is worth reading for this prompt, in about `room` tokens (counted roughly): what it names, a map, other files.

    Only `unasked`, from 0 to 1, of the room for other files and the map is used.
    `output` is what the last command printed, `failing` the files that a check names which fails. `known` holds the hash of
    what the model has read or written of each file; files it knows as they are do not come again, and `known` is brought up to
    date.
    """
    paths, first = workspace.paths(), not known
    named = mentions.find(prompt, paths)
    first_read = dict.fromkeys([*named.paths, *failing])
    words = _words(prompt)
    interesting = _by_interest(paths)
    texts = {path: workspace.read(path) or "" for path in interesting[:MOST_READ]}
    wanted = sorted(texts.keys() - first_read.keys(), key=lambda path: (-_relevance(path, texts[path], words), _interest(path)))
    budgets = {True: int(room * NAMED_SHARE * TOKEN_CHARACTERS), False: _characters(unasked * room, OTHER_SHARE, OTHER_TOKENS)}
    parts: list[str] = []
    shown: list[str] = []
    left_out: list[str] = []
    for path in [*first_read, *wanted]:
        is_named = path in first_read
        text = texts.get(path) or workspace.read(path)
        if not text or known.get(path) == fingerprint(text) or path == INSTRUCTIONS:
            continue
        cost = len(text) + len(path) + 20
        if cost > budgets[is_named]:
            left_out += [path] * (path in named.paths)
            continue
        budgets[is_named] -= cost
        known[path] = fingerprint(text)
        shown.append(path)
        parts.append(block(path, text))
    unseen = {path: texts[path] for path in (*first_read, *wanted) if texts.get(path) and path not in known}
    head = _overview(paths, unseen, words, unasked * room, parser) if first and room else []
    if named.symbols:
        unseen |= {
            path: workspace.read(path) or "" for path in interesting[MOST_READ:] if path not in known and parser.knows(path)
        }
    asked = [*_symbols(named.symbols, unseen, budgets[True], parser), *await _mentioned(workspace, named, output, room)]
    unknown = (*named.unknown, *_undefined(named.symbols, texts, workspace, parser))
    return Shown("\n".join([*head, *parts, *asked]), tuple(shown), tuple(left_out), unknown)


def changed_files(workspace: Snapshot, paths: Sequence[str], known: dict[str, int], room: int) -> dict[str, str]:
    """Those of the files that the model knows otherwise than they are, as blocks, as far as `room` characters go."""
    return unread_files(workspace, [path for path in paths if path in known], known, room)


def other_characters(room: int) -> int:
    """How much of `room`, in tokens, may be files that the prompt does not name, in characters."""
    return int(room * OTHER_SHARE * TOKEN_CHARACTERS)


def unread_files(workspace: Snapshot, paths: Sequence[str], known: dict[str, int], room: int) -> dict[str, str]:
    """Those of the files that the model has not read as they are, as blocks, as far as `room` characters go."""
    parts: dict[str, str] = {}
    for path in paths:
        text = workspace.read(path)
        if text is None or known.get(path) == fingerprint(text) or len(text) > room:
            continue
        room -= len(text)
        known[path] = fingerprint(text)
        parts[path] = block(path, text)
    return parts


def frames(workspace: Snapshot, places: Sequence[Place], output: str, room: int) -> list[str]:
    """The lines around the first places that `output` names and does not show, as blocks of `room` characters at most."""
    parts: list[str] = []
    for place in places:
        lines = (workspace.read(place.path) or "").split("\n")
        last = [line.strip() for line in lines[: place.line] if line.strip()][-2:]
        if len(lines) < place.line or all(line in output for line in last):
            continue
        around = [line[:_FRAME_WIDTH] for line in lines[max(place.line - 1 - FRAME_LINES, 0) : place.line + FRAME_LINES]]
        part = f"Around line {place.line} of " + block(place.path, "\n".join(around))
        room -= len(part)
        if room < 0 or len(parts) == MOST_FRAMES:
            break
        parts.append(part)
    return parts


def block(path: str, text: str) -> str:
    """A file as the model reads it, and as it should write it: path line, then a fence longer than any inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * max(longest + 1, 3)
    tag = {".py": "python", ".sh": "bash", ".js": "javascript", ".ts": "typescript"}.get(PurePosixPath(path).suffix, "")
    return f"{path}\n{fence}{tag}\n{text.rstrip()}\n{fence}\n"


async def fitted(messages: Sequence[Message], room: int, keep_from: int, count: Count) -> Fitted:
    """The messages that fit into `room` tokens: the oldest after the system message go first, two at a time.

    From index `keep_from` on they are this turn's: its first message, the prompt, stays, and so do the last three (a reply and
    what came of it, with the one before), even when they do not fit: the engine then says so.
    """
    kept, dropped = list(messages), list[str]()
    size = await count(kept)
    while size > room:
        oldest = 1 if keep_from >= 3 else keep_from + 1
        if oldest > 1 and len(kept) - oldest < 4:
            break
        dropped += [_phrase(message) for message in kept[oldest : oldest + 2] if message.role == "user"]
        del kept[oldest : oldest + 2]
        keep_from -= 2 if oldest == 1 else 0
        size = await count(kept)
    return Fitted(tuple(kept), size, tuple(dropped))


def kept_free(room: int, reply: int, *, unasked: float) -> int:
    """How much of `room` a turn's first message leaves to a reply of at most `reply` tokens and to what comes of it."""
    return min(reply + (FEEDBACK_TOKENS if unasked else LEAST_FEEDBACK_TOKENS), room // 2)


async def cut(text: str, room: int, count: Count) -> str:
    """`text`, with as much left out of its middle as it takes to be about `room` tokens."""
    shown, most = text, len(text)
    while most > _LEAST_CUT and (size := await count([Message("user", shown)])) > room:
        most = max(min(most * 9 // 10, most * max(room, 0) // size), _LEAST_CUT)
        shown = shortened(text, most * 3 // 10, most * 7 // 10)
    return shown


def _overview(paths: Sequence[str], unseen: dict[str, str], words: set[str], room: float, parser: Parser) -> list[str]:
    """The paths of the repository, and a map of the files that are not shown whole."""
    if not paths:
        return []
    listed = "\n".join(paths[:LISTED]) + (f"\n... and {len(paths) - LISTED} more" if len(paths) > LISTED else "")
    most = _characters(room, MAP_SHARE, MAP_TOKENS)
    drawn = repository_map.draw(unseen, words, most, parser) if most else ""
    return [f"Files of the repository:\n{listed}\n", *([f"What files that are not shown define:\n{drawn}\n"] if drawn else [])]


def _symbols(symbols: Sequence[str], unseen: dict[str, str], room: int, parser: Parser) -> list[str]:
    """The definitions that the prompt mentions, of files that are not shown whole."""
    found = [item for symbol in symbols for item in repository_map.find(symbol, unseen, parser)]
    parts = [f"From {block(item.path, repository_map.source(unseen[item.path], item))}" for item in found]
    return [part for part in parts if len(part) <= room][:5]


def _undefined(symbols: Sequence[str], texts: Mapping[str, str], workspace: Snapshot, parser: Parser) -> list[str]:
    """Those that no file defines, as far as files are read: these texts, then as many others as names are offered of."""
    left = [symbol for symbol in symbols if not repository_map.find(symbol, texts, parser)]
    room = repository_map.LARGEST_OF_ALL
    for path in workspace.paths() if left else ():
        if path not in texts and parser.knows(path) and room > 0:
            text = workspace.read(path) or ""
            room -= len(text)
            left = [symbol for symbol in left if not repository_map.find(symbol, {path: text}, parser)]
    return left


async def _mentioned(workspace: Snapshot, named: mentions.Mentions, output: str, room: int) -> list[str]:
    """The pending change and the last output, where the prompt asks for them."""
    parts = []
    if named.diff:
        most = int(room * _DIFF_SHARE * TOKEN_CHARACTERS)
        patch = shortened(to_patch(await workspace.diff()), most // 2, most // 2)
        parts.append(f"The pending change:\n```diff\n{patch}```\n" if patch else "No change is pending.\n")
    if named.output:
        most = min(int(room * _OUTPUT_SHARE * TOKEN_CHARACTERS), _OUTPUT_CHARACTERS)
        printed = shortened(output, most // 4, most - most // 4)
        parts.append(f"The last output:\n```\n{printed}\n```\n" if output else "Nothing was run yet.\n")
    return parts


def _phrase(message: Message) -> str:
    """A dropped message in a few words: its last line, which in a prompt is what the person said."""
    if message.content.startswith("Execution result"):
        return "an execution result"
    line = next((line for line in reversed(message.content.splitlines()) if line.strip()), "")
    return f'"{line[:57]}..."' if len(line) > 60 else f'"{line}"'


def _characters(room: float, share: float, most: int) -> int:
    return int(min(most, room * share) * TOKEN_CHARACTERS)


def _words(prompt: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z_]{4,}", prompt)}


def _relevance(path: str, text: str, words: set[str]) -> int:
    """How many of the prompt's words a file holds; those in its name count three times."""
    content, name = text.lower(), path.lower()
    return sum((word in content) + 3 * (word in name) for word in words)


def _by_interest(paths: Sequence[str]) -> list[str]:
    """Files worth showing unasked: near the root first, code before prose, no generated files."""
    wanted = [path for path in paths if not path.endswith(_SKIPPED) and not PurePosixPath(path).name.startswith(".")]
    return sorted(wanted, key=_interest)


def _interest(path: str) -> tuple[bool, int, str]:
    return not path.endswith(_CODE), path.count("/"), path
