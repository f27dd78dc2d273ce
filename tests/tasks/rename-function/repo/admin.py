"""What administrators do."""

import store


def exists(number):
    return store.get_usr(number) is not None
