"""A session as a document: its parts in order, the same whether Markdown or HTML is made of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from oci_tui.core import events
from oci_tui.core.diff import Diff, to_patch
from oci_tui.core.events import Event
from oci_tui.core.terminal import printed, visible, visible_line

Kind = Literal["title", "prompt", "round", "line", "reply", "output", "diff"]


class Part(msgspec.Struct, frozen=True):
    """One part; `text` is harmless for a terminal. A title, a round and a line are one line of text."""

    kind: Kind
    text: str


def parts(happened: Iterable[Event]) -> Iterator[Part]:
    """What a reader wants to see, the changed files once, as they were pending at the end of each turn."""
    output: list[str] = []
    diff = Diff()
    for event in happened:
        match event:
            case events.SessionStarted():
                when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(event.at if 0 <= event.at < 2**32 else 0))
                yield Part("title", visible_line(f"Session {event.session}"))
                yield Part("line", visible_line(f"{event.root} · {when} UTC · oci-tui {event.version}"))
                if event.forked_from:
                    yield Part("line", visible_line(f"forked from {event.forked_from} after round {event.forked_at}"))
            case events.TurnStarted():
                yield Part("prompt", visible(event.prompt))
            case events.Steered():
                yield Part("prompt", visible(event.text))
            case events.RoundStarted():
                yield Part("round", f"Round {event.round}")
            case events.ReplyFinished():
                yield Part("reply", visible(event.text))
            case events.EditsRefused():
                yield from (Part("line", visible_line(f"not applied: {reason}")) for reason in event.reasons)
            case events.CommandStarted():
                output = []
                yield Part("line", visible_line(f"$ {event.command.label}"))
            case events.OutputArrived():
                output.append(event.text)
            case events.PlotDrawn(plot=plot):
                yield Part("line", visible_line(f"figure, {plot.width} × {plot.height} pixels: {plot.path}"))
            case events.CommandFinished(exit=end):
                if text := printed("".join(output)):
                    yield Part("output", text)
                yield Part("line", f"{end.reason}, exit code {end.code}, {end.seconds:.1f} s")
            case events.DiffChanged():
                diff = event.diff
            case events.RoundFinished():
                yield Part("line", visible_line(f"{_sign(event.passed)} round {event.round}: {event.outcome}"))
            case events.TurnFailed() | events.ChangeConflicted() | events.CommitFailed():
                yield Part("line", visible_line(f"✗ {event.message}"))
            case events.TurnFinished():
                if diff.files:
                    yield Part("diff", visible(to_patch(diff)))
                rounds = f"{event.rounds} round{'s' if event.rounds != 1 else ''}"
                yield Part("line", f"{event.verdict} after {rounds}, {event.seconds:.1f} s")
            case events.ChangeAccepted(paths=(), held=held) if held:
                yield Part("line", visible_line(f"accepted: the tree held {', '.join(held)} already"))
            case events.ChangeAccepted() | events.ChangeUndone() | events.ChangeRedone() | events.ChangeGaveWay():
                yield Part("line", visible_line(f"{_DONE[type(event)]}: {', '.join(event.paths)}"))
            case events.ChangeRejected():
                yield Part("line", visible_line(f"rejected: {', '.join(event.paths) or 'all that was pending'}"))
            case events.ChangeCommitted() if event.commit:
                yield Part("line", visible_line(f"committed {event.commit[:10]}: {event.subject}"))


_DONE = {
    events.ChangeAccepted: "accepted",
    events.ChangeUndone: "undone",
    events.ChangeRedone: "done again",
    events.ChangeGaveWay: "your version took the change's place",
}


def _sign(passed: bool | None) -> str:
    return {True: "✓", False: "✗", None: "●"}[passed]
