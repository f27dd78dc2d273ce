"""What the app remembers of how a person likes it: the theme, and the sizes of the panes for each shape of terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec


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


_SESSIONS = 100


class Remembered(msgspec.Struct, frozen=True):
    """All of it; `sizes` by the name of a shape, `left` by the name of a session, the newest last."""

    theme: str = ""
    sizes: dict[str, Sizes] = {}
    left: dict[str, Left] = {}


class RememberedFile:
    """Reads and writes it. A file that cannot be used is as none; what cannot be written is kept for this session."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self.now = msgspec.json.decode(file.read_bytes(), type=Remembered)
        except (OSError, msgspec.MsgspecError):
            self.now = Remembered()

    def leave(self, session: str, left: Left) -> str:
        """Remember how a session looks now, as `keep` does."""
        if self.now.left.get(session, Left()) == left:
            return ""
        others = {name: known for name, known in self.now.left.items() if name != session}
        return self.keep(left=dict([*others.items(), (session, left)][-_SESSIONS:]))

    def keep(self, **changed: object) -> str:
        """Remember these; why they cannot be written, "" when they were."""
        self.now = msgspec.structs.replace(self.now, **changed)
        try:
            self._file.write_bytes(msgspec.json.encode(self.now))
        except OSError as error:
            return f"{self._file}: cannot be written ({error.strerror}); it is remembered until you quit"
        return ""
