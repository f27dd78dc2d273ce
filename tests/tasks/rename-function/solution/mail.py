"""Letters to users."""

from store import get_user


def letter(number):
    return f"Dear {get_user(number)},"
