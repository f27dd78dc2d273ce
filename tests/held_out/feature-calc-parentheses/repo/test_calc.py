import pytest

from calc import evaluate


def test_evaluate():
    assert evaluate("2 + 3 * 4") == 14
    assert evaluate("10 - 4 - 3") == 3
    assert evaluate("8 / 4 * 2") == 4


def test_malformed():
    for text in ("", "2 +", "2 3", "two"):
        with pytest.raises(ValueError):
            evaluate(text)
