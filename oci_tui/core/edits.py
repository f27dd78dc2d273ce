"""What a reply's edits make of the files: their new texts, and why an edit is refused, in words for the model."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

import msgspec

from oci_tui.core import guards, imports
from oci_tui.core.context import block
from oci_tui.core.formats import definitions, search_replace, symbols
from oci_tui.core.formats.joined import joined
from oci_tui.core.formats.left_out import left_out
from oci_tui.core.formats.line_ends import like, plain
from oci_tui.core.formats.search_replace import Malformed, MismatchError, ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.outline import Unread
from oci_tui.core.ports import Parser
from oci_tui.core.reply import Edit

MOST_SHOWN = 24_000
"""The characters of files that the model is shown when it would overwrite them unread; a longer one it must change in parts."""


class Files(msgspec.Struct, frozen=True):
    """The files as edits find them: every path, the text of one (None when there is none), why one may not be written ("").

    `known` are those that the model has read or written, `parser` reads their languages. So many characters of them as `room`
    may be shown in reasons of refusal.
    """

    paths: Sequence[str]
    read: Callable[[str], str | None]
    check: Callable[[str], str]
    known: Container[str] = ()
    parser: Parser = Unread()
    room: int = MOST_SHOWN


class Settled(msgspec.Struct):
    """New texts by path, reasons of refusal, and what was overlooked to place an edit, in a phrase each.

    `shown` are files that a reason shows to the model.
    """

    written: dict[str, str] = {}
    refused: list[str] = []
    notes: list[str] = []
    shown: list[str] = []


def settle(edits: Sequence[Edit], files: Files, prompt: str, told: set[tuple[str, str]] | None = None) -> Settled:
    """Make the edits in order, each on what those before it wrote. `prompt` is what the person asked for.

    `told` holds texts that were refused for not parsing, for leaving most of a file out, or for a line that stands for others
    where none are lost: one that comes again as it was is let through, for the check to judge.
    """
    done, told = Settled(), set() if told is None else told
    coming = {edit.path: edit.text for edit in edits if isinstance(edit, WriteFile)}
    for edit in edits:
        try:
            path, text, how = _edited(edit, files, done, prompt, coming)
            _guard(path, files, text, prompt, told)
            if isinstance(edit, WriteFile) and text == edit.text:
                _ask(path, files, text, coming, told)
        except MismatchError as mismatch:
            done.refused.append(str(mismatch))
            continue
        done.written[path] = like(done.written.get(path) or files.read(path) or "", text)
        if how:
            done.notes.append(f"{path}: {how}")
    _complete(done, files)
    return done


def _complete(done: Settled, files: Files) -> None:
    """Imports that the reply forgot come into the files that it wrote."""

    def read(path: str) -> str | None:
        return _plain(done.written[path] if path in done.written else files.read(path))

    paths = sorted({*files.paths, *done.written})
    for path, text in list(done.written.items()):
        new, lines = imports.completed(path, plain(text), _plain(files.read(path)), paths, read)
        if lines:
            done.written[path] = like(text, new)
            done.notes.append(f"{path}: {', '.join(f'`{line}`' for line in lines)} was missing and was added")


def _guard(path: str, files: Files, new: str, prompt: str, told: set[tuple[str, str]]) -> None:
    """Raises MismatchError where the new text may not be written."""
    old = _plain(files.read(path))
    if why := guards.objection(path, old, new, prompt):
        raise MismatchError(f"{path}: {why}")
    if (path, new) not in told and (why := guards.doubt(path, old, new, files.parser)):
        told.add((path, new))
        raise MismatchError(f"{path}: {why}")


def _ask(path: str, files: Files, new: str, coming: Mapping[str, str], told: set[tuple[str, str]]) -> None:
    """Raises MismatchError, once, where a whole file leaves out most of what it would take the place of."""
    old = _plain(files.read(path))
    if old and (path, new) not in told and (why := left_out(path, old, new, coming, files.parser)):
        told.add((path, new))
        raise MismatchError(f"{path}: {why}")


def _edited(edit: Edit, files: Files, done: Settled, prompt: str, coming: Mapping[str, str]) -> tuple[str, str, str]:
    """Path and new text of the file, and what was overlooked; `coming` are the reply's whole files. Raises MismatchError."""
    if isinstance(edit, Malformed):
        raise MismatchError(f"{edit.path}: {edit.why}".removeprefix(": "))
    if not edit.path:
        raise MismatchError("an edit names no file; write the file's path alone on the line before the block")
    written = done.written
    path = _meant(edit, files, written)
    if why := files.check(path):
        raise MismatchError(f"{path}: {why}")
    if clash := next((other for other in written if _within(other, path) or _within(path, other)), ""):
        raise MismatchError(f"{path}: {clash} is written in the same reply; one cannot be a file and a folder")
    text = _plain(written[path] if path in written else files.read(path))
    if isinstance(edit, WriteFile):
        if path in written and text and (both := joined(path, text, edit.text, files.parser)) is not None:
            return path, both, "a later block of the reply was added to an earlier one, for it defines other names"
        if path.endswith(".py"):
            merge = partial(symbols.within, used=partial(_used, path, files, coming))
        else:
            merge = partial(definitions.within, files.parser, path)
        new = merge(text, edit.text, prompt) if text else edit.text
        if new == edit.text and text and text != new and path not in written and path not in files.known:
            raise MismatchError(f"{path}: {_unread(path, text, files, done)}")
        replaced = path in written and new == edit.text != text
        return path, new, "a later block of the reply took the place of an earlier one" * replaced
    if text is not None:
        new, how = search_replace.apply(text, ReplaceText(path, edit.search, edit.replace))
        return path, new, how and f"placed {how}"
    if edit.search.strip():
        raise MismatchError(f"{path}: no such text file; write the whole file instead")
    return path, edit.replace, ""


def _plain(text: str | None) -> str | None:
    return None if text is None else plain(text)


def _used(path: str, files: Files, coming: Mapping[str, str], name: str) -> bool:
    """Whether Python that the model knows or writes, other than the file at `path`, uses the name."""
    others = [other for other in files.paths if other.endswith(".py") and other != path and other in files.known]
    return any(name in files.parser.outline(other, coming.get(other) or files.read(other) or "").uses for other in others)


def _unread(path: str, text: str, files: Files, done: Settled) -> str:
    """What the model is told when it would overwrite a file that it has not read: the file, where that is short enough."""
    if len(text) + sum(len(files.read(shown) or "") for shown in done.shown) > files.room:
        return "this long file is there already and you have not read it; change parts of it with SEARCH/REPLACE"
    done.shown.append(path)
    return f"the file is there already and you have not read it; it holds what follows. Change that.\n{block(path, text)}"


def _meant(edit: WriteFile | ReplaceText, files: Files, written: dict[str, str]) -> str:
    """The path, or where no such file exists the one that ends with it and holds the lines to find."""
    if (
        edit.path in written
        or files.read(edit.path) is not None
        or not isinstance(edit, ReplaceText)
        or not edit.search.strip()
    ):
        return edit.path
    name = PurePosixPath(edit.path).name
    like = [path for path in files.paths if PurePosixPath(path).name == name]
    homes = [path for path in like if search_replace.occurs(files.read(path) or "", edit.search)]
    return homes[0] if len(homes) == 1 else edit.path


def _within(path: str, folder: str) -> bool:
    return path.startswith(folder + "/")
