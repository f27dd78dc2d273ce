"""How names are compared."""


def normalize(text):
    """Lower case, with single blanks."""
    return " ".join(text.lower().split())
