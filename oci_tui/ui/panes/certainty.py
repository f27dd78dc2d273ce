"""How sure the model was: the tokens of a reply by line, and each line's as spans that show it."""

from __future__ import annotations

from collections.abc import Sequence

from oci_tui.core.generation import Token
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import expanded

_LEVELS = ((0.3, "heat-3"), (0.6, "heat-2"), (0.9, "heat-1"))


class Certainty:
    """Takes the tokens in as they stream; `text` is all that they said."""

    def __init__(self) -> None:
        self.text = ""
        self._lines: list[list[Token]] = [[]]

    def add(self, text: str, tokens: Sequence[Token]) -> None:
        """A piece of the reply; one whose tokens say something else than its text counts as sure."""
        self.text += text
        if "".join(token.text for token in tokens) != text:
            tokens = (Token(text, 1.0),)
        for token in tokens:
            head, *rest = token.text.split("\n")
            self._lines[-1].append(Token(head, token.probability, token.alternatives))
            self._lines += [[Token(part, token.probability, token.alternatives)] for part in rest]

    @property
    def known(self) -> bool:
        """Whether any token came with a probability."""
        return any(token.probability < 1 for line in self._lines for token in line)

    def starts(self, blocks: Sequence[Sequence[str]]) -> list[int]:
        """For each block the line of the reply where its first line stands, -1 where it is not found."""
        lines, found, at = self.text.split("\n"), [], 0
        for block in blocks:
            wanted = list(block)
            there = next((row for row in range(at, len(lines)) if wanted and lines[row : row + len(wanted)] == wanted), -1)
            found.append(there)
            at = there + len(wanted) if there >= 0 else at
        return found

    def tokens(self, row: int) -> list[Token]:
        """What a line of the reply is made of; nothing for what is none of its lines."""
        return [token for token in self._lines[row] if token.text] if 0 <= row < len(self._lines) else []

    def spans(self, row: int, chosen: int = -1) -> Spans:
        """A line of the reply on the grounds that tell how sure each token was; one of them is marked."""
        tokens = enumerate(self.tokens(row))
        return expanded(((visible(token.text), "match" if place == chosen else _style(token)) for place, token in tokens), 4)


def least(tokens: Sequence[Token]) -> int:
    """Which of them the model was least sure of, of those with words in them; -1 where there is none."""
    places = [place for place, token in enumerate(tokens) if token.text.strip()]
    return min(places, key=lambda place: tokens[place].probability, default=-1)


def _style(token: Token) -> str:
    level = next((name for limit, name in _LEVELS if token.probability < limit), "")
    return f"text on {level}" if level else "text"


def said(token: Token) -> str:
    """A token, how probable it was, and what else could have stood there: "first 31 % · second 28 %"."""
    others = [(text, share) for text, share in token.alternatives if text != token.text]
    every = [(token.text, token.probability), *others[:4]]
    return " · ".join(f"{_seen(text)} {share:.0%}" for text, share in every)


def _seen(text: str) -> str:
    """Without the blanks around words; where there are only blanks, those."""
    return visible_line(text.strip()) or visible_line(text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥"))
