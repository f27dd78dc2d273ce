"""What is sent."""

from dataclasses import dataclass


@dataclass
class Parcel:
    receiver: str
    wt: float
    fragile: bool = False

    def __post_init__(self):
        if self.wt <= 0:
            raise ValueError("a parcel weighs something")
