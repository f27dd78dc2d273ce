"""Counting."""


def count(text):
    """The number of lines and the number of words."""
    return len(text.splitlines()), len(text.split())
