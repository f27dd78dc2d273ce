"""What the core asks of its neighbours (Engine, Sandbox, Workspace, Approver, Pane) and the values they exchange.

What is asked of an engine, and what it answers, is in `core.generation`.

An adapter raises its port's error from `core.errors`, with a message that says what to do; a failing command is data.
Every async generator here is opened with `contextlib.aclosing`; closing it early stops the work behind it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from oci_tui.core.changes import Changes, History, Level
from oci_tui.core.diff import Diff
from oci_tui.core.generation import EngineInfo, Message, Piece, Request
from oci_tui.core.outline import Outline
from oci_tui.core.workspace_info import WorkspaceInfo

if TYPE_CHECKING:
    from oci_tui.core.events import Event

Stream = Literal["stdout", "stderr"]
ApprovalMode = Literal["ask", "auto", "plan"]
Answer = Literal["yes", "no", "always"]
EndReason = Literal["exited", "timeout", "out of memory", "stopped", "killed", "output limit", "connection lost"]


class Progress(msgspec.Struct, frozen=True):
    """How far a start has come: `doing` in people's words, `fraction` from 0 to 1, None when it cannot be told."""

    doing: str
    fraction: float | None = None


def untold(step: Progress) -> None:
    """For who does not listen to progress."""


class Engine(Protocol):
    """What generates. Raises EngineError or ModelError."""

    def start(self) -> AsyncGenerator[Progress]:
        """Load the model; ends when a request can be served. Closing it early abandons the load."""
        ...

    def generate(self, request: Request) -> AsyncGenerator[Piece]:
        """Stream one reply; several may be asked for at the same time. Closing the generator stops the generation."""
        ...

    async def count(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages make as a prompt, template included."""
        ...

    async def describe(self) -> EngineInfo: ...

    async def close(self) -> None:
        """Free the model. Safe to call twice."""
        ...


class Command(msgspec.Struct, frozen=True):
    """What is run in the workspace: `argv`, or with `code` a program for the interpreter named by `language` (a fence's tag).

    `label` is what a person reads; `timeout_s` ends it and everything it started. A `stateful` program in Python runs where
    the last one did: it finds its variables, and the value of a last expression is printed. `imports` are folders of the
    workspace that Python imports from, after its root.
    """

    label: str
    argv: tuple[str, ...] = ()
    language: str = ""
    code: str = ""
    timeout_s: float = 60.0
    stateful: bool = False
    imports: tuple[str, ...] = ()


class Output(msgspec.Struct, frozen=True):
    """A part of a command's output, decoded as UTF-8 (bad bytes become U+FFFD)."""

    stream: Stream
    text: str


class Plot(msgspec.Struct, frozen=True):
    """A figure that a stateful program drew: a PNG file of this machine, checked; sides in pixels."""

    path: str
    width: int
    height: int


class Exit(msgspec.Struct, frozen=True):
    """How a command ended. `code` is the exit status, 128 + signal number when a signal ended it.

    `seconds` is wall time, `max_memory` peak resident bytes, `omitted` the output bytes that were dropped at the cap.
    `forgotten`: what earlier stateful programs defined is gone, with this one or since the one before.
    """

    code: int
    reason: EndReason = "exited"
    seconds: float = 0.0
    max_memory: int = 0
    omitted: int = 0
    forgotten: bool = False

    @property
    def passed(self) -> bool:
        return self.reason == "exited" and self.code == 0


class SandboxInfo(msgspec.Struct, frozen=True):
    """What a sandbox is: the daemon, profile and image it runs on, its limits in words, and what could not be enforced.

    `weaknesses` are those of the latter that a daemon in good order would enforce; `notes` are facts worth a line each.
    `languages` are those that blocks run in, by their usual fence tag; `tags` are all fence tags of them.
    """

    name: str
    image: str
    limits: tuple[str, ...] = ()
    not_enforced: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    profile: str = ""


class Sandbox(Protocol):
    """Where commands run. Raises SandboxError. Files travel as uncompressed tar streams, names relative to the workspace."""

    def start(self) -> AsyncGenerator[Progress]:
        """Make the sandbox ready, with an empty workspace."""
        ...

    async def unpack(self, tar: Iterable[bytes]) -> None:
        """Extract into the workspace, over what is there."""
        ...

    async def remove(self, paths: Sequence[bytes]) -> None:
        """Delete these files of the workspace, and directories that become empty."""
        ...

    async def listing(self) -> bytes:
        """One NUL-ended record a file of the workspace: `type mode size ctime inode path`, space-separated.

        `type` is find's letter (f, l, …), `mode` octal, `ctime` seconds with fraction. Untrusted.
        """
        ...

    async def pack(self, paths: Sequence[bytes]) -> bytes:
        """These files as an uncompressed tar. Untrusted."""
        ...

    def run(self, command: Command) -> AsyncGenerator[Output | Plot | Exit]:
        """Run one command; the last item, and only it, is the Exit. Closing the generator kills what runs."""
        ...

    async def describe(self) -> SandboxInfo: ...

    async def close(self) -> None:
        """Remove the sandbox with everything in it. Safe to call twice."""
        ...


Sandboxes = Callable[[], Sandbox]
"""Makes another sandbox like the session's, not started yet; whoever asked for it closes it."""


class UserEdits(msgspec.Struct, frozen=True):
    """What the user did to the tree since it was last looked at, and what brings the sandbox level with it.

    `paths` are taken into the mirror; `conflicts` are not, since the pending change is about the same lines. `moved` is one
    phrase when another branch was checked out or the branch was reset, else "".
    """

    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    moved: str = ""
    level: Level = Level()


class Snapshot(Protocol):
    """Files that can be changed without anything else changing. A path is the file's name relative to the root, with "/";
    bytes that are not UTF-8 are written `\\xNN`. Raises WorkspaceError.
    """

    def fork(self) -> Snapshot:
        """The same files, which go their own way from here on; no sandbox holds them yet."""
        ...

    def seed(self, tell: Callable[[Progress], None] = untold) -> Iterable[bytes]:
        """The mirror as an uncompressed tar stream, for `Sandbox.unpack`; `tell` is called from whatever thread reads it."""
        ...

    def paths(self) -> tuple[str, ...]:
        """Every file of the mirror that may change, sorted: not what was copied in only to be read."""
        ...

    def read(self, path: str) -> str | None:
        """The text of a mirror file; None when there is no such file or it is not UTF-8 text."""
        ...

    def check(self, path: str) -> str:
        """Why this path may not be written, in one phrase; "" when it may."""
        ...

    async def apply(self, files: Mapping[str, str]) -> Level:
        """Write these whole texts into the mirror. The user's tree is not touched."""
        ...

    def synced(self, listing: bytes) -> None:
        """The sandbox now holds what the mirror holds, and this is its listing."""
        ...

    async def changed(self, listing: bytes) -> tuple[bytes, ...]:
        """Which files of the listing must be fetched because they are new or changed since `synced`."""
        ...

    async def bring_back(self, listing: bytes, tar: bytes) -> tuple[str, ...]:
        """Take the sandbox's changes into the mirror after checking every name; the refusals, one line each."""
        ...

    async def diff(self) -> Diff:
        """From the base to the mirror as it is now."""
        ...


class Workspace(Snapshot, Protocol):
    """The session's files: a private mirror of the user's repository, and the only way back into the user's tree."""

    async def open(self, tell: Callable[[Progress], None] = untold) -> WorkspaceInfo:
        """Take the base snapshot of the user's tree (and finish or roll back an accept that a crash interrupted).

        `tell` is called from another thread; cancelled, it ends soon.
        """
        ...

    def include(self, path: str) -> bool:
        """Let a file that stayed out go in with the next `refresh`; False when none of that name stayed out."""
        ...

    async def refresh(self) -> UserEdits:
        """Take what the user edited since the last look into base and mirror, under the change that is pending."""
        ...

    async def adopt(self, fork: Snapshot) -> Level:
        """Let the mirror be as this fork of it; what brings the sandbox level. The user's files must be as when it was made."""
        ...

    @property
    def changes(self) -> Changes: ...

    @property
    def history(self) -> History: ...

    def close(self) -> None: ...


class Parser(Protocol):
    """Reads program text by the language of its file's name. Never raises: a text may hold anything."""

    def knows(self, path: str) -> bool:
        """Whether the definitions of such a file can be read."""
        ...

    def outline(self, path: str, text: str) -> Outline:
        """What a file defines and uses; nothing where its language is not known."""
        ...

    def problem(self, path: str, text: str) -> str:
        """Why a text is not written in the language of its file, with the line; "" when it is, or that is not known."""
        ...


class Approver(Protocol):
    """The person, as a front end asks them."""

    async def ask(self, command: Command, pattern: str) -> Answer:
        """Whether a command may run. "always" is for all that fits `pattern`, or where that is "" for the same text."""
        ...


class Pane(Protocol):
    """A reader of the event stream: a pane, the journal, the headless printer, the evaluator."""

    def show(self, event: Event) -> None: ...


class Record(Pane, Protocol):
    """The reader that keeps what it is shown. Raises StoreError when it cannot."""

    def close(self) -> None:
        """Let go of what it writes to. Safe to call twice; nothing is shown to it afterwards."""
        ...


FindingState = Literal["ok", "missing", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One row of `oci-tui doctor`: `fix` is the exact command that mends it; `needed`: the main job cannot run without it."""

    part: str
    state: FindingState
    detail: str
    fix: str = ""
    needed: bool = False


class Setup(Protocol):
    """One thing that `oci-tui setup` can put in place. What `touches_system`, or `fetches` so many bytes, asks for consent
    with `command` shown first.
    """

    title: str
    command: str
    touches_system: bool
    fetches: int

    def needed(self) -> bool: ...

    def run(self) -> Iterable[Progress]:
        """Do it, telling how far it has come. Raises the port's error. Safe to run again after an interruption."""
        ...
