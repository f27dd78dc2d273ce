"""Every key and what it does: the one table that bindings, the help screen and the palette are made from."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """`keys` as Textual names them, comma-separated ("" where a pane binds them itself); `shown` as a person reads them.

    `command` is its name in the palette, "" for none.
    """

    keys: str
    shown: str
    action: str
    does: str
    command: str = ""
    group: str = "Anywhere"


KEYS: tuple[Key, ...] = (
    Key("", "Enter", "", "send the prompt; while a turn runs it waits in line", group="Prompt"),
    Key("", "Alt+Enter  Ctrl+J", "", "new line", group="Prompt"),
    Key("", "↑  ↓", "", "earlier and later prompts; those that hold what you typed", group="Prompt"),
    Key("ctrl+s", "Ctrl+S", "steer", "say it to the model now: it reads it in the next round", group="Prompt"),
    Key("", "@  /  !", "", "a file or symbol · a command · run in the sandbox; Tab takes what is suggested", group="Prompt"),
    Key("ctrl+g", "Ctrl+G", "editor", "write the prompt in $EDITOR", "Write the prompt in your editor", group="Prompt"),
    Key("", "Alt+↑", "", "take the prompt that waits last back into the box", group="Prompt"),
    Key("escape", "Esc", "stop", "stop what runs; in a pane: back to the prompt", "Stop what runs"),
    Key("ctrl+c", "Ctrl+C", "interrupt", "copy when text is selected, else stop; twice to quit"),
    Key("ctrl+y", "Ctrl+Y", "accept", "accept: write the pending change into your files", "Accept the pending change"),
    Key("ctrl+n", "Ctrl+N", "reject", "reject: drop the pending change (press twice)", "Reject the pending change"),
    Key("", "c", "", "in Changes: commit what was accepted, and only that; the message comes into the prompt first"),
    Key("", "u", "undo", "in Changes: take the last accepted change back", "Undo the last accepted change"),
    Key("", "U", "redo", "in Changes: write again what was undone last", "Redo what was undone"),
    Key("ctrl+r", "Ctrl+R", "review", "the changes on the whole screen, and back", "Review the pending change"),
    Key("ctrl+p", "Ctrl+P", "command_palette", "find a command, or another theme"),
    Key("f1", "F1", "help", "this help", "Help"),
    Key("ctrl+q", "Ctrl+Q", "leave", "quit", "Quit"),
    Key("alt+1,f2", "F2  Alt+1", "pane('transcript')", "story", group="Panes"),
    Key("alt+2,f3", "F3  Alt+2", "pane('code')", "code", group="Panes"),
    Key("alt+3,f4", "F4  Alt+3", "pane('console')", "console", group="Panes"),
    Key("alt+4,f5", "F5  Alt+4", "pane('changes')", "changes", group="Panes"),
    Key("alt+5,f6", "F6  Alt+5", "pane('prompt')", "prompt", group="Panes"),
    Key("alt+z,f11", "Alt+Z  F11", "zoom", "this pane on the whole screen, and back", "Zoom the pane", group="Panes"),
    Key("", "j k  g G  Space b", "", "line, first and last, page; arrows and page keys too", group="Panes"),
    Key("", "a r  A R  n N", "", "in Changes: accept, reject the hunk; the file; next and previous hunk", group="Panes"),
    Key("", "m", "", "in Changes: mark a line (or a hunk's lines); a and r then take the marked lines", group="Panes"),
    Key("", "Enter", "", "in Story: show the prose that is folded", group="Panes"),
)

PLAIN: tuple[BindingType, ...] = tuple(
    Binding(key, f"app.{action}", show=False)
    for key, action in (
        ("1", "pane('transcript')"),
        ("2", "pane('code')"),
        ("3", "pane('console')"),
        ("4", "pane('changes')"),
        ("z", "zoom"),
        ("i", "pane('prompt')"),
        ("q", "pane('prompt')"),
        ("question_mark", "help"),
    )
)
"""Single letters and digits, for when the prompt does not have the focus."""


def bindings() -> list[BindingType]:
    """The application's bindings; all but Escape go before what has the focus."""
    return [Binding(key.keys, key.action, key.does, show=False, priority=key.keys != "escape") for key in KEYS if key.keys]
