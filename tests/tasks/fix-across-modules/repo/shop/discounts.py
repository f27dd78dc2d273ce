"""What is taken off a sum."""


def rate(cents):
    """The share that is taken off: 5 % from 50.00 on, 10 % from 100.00 on."""
    if cents >= 50_00:
        return 0.05
    if cents >= 100_00:
        return 0.10
    return 0.0


def discounted(cents):
    return round(cents * (1 - rate(cents)))
