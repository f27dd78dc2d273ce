"""Tool calls written out as JSON: tolerated, since models that were trained to call tools fall back on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import msgspec

from oci_tui.core.formats.search_replace import Malformed, ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.labels import as_path

OPENING, CLOSING, TAG = "<tool_call>", "</tool_call>", "tool_call"
_CALLS = frozenset({TAG, "tool", "tool_code", "function"})
TAGS = frozenset({"json", "jsonc", "", *_CALLS})

_WRITES = frozenset({"write_file", "write", "create_file", "create", "write_to_file", "save_file", "file_write"})
_EDITORS = frozenset({"str_replace_editor", "str_replace_based_edit_tool"})
_EDITS = frozenset({"edit", "edit_file", "str_replace", "replace", "replace_in_file", "search_replace"}) | _EDITORS
_SHELLS = frozenset(
    {"run", "bash", "shell", "run_command", "execute_command", "execute", "run_shell_command", "terminal", "exec"}
)
_PYTHONS = frozenset({"python", "run_python", "execute_python", "execute_code", "run_code", "code_interpreter"})
_NAMES = _WRITES | _EDITS | _SHELLS | _PYTHONS

_PATH = ("path", "file_path", "filepath", "filename", "file_name", "file", "target_file")
_TEXT = ("content", "contents", "text", "file_text", "new_content", "code", "source")
_OLD = ("old_string", "old_str", "old_text", "old", "search", "find", "old_content")
_NEW = ("new_string", "new_str", "new_text", "new", "replace", "replacement", "new_content")
_COMMAND = ("command", "cmd", "script", "code", "input")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "params", "tool_input", "action_input")

_TOOL = re.compile(
    r"(?:apply|ask|browse|cat|delete|fetch|find|get|glob|grep|list|ls|move|open|patch|read|remove|search|task|think|todo|view|web)"
    r"(?:_|\b)|\w+_(?:file|files|dir|directory|patch|search|tool)\b",
    re.IGNORECASE,
)
_NEXT = re.compile(rf"{CLOSING}\s*{OPENING}")
_LOOKS_LIKE = re.compile(r'"(?:name|tool|function|tool_name|action)"\s*:\s*"(\w+)"')
BROKEN = "the JSON of this call does not parse; write no JSON but the file's path and then its text in a code block"
UNDERSTOOD = (
    "write a path and then the file's text in a code block, or lines to change as SEARCH/REPLACE, or commands in a ```bash "
    "block (`cat` shows a file)"
)


class Call(msgspec.Struct, frozen=True):
    """A program that a call asks to run; `language` is a fence's tag."""

    language: str
    text: str


def begun(line: str) -> str | None:
    """What stands on the line that opens calls, after the tag; None where it is no such line."""
    text = line.strip()
    rest = text.removeprefix(OPENING).lstrip()
    return rest if text.startswith(OPENING) and (not rest or rest.startswith(("{", "["))) else None


def parse(tag: str, text: str) -> list[WriteFile | ReplaceText | Malformed | Call]:
    """What the calls in a block ask for; [] when it holds none, for example JSON that is about something else."""
    if tag not in TAGS or not text.lstrip().startswith(("{", "[")):
        return []
    try:
        values = list(_values(_NEXT.sub("\n", text)))
    except (ValueError, RecursionError):
        named = _LOOKS_LIKE.search(text)
        return [Malformed("", BROKEN)] if named and (tag in _CALLS or named[1] in _NAMES) else []
    calls = [call for value in values for call in _calls(value, plain=tag in _CALLS)]
    return [asked for call in calls if (asked := _asked(*call)) is not None]


def _values(text: str) -> Iterator[object]:
    """One JSON value after another; line breaks inside strings, which models forget to escape, are taken as they are."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1


def _calls(value: object, *, plain: bool) -> Iterator[tuple[str, Mapping[str, object], bool]]:
    """The calls in any of the shapes that tool APIs have: name, arguments, and whether it can be nothing but a call."""
    if isinstance(value, list):
        for item in value:
            yield from _calls(item, plain=plain)
        return
    if not isinstance(value, dict):
        return
    if isinstance(listed := value.get("tool_calls"), list):
        yield from _calls(listed, plain=True)
        return
    if isinstance(function := value.get("function"), dict):
        yield from _calls(function, plain=plain)
        return
    key = next((key for key in ("name", "tool", "tool_name", "function", "action") if key in value), "")
    name = value.get(key)
    given: object = next((value[key] for key in _ARGUMENTS if key in value), {} if plain else None)
    if isinstance(given, str):
        try:
            given = json.loads(given, strict=False)
        except ValueError:
            given = {"command": given}
    if isinstance(name, str) and isinstance(given, dict):
        name = name.rpartition(".")[2].lower()
        schema = "properties" in given or given.get("type") == "object"
        likely = "arguments" in value or (key != "action" and _TOOL.match(name))
        yield name, given, plain or bool(likely and not schema)


def _asked(name: str, arguments: Mapping[str, object], plain: bool) -> WriteFile | ReplaceText | Malformed | Call | None:
    if name in _EDITORS and arguments.get("command") in ("create", "view", "insert", "undo_edit"):
        name = str(arguments["command"])
    path = as_path(_first(arguments, _PATH) or "") or (_first(arguments, _PATH) or "")
    if name in _WRITES:
        text = _first(arguments, _TEXT)
        return WriteFile(path, _ended(text)) if path and text is not None else Malformed(path, f"{name} needs path and content")
    if name in _EDITS:
        old, new = _first(arguments, _OLD), _first(arguments, _NEW)
        if path and old is not None and new is not None:
            return ReplaceText(path, _ended(old), _ended(new))
        return Malformed(path, f"{name} needs path, old_string and new_string")
    command = _first(arguments, _COMMAND)
    if name in _SHELLS | _PYTHONS and command:
        return Call("python" if name in _PYTHONS else "bash", _ended(command))
    if not plain:
        return None
    return Malformed("", f"{name} needs command" if name in _NAMES else f"there is no tool {name[:40]}; {UNDERSTOOD}")


def _first(arguments: Mapping[str, object], keys: tuple[str, ...]) -> str | None:
    return next((value for key in keys if isinstance(value := arguments.get(key), str)), None)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
