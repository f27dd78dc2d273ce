"""A measured value beside its target."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One comparison: `value` against `target`, `less` when it must be at most that; the figures behind it."""

    name: str
    value: float
    unit: str
    target: float
    less: bool
    figures: str

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.less else self.value >= self.target

    def __str__(self) -> str:
        sign = "≤" if self.less else "≥"
        verdict = "PASS" if self.met else "FAIL"
        return (
            f"{self.name:22} {self.value:6.2f}{self.unit:3} {sign} {self.target:5.2f}{self.unit:3} {verdict}   {self.figures}"
        )
