"""What a host of sessions and its clients say to each other, version 1.

A frame is four bytes of length (big-endian, of what follows), one byte of kind and JSON in UTF-8. Kind `C` is a message of
this module, an object whose `say` names it; kind `E` is an event (`core.events`), and only the host sends it. A client's
frame has at most `CLIENT_FRAME` bytes, its first one `FIRST_FRAME`; the host's has at most `HOST_FRAME`. What is anything
else ends the connection, after a `Refused` that says why.

    client                          host
    Hello                        →
                                 ←  Greeted     which sessions there are for this client
    Open, Invite, End            →              the owner's: another session, a way in for a guest, the end of the host
                                 ←  Opened, Invited, Ended
    Join                         →
                                 ←  Joined      who one is there; then every event of the journal, from its beginning
                                 ←  CaughtUp    then events as they happen
    Ask, Run, Accept … (`id`)    →
                                 ←  Done (`id`) after its events; `problem` says why it was not done
    Steer, Stop, Appoint, Settle,
    Wait, Approve, Adopt         →              what comes of it is told as events
                                 ←  Asked       to the driver: may this command run?
    Answered                     →
                                 ←  Withdrawn   it is not asked any more, or of another

Who the client is, the host knows from the socket (SO_PEERCRED) or from a token that it gave out and that counts once, never
from what the client says. The user whom the host belongs to is its owner; anybody else is a guest. What each role may do is
in `share.company`; the host enforces it. A client that reads too slowly misses nothing and holds up nobody: it gets the rest
from the journal (`share.follower`), at its own pace.
"""

from __future__ import annotations

from typing import Annotated, Union

import msgspec

from oci_tui.core import ports
from oci_tui.core.company import Participant, Role
from oci_tui.core.generation import Begun
from oci_tui.core.policy import Policy
from oci_tui.core.selection import Place

VERSION = 1
FIRST_FRAME = 64 << 10
CLIENT_FRAME = 4 << 20
HOST_FRAME = 256 << 20
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Message(msgspec.Struct, frozen=True, tag_field="say", tag=True):
    """The base of all messages."""


class SessionInfo(msgspec.Struct, frozen=True):
    """A session of a host: `number` from 1, its name, whose files it is about, what it does, and who is there."""

    number: Number
    name: str
    root: str
    running: bool
    participants: tuple[Participant, ...] = ()


class Picked(msgspec.Struct, frozen=True):
    """A `core.selection.Pick` of the pending change; `seen` is the digest of the file's change as the person saw it."""

    path: str
    seen: str
    lines: tuple[Place, ...] | None = None


Picks = tuple[Picked, ...] | None

# what a client says


class Hello(Message, frozen=True):
    """`version` is of the protocol, `product` the program's; `token` is one that the host gave out."""

    version: int
    product: str
    token: str = ""


class Join(Message, frozen=True):
    """Come to a session (0: the only one); without a role, as what is free."""

    session: Number = 0
    name: str = ""
    role: Role | None = None


class Open(Message, frozen=True):
    """Start another session, about the repository at `root`, or go on with the recorded one that `resumes` names.

    `settings` are `oci_tui.settings.Settings`.
    """

    root: str
    settings: msgspec.Raw
    resumes: str = ""


class Invite(Message, frozen=True):
    """Give out a token for a session, which lets one guest in."""

    session: Number = 0


class End(Message, frozen=True):
    """End the host with all its sessions."""


class Ask(Message, frozen=True):
    """A prompt: a turn of the driver's, a suggestion of a navigator's."""

    id: Number
    prompt: str
    begun: Begun | None = None


class Run(Message, frozen=True):
    id: Number
    text: str


class Accept(Message, frozen=True):
    id: Number
    picks: Picks = None
    clean_only: bool = False


class Reject(Message, frozen=True):
    id: Number
    picks: Picks = None


class GiveWay(Message, frozen=True):
    id: Number
    paths: tuple[str, ...]


class Commit(Message, frozen=True):
    id: Number
    message: str = ""


class Undo(Message, frozen=True):
    id: Number


class Redo(Message, frozen=True):
    id: Number


class Restore(Message, frozen=True):
    id: Number
    number: Number


class History(Message, frozen=True):
    """What is remembered; only who asks is told."""

    id: Number


class Include(Message, frozen=True):
    """Let a file in that stayed out of the mirror. The owner's alone: secrets stay out too."""

    id: Number
    path: str


class Names(Message, frozen=True):
    """The repository's files and symbols."""

    id: Number


class Steer(Message, frozen=True):
    text: str


class Stop(Message, frozen=True):
    """End the running turn; what the client asked for and has not begun is dropped."""


class Appoint(Message, frozen=True):
    """Give a participant a role. A new driver takes the wheel from the one before, who becomes navigator."""

    participant: Number
    role: Role


class Settle(Message, frozen=True):
    """Take a suggestion (the driver then asks it) or drop it."""

    suggestion: Number
    taken: bool


class Wait(Message, frozen=True):
    """The prompts that wait at the driver's terminal, in order: the host asks them if that goes away."""

    prompts: tuple[str, ...]


class Approve(Message, frozen=True):
    """Approve commands of the model's in this mode from now on."""

    mode: ports.ApprovalMode


class Adopt(Message, frozen=True):
    """Run the turns that come like this. The owner's alone."""

    policy: Policy


class Answered(Message, frozen=True):
    """What the driver says to an `Asked`."""

    question: Number
    answer: ports.Answer


Request = Union[Ask, Run, Accept, Reject, GiveWay, Commit, Undo, Redo, Restore, History, Include, Names]  # noqa: UP007
Opening = Union[Join, Open, Invite, End]  # noqa: UP007
Command = Union[Request, Steer, Stop, Appoint, Settle, Wait, Approve, Adopt, Answered]  # noqa: UP007

# what a host says


STOPPED = "the host was stopped"


class Refused(Message, frozen=True):
    """The last frame of a connection: why, and what to do."""

    reason: str


class Greeted(Message, frozen=True):
    """`host` is its id; the sessions are those that this client may come to."""

    version: int
    host: str
    owner: bool
    sessions: tuple[SessionInfo, ...]


class Joined(Message, frozen=True):
    you: Participant
    session: SessionInfo


class CaughtUp(Message, frozen=True):
    """All that has happened was sent; `running` says whether a turn is under way."""

    running: bool


class Done(Message, frozen=True):
    id: Number
    problem: str = ""


class NamesTold(Message, frozen=True):
    id: Number
    files: tuple[str, ...]
    symbols: dict[str, str]


class Asked(Message, frozen=True):
    """Whether this may run; `pattern` is what an answer for always would be about."""

    question: Number
    command: ports.Command
    pattern: str


class Withdrawn(Message, frozen=True):
    question: Number


class Opened(Message, frozen=True):
    session: SessionInfo


class Invited(Message, frozen=True):
    """A token that counts once, and the port of the loopback interface where it does."""

    token: str
    port: int


class Ended(Message, frozen=True):
    pass


Answer = Union[Refused, Greeted, Joined, CaughtUp, Done, NamesTold, Asked, Withdrawn, Opened, Invited, Ended]  # noqa: UP007


class AnyHello(msgspec.Struct, frozen=True):
    """What the first frame of every version holds."""

    version: int


ANY_HELLO = msgspec.json.Decoder(AnyHello)
HELLO = msgspec.json.Decoder(Hello)
OPENING: msgspec.json.Decoder[Opening] = msgspec.json.Decoder(Opening)
COMMAND: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
ANSWER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
