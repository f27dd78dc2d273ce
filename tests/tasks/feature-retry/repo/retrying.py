"""Decorators for functions that may fail."""

import functools


def logged(function):
    """Prints the name of the function before each call."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print(function.__name__)
        return function(*args, **kwargs)

    return wrapper
