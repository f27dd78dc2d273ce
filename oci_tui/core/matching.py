"""What two lists of lines, or two lines, have in common: difflib, with a bound on its work."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from difflib import Match, SequenceMatcher
from typing import TypeVar

_MOST = 3_000_000

T = TypeVar("T", bound=Hashable)


class Work:
    """How many more comparisons may be made, by all matchers that share it."""

    def __init__(self, left: int = _MOST) -> None:
        self.left = left

    @property
    def over(self) -> bool:
        return self.left < 0


class Matcher(SequenceMatcher[T]):
    """Once the work is over it takes only equal beginnings and ends of what is left for common, and so may find too little."""

    a: Sequence[T]
    b: Sequence[T]
    b2j: dict[T, list[int]]

    def __init__(
        self,
        old: Sequence[T],
        new: Sequence[T],
        work: Work | None = None,
        *,
        junk: Callable[[T], bool] | None = None,
        autojunk: bool = True,
    ) -> None:
        self._work = work or Work()
        super().__init__(junk, old, new, autojunk)

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        ahi, bhi = len(self.a) if ahi is None else ahi, len(self.b) if bhi is None else bhi
        if not self._work.over:
            places = self.b2j
            self._work.left -= ahi - alo + sum(len(places[each]) for each in self.a[alo:ahi] if each in places)
        if not self._work.over:
            return super().find_longest_match(alo, ahi, blo, bhi)
        most = min(ahi - alo, bhi - blo)
        if size := next((at for at in range(most) if self.a[alo + at] != self.b[blo + at]), most):
            return Match(alo, blo, size)
        size = next((at for at in range(most) if self.a[ahi - 1 - at] != self.b[bhi - 1 - at]), most)
        return Match(ahi - size, bhi - size, size)
