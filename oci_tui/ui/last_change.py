"""Vi's `.`: the keys of the last change, pressed again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import dropwhile

from oci_tui.ui.panes.keyed_area import Edited

Pressed = tuple[str, str]
"""A key as Textual names it, and its character; "" for what came into the text by no key of vi's: a paste, a new line."""
Press = Callable[[str, str | None, Edited], Edited]
_TAKES_BACK = frozenset({"u", "U", "ctrl+r"})
_NOT_COUNTED = frozenset({*"iIaAoORvV", "ctrl+v"})
"""What prompt_toolkit does once, whatever the count."""
_MOST_KEYS = 5000
"""So many keys are pressed at once for a count, about a second's work."""


class LastChange:
    """Is told what is pressed, and when a command begins and ends; a command that changed the text is what is done again."""

    def __init__(self) -> None:
        self._keys: list[Pressed] = []
        self._begun: list[Pressed] | None = []
        self._text = ""

    def inserts(self) -> None:
        """The text is typed into from the start, as after `i`."""
        self._begun, self._text = [("i", "i")], ""

    def begins(self, text: str) -> None:
        """The next key begins a command."""
        self._begun, self._text = [], text

    def came(self, was: Edited, now: Edited) -> None:
        """Within a command the text became another by itself: if by more than what was put in, it is no command to repeat."""
        before, after = was.text[: was.cursor], was.text[was.cursor :]
        put_in = now.text[was.cursor : len(now.text) - len(after)]
        if self._begun is None or not self._begun or self._begun == [("i", "i")]:
            self._text = now.text
        elif now.text == before + put_in + after:
            self._begun.append(("", put_in))
        else:
            self._begun = None

    def pressed(self, key: str, character: str | None, text: str, *, ends: bool) -> None:
        """This key made it this text; `ends`: no command is begun any more."""
        if self._begun is None:
            return
        self._begun.append((key, character or ""))
        does = next((key for key, character in self._begun if not character.isdigit()), "")
        if ends and text != self._text and does not in _TAKES_BACK:
            self._keys = self._begun

    def again(self, press: Press, state: Edited, count: str | None) -> Edited:
        """What becomes of the text by the keys of the last change; a `count` takes the place of the one that it had."""
        for key, character in tuple(self._keys) if count is None else self._counted(count):
            if key:
                state = press(key, character or None, state)
            else:
                at = state.cursor
                state = Edited(state.text[:at] + character + state.text[at:], at + len(character))
        return state

    def _counted(self, count: str) -> list[Pressed]:
        """The keys of the last change so often; of those that insert or select the whole is pressed as often."""
        keys = list(dropwhile(lambda pressed: pressed[1].isdigit(), self._keys))
        if keys and keys[0][0] in _NOT_COUNTED:
            return keys * min(int(count), max(1, _MOST_KEYS // len(keys)))
        return [*((digit, digit) for digit in count), *keys] if keys else []
