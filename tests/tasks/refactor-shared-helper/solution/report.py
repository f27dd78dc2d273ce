"""Counts names, however they are written."""

from text import normalize


def count(names):
    """How often each name is there."""
    counts = {}
    for name in names:
        key = normalize(name)
        counts[key] = counts.get(key, 0) + 1
    return counts
