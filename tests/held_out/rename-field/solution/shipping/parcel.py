"""What is sent."""

from dataclasses import dataclass


@dataclass
class Parcel:
    receiver: str
    weight_kg: float
    fragile: bool = False

    def __post_init__(self):
        if self.weight_kg <= 0:
            raise ValueError("a parcel weighs something")
