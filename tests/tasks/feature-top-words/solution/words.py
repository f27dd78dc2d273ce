"""Looks at the words of a text."""

import re


def words(text):
    """The words of a text in order, as they are written."""
    return re.findall(r"[A-Za-z']+", text)


def longest(text):
    """The longest word; the first of several."""
    return max(words(text), key=len, default="")


def top_words(text, n):
    """The `n` most frequent words in lower case with their counts; of the same count in alphabetical order."""
    counts = {}
    for word in words(text.lower()):
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]
