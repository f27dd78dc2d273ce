"""Numbers as the Romans wrote them."""

SIGNS = [(1000, "M"), (500, "D"), (100, "C"), (50, "L"), (10, "X"), (5, "V"), (1, "I")]


def to_roman(number):
    """For numbers from 1 to 3999; others raise ValueError."""
    if not 0 < number < 4000:
        raise ValueError(f"no Roman number: {number}")
    written = ""
    for value, sign in SIGNS:
        while number >= value:
            written += sign
            number -= value
    return written


def from_roman(text):
    values = {sign: value for value, sign in SIGNS}
    total = 0
    for here, following in zip(text, text[1:] + "I"):
        value = values[here]
        total += -value if value < values[following] else value
    return total
