"""The cipher that is its own inverse."""

import codecs


def rot13(text):
    return codecs.encode(text, "rot13")
