"""Run-length encoding."""

from itertools import groupby


def compress(text):
    return [(character, len(list(run))) for character, run in groupby(text)]


def expand(pairs):
    return "".join(character * count for character, count in pairs)
