"""What happened, as one closed union of frozen values in the past tense; each is one line of JSON.

Every reader (panes, journal, headless printer) gets the same stream through `Pane.show`.
A turn is `TurnStarted` … `TurnFinished`; a round is `RoundStarted` … `RoundFinished`. Before the first turn each part
(engine, sandbox, workspace) makes itself ready: any number of `PartProgressed`, then its `…Ready` or `PartFailed`.

A journal outlives the version that wrote it. Whoever reads one passes over kinds of events that are not known, and ignores
fields that are not known; a field that is added has a default, and none is renamed or made to mean something else.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from oci_tui.core.approval import ApprovalChosen, CommandAsked, CommandRefused
from oci_tui.core.changes import Kept
from oci_tui.core.company import CompanyEvent
from oci_tui.core.conflict import Versions
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.diff import Diff
from oci_tui.core.errors import StoreError
from oci_tui.core.generation import EngineInfo, Message, Token, Usage
from oci_tui.core.happened import Happened
from oci_tui.core.ports import Command, Exit, Plot, SandboxInfo, Stream
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.scrubbing import scrubbed
from oci_tui.core.verdict import Verdict
from oci_tui.core.workspace_info import WorkspaceInfo

OUTDATED = "the change was made for what was checked out before: reject it, or go on in a new session"

Part = Literal["engine", "sandbox", "workspace"]


class SessionStarted(Happened, frozen=True):
    """The first event of a journal. A fork says of which session, and after which of its rounds."""

    session: str
    root: str
    version: str
    forked_from: str = ""
    forked_at: int = 0


class SessionResumed(Happened, frozen=True):
    """A session goes on in another process."""

    version: str


class SessionRenamed(Happened, frozen=True):
    """The person gave the session a title, "" for none."""

    title: str


class Checkpointed(Happened, frozen=True):
    """What is needed to go on from here; only the journal is told. See `core.recall`.

    The conversation is the first `same` of the messages told before, and then `messages`; `known` is None where it is as
    before; `instructions` go with the first message. `state` is the number of the files' state (`History.held`), 0 for none.
    """

    same: int
    messages: tuple[Message, ...] = ()
    known: dict[str, int] | None = None
    instructions: str = ""
    state: int = 0


class PartProgressed(Happened, frozen=True):
    """A part is on its way: `doing` in people's words, `fraction` from 0 to 1 or None."""

    part: Part
    doing: str
    fraction: float | None = None


class EngineReady(Happened, frozen=True):
    info: EngineInfo


class SandboxReady(Happened, frozen=True):
    info: SandboxInfo


class WorkspaceReady(Happened, frozen=True):
    info: WorkspaceInfo


class PartFailed(Happened, frozen=True):
    """A part cannot be had; `message` says what to do. The session goes on without it and tries again at the next prompt."""

    part: Part
    message: str


class TurnStarted(Happened, frozen=True):
    turn: int
    prompt: str


class ContextBuilt(Happened, frozen=True):
    """What the model reads: files newly shown whole, named ones left out for room, its size and the window in tokens.

    `dropped` are messages and files that it read before and no longer does, since there is no room, a phrase each; `unknown`
    is what follows an @ in the prompt and names nothing.
    """

    files: tuple[str, ...]
    left_out: tuple[str, ...]
    tokens: int
    window: int
    dropped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class RoundStarted(Happened, frozen=True):
    turn: int
    round: int


class ReplyGrew(Happened, frozen=True, omit_defaults=True):
    """`tokens` come where the settings ask for their probabilities and the engine tells them."""

    text: str
    tokens: tuple[Token, ...] = ()


class ReplyFinished(Happened, frozen=True):
    text: str
    usage: Usage


class EditsApplied(Happened, frozen=True):
    """Edits of the reply are in the mirror (not in the user's tree); `notes` say what was overlooked to find their places."""

    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()


class EditsRefused(Happened, frozen=True):
    """Edits that could not be applied, one reason each; the model is told."""

    reasons: tuple[str, ...]


class DiffChanged(Happened, frozen=True):
    """The pending change is now this."""

    diff: Diff


class CheckFound(Happened, frozen=True):
    """This command decides whether a round passed, told before its first use; `why` says where that is known from."""

    command: Command
    why: str


class PreparationOffered(Happened, frozen=True):
    """Something is missing in the sandbox, as `why` says; `command` is what the person can type to put it there."""

    command: str
    why: str


class CommandStarted(Happened, frozen=True):
    command: Command


class OutputArrived(Happened, frozen=True):
    stream: Stream
    text: str


class PlotDrawn(Happened, frozen=True):
    """The running command drew a figure; see core.ports.Plot."""

    plot: Plot


class CommandFinished(Happened, frozen=True):
    command: Command
    exit: Exit


class RoundFinished(Happened, frozen=True):
    """`passed` is None when nothing was run; `outcome` is one phrase, for example "2 failed, 1 passed".

    `number` is the round's in the session, as its history lists it, 0 where that is not told.
    """

    turn: int
    round: int
    passed: bool | None
    outcome: str
    number: int = 0


class Steered(Happened, frozen=True):
    """The person said something while the turn ran; the model reads it in the next round."""

    text: str


class UserEdited(Happened, frozen=True):
    """The person edited the tree: `paths` are in the mirror now, `conflicts` are not, since the change is about the same lines.

    `moved` is one phrase when another branch was checked out or the branch was reset.
    """

    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    moved: str = ""

    @property
    def outdated(self) -> bool:
        """Whether the pending change is about files as they were before something else was checked out."""
        return bool(self.moved and self.conflicts)


class TurnFailed(Happened, frozen=True):
    """An error ended the turn; `message` says what to do. `TurnFinished` follows."""

    message: str


class TurnFinished(Happened, frozen=True):
    turn: int
    verdict: Verdict
    rounds: int
    seconds: float


class ChangeAccepted(Happened, frozen=True):
    """The pending change is in the user's tree, but for the files `left`, which are in conflict and still pending.

    `proposed` is the message of a commit that the person may ask for, "" when none is offered; `held` are files that the
    tree had so already: nothing was written there, and an undo takes nothing back.
    """

    paths: tuple[str, ...]
    left: tuple[str, ...] = ()
    proposed: str = ""
    held: tuple[str, ...] = ()


class ChangeCommitted(Happened, frozen=True):
    """What was accepted is a commit of the user's repository; `commit` is its id, "" when there was nothing to commit."""

    commit: str
    subject: str
    paths: tuple[str, ...]


class CommitFailed(Happened, frozen=True):
    """There is no commit; `message` says why. What was accepted stays in the user's tree."""

    message: str


class ChangeRejected(Happened, frozen=True):
    """The pending change was dropped; with `paths` only a part of it, in these files."""

    paths: tuple[str, ...] = ()


class ChangeUndone(Happened, frozen=True):
    """The last accepted change was taken back out of the user's tree."""

    paths: tuple[str, ...]


class ChangeRedone(Happened, frozen=True):
    """What was undone last is in the user's tree again."""

    paths: tuple[str, ...]


class RoundRestored(Happened, frozen=True):
    """The mirror, not the user's tree, is where it was at the end of this round of the session."""

    number: int


class FileIncluded(Happened, frozen=True):
    """A file that stayed out of the mirror goes in with the next prompt."""

    path: str


class HistoryListed(Happened, frozen=True):
    """The person asked what the session remembers."""

    kept: tuple[Kept, ...]


class ChangeGaveWay(Happened, frozen=True):
    """In these files the user's version took the place of the pending change, where both had changed the same lines."""

    paths: tuple[str, ...]


class ChangeConflicted(Happened, frozen=True):
    """Nothing was written: the user's tree changed in the same lines of `paths`; `clean` could be written.

    `doing` is what was wanted of the change: "accepted", "undone" or "done again".
    """

    paths: tuple[str, ...]
    message: str
    clean: tuple[str, ...] = ()
    versions: tuple[Versions, ...] = ()
    doing: str = "accepted"


Event = (
    SessionStarted
    | SessionResumed
    | SessionRenamed
    | Checkpointed
    | PartProgressed
    | EngineReady
    | SandboxReady
    | WorkspaceReady
    | PartFailed
    | TurnStarted
    | ContextBuilt
    | RoundStarted
    | ReplyGrew
    | ReplyFinished
    | EditsApplied
    | EditsRefused
    | DiffChanged
    | CheckFound
    | PreparationOffered
    | ApprovalChosen
    | CommandAsked
    | CommandRefused
    | CommandStarted
    | OutputArrived
    | PlotDrawn
    | CommandFinished
    | RoundFinished
    | CandidateStarted
    | CandidateFinished
    | CandidateChosen
    | Steered
    | UserEdited
    | TurnFailed
    | TurnFinished
    | ChangeAccepted
    | ChangeCommitted
    | CommitFailed
    | DecisionFailed
    | ChangeRejected
    | ChangeUndone
    | ChangeRedone
    | ChangeGaveWay
    | ChangeConflicted
    | RoundRestored
    | HistoryListed
    | FileIncluded
    | CompanyEvent
)

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """One line of JSON, without the newline. Lone surrogates cannot be encoded and become U+FFFD."""
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        return _ENCODER.encode(scrubbed(msgspec.to_builtins(event)))


def decode(line: bytes) -> Event:
    """Read what `encode` wrote. Raises StoreError when it is no event."""
    try:
        return _DECODER.decode(line)
    except msgspec.MsgspecError as error:
        raise StoreError(f"not an event: {error}") from error
