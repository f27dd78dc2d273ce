"""What a word of the prompt could become: a file or symbol of the repository after @, a command after /."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from oci_tui.core.mentions import written
from oci_tui.ui.fuzzy import Finder
from oci_tui.ui.slash import SLASHES, Slash
from oci_tui.ui.suggestion import Suggestion

WORD = re.compile(r"(?:(?<=\s)|^)(@\"[^\"]*|@[^\s\"]*|/\w*)$")
"""Of what stands before the cursor, the word that can be completed."""

_ALSO = (Suggestion("@diff", "the pending change"), Suggestion("@output", "what the last run printed"))


class Vocabulary:
    """Files come before symbols; `know` replaces what is known of the repository. `slashes` are the commands."""

    def __init__(self, slashes: Sequence[Slash] = SLASHES) -> None:
        self._slashes = slashes
        self._known: list[str] = []
        self._files = Finder(())
        self._symbols = Finder(())
        self._where: Mapping[str, str] = {}

    def know(self, files: Sequence[str], symbols: Mapping[str, str]) -> None:
        """The repository's files, and for each symbol where it is defined."""
        if list(files) != self._known:
            self._known = list(files)
            self._files = Finder([*filter(written, files)])
        self._symbols, self._where = Finder(list(symbols)), symbols

    def suggested(self, word: str) -> list[Suggestion]:
        """What this word, with its first sign, could become; the likeliest first."""
        if word.startswith("/"):
            return [
                Suggestion(f"/{slash.name}{' ' if slash.takes else ''}", " ".join(filter(None, (slash.takes, slash.does))))
                for slash in self._slashes
                if slash.name.startswith(word[1:])
            ]
        letters = word[1:].removeprefix('"')
        quoted = word.startswith('@"')
        files = [Suggestion(f'@"{name}"' if quoted else written(name)) for name in self._files.best(letters, 8)]
        symbols = [Suggestion(f"@{name}", self._where[name]) for name in self._symbols.best(letters, 4) if letters]
        also = [item for item in _ALSO if item.text.startswith(word)]
        kept = max(2, 8 - len(symbols) - len(also))
        return [*also, *files[:kept], *([] if quoted else symbols)]
