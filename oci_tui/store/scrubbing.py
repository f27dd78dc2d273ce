"""A session's events without secrets, for others to read: by the rules that keep them out of the mirror and from the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec

from oci_tui.core import events
from oci_tui.core.diff import FileDiff
from oci_tui.core.events import Event
from oci_tui.core.formats.search_replace import ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.ports import Stream
from oci_tui.core.reply import Edit, parse
from oci_tui.core.secret_names import secret_name
from oci_tui.core.secrets import redacted

_UNTOLD = (events.Checkpointed, events.PartProgressed)
_LEFT_OUT = "[left out: {}]"


def scrubbed(happened: Iterable[Event]) -> Iterator[Event]:
    """The events, pieces of one text joined so that no secret hides between two of them; checkpoints are left out."""
    for event in _joined(event for event in happened if not isinstance(event, _UNTOLD)):
        match event:
            case events.ReplyFinished():
                yield _clean(msgspec.structs.replace(event, text=_reply(event.text)))
            case events.ReplyGrew():
                yield _clean(events.ReplyGrew(_reply(event.text), at=event.at))
            case events.DiffChanged(diff=diff):
                files = tuple(map(_file, diff.files))
                yield _clean(msgspec.structs.replace(event, diff=msgspec.structs.replace(diff, files=files)))
            case _:
                yield _clean(event)


def _joined(happened: Iterable[Event]) -> Iterator[Event]:
    """A reply that grew in pieces is one event, and so is what a command printed, up to a change of stream."""
    kind: dict[type, str] = {events.ReplyGrew: "reply", events.OutputArrived: "output"}
    for what, group in groupby(happened, key=lambda event: kind.get(type(event), "")):
        pieces = list(group)
        if what == "reply":
            text = "".join(piece.text for piece in pieces if isinstance(piece, events.ReplyGrew))
            yield events.ReplyGrew(text, at=pieces[0].at)
        elif what == "output":
            yield from _output([piece for piece in pieces if isinstance(piece, events.OutputArrived)])
        else:
            yield from pieces


def _output(pieces: list[events.OutputArrived]) -> Iterator[Event]:
    """In order where no secret of a stream is cut by the other, else one stream after the other."""
    runs = [_one(list(run)) for _, run in groupby(pieces, key=lambda piece: piece.stream)]
    streams: list[Stream] = ["stdout", "stderr"]
    whole = [_one(found) for stream in streams if (found := [piece for piece in pieces if piece.stream == stream])]
    is_cut = any(
        redacted(stream.text) != "".join(redacted(run.text) for run in runs if run.stream == stream.stream) for stream in whole
    )
    yield from whole if is_cut else runs


def _one(pieces: list[events.OutputArrived]) -> events.OutputArrived:
    return events.OutputArrived(pieces[0].stream, "".join(piece.text for piece in pieces), at=pieces[0].at)


def _reply(text: str) -> str:
    """A reply without what it writes into files that hold secrets by their name."""
    for edit in parse(text).edits:
        why = secret_name(edit.path.encode("utf-8", "replace"))
        for part in _written(edit) if why else ():
            text = text.replace(part, _LEFT_OUT.format(why))
    return text


def _written(edit: Edit) -> list[str]:
    match edit:
        case WriteFile():
            found = [edit.text]
        case ReplaceText():
            found = [edit.search, edit.replace]
        case _:
            found = []
    return [part.strip("\n") for part in found if part.strip()]


def _file(change: FileDiff) -> FileDiff:
    names = [name.encode("utf-8", "replace") for name in (change.path, change.old_path)]
    why = next(filter(None, map(secret_name, names)), "")
    return msgspec.structs.replace(change, hunks=(), flags=(*change.flags, f"left out: {why}")) if why else change


def _clean(event: Event) -> Event:
    made: Event = msgspec.convert(_redacted(msgspec.to_builtins(event)), type(event))
    return made


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(key) if isinstance(key, str) else key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value
