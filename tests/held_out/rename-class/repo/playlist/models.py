"""What a playlist consists of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rec:
    title: str
    seconds: int

    def longer_than(self, other: "Rec") -> bool:
        return self.seconds > other.seconds
