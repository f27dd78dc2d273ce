"""Finds names, however they are written."""


def normalize(text):
    """Lower case, with single blanks."""
    return " ".join(text.lower().split())


def find(names, wanted):
    """The names that are the wanted one."""
    return [name for name in names if normalize(name) == normalize(wanted)]
