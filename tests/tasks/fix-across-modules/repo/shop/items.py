"""What is sold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """`cents` is the price of one."""

    name: str
    cents: int
    count: int = 1
