"""Decorators for functions that may fail."""

import functools


def logged(function):
    """Prints the name of the function before each call."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print(function.__name__)
        return function(*args, **kwargs)

    return wrapper


def retry(times, errors=(Exception,)):
    """Calls the function again when it raises one of `errors`, at most `times` calls in all."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for left in range(times - 1, -1, -1):
                try:
                    return function(*args, **kwargs)
                except errors:
                    if not left:
                        raise

        return wrapper

    return decorate
