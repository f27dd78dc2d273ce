"""A book."""

from dataclasses import dataclass


@dataclass
class Book:
    title: str
    author: str
    pages: int
