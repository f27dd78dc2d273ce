"""The settings of the program."""

DEFAULTS = {"HOST": "localhost", "PORT": "8000", "DEBUG": "no"}


def merged(values):
    """The defaults, replaced by the values that are given."""
    result = dict(DEFAULTS)
    result.update(values)
    return result
