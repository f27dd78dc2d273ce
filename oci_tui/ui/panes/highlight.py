"""Syntax colour, line by line: the lexer starts again at the last line that ended outside a string, so a stream stays cheap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]
    from pygments.token import _TokenType  # type: ignore[import-untyped]

_LONGEST_OPEN = 200


class Highlighter:
    """The coloured lines of one text that grows. `tag` is a fence's language, `path` a file name; either may be ""."""

    def __init__(self, tag: str, path: str) -> None:
        self.lines: list[Spans] = []
        self._lexer = lexer_of(tag, path)
        self._safe = 0

    def read(self, lines: Sequence[str], partial: str) -> int:
        """Bring `lines` level with the text's whole lines and the unfinished one; returns the first line that changed."""
        first = self._safe
        del self.lines[first:]
        row: list[Span] = []
        for outside, style, value in self._tokens("\n".join([*lines[first:], partial])):
            head, *rest = value.split("\n")
            if head:
                row.append((head, style))
            for part in rest:
                self.lines.append(tuple(row))
                row = [(part, style)] if part else []
                if outside:
                    self._safe = len(self.lines)
        self.lines.append(tuple(row))
        if len(self.lines) - self._safe > _LONGEST_OPEN:
            self._safe = len(self.lines) - 1
        return first

    def again(self) -> None:
        """Colour the whole text at the next `read`: what was still open when it streamed (a comment of C) may be closed now."""
        self._safe = 0

    def _tokens(self, text: str) -> Iterator[tuple[bool, str, str]]:
        """Whether a new line may start after the token, the token's style, and its text."""
        from pygments.token import Comment, String

        if self._lexer is None:
            yield True, "text", text
            return
        for _, token, value in self._lexer.get_tokens_unprocessed(text):
            yield token not in String and token not in Comment, _style(token), value


def one_line(tag: str, path: str, text: str) -> Spans:
    """One line by itself, for places where its neighbours are not at hand."""
    highlighter = Highlighter(tag, path)
    highlighter.read([], text)
    return highlighter.lines[0]


@lru_cache(64)
def lexer_of(tag: str, path: str) -> Lexer | None:
    """The lexer of a fence's tag or of a file's name, None where no language is known by it."""
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    file = path.rpartition("/")[2]
    alias = _alias(file) if file else ""
    for find, name in ((get_lexer_by_name, alias), (get_lexer_for_filename, "" if alias else file), (get_lexer_by_name, tag)):
        if name:
            try:
                return find(name)
            except ClassNotFound:
                continue
    return None


def _alias(file: str) -> str:
    """The language of a file's name or ending where only one claims it; pygments' own way tries 900 patterns first."""
    from pygments.lexers import get_all_lexers

    wanted = {file, f"*.{file.rpartition('.')[2]}"}
    found = [aliases[0] for _, aliases, names, _ in get_all_lexers(plugins=False) if aliases and wanted.intersection(names)]
    return found[0] if len(found) == 1 else ""


@lru_cache(256)
def _style(token: _TokenType) -> str:
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    for family, style in (
        (Comment, "comment"),
        (String, "string"),
        (Number, "literal"),
        (Keyword.Constant, "literal"),
        (Keyword, "keyword"),
        (Operator.Word, "keyword"),
        (Name.Function, "name"),
        (Name.Class, "name"),
        (Name.Decorator, "name"),
    ):
        if token in family:
            return style
    return "text"
