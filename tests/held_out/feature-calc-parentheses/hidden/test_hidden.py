import pytest

from calc import evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * (3 + 4)", 14),
        ("(3 + 4) * 2", 14),
        ("(5)", 5),
        ("((2))", 2),
        ("2 * (3 + (4 - 1) * 2)", 18),
        ("(1 + 2) * (3 + 4)", 21),
        ("20 / (2 + 3) - (1 + 1)", 2),
        ("10 - (4 - 3)", 9),
        ("2+3*4", 14),
    ],
)
def test_values(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize("text", ["(1 + 2", "1 + 2)", "()", "(1 + ) 2", "((1)", ")(", "2 (3)"])
def test_malformed(text):
    with pytest.raises(ValueError):
        evaluate(text)
