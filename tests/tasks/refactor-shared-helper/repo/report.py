"""Counts names, however they are written."""


def normalize(text):
    """Lower case, with single blanks."""
    return " ".join(text.lower().split())


def count(names):
    """How often each name is there."""
    counts = {}
    for name in names:
        key = normalize(name)
        counts[key] = counts.get(key, 0) + 1
    return counts
