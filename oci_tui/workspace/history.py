"""What a session remembers: a state of the mirror for every round, and every change that was accepted.

The commits of rounds grow from each other, so that going back to one and on from there makes a new line beside the old.
A held state is a commit of the mirror on two others: the user's tree as it is known, and the round that the line has come to.
"""

from __future__ import annotations

from typing import NamedTuple, get_args

from oci_tui.core.changes import Kept, KeptKind, Level
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.terminal import visible_line
from oci_tui.workspace.mirror import Mirror
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.thread import OneAtATime
from oci_tui.workspace.tree import Tree

SESSIONS = "refs/oci"
_NEXT = "refs/oci-next"


class Held(NamedTuple):
    """Both sides of the pending change, and the commit of the round that the mirror has come to, "" for none."""

    base: Tree
    tree: Tree
    line: str


class History:
    """The rounds and accepts of the session whose references are below `refs`."""

    def __init__(self, shadow: Shadow, refs: str) -> None:
        self._shadow = shadow
        self._refs = refs
        self._line = ""
        self._last = Held({}, {}, "")
        self._stored: list[tuple[Tree, str]] = []
        self.held = 0

    @property
    def session(self) -> str:
        return self._refs.removeprefix(f"{SESSIONS}/")

    def keep(self, tree: Tree, label: str) -> int:
        """Remember a round's end under the next number."""
        number = 1 + max((number for number, _ in self._rounds()), default=0)
        self._line = self._shadow.commit(self._tree(tree), self._line, said=visible_line(label))
        self._shadow.point(f"{self._refs}/round/{number}", self._line)
        return number

    def hold(self, base: Tree, tree: Tree) -> None:
        """Remember both sides as they are, unless they are as they were: `held` is the number."""
        now = Held(base, tree, self._line)
        if self.held and now == self._last:
            return
        commit = self._shadow.commit(self._tree(tree), self._shadow.commit(self._tree(base), dated=False), self._line)
        self.held = 1 + max((number for number, _ in self._numbered("state")), default=0)
        self._shadow.point(f"{self._refs}/state/{self.held}", commit)
        self._last = now

    def resumed(self, number: int) -> Held | None:
        """What was held under this number, from which it goes on; None when there is none (any more)."""
        commit = dict(self._numbered("state")).get(number)
        if commit is None:
            return None
        base, *line = self._shadow.parents(commit)
        self._line, self.held = (line or [""])[0], number
        self._last = Held(self._shadow.entries(base), self._shadow.entries(commit), self._line)
        return self._last

    def lend(self, other: History, state: int, number: int) -> None:
        """Let another session have this state and the rounds up to this one."""
        given = [("state", n, commit) for n, commit in self._numbered("state") if n == state]
        given += [("round", n, commit) for n, commit in self._rounds() if n <= number]
        for kind, n, commit in given:
            self._shadow.point(f"{other._refs}/{kind}/{n}", commit)

    def forget(self) -> None:
        """Remove all of it."""
        for name, _ in self._shadow.refs(self._refs):
            self._shadow.point(name, "")

    def remember_user(self, tree: Tree) -> None:
        """Keep the user's tree as it is known, under the next number."""
        commit = self._shadow.commit(tree)
        numbers = [int(name.rpartition("/")[2]) for name, _ in self._shadow.refs(f"{self._refs}/user")]
        self._shadow.point(f"{self._refs}/user/{max(numbers, default=0) + 1}", commit)
        self._shadow.point(f"{self._refs}/base", commit)

    def listed(self) -> tuple[Kept, ...]:
        """Everything, the oldest first."""
        rounds = {commit: number for number, commit in self._rounds()}
        kept = []
        for noted in self._shadow.notes(self._refs):
            kind, _, number = noted.name.removeprefix(f"{self._refs}/").partition("/")
            if found := next((word for word in get_args(KeptKind) if word == kind), None):
                grew_from = rounds.get(noted.parent, 0) if kind == "round" else 0
                kept.append(Kept(found, int(number), noted.at, noted.said, grew_from))
        return tuple(sorted(kept, key=lambda entry: (entry.at, entry.number)))

    def back_to(self, number: int) -> Tree:
        """The state at the end of a round; what comes next grows from it. Raises WorkspaceError when there is none."""
        self._line = self._commit(number)
        return self._shadow.entries(self._line)

    def begin_next_at(self, number: int) -> None:
        """Let the next session on this repository begin with the state of this round."""
        self._shadow.point(_NEXT, self._commit(number))

    def begun_at(self) -> Tree | None:
        """The state that this session is to begin with, if one was chosen; asked once."""
        chosen = self._shadow.refs(_NEXT)
        if not chosen:
            return None
        self._line = chosen[0][1]
        self._shadow.point(_NEXT, "")
        return self._shadow.entries(self._line)

    def _tree(self, tree: Tree) -> str:
        """The id of a state, stored once: of a large repository that takes a while. A state is never changed in place."""
        name = next((name for known, name in self._stored if known is tree), "") or self._shadow.tree(tree)
        others = [entry for entry in self._stored if entry[0] is not tree]
        self._stored = [(tree, name), *others[:2]]
        return name

    def _rounds(self) -> list[tuple[int, str]]:
        return self._numbered("round")

    def _numbered(self, kind: str) -> list[tuple[int, str]]:
        return [(int(name.rpartition("/")[2]), commit) for name, commit in self._shadow.refs(f"{self._refs}/{kind}")]

    def _commit(self, number: int) -> str:
        rounds = dict(self._rounds())
        if number not in rounds:
            there = f"there are 1 to {max(rounds)}" if rounds else "there is none yet"
            raise WorkspaceError(f"no round {number}; {there}, see `oci-tui log` (in the app /log)")
        return rounds[number]


class GitHistory:
    """The history of an open session. What each method does is said in `core.changes.History`."""

    def __init__(self, history: History, mirror: Mirror, thread: OneAtATime) -> None:
        self._history = history
        self._mirror = mirror
        self._thread = thread

    async def keep(self, said: str) -> int:
        return await self._thread.run(self._kept, said)

    async def hold(self) -> None:
        await self._thread.run(self._hold)

    @property
    def held(self) -> int:
        return self._history.held

    async def log(self) -> tuple[Kept, ...]:
        return await self._thread.run(self._history.listed)

    async def restore(self, number: int) -> Level:
        return await self._thread.run(self._restored, number)

    def _hold(self) -> None:
        self._history.hold(self._mirror.pending.base, self._mirror.pending.tree)

    def _kept(self, said: str) -> int:
        number = self._history.keep(self._mirror.pending.tree, said)
        self._hold()
        return number

    def _restored(self, number: int) -> Level:
        old = self._mirror.pending.tree
        self._mirror.restore(self._history.back_to(number))
        self._hold()
        return self._mirror.level(old)
