"""What administrators do."""

import store


def exists(number):
    return store.get_user(number) is not None
