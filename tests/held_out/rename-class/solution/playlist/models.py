"""What a playlist consists of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Track:
    title: str
    seconds: int

    def longer_than(self, other: "Track") -> bool:
        return self.seconds > other.seconds
