"""Cuts lists into pieces."""


def chunks(items, size):
    """The list in pieces of `size`; the last one may be shorter."""
    return [items[at : at + size] for at in range(0, len(items), size)]
