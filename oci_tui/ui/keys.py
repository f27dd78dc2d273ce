"""Every key and what it does: the one table that bindings, help, palette and the person's own keymap are made from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual.binding import Binding, BindingType

from oci_tui.settings import PromptKeys

_FAR = 1_000_000_000


@dataclass(frozen=True)
class Key:
    """`keys` as Textual names them, comma-separated ("": none that can be given another); `shown` as a person reads them.

    `group` is where it holds; `name` is what the settings call it, by default the action's; `command` is its name in the
    palette, "" for none. `box`: an action of a box that is written in, which takes its keys before they can be typed; see
    `boxed`.
    """

    keys: str
    shown: str
    action: str
    does: str
    command: str = ""
    group: str = "Anywhere"
    name: str = ""
    box: bool = False

    @property
    def id(self) -> str:
        """Its name in the settings: "accept", "console.error"."""
        name = self.name or self.action.partition("(")[0].rpartition(".")[2]
        group = EVERY_PANE if self.group == MOVING else self.group
        return name if self.anywhere else f"{group.lower().replace(',', '').replace(' ', '-')}.{name}"

    @property
    def anywhere(self) -> bool:
        """Whether it is the app's, and no pane's."""
        return self.group in ("Anywhere", "Panes", "Prompt") and not self.box


MOVING, EVERY_PANE, UNTYPED = "Moving", "Every pane", "Outside the prompt"
LEADER = "leader"

KEYS: tuple[Key, ...] = (
    Key("enter", "Enter", "send", "send the prompt; while a turn runs it waits in line", group="Prompt", box=True),
    Key("alt+enter,ctrl+j,shift+enter", "Alt+Enter  Ctrl+J", "newline", "new line", group="Prompt", box=True),
    Key("up", "↑", "earlier", "the prompt before; of those that hold what you typed", group="Prompt", box=True),
    Key("down", "↓", "later", "the prompt after it, and then what you typed", group="Prompt", box=True),
    Key("ctrl+s", "Ctrl+S", "steer", "say it to the model now: it reads it in the next round", group="Prompt"),
    Key("", "@  /  !", "", "a file or symbol · a command · run in the sandbox; Tab takes what is suggested", group="Prompt"),
    Key("ctrl+g", "Ctrl+G", "editor", "write the prompt in $EDITOR", "Write the prompt in your editor", "Prompt"),
    Key(
        "alt+up",
        "Alt+↑",
        "queued",
        "take a prompt that waits back into the box; of several the one you choose",
        group="Prompt",
        box=True,
    ),
    Key("ctrl+underscore", "Ctrl+_", "undo", "undo what you typed", group="Prompt", box=True),
    Key(
        "escape", "Esc", "stop", "stop what runs; in a pane: back to the prompt, from an earlier round to now", "Stop what runs"
    ),
    Key("ctrl+c", "Ctrl+C", "interrupt", "copy when text is selected, else stop; twice to quit"),
    Key("ctrl+y", "Ctrl+Y", "accept", "accept: write the pending change into your files", "Accept the pending change"),
    Key("ctrl+n", "Ctrl+N", "reject", "reject: drop the pending change (press twice)", "Reject the pending change"),
    Key("ctrl+r", "Ctrl+R", "review", "the changes on the whole screen, and back", "Review the pending change"),
    Key("shift+tab", "Shift+Tab", "approval", "approve commands: ask, auto, or plan only", "Approval: ask, auto, plan"),
    Key("f7", "F7", "timeline", "the rounds of this session, to go back to one", "Time line of rounds"),
    Key("ctrl+p", "Ctrl+P", "command_palette", "find a command"),
    Key("f1", "F1", "help", "the keys, of this pane first", "Help"),
    Key("f8", "F8", "theme", "choose a theme, shown while you choose", "Theme"),
    Key("f9", "F9", "settings", "every setting: what it is, where it comes from; changed live", "Settings"),
    Key("f10", "F10", "models", "models: what fits, fetch one, switch to one", "Models"),
    Key("f12", "F12", "details", "model, speed, memory, sandbox, repository, versions", "Status details"),
    Key("ctrl+o", "Ctrl+O", "sessions", "recorded sessions: search, go on, fork, rename, delete", "Sessions"),
    Key("", "/build", "build", "make the image of the sandbox, then the sandbox", "Build the sandbox's image"),
    Key("ctrl+x", "Ctrl+X", "lead", "the next key does what is then listed; with selected text: cut", name=LEADER),
    Key("ctrl+z", "Ctrl+Z", "suspend_process", "to the shell; `fg` comes back", "Suspend to the shell"),
    Key("ctrl+q", "Ctrl+Q", "leave", "quit", "Quit"),
    Key("alt+1,f2", "F2  Alt+1", "pane('transcript')", "story", group="Panes", name="story"),
    Key("alt+2,f3", "F3  Alt+2", "pane('code')", "code", group="Panes", name="code"),
    Key("alt+3,f4", "F4  Alt+3", "pane('console')", "console", group="Panes", name="console"),
    Key("alt+4,f5", "F5  Alt+4", "pane('changes')", "changes", group="Panes", name="changes"),
    Key("alt+5,f6", "F6  Alt+5", "pane('prompt')", "prompt", group="Panes", name="prompt"),
    Key("alt+z,f11", "Alt+Z  F11", "zoom", "this pane on the whole screen, and back", "Zoom the pane", "Panes"),
    Key("1", "1", "app.pane('transcript')", "story", group=UNTYPED, name="story"),
    Key("2", "2", "app.pane('code')", "code", group=UNTYPED, name="code"),
    Key("3", "3", "app.pane('console')", "console", group=UNTYPED, name="console"),
    Key("4", "4", "app.pane('changes')", "changes", group=UNTYPED, name="changes"),
    Key("i,q", "i  q", "app.pane('prompt')", "prompt", group=UNTYPED, name="prompt"),
    Key("z", "z", "app.zoom", "this pane on the whole screen, and back", group=UNTYPED),
    Key("question_mark", "?", "app.help", "the keys, of this pane first", group=UNTYPED),
    Key("tab,enter", "Tab  Enter", "take", "write what is suggested", group="Suggestions", box=True),
    Key("down,ctrl+n", "↓", "next", "the next suggestion", group="Suggestions", box=True),
    Key("up,ctrl+p", "↑", "previous", "the suggestion before", group="Suggestions", box=True),
    Key("escape", "Esc", "leave", "suggest nothing", group="Suggestions", box=True),
    Key("enter", "Enter", "submit", "take what stands there: a search, a value, a name", group="Line", name="take"),
    Key("escape", "Esc", "leave", "leave the line, and take nothing", group="Line"),
    Key("j,down", "j  ↓", "move(1)", "down", group=MOVING, name="down"),
    Key("k,up", "k  ↑", "move(-1)", "up", group=MOVING, name="up"),
    Key("g,home", "g", f"move({-_FAR})", "first line", group=MOVING, name="first"),
    Key("G,shift+g,end", "G", f"move({_FAR})", "last line", group=MOVING, name="last"),
    Key("space,pagedown", "Space", "page_down", "page down", group=MOVING),
    Key("b,pageup", "b", "page_up", "page up", group=MOVING),
    Key("slash", "/", "search", "search", group=EVERY_PANE),
    Key("n", "n", "next(1)", "next match (in Changes without a search: next hunk)", group=EVERY_PANE, name="next"),
    Key("N,shift+n", "N", "next(-1)", "previous match or hunk", group=EVERY_PANE, name="previous"),
    Key("f", "f", "follow", "follow the end, or stop following", group=EVERY_PANE),
    Key("y", "y", "copy(False)", "copy the line", group=EVERY_PANE, name="copy"),
    Key("Y,shift+y", "Y", "copy(True)", "copy the run, block or hunk", group=EVERY_PANE, name="copy-all"),
    Key("o", "o", "open", "open the file it names in $EDITOR", group=EVERY_PANE),
    Key("ctrl+left", "Ctrl+←", "screen.widen(4)", "the right side wider", group=EVERY_PANE, name="wider"),
    Key("ctrl+right", "Ctrl+→", "screen.widen(-4)", "the right side narrower", group=EVERY_PANE, name="narrower"),
    Key("ctrl+up", "Ctrl+↑", "screen.heighten(0.2)", "this pane taller", group=EVERY_PANE, name="taller"),
    Key("ctrl+down", "Ctrl+↓", "screen.heighten(-0.2)", "this pane less tall", group=EVERY_PANE, name="lower"),
    Key("enter", "Enter", "round", "on a round: its code, output and change again; elsewhere as p", group="Story"),
    Key("p", "p", "unfold", "show the prose that is folded, or fold it", group="Story"),
    Key("right_square_bracket", "]", "block(1)", "next block", group="Code", name="next-block"),
    Key("left_square_bracket", "[", "block(-1)", "previous block", group="Code", name="previous-block"),
    Key("e", "e", "edit_here", "edit this block here", group="Code", name="edit"),
    Key("c", "c", "edit(True)", "edit in $EDITOR up to here, and have the model go on from there", group="Code", name="go-on"),
    Key("r", "r", "edit(False)", "edit the whole reply in $EDITOR, and run it in the model's place", group="Code", name="run"),
    Key("h", "h", "heat", "how sure the model was of each token, with what else it could have said", group="Code"),
    Key("l", "l", "least_sure", "to the line that the model was next least sure of", group="Code", name="least-sure"),
    Key("right", "→", "token(1)", "with h: the next token of the line; else sideways", group="Code", name="next-token"),
    Key("left", "←", "token(-1)", "with h: the token before; else sideways", group="Code", name="previous-token"),
    Key("escape", "Esc", "leave", "leave the block as the model wrote it", group="Code, edited", box=True),
    Key("alt+c", "Alt+C", "go_on", "the model goes on from the cursor; what stands after it is dropped", group="Code, edited"),
    Key("alt+r", "Alt+R", "run", "run the reply as you changed it, in the place of the model's", group="Code, edited"),
    Key("e", "e", "error(1)", "next error", group="Console", name="error"),
    Key("E,shift+e", "E", "error(-1)", "previous error", group="Console", name="previous-error"),
    Key("right_square_bracket", "]", "run(1)", "next run", group="Console", name="next-run"),
    Key("left_square_bracket", "[", "run(-1)", "previous run", group="Console", name="previous-run"),
    Key("s", "s", "only_stderr", "only what went to stderr, or all", group="Console", name="stderr"),
    Key("v", "v", "figure", "this line's figure, else the last, where the terminal shows pictures", group="Console"),
    Key("enter", "Enter", "open", "open the file it names in $EDITOR", group="Console"),
    Key("a", "a", "choose(True, False)", "accept the hunk, or the marked lines", group="Changes", name="accept"),
    Key("r", "r", "choose(False, False)", "reject the hunk, or the marked lines", group="Changes", name="reject"),
    Key("A,shift+a", "A", "choose(True, True)", "accept the file", group="Changes", name="accept-file"),
    Key("R,shift+r", "R", "choose(False, True)", "reject the file", group="Changes", name="reject-file"),
    Key("x", "x", "choose(False, False, True)", "reject and say why, to the model", group="Changes", name="reject-because"),
    Key("m", "m", "mark", "mark a line, or a hunk's lines", group="Changes"),
    Key("s", "s", "split", "old and new side by side", group="Changes"),
    Key("t", "t", "tree", "the files by folder, or with their lines", group="Changes", name="files"),
    Key("enter", "Enter", "fold", "fold or unfold the file or folder", group="Changes"),
    Key("u", "u", "app.undo", "take the last accepted change back out of your files", group="Changes"),
    Key("U,shift+u", "U", "app.redo", "write again what was undone last", group="Changes"),
    Key("y", "y", "say('yes')", "let it run", group="Command", name="yes"),
    Key("n", "n", "say('no')", "do not: the turn ends", group="Command", name="no"),
    Key("a", "a", "say('always')", "always let such commands run in this session", group="Command", name="always"),
    Key("escape", "Esc", "app.stop", "stop the turn", group="Command", name="stop"),
    Key("c", "c", "choose('clean')", "accept the files that are not in conflict", group="Conflict", name="clean"),
    Key("m", "m", "choose('mine')", "have the model make its change again on top of yours", group="Conflict", name="mine"),
    Key("n", "n", "next(1)", "next file", group="Conflict", name="next"),
    Key("N,shift+n", "N", "next(-1)", "previous file", group="Conflict", name="previous"),
    Key("escape,q", "Esc  q", "choose('')", "leave the change pending", group="Conflict", name="leave"),
    Key("enter", "Enter", "choose", "go back to this round: the mirror does, not your files", group="Time line"),
    Key("v", "v", "look", "show this round's code, output and change", group="Time line"),
    Key("escape,q", "Esc  q", "dismiss(None)", "stay", group="Time line", name="leave"),
    Key("enter", "Enter", "choose", "take this theme", group="Themes"),
    Key("escape,q", "Esc  q", "leave", "back to the theme before", group="Themes"),
    Key("enter", "Enter", "choose", "take this prompt back into the box", group="Queue"),
    Key("d,delete", "d", "drop", "drop it", group="Queue"),
    Key("escape,q", "Esc  q", "dismiss('')", "leave them as they wait", group="Queue", name="leave"),
    Key("escape,q,question_mark", "Esc  q", "dismiss", "close the help", group="Help", name="leave"),
    Key("escape,q", "Esc  q", "close", "close the page", group="Page"),
    Key("question_mark", "?", "app.help", "the keys, of this page first", group="Page"),
    Key("enter,e", "Enter", "screen.change", "the next choice, or type the value", group="Settings"),
    Key("d", "d", "screen.default", "back to the default", group="Settings"),
    Key("u", "u", "screen.take_back", "as it was before you changed it here", group="Settings"),
    Key("s", "s", "screen.save", "save what you changed, in your settings file", group="Settings"),
    Key("enter", "Enter", "screen.switch", "run this model in place of the one that runs", group="Models"),
    Key("p", "p", "screen.fetch", "fetch this model, or one you name", group="Models"),
    Key("x", "x", "screen.stop_fetch", "stop fetching; the next fetch goes on from there", group="Models"),
    Key("D,shift+d", "D", "screen.delete", "delete it (press twice)", group="Models"),
    Key("enter", "Enter", "screen.resume", "go on with this session in place of the one that is open", group="Sessions"),
    Key("f", "f", "screen.fork", "a new session that goes on after a round of it", group="Sessions"),
    Key("r", "r", "screen.rename", "give it a title", group="Sessions"),
    Key("D,shift+d", "D", "screen.delete", "delete it (press twice)", group="Sessions"),
    Key("h", "h", "screen.here", "those about this repository, or about every one", group="Sessions"),
    Key("c", "c", "screen.propose_commit", "commit what was accepted, and only that", group="Changes", name="commit"),
)

_KNOWN = {key.id: key for key in KEYS if key.keys}

_NAMES = re.compile(r"[^ …]+")

GROUPS = frozenset(key.group for key in KEYS)

_LED = "accept reject review changes.commit changes.undo changes.redo timeline steer editor command_palette theme help leave"
AFTER_LEADER: Mapping[str, str] = {
    **dict(zip("arvmuUtsepchq", _LED.split(), strict=True)),
    ",": "settings",
    "o": "sessions",
    "M": "models",
    "i": "details",
    "w": "approval",
    **dict(zip("z12345", ("zoom", "story", "code", "console", "changes", "prompt"), strict=True)),
}
"""What a key does after the leader, by the action's name; shown in this order."""

YIELDING: Mapping[PromptKeys, frozenset[str]] = {
    "default": frozenset({"stop"}),
    "emacs": frozenset({"stop", "accept", "reject", "command_palette"}),
    "vi": frozenset({"stop", "review"}),
}
"""What does not go before what has the focus: its keys mean something in a prompt of that kind."""


@runtime_checkable
class Keyed(Protocol):
    """An app with the person's own keymap."""

    keymap: dict[str, str]


def keymap_of(app: object) -> Mapping[str, str]:
    """The person's keymap; empty where the app has none."""
    return app.keymap if isinstance(app, Keyed) else {}


def hint(names: str, keymap: Mapping[str, str]) -> str:
    """The keys of these actions as a person reads them, the first of each; what is no action's name stays as it is."""

    def key(name: str) -> str:
        return shown(_KNOWN[name], keymap).partition("  ")[0] if name in _KNOWN else name

    return _NAMES.sub(lambda found: key(found[0]), names)


def deciding(yielding: Container[str], keymap: Mapping[str, str]) -> list[tuple[str, str]]:
    """The keys that decide about a change, with what they do; after the leader where they are the prompt's."""
    chords = {key.id: f"{hint(LEADER, keymap)} {then}" for then, key in after_leader(keymap).items()}
    own = direct(keymap)
    return [
        (chords[name] if name in yielding and name not in own and name in chords else hint(name, keymap), name)
        for name in ("accept", "reject", "review")
    ]


def bindings(prompt_keys: PromptKeys = "default") -> list[BindingType]:
    """The application's bindings."""
    found = [key for key in KEYS if key.keys and key.anywhere]
    yielding = YIELDING[prompt_keys]
    return [Binding(key.keys, key.action, key.does, show=False, priority=key.id not in yielding, id=key.id) for key in found]


def of(group: str, *, priority: bool = False) -> list[BindingType]:
    """The bindings of a pane or a screen, or of every pane."""
    found = [key for key in KEYS if key.keys and key.group == group and not key.box]
    return [Binding(key.keys, key.action, key.does, show=False, priority=priority, id=key.id) for key in found]


def closing(name: str, action: str) -> Binding:
    """The keys that open a screen, on that screen: the person's own too, since Textual goes by the name."""
    return Binding(_KNOWN[name].keys, action, show=False, id=name)


def boxed(keymap: Mapping[str, str], group: str = "Prompt") -> dict[str, str]:
    """What a box that is written in does on a key, by Textual's name of it."""
    own, found = direct(keymap), [key for key in KEYS if key.box and key.group == group]
    return {part: key.action for key in found for part in own.get(key.id, key.keys).split(",")}


def action_of(name: str) -> str:
    """What a screen does that is asked for this action: one of its own, where it is nobody else's."""
    action = _KNOWN[name].action
    return action if "." in action.partition("(")[0] else f"screen.{action}"


def unknown(keymap: Mapping[str, str]) -> list[str]:
    """What of the person's keymap names nothing that is here, a line each, with the names that may be meant."""
    return [f"ui.keys.{name}: no such action; {_meant(name, keymap)}" for name in keymap if name not in _KNOWN]


def _meant(name: str, keymap: Mapping[str, str]) -> str:
    """Names that end as this one does, else the one near it; the help has them all."""
    end = name.rpartition(".")[2]
    near = [known for known in _KNOWN if known.rpartition(".")[2] == end] or difflib.get_close_matches(name, _KNOWN, 1)
    return f"do you mean {' or '.join(near[:3])}?" if near else f"{hint('help', keymap)} names them all"


def direct(keymap: Mapping[str, str]) -> dict[str, str]:
    """The keys of the person's keymap that need no leader, as Textual takes them."""
    parted = {name: [part for part in _parts(value) if _chord(part) is None] for name, value in keymap.items()}
    return {name: ",".join(parts) for name, parts in parted.items() if parts}


def after_leader(keymap: Mapping[str, str]) -> dict[str, Key]:
    """What each key does after the leader; the person's "leader g" comes before ours."""
    own = {chord: name for name, value in keymap.items() for part in _parts(value) if (chord := _chord(part)) is not None}
    moved = set(own.values())
    named = {chord: name for chord, name in AFTER_LEADER.items() if name not in moved} | own
    return {chord: _KNOWN[name] for chord, name in named.items() if name in _KNOWN}


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _chord(part: str) -> str | None:
    """The key of "leader g"; None for a key without the leader."""
    leader, _, then = part.partition(" ")
    return then.strip() if leader == LEADER and then else None


def clicked(names: str, keymap: Mapping[str, str], at: int) -> list[str]:
    """The keys, as Textual names them, that a click at this place of a `hint` presses; beside several ("a r") none."""
    found = _NAMES.findall(names)
    if sum(name in _KNOWN for name in found) < 2:
        return _first(names, keymap) if names in _KNOWN else pressed(names)
    for name in found:
        if 0 <= at < len(hint(name, keymap)):
            return _first(name, keymap)
        at -= len(hint(name, keymap)) + 1
    return []


def _first(name: str, keymap: Mapping[str, str]) -> list[str]:
    return [direct(keymap).get(name, _KNOWN[name].keys).partition(",")[0]]


def pressed(shown: str) -> list[str]:
    """The keys, as Textual names them, of one that a person reads ("Ctrl+X a")."""
    named = {"esc": "escape", "/": "slash", "?": "question_mark"}
    return [named.get(part.lower(), part if len(part) == 1 else part.lower()) for part in shown.split(" ") if part]


def shown(key: Key, keymap: Mapping[str, str]) -> str:
    """How a person reads a key, with their own keymap."""
    return direct(keymap).get(key.id, "").replace(",", "  ") or key.shown


def shown_all(key: Key, keymap: Mapping[str, str]) -> str:
    """`shown`, and what does the same after the leader."""
    leader = next(shown(found, keymap) for found in KEYS if found.id == LEADER)
    return "  ".join(
        [shown(key, keymap), *(f"{leader} {then}" for then, found in after_leader(keymap).items() if found == key)]
    )
