import pytest

from rle import compress, expand
from rot13 import rot13


def test_compress():
    assert compress("aaab") == [("a", 3), ("b", 1)]
    assert compress("abba") == [("a", 1), ("b", 2), ("a", 1)]
    assert compress("x") == [("x", 1)]
    assert compress("") == []
    assert compress("11  \n\n") == [("1", 2), (" ", 2), ("\n", 2)]


def test_expand():
    assert expand([("a", 3), ("b", 1)]) == "aaab"
    assert expand([]) == ""


@pytest.mark.parametrize("text", ["", "a", "aab", "mississippi", "zzzzzzzzzzzz", "aA aA"])
def test_there_and_back(text):
    assert expand(compress(text)) == text


def test_others():
    assert rot13("abc") == "nop"
