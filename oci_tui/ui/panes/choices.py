"""What can be answered, in a line or more; an answer that is clicked is given, as by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content
from textual.style import Style
from textual.widgets import Label

from oci_tui.ui import keys


class Choices(Label):
    """Each choice is what is said of it, and the action that a click does. Nothing in what is said is markup."""

    DEFAULT_CSS = """
    Choices { width: 100%; height: auto; margin-top: 1; }
    """

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(Content(" · ").join(choice(*pair) for pair in choices), markup=False)
        self.auto_links = False


def choice(text: str, action: str) -> Content:
    """This, which does that when it is clicked."""
    return Content.styled(text, Style.from_meta({"@click": action}))


def offered(pairs: Sequence[tuple[str, str]], keymap: Mapping[str, str]) -> list[tuple[str, str]]:
    """Choices of (actions by name, what they do) pairs; of several in one the first is what a click does."""
    return [(f"{keys.hint(names, keymap)} {does}", keys.action_of(names.partition(" ")[0])) for names, does in pairs]
