"""Looks at the words of a text."""

import re


def words(text):
    """The words of a text in order, as they are written."""
    return re.findall(r"[A-Za-z']+", text)


def longest(text):
    """The longest word; the first of several."""
    return max(words(text), key=len, default="")
