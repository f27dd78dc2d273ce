"""The commands that a prompt can be: their names, what they do, and how one is taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Slash:
    """`action` is the app's; "{}" in it is the number that must follow. With `takes` text may follow (required: "…!")."""

    name: str
    does: str
    action: str = ""
    takes: str = ""


SLASHES: tuple[Slash, ...] = (
    Slash("accept", "write the pending change into your files", "accept"),
    Slash("reject", "drop the pending change; with a reason the model reads it and tries again", "reject(True)", "REASON"),
    Slash("commit", "commit what was accepted, and only that", takes="MESSAGE"),
    Slash("undo", "take the last accepted change back out of your files", "undo"),
    Slash("redo", "write again what was undone last", "redo"),
    Slash("log", "list what the session remembers", "log"),
    Slash("restore", "bring the mirror back to the end of round N", "restore({})", "N"),
    Slash("approval", "ask before each command of the model's, auto, or plan: nothing is written or run", takes="MODE"),
    Slash("include", "let a file in that stayed out of the mirror", takes="PATH"),
    Slash("take", "ask what a navigator suggests: the oldest, or suggestion N", takes="N"),
    Slash("drop", "drop what a navigator suggests", takes="N"),
    Slash("drive", "take the wheel of a session where nobody drives", "drive"),
    Slash("navigate", "let go of the wheel; what you send is a suggestion then", "navigate"),
    Slash("observe", "only look", "observe"),
    Slash("hand", "let another drive", takes="NAME"),
    Slash("status", "model, speed, memory, sandbox, repository, versions", "details"),
    Slash("models", "what fits, fetch one, switch to one", "models"),
    Slash("build", "make the image of the sandbox, then the sandbox", "build"),
    Slash("sessions", "recorded sessions: search, go on, fork, rename, delete", "sessions"),
    Slash("settings", "every setting: what it is, where it comes from; changed live", "settings"),
    Slash("evaluations", "runs of `oci-tui evaluate`, their scores and tasks, as they go on", "evaluations"),
    Slash("help", "all keys", "help"),
    Slash("quit", "leave without asking again", "leave(True)"),
)
_SHAPE = re.compile(r"/(\w*)(?:\s+(.*))?", re.DOTALL)


def parsed(text: str) -> tuple[str, str] | None:
    """The name and the rest of a command; None for a prompt (of which the first word may have more slashes)."""
    found = _SHAPE.fullmatch(text)
    return (found[1], (found[2] or "").strip()) if found else None


def named(name: str) -> Slash | None:
    """The command of this name."""
    return next((slash for slash in SLASHES if slash.name == name), None)
