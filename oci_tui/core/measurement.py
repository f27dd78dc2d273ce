"""A measured value beside its target, as `oci-tui bench` prints it and CI goes by."""

from __future__ import annotations

from typing import Literal

import msgspec

Unit = Literal["", "×", "ms", "MB", "%"]
_HOLDS_ANYWHERE: tuple[Unit, ...] = ("", "×", "%")


class Measurement(msgspec.Struct, frozen=True):
    """`value` against `target`: at most that when `less`, else at least; `figures` are what it was made of.

    A count, a share or a ratio to a reference measured in the same run holds on any machine; a time and a size do not.
    """

    name: str
    value: float
    unit: Unit
    target: float
    less: bool
    figures: str

    @property
    def met(self) -> bool:
        return self.within(0.0)

    @property
    def decides(self) -> bool:
        """Whether it holds on any machine, so that a miss is one of the program."""
        return self.unit in _HOLDS_ANYWHERE

    def within(self, tolerance: float) -> bool:
        """Whether the target is met or missed by at most that share of it."""
        if self.less:
            return self.value <= self.target * (1 + tolerance)
        return self.value >= self.target * (1 - tolerance)

    def __str__(self) -> str:
        sign = "≤" if self.less else "≥"
        return f"{self.name:24} {self.value:8.2f}{self.unit:3} {sign} {self.target:7.2f}{self.unit:3}  {self.figures}"
