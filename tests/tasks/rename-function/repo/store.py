"""Where users are kept."""

_USERS = {1: "Ann", 2: "Bob"}


def get_usr(number):
    """The name of a user, or None."""
    return _USERS.get(number)
