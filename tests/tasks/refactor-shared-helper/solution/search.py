"""Finds names, however they are written."""

from text import normalize


def find(names, wanted):
    """The names that are the wanted one."""
    return [name for name in names if normalize(name) == normalize(wanted)]
