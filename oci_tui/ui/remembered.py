"""What the app remembers of how a person likes it: the theme, and the sizes of the panes for each shape of terminal."""

from __future__ import annotations

import fcntl
from itertools import count
from pathlib import Path

import msgspec

_SESSIONS = 100
_DAMAGED = (ValueError, RecursionError)
"""What the decoder raises."""


class Sizes(msgspec.Struct, frozen=True):
    """The right side's share of the width in percent, and how much of its height each pane has beside the others."""

    right: int = 58
    code: float = 1.0
    console: float = 0.8
    changes: float = 1.2

    def wider(self, step: int) -> Sizes:
        """The right side so many percent wider."""
        return msgspec.structs.replace(self, right=min(max(self.right + step, 25), 80))

    def taller(self, pane: str, step: float) -> Sizes:
        """One pane of the right side taller."""
        return msgspec.structs.replace(self, **{pane: round(min(max(getattr(self, pane) + step, 0.2), 4.0), 1)})

    def parted(self, above: str, below: str, share: float) -> Sizes:
        """Two panes of the right side with this share (0 to 1) of their common height for the upper one."""
        both = getattr(self, above) + getattr(self, below)
        upper = round(both * min(max(share, 0.05), 0.95), 2)
        return msgspec.structs.replace(self, **{above: upper, below: round(both - upper, 2)})


class Left(msgspec.Struct, frozen=True):
    """How a session was left: the pane behind the tabs, and the one on the whole screen, "" for none."""

    tab: str = "transcript"
    zoomed: str = ""


class Remembered(msgspec.Struct, frozen=True):
    """All of it; `sizes` by the name of a shape, `left` by the name of a session, the newest last."""

    theme: str = ""
    sizes: dict[str, Sizes] = {}
    left: dict[str, Left] = {}

    def changed(self, to: Remembered) -> Remembered:
        """With what `to` holds in the place of what is known of the same."""
        others = {session: left for session, left in self.left.items() if session not in to.left}
        left = dict([*others.items(), *to.left.items()][-_SESSIONS:])
        return Remembered(to.theme or self.theme, {**self.sizes, **to.sizes}, left)


class RememberedFile:
    """Reads and writes it. `now` is how this app has it: what others write meanwhile stays in the file and moves nothing here.

    A damaged file is put aside; what cannot be written is kept for this session. `problem` is what was wrong at the start.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten = Remembered()
        self.problem = ""
        try:
            self.now = self._read()
        except (OSError, *_DAMAGED):
            self.now = Remembered()
            self.problem = self.keep(self.now)

    def leave(self, session: str, left: Left) -> str:
        """Remember how a session looks now, as `keep` does."""
        if self.now.left.get(session, Left()) == left:
            return ""
        return self.keep(Remembered(left={session: left}))

    def keep(self, changed: Remembered) -> str:
        """Remember these; in a line what was wrong with the file, "" for nothing."""
        self.now, self._unwritten = self.now.changed(changed), self._unwritten.changed(changed)
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            with self._file.with_name(f"{self._file.name}.lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known, said = self._known()
                # not synced: dragging writes often, and a machine that fails loses no more than a layout
                new.write_bytes(msgspec.json.encode(known.changed(self._unwritten)))
                new.replace(self._file)
        except OSError as error:
            return f"{self._file}: cannot be read or written ({error.strerror}); theme and layout are remembered until you quit"
        self._unwritten = Remembered()
        return said

    def _known(self) -> tuple[Remembered, str]:
        """What the file holds; with what was done about it where it is damaged. The caller holds the lock."""
        try:
            return self._read(), ""
        except _DAMAGED:
            names = (f"{self._file.name}.damaged{number or ''}" for number in count())
            aside = next(path for path in map(self._file.with_name, names) if not path.exists())
            self._file.replace(aside)
            return Remembered(), f"{self._file}: damaged; it is now {aside.name}, and theme and layout are as at first"

    def _read(self) -> Remembered:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return Remembered()
