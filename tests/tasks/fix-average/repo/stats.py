"""Small statistics on lists of numbers."""


def total(values):
    """The sum of the values."""
    result = 0
    for value in values:
        result += value
    return result


def average(values):
    """The mean of the values; 0.0 for an empty list."""
    return total(values) / len(values)


def spread(values):
    """The largest value less the smallest; 0 for an empty list."""
    return max(values) - min(values) if values else 0
