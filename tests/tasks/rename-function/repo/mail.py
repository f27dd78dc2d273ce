"""Letters to users."""

from store import get_usr


def letter(number):
    return f"Dear {get_usr(number)},"
